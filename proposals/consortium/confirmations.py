"""An organisation confirms that it takes part: by a link from an email, or by its own people here.

A confirmation that is missing is a warning with a name, and never keeps a proposal from being submitted.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy

from applicants.models import User
from calls.eligibility.country_names import NAMES
from foundation import clock
from foundation.sentences import gettext as _
from proposals.audit.activity import log_activity
from proposals.consortium.drafts import check_open, lock_draft
from proposals.consortium.invitations import close_invitation
from proposals.consortium.members import coordinator_emails
from proposals.consortium.queries import fetch_confirmations
from proposals.delivery.emails import EmailContent, queue_email
from proposals.dossier.agreement import agree, agree_if_own, is_address_of
from proposals.dossier.confirmed_parts import confirmation_content_in, content_digest
from proposals.dossier.document import Draft, dossier_of
from proposals.models import (
    Confirmation,
    Invitation,
    Participant,
    Proposal,
    ProposalActivity,
)
from proposals.steps.forms import COST_LABELS

DECLARATIONS = (
    gettext_lazy("The organisation takes part in this proposal in the role shown above."),
    gettext_lazy("The information in the proposal about the organisation is correct."),
    gettext_lazy("I am authorised to confirm this on behalf of the organisation."),
)


def confirmation_content(draft: Draft, participant: Participant) -> dict[str, Any]:
    """What a partner is shown before it confirms: the summary, who takes part, and its own part."""
    return confirmation_content_in(dossier_of(draft), participant.key)


class ParticipantChanged(Exception):
    """The organisation was removed from the consortium, or takes part in another role, since it was asked."""


@transaction.atomic
def confirm(
    participant: Participant,
    *,
    name: str,
    function: str,
    shown: dict[str, Any],
    by: User | None,
    invitation: Invitation | None = None,
) -> Confirmation:
    """Record that an organisation takes part, in its present role, on the text that was shown.

    What the same person has confirmed in the same words already (a second click) is recorded once.

    Raises:
        NotOpen: the deadline has passed.
        ParticipantChanged: the organisation was removed from the consortium, or has another role meanwhile.
        InvitationNotOpen: the link was used, was cancelled, or has expired.
    """
    proposal, moment = participant.proposal, clock.now()
    check_open(proposal, moment)
    lock_draft(proposal)
    if not proposal.participants.filter(pk=participant.pk, role=participant.role).exists():
        raise ParticipantChanged
    if by is not None:
        agree_if_own(participant, by=by)
    same = _same_confirmation(participant, name=name, function=function, shown=shown, by=by)
    if invitation is None and same is not None:
        return same
    answered = (
        close_invitation(invitation, Invitation.State.ACCEPTED, by=by)
        if invitation is not None
        else None
    )
    confirmation = Confirmation.objects.create(
        proposal=proposal,
        organisation=participant.organisation,
        participant_key=participant.key,
        role=participant.role,
        name=name,
        function=function,
        declarations=[str(text) for text in DECLARATIONS],
        shown_sha256=content_digest(shown),
        shown=shown,
        confirmed_at=moment,
        confirmed_by=by,
        invitation=answered,
    )
    if answered is not None and is_address_of(participant.organisation, answered.email):
        agree(participant, at=moment)
    organisation = participant.organisation.name
    message = _("%(name)s confirmed its participation") % {"name": organisation}
    log_activity(proposal, ProposalActivity.Kind.ANSWERED, message, by=by, at=moment)
    _notify_coordinator(proposal, participant, confirmation)
    return confirmation


def _same_confirmation(
    participant: Participant, *, name: str, function: str, shown: dict[str, Any], by: User | None
) -> Confirmation | None:
    """The newest of this partner, where it says just this."""
    newest = participant.proposal.confirmations.filter(
        participant_key=participant.key, organisation=participant.organisation
    ).first()
    if newest is None:
        return None
    stored = (newest.role, newest.shown_sha256, newest.name, newest.function, newest.confirmed_by)
    submitted = (participant.role, content_digest(shown), name, function, by)
    return newest if stored == submitted else None


@dataclass(frozen=True)
class MissingConfirmation:
    """A partner that has not confirmed what it is shown now, and the last answer to being asked, if any.

    `earlier` is its confirmation of a text or role that has changed since.
    """

    participant: Participant
    asked: Invitation | None
    earlier: Confirmation | None = None

    @property
    def has_declined(self) -> bool:
        return self.asked is not None and self.asked.state == Invitation.State.DECLINED

    @property
    def state(self) -> "PartnerState":
        if self.has_declined:
            return PartnerState.DECLINED
        return PartnerState.CHANGED if self.earlier else PartnerState.INVITED

    @property
    def is_asked(self) -> bool:
        return self.asked is not None and self.asked.is_open(clock.now())


def missing_confirmations(draft: Draft) -> list[MissingConfirmation]:
    """Partners that have not confirmed what is written now. The coordinator confirms by submitting."""
    values: dict[tuple[str, int], Confirmation] = {}
    rows = fetch_confirmations(proposal=draft.proposal.pk)
    for confirmation in rows["confirmations"]:
        key = (confirmation.participant_key, confirmation.organisation_id)
        values.setdefault(key, confirmation)
    latest = {invitation.participant_id: invitation for invitation in rows["invitations"]}
    return [
        MissingConfirmation(
            participant,
            latest.get(participant.pk),
            values.get((participant.key, participant.organisation_id)),
        )
        for participant in draft.participants
        if not participant.is_coordinator
        and not is_current(
            values.get((participant.key, participant.organisation_id)), draft, participant
        )
    ]


class PartnerState(StrEnum):
    """How far an organisation is with taking part: it is invited until it confirms."""

    COORDINATOR = "coordinator"
    INVITED = "invited"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    DECLINED = "declined"


def partner_states(draft: Draft) -> dict[str, PartnerState]:
    """The state of each participant, by its key."""
    missing = {row.participant.key: row for row in missing_confirmations(draft)}
    return {
        participant.key: _state_of(participant, missing.get(participant.key))
        for participant in draft.participants
    }


def _state_of(participant: Participant, missing: MissingConfirmation | None) -> PartnerState:
    if participant.is_coordinator:
        return PartnerState.COORDINATOR
    return PartnerState.CONFIRMED if missing is None else missing.state


def is_current(confirmation: Confirmation | None, draft: Draft, participant: Participant) -> bool:
    """Whether a confirmation is of what the partner would be shown now."""
    if confirmation is None or confirmation.role != participant.role:
        return False
    return confirmation.shown_sha256 == content_digest(confirmation_content(draft, participant))


PARTS = {
    "call": gettext_lazy("Call"),
    "strand": gettext_lazy("Strand"),
    "summary": gettext_lazy("Summary"),
    "consortium": gettext_lazy("Consortium"),
    "role": gettext_lazy("Role"),
    "description": gettext_lazy("Description"),
    "task": gettext_lazy("Tasks"),
    "budget": gettext_lazy("Costs and requested EU contribution"),
}

FIELDS: dict[str, Any] = COST_LABELS | {
    "acronym": gettext_lazy("Acronym"),
    "title": gettext_lazy("Title"),
    "abstract": gettext_lazy("Abstract"),
    "duration_months": gettext_lazy("Duration in months"),
    "partnership": gettext_lazy("Established partnership"),
}


def changes_since(confirmation: Confirmation, shown: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What differs from the text that was confirmed: part, before, now; empty where that was not kept."""
    if not confirmation.shown:
        return []
    before, now = _flat(confirmation.shown), _flat(shown)
    names = [name for name in now if before.get(name) != now[name]]
    return [
        (str(PARTS.get(name.partition(".")[0], name)), before.get(name, ""), now[name])
        for name in names
    ]


