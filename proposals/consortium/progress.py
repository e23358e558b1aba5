"""Tasks by partner: partners by parts, shared steps by owner, and what waits for one person.

Everything here is derived from what is stored; nobody has to tick anything off.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import JSONObject, Lower
from django.urls import reverse

from applicants.models import Organisation, User
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.consortium.assignments import Reminder
from proposals.consortium.confirmations import (
    MissingConfirmation,
    PartnerState,
    confirmation_content,
    content_digest,
    missing_confirmations,
)
from proposals.consortium.invitations import with_issuer
from proposals.dossier.document import Draft
from proposals.models import (
    Collaborator,
    Comment,
    Confirmation,
    Invitation,
    Participant,
    Proposal,
    Section,
    StepAssignment,
)
from proposals.steps.forms import DescriptionForm
from proposals.steps.wizard import Step, steps_of, url_of

SHARED_STEPS = ("summary", "vision", "activities", "deliverables", "budget")


@dataclass(frozen=True)
class PartnerPart:
    """One part of one partner: whether it is there, where it is written, and its last change."""

    title: str
    is_there: bool
    label: str
    url: str
    section: Section | None = None


@dataclass(frozen=True)
class PartnerRow:
    """One partner: the people to show, its parts, what is missing in words, and whom a reminder reaches."""

    participant: Participant
    people: Sequence[User]
    parts: Sequence[PartnerPart]
    missing_parts: Sequence[str]
    addresses: Sequence[str]
    waiting: MissingConfirmation | None

    @property
    def can_be_reminded(self) -> bool:
        return bool(self.addresses)

    @property
    def is_invited(self) -> bool:
        """Whether it has never confirmed, and has not declined."""
        return self.waiting is not None and self.waiting.state == PartnerState.INVITED

    @property
    def is_done(self) -> bool:
        return not self.missing_parts


@dataclass(frozen=True)
class SharedStep:
    """One step of all: its state, to whom it was given, and its last change."""

    step: Step
    url: str
    missing: Sequence[str]
    assigned_to: Participant | None
    section: Section | None


@dataclass(frozen=True)
class ConsortiumProgress:
    shared: Sequence[SharedStep]
    rows: Sequence[PartnerRow]


def consortium_progress(draft: Draft) -> ConsortiumProgress:
    """The whole page in a fixed number of queries."""
    proposal = draft.proposal
    values = {
        assignment.step: assignment.participant_id for assignment in proposal.step_assignments.all()
    }
    people = _people_by_participant(draft)
    waiting = {
        confirmation.participant.pk: confirmation for confirmation in missing_confirmations(draft)
    }
    by_pk = {item.pk: item for item in draft.participants}
    shared = [
        SharedStep(
            step,
            url_of(draft, step.slug),
            step.missing(draft),
            by_pk.get(values.get(step.slug, 0)),
            draft.sections.get((step.slug, None)),
        )
        for step in steps_of(proposal.strand)
        if step.slug in SHARED_STEPS
    ]
    _fetch_authors(draft)
    rows = []
    for participant in draft.participants:
        steps = [
            s for s in shared if s.assigned_to is not None and s.assigned_to.pk == participant.pk
        ]
        rows.append(
            _row(
                draft,
                participant,
                people.get(participant.pk, []),
                steps,
                waiting.get(participant.pk),
            )
        )
    return ConsortiumProgress(shared, rows)


def _fetch_authors(draft: Draft) -> None:
    """Who saved each section last, in one query."""
    sections = list(draft.sections.values())
    authors = User.objects.in_bulk({item.saved_by_id for item in sections if item.saved_by_id})
    for section in sections:
        section.saved_by = authors.get(section.saved_by_id) if section.saved_by_id else None


def _row(
    draft: Draft,
    participant: Participant,
    people: Sequence[User],
    steps: Sequence[SharedStep],
    waiting: MissingConfirmation | None,
) -> PartnerRow:
    cells = parts_of(draft, participant, is_confirmed=waiting is None)
    missing_parts = [cell.label for cell in cells if not cell.is_there]
    missing_parts += [
        f"{state.step.title}: {', '.join(str(text) for text in state.missing)}"
        for state in steps
        if state.missing
    ]
    shown = people if participant.has_agreed else []
    return PartnerRow(
        participant, shown, cells, missing_parts, _addresses(draft, participant, people), waiting
    )


def parts_of(draft: Draft, participant: Participant, *, is_confirmed: bool) -> list[PartnerPart]:
    """Description, profile, line of the budget, and confirmation; those that are not asked are there."""
    number = draft.proposal.number
    section = draft.sections.get((DescriptionForm.slug, participant.pk))
    has_text = bool(draft.answers(DescriptionForm.slug, participant).get("description"))
    has_costs = bool(draft.costs_of(participant))
    confirm = reverse("proposals:confirm", args=[number, participant.key])
    return [
        PartnerPart(
            _("Description"),
            has_text or not participant.applies,
            _("Description"),
            url_of(draft, DescriptionForm.slug, participant.key),
            section,
        ),
        _profile_cell(draft, participant),
        PartnerPart(
            _("Costs"),
            has_costs or not participant.applies,
            _("Budget"),
            url_of(draft, "budget"),
        ),
        PartnerPart(
            _("Confirmation"),
            is_confirmed or participant.is_coordinator,
            _("Confirmation"),
            confirm,
        ),
    ]


def _profile_cell(draft: Draft, participant: Participant) -> PartnerPart:
    """How far the profile is; of an organisation that has not agreed, where it can be asked to."""
    if not participant.has_agreed:
        people = reverse("proposals:people", args=[draft.proposal.number])
        return PartnerPart(
            _("Profile"), not participant.applies, _("Agreement to take part"), people
        )
    profile = draft.profile(participant)
    count = len(profile.missing)
    text = ngettext(
        "Cluster profile (%(count)s answer still needed)",
        "Cluster profile (%(count)s answers still needed)",
        count,
    )
    label = text % {"count": count} if count else _("Cluster profile")
    url = reverse("proposals:partner-profile", args=[draft.proposal.number, participant.key])
    return PartnerPart(_("Profile"), profile.is_complete or not participant.applies, label, url)


def _people_by_participant(draft: Draft) -> Mapping[int, list[User]]:
    members = Organisation.objects.filter(
        pk__in=[participant.organisation_id for participant in draft.participants]
    ).prefetch_related("members")
    by_organisation = {member.pk: list(member.members.all()) for member in members}
    invited: dict[int, list[User]] = {}
    for collaborator in draft.proposal.collaborators.select_related("user"):
        if collaborator.participant_id is not None:
            invited.setdefault(collaborator.participant_id, []).append(collaborator.user)
    return {
        participant.pk: list(
            dict.fromkeys(
                [*by_organisation[participant.organisation_id], *invited.get(participant.pk, [])]
            )
        )
        for participant in draft.participants
    }


def _addresses(draft: Draft, participant: Participant, people: Sequence[User]) -> list[str]:
    contact = draft.profile(participant).answers["contact"].get("contact_email")
    return [
        *(person.email for person in people if person.is_active),
        *([contact] if contact else []),
    ]


def reminder_for(draft: Draft, key: str) -> Reminder | None:
    """What to remind a partner of, and whom; None where there is no such partner."""
    row = next((row for row in consortium_progress(draft).rows if row.participant.key == key), None)
    if row is None:
        return None
    return Reminder(row.participant, row.addresses, row.missing_parts)


# --- What waits for one person -----------------------------------------------------------------


@dataclass(frozen=True)
class TodoItem:
    """Something that waits for a person, where it is done, and what the proposal is called."""

    label: str
    url: str
    proposal: str


def proposals_of(user: User | Combinable) -> QuerySet[Proposal]:
    """A person's proposals with what its page of work shows of them beside their drafts."""
    here = {"proposal": OuterRef("pk")}
    asked = Collaborator.objects.filter(**here, user=user).values("participant_id")
    assigned_steps = StepAssignment.objects.filter(**here).values(
        row=JSONObject(step="step", participant="participant_id")
    )
    confirmed = Confirmation.objects.filter(**here).values(
        row=JSONObject(
            key="participant_key", role="role", organisation="organisation_id", of="shown_sha256"
        )
    )
    return (
        Proposal.objects.with_deadline()
        .of_consortium_member(user)
        .annotate(
            version_number=F("current_version__number"),
            asked=ArraySubquery(asked),
            assigned_steps=ArraySubquery(assigned_steps),
            confirmed=ArraySubquery(confirmed),
        )
    )


