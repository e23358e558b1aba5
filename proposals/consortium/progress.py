"""Who owes what: partners by parts, shared steps by owner, and what waits for one person.

Everything here is derived from what is stored; nobody has to tick anything off.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject, Lower
from django.urls import reverse

from applicants.models import Organisation, User
from calls import clock
from foundation.sentences import gettext as _
from proposals.consortium.assignments import Reminder
from proposals.consortium.confirmations import (
    MissingConfirmation,
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
    """One partner: the people to show, its parts, what it owes in words, and whom a reminder reaches."""

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
    given = {one.step: one.participant_id for one in proposal.step_assignments.all()}
    people = _people_by_participant(draft)
    waiting = {one.participant.pk: one for one in missing_confirmations(draft)}
    by_pk = {one.pk: one for one in draft.participants}
    shared = [
        SharedStep(
            step,
            url_of(draft, step.slug),
            step.missing(draft),
            by_pk.get(given.get(step.slug, 0)),
            draft.sections.get((step.slug, None)),
        )
        for step in steps_of(proposal.strand)
        if step.slug in SHARED_STEPS
    ]
    _fetch_authors(draft)
    rows = []
    for one in draft.participants:
        steps = [s for s in shared if s.assigned_to is not None and s.assigned_to.pk == one.pk]
        rows.append(_row(draft, one, people.get(one.pk, []), steps, waiting.get(one.pk)))
    return ConsortiumProgress(shared, rows)


def _fetch_authors(draft: Draft) -> None:
    """Who saved each section last, in one query."""
    sections = list(draft.sections.values())
    authors = User.objects.in_bulk({one.saved_by_id for one in sections if one.saved_by_id})
    for one in sections:
        one.saved_by = authors.get(one.saved_by_id) if one.saved_by_id else None


def _row(
    draft: Draft,
    one: Participant,
    people: Sequence[User],
    steps: Sequence[SharedStep],
    waiting: MissingConfirmation | None,
) -> PartnerRow:
    cells = parts_of(draft, one, is_confirmed=waiting is None)
    owes = [cell.label for cell in cells if not cell.is_there]
    owes += [
        f"{state.step.title}: {', '.join(str(text) for text in state.missing)}"
        for state in steps
        if state.missing
    ]
    shown = people if one.has_agreed else []
    return PartnerRow(one, shown, cells, owes, _addresses(draft, one, people), waiting)


def parts_of(draft: Draft, one: Participant, *, is_confirmed: bool) -> list[PartnerPart]:
    """Description, profile, line of the budget, and confirmation; those that are not asked are there."""
    number = draft.proposal.number
    section = draft.sections.get((DescriptionForm.slug, one.pk))
    has_text = bool(draft.answers(DescriptionForm.slug, one).get("description"))
    has_costs = bool(draft.costs_of(one))
    confirm = reverse("proposals:confirm", args=[number, one.key])
    return [
        PartnerPart(
            _("Description"),
            has_text or not one.applies,
            _("Description"),
            url_of(draft, DescriptionForm.slug, one.key),
            section,
        ),
        _profile_cell(draft, one),
        PartnerPart(
            _("Costs"),
            has_costs or not one.applies,
            _("Budget"),
            url_of(draft, "budget"),
        ),
        PartnerPart(
            _("Confirmation"), is_confirmed or one.is_coordinator, _("Confirmation"), confirm
        ),
    ]


def _profile_cell(draft: Draft, one: Participant) -> PartnerPart:
    """How far the profile is; of an organisation that has not agreed, where it can be asked to."""
    if not one.has_agreed:
        people = reverse("proposals:people", args=[draft.proposal.number])
        return PartnerPart(_("Profile"), not one.applies, _("Agreement to take part"), people)
    profile = draft.profile(one)
    percent = _("Cluster profile (%(percent)s%%)") % {"percent": profile.percent}
    url = reverse("applicants:profile", args=[one.organisation_id])
    return PartnerPart(_("Profile"), profile.is_complete or not one.applies, percent, url)


def _people_by_participant(draft: Draft) -> Mapping[int, list[User]]:
    members = Organisation.objects.filter(
        pk__in=[one.organisation_id for one in draft.participants]
    ).prefetch_related("members")
    by_organisation = {one.pk: list(one.members.all()) for one in members}
    invited: dict[int, list[User]] = {}
    for one in draft.proposal.collaborators.select_related("user"):
        if one.participant_id is not None:
            invited.setdefault(one.participant_id, []).append(one.user)
    return {
        one.pk: list(
            dict.fromkeys([*by_organisation[one.organisation_id], *invited.get(one.pk, [])])
        )
        for one in draft.participants
    }


def _addresses(draft: Draft, one: Participant, people: Sequence[User]) -> list[str]:
    contact = draft.profile(one).answers["contact"].get("contact_email")
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
    """Something that waits for a person, and where it is done."""

    label: str
    url: str
    proposal: Proposal


def proposals_of(user: User) -> QuerySet[Proposal]:
    """A person's proposals with all that its page of work shows of them."""
    here = {"proposal": OuterRef("pk")}
    asked = Collaborator.objects.filter(**here, user=user).values("participant_id")
    given = StepAssignment.objects.filter(**here).values(
        row=JSONObject(step="step", participant="participant_id")
    )
    confirmed = Confirmation.objects.filter(**here).values(
        row=JSONObject(
            key="participant_key", role="role", organisation="organisation_id", of="shown_sha256"
        )
    )
    return (
        Proposal.objects.with_page_parts()
        .prefetch_related("sections")
        .with_current_version()
        .of_consortium_member(user)
        .annotate(
            asked=ArraySubquery(asked),
            given=ArraySubquery(given),
            confirmed=ArraySubquery(confirmed),
        )
    )