def _flat(shown: dict[str, Any]) -> dict[str, str]:
    """Each part and field as a text."""
    texts: dict[str, str] = {}
    for name, value in (shown | shown["part"]).items():
        if name == "part":
            continue
        if isinstance(value, dict):
            texts |= {f"{name}.{field}": _text(field, inner) for field, inner in value.items()}
        elif isinstance(value, list):
            rows = ["; ".join(_value(*cell) for cell in row.items()) for row in value]
            texts[name] = "\n".join(rows)
        else:
            texts[name] = _value(name, value)
    return texts


def _text(field: str, value: Any) -> str:
    if isinstance(value, dict):
        value = "; ".join(str(inner) for inner in value.values() if inner is not None)
    return f"{FIELDS.get(field, field)}: {value}" if value not in (None, "") else ""


def _value(name: str, value: Any) -> str:
    if name == "role":
        return str(dict(Participant.RoleChoices.choices).get(value, value))
    if name == "country":
        return NAMES.get(value, value)
    return "" if value is None else str(value)


def _notify_coordinator(
    proposal: Proposal, participant: Participant, confirmation: Confirmation
) -> None:
    name = participant.organisation.name
    queue_email(
        EmailContent(
            subject=_("%(name)s has confirmed its participation") % {"name": name},
            what_happened=_(
                "%(who)s (%(function)s) has confirmed that %(name)s takes part in the proposal."
            )
            % {"who": confirmation.name, "function": confirmation.function, "name": name},
            facts=[(_("Role"), str(participant.get_role_display()))],
            status=_("The confirmation has been stored together with the confirmed text."),
            next_step=_(
                "You do not need to do anything. You can check which partners still have to confirm."
            ),
            link=reverse("proposals:progress", args=[proposal.number]),
            link_label=_("View tasks by partner"),
        ),
        to=coordinator_emails(proposal),
        proposal=proposal,
        key=f"confirmed:{confirmation.pk}",
    )