def todo_items(
    drafts: Iterable[Draft], organisations: Iterable[Organisation], moment: datetime
) -> list[TodoItem]:
    """What waits for a person of these organisations in open `proposals_of` it, nearest deadline first."""
    own = {organisation.pk for organisation in organisations}
    tasks: list[TodoItem] = []
    for draft in sorted(drafts, key=lambda draft: draft.proposal.deadline):
        if draft.proposal.is_open(moment):
            tasks += _todo_items_in(draft, own)
    return tasks


def _todo_items_in(draft: Draft, organisations: set[int]) -> list[TodoItem]:
    """The proposal carries what `proposals_of` annotated: asked, assigned_steps and confirmed."""
    proposal: Any = draft.proposal
    own = [
        item
        for item in draft.participants
        if item.organisation_id in organisations or item.pk in proposal.asked
    ]
    is_lead = any(item.is_coordinator and item.organisation_id in organisations for item in own)
    confirmed = {
        (row["key"], row["role"], row["organisation"], row["of"]) for row in proposal.confirmed
    }
    data = {row["step"]: row["participant"] for row in proposal.assigned_steps}
    tasks = []
    for participant in own:
        is_confirmed = (
            bool(confirmed)
            and (
                participant.key,
                participant.role,
                participant.organisation_id,
                content_digest(confirmation_content(draft, participant)),
            )
            in confirmed
        )
        for cell in parts_of(draft, participant, is_confirmed=is_confirmed):
            if not cell.is_there:
                text = _("%(part)s: %(name)s")
                values = {"part": cell.label, "name": participant.organisation.name}
                tasks.append(TodoItem(text % values, cell.url, draft.name))
    own_pks = {item.pk for item in own}
    for step in steps_of(proposal.strand):
        owner = data.get(step.slug)
        is_mine = owner in own_pks if owner else is_lead
        if step.slug in SHARED_STEPS and step.slug != "budget" and is_mine and step.missing(draft):
            tasks.append(TodoItem(str(step.title), url_of(draft, step.slug), draft.name))
    return tasks


def invitations_to(user: User | Combinable) -> QuerySet[Invitation]:
    """Those to a person's own confirmed addresses, answered or not."""
    addresses = EmailAddress.objects.filter(user=user, verified=True).values(low=Lower("email"))
    return Invitation.objects.filter(email__in=addresses, proposal__deleted_at=None).select_related(
        "proposal__strand__call__programme", "participant__organisation", "invited_by"
    )


def open_invitations(
    user: User | Combinable, moment: datetime | Combinable
) -> QuerySet[Invitation]:
    """Those to a person's own confirmed addresses that can still be answered."""
    pending = invitations_to(user).filter(state=Invitation.State.PENDING)
    return with_issuer(pending).filter(Q(has_issuer=True), expires_at__gt=moment)


def open_mentions(user: User | Combinable) -> QuerySet[Comment]:
    """Comments in which a person is mentioned and that nobody has marked as done."""
    readable = Proposal.objects.of_consortium_member(user)
    return (
        Comment.objects.filter(mentions=user, done_at=None, proposal__in=readable)
        .select_related("by", "proposal__strand__call")
        .order_by("-pk")[:20]
    )