def todo_items(
    drafts: Iterable[Draft], organisations: Iterable[Organisation], moment: datetime
) -> list[TodoItem]:
    """What waits for a person of these organisations in open `proposals_of` it, nearest deadline first."""
    own = {one.pk for one in organisations}
    tasks: list[TodoItem] = []
    for draft in sorted(drafts, key=lambda one: one.proposal.deadline):
        if draft.proposal.is_open(moment):
            tasks += _todo_items_in(draft, own)
    return tasks


def _todo_items_in(draft: Draft, organisations: set[int]) -> list[TodoItem]:
    """The proposal carries what `proposals_of` annotated: asked, given and confirmed."""
    proposal: Any = draft.proposal
    own = [
        one
        for one in draft.participants
        if one.organisation_id in organisations or one.pk in proposal.asked
    ]
    is_lead = any(one.is_coordinator and one.organisation_id in organisations for one in own)
    confirmed = {
        (row["key"], row["role"], row["organisation"], row["of"]) for row in proposal.confirmed
    }
    given = {row["step"]: row["participant"] for row in proposal.given}
    tasks = []
    for one in own:
        is_confirmed = (
            bool(confirmed)
            and (
                one.key,
                one.role,
                one.organisation_id,
                content_digest(confirmation_content(draft, one)),
            )
            in confirmed
        )
        for cell in parts_of(draft, one, is_confirmed=is_confirmed):
            if not cell.is_there:
                words = _("%(part)s: %(name)s")
                values = {"part": cell.label, "name": one.organisation.name}
                tasks.append(TodoItem(words % values, cell.url, proposal))
    own_pks = {one.pk for one in own}
    for step in steps_of(proposal.strand):
        owner = given.get(step.slug)
        is_mine = owner in own_pks if owner else is_lead
        if step.slug in SHARED_STEPS and step.slug != "budget" and is_mine and step.missing(draft):
            tasks.append(TodoItem(str(step.title), url_of(draft, step.slug), proposal))
    return tasks


def invitations_to(user: User) -> QuerySet[Invitation]:
    """Those to a person's own confirmed addresses, answered or not."""
    addresses = EmailAddress.objects.filter(user=user, verified=True).values(low=Lower("email"))
    return Invitation.objects.filter(email__in=addresses, proposal__deleted_at=None).select_related(
        "proposal__strand__call__programme", "participant__organisation", "invited_by"
    )


def open_invitations(user: User) -> QuerySet[Invitation]:
    """Those to a person's own confirmed addresses that can still be answered."""
    pending = invitations_to(user).filter(state=Invitation.State.PENDING)
    return with_issuer(pending).filter(Q(has_issuer=True), expires_at__gt=clock.now())


def open_mentions(user: User) -> QuerySet[Comment]:
    """Comments in which a person is mentioned and that nobody has marked as done."""
    readable = Proposal.objects.of_consortium_member(user)
    return (
        Comment.objects.filter(mentions=user, done_at=None, proposal__in=readable)
        .select_related("by", "proposal__strand__call")
        .order_by("-pk")[:20]
    )
