"""Who takes part: adding and removing participants, their roles, and who controls them.

Every function asks the clock once and refuses when the proposal's deadline has passed; what was
typed stays with the caller, who gives it back to the person.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.urls import reverse

from applicants.models import Organisation, User
from applicants.profile import profile_of
from applicants.step_storage import EditConflict, save_step
from calls.eligibility.facts import Role
from foundation.limits import allowed_recipients
from foundation.sentences import gettext as _
from proposals.audit.activity import log_activity
from proposals.consortium.drafts import CONSORTIUM, lock_draft, save_section, section_of
from proposals.consortium.ended_access import (
    end_access,
    guests_of,
    notify_ended_access,
    without_access,
)
from proposals.delivery.emails import EmailContent, queue_email
from proposals.dossier.agreement import agree_if_own
from proposals.models import (
    EndedAccess,
    Participant,
    Proposal,
    ProposalActivity,
    Section,
)

MAX_KEYS = 10_000  # of partners that a proposal has ever had


class AlreadyInConsortium(Exception):
    """The organisation takes part already."""


class CoordinatorRequired(Exception):
    """The coordinator cannot be removed: name another coordinator first."""


@dataclass(frozen=True)
class NewParticipant:
    """Whom to invite into the consortium, and as what; `message` is a personal line for its people."""

    organisation: Organisation
    role: Role
    message: str = ""


@dataclass(frozen=True)
class Controller:
    """Who controls an organisation: a partner by its record, another body by its name, or nobody."""

    partner: Organisation | None = None
    name: str = ""


NOBODY = Controller()


@transaction.atomic
def add_participant(
    proposal: Proposal, invited: NewParticipant, *, seen_version: int, by: User
) -> Participant:
    """Take an organisation into the consortium. Its people can then read and write the draft.

    It shows no more than its name and country until they agree; who adds its own organisation agrees at once.

    Raises:
        NotOpen, EditConflict: as `save_section`.
        AlreadyInConsortium: it takes part already.
    """
    lock_draft(proposal)
    if proposal.participants.filter(organisation=invited.organisation).exists():
        raise AlreadyInConsortium
    section = _move_consortium_on(proposal, seen_version=seen_version, by=by)
    number = section.answers["keys_given"]  # `_move_consortium_on` has just written it
    position = proposal.participants.aggregate(last=Max("position"))["last"] or 0
    participant = Participant.objects.create(
        proposal=proposal,
        organisation=invited.organisation,
        key=f"p{number}",
        role=invited.role.value,
        position=position + 1,
    )
    agree_if_own(participant, by=by)
    text = _("%(name)s invited to the consortium") % {"name": invited.organisation.name}
    log_activity(proposal, ProposalActivity.Kind.ADDED, text, by=by, key=participant.key)
    _restore_former_content(participant, by=by)
    _notify_added(participant, message=invited.message, by=by)
    return participant


def may_be_notified(participant: Participant, people: Iterable[User]) -> list[str]:
    """Where to write to people of a partner. Until it agrees, who adds it may be a stranger to them.

    Such emails count as invitations do, or adding and removing it again and again would fill a mailbox. What
    is left out is on their page of work.
    """
    addresses = [person.email for person in people]
    return addresses if participant.has_agreed else allowed_recipients("invitations", addresses)


def _notify_added(participant: Participant, *, message: str, by: User) -> None:
    name = participant.organisation.name
    others = participant.organisation.members.exclude(pk=by.pk).filter(is_active=True)
    queue_email(
        EmailContent(
            subject=_("%(name)s is invited to take part in a proposal") % {"name": name},
            what_happened=_("%(who)s has invited %(name)s to the consortium of a proposal.")
            % {"who": by, "name": name},
            quote=message,
            facts=[(_("Role"), str(participant.get_role_display()))],
            status=_("You can read the proposal and edit the sections of your organisation."),
            next_step=_added_next_step(participant),
            link=reverse("proposals:progress", args=[participant.proposal.number]),
            link_label=_("View tasks by partner"),
        ),
        to=may_be_notified(participant, others),
        proposal=participant.proposal,
        key=f"added:{participant.proposal_id}:{participant.key}",
    )


def _added_next_step(participant: Participant) -> str:
    """What people of an invited organisation are asked to do; its profile only where it is needed."""
    if is_profile_needed(participant):
        return _(
            "Check the proposal and your tasks, complete your cluster profile, then confirm that "
            "you take part or decline."
        )
    return _("Check the proposal and your tasks, then confirm that you take part or decline.")


def is_profile_needed(participant: Participant) -> bool:
    """Whether the organisation applies, and something of its cluster profile is missing."""
    return participant.applies and not profile_of(participant.organisation).is_complete


def _restore_former_content(participant: Participant, *, by: User) -> None:
    """An organisation that had left before finds its description, its costs and its comments again."""
    proposal, key = participant.proposal, participant.key
    left = proposal.activity_log.filter(
        kind=ProposalActivity.Kind.REMOVED, details__organisation=participant.organisation_id
    )
    earlier = left.order_by("-pk").values_list("details__key", flat=True).first()
    if earlier is None:
        return
    saved = proposal.section_changes.filter(participant_key=earlier).order_by("-pk").first()
    if saved is not None:
        section = section_of(proposal, saved.step, participant)
        save_step(section, answers=saved.answers, seen_version=section.version, by=by)
    proposal.comments.filter(participant_key=earlier).update(participant_key=key)
    budget = Section.objects.filter(proposal=proposal, step="budget").first()
    if budget is not None:
        line = {
            name.removesuffix(f"_{earlier}") + f"_{key}": value
            for name, value in budget.answers.items()
            if name.endswith(f"_{earlier}")
        }
        save_step(budget, answers=budget.answers | line, seen_version=budget.version, by=by)


@transaction.atomic
def change_participant(
    participant: Participant, *, role: Role, controller: Controller, seen_version: int, by: User
) -> Participant:
    """Change a part; naming a new coordinator makes the former one a partner."""
    proposal = participant.proposal
    if participant.is_coordinator and role != Role.COORDINATOR:
        raise CoordinatorRequired
    _move_consortium_on(proposal, seen_version=seen_version, by=by, issues_key=False)
    if role == Role.COORDINATOR:
        others = proposal.participants.exclude(pk=participant.pk)
        others.filter(role=Role.COORDINATOR.value).update(role=Role.PARTNER.value)
    participant.role = role.value
    set_controller(participant, controller)
    participant.save(update_fields=["role"])
    text = _("Role of %(name)s changed: %(role)s") % {
        "name": participant.organisation.name,
        "role": participant.get_role_display(),
    }
    log_activity(proposal, ProposalActivity.Kind.CHANGED, text, by=by, key=participant.key)
    return participant


def set_controller(participant: Participant, controller: Controller) -> None:
    participant.controller = controller.partner
    participant.controlled_by = controller.name.strip()
    participant.save(update_fields=["controller", "controlled_by"])


@transaction.atomic
def remove_participant(participant: Participant, *, seen_version: int, by: User) -> None:
    """Take an organisation out of the draft; versions that were submitted keep it.

    Its texts stay in the history and come back if it is added again; its people's access ends.
    """
    if participant.is_coordinator:
        raise CoordinatorRequired
    proposal = participant.proposal
    _move_consortium_on(proposal, seen_version=seen_version, by=by, issues_key=False)
    text = _("%(name)s removed from the consortium") % {"name": participant.organisation.name}
    log_activity(
        proposal,
        ProposalActivity.Kind.REMOVED,
        text,
        by=by,
        key=participant.key,
        organisation=participant.organisation_id,
    )
    guests, members = guests_of(participant), list(participant.organisation.members.all())
    # It goes on controlling whom it controls, as a body outside the consortium.
    controlled = proposal.participants.filter(controller=participant.organisation)
    controlled.update(controller=None, controlled_by=participant.organisation.name)
    participant.delete()
    _notify_removed(participant, by=by)
    _end_access_of(participant, guests, members, by=by)


def _end_access_of(
    removed: Participant, guests: list[User], members: list[User], *, by: User
) -> None:
    """After the removal: note who has no access any more, and tell those who wrote by invitation."""
    name = removed.organisation.name
    people = without_access(removed.proposal, [*members, *guests])
    end_access(removed.proposal, people, EndedAccess.Kind.PARTNER_REMOVED, name=name)
    happened = _(
        "%(who)s has removed %(name)s, for which you were working as an invited person, from proposal "
        "%(number)s."
    )
    notify_ended_access(
        removed.proposal,
        guests,
        key=f"guest-removed:{removed.proposal_id}:{removed.key}",
        what_happened=happened % {"who": by, "name": name, "number": removed.proposal.number},
    )


def _notify_removed(participant: Participant, *, by: User) -> None:
    """After the removal: some people of the organisation may still take part by another way."""
    others = list(participant.organisation.members.exclude(pk=by.pk).filter(is_active=True))
    gone = without_access(participant.proposal, others)
    stored_texts = _("Your texts are kept and will be restored if the organisation is added again.")
    submitted = _("An earlier submitted version still includes the organisation.")
    for people, rest in (
        (gone, _("You no longer have access to the draft.")),
        (
            [other for other in others if other not in gone],
            _("You still have access in another role."),
        ),
    ):
        counts = f"{stored_texts} {rest} {submitted}"
        _queue_removal_email(participant, people, counts, by=by)


def _queue_removal_email(
    participant: Participant, people: list[User], counts: str, *, by: User
) -> None:
    name, number = participant.organisation.name, participant.proposal.number
    queue_email(
        EmailContent(
            subject=_("%(name)s no longer takes part in a proposal") % {"name": name},
            what_happened=_(
                "%(who)s has removed %(name)s from the consortium of proposal %(number)s."
            )
            % {"who": by, "name": name, "number": number},
            status=counts,
            next_step=_(
                "You do not need to do anything. If you think this is a mistake, contact the "
                "coordinator."
            ),
            link=reverse("proposals:mine"),
            link_label=_("My work"),
        ),
        to=may_be_notified(participant, people),
        proposal=participant.proposal,
        key=f"removed:{participant.proposal_id}:{participant.key}",
    )


@transaction.atomic
def clear_intended_countries(proposal: Proposal, *, seen_version: int, by: User) -> None:
    """No longer look for partners from the countries that were in mind at the start."""
    section = _move_consortium_on(proposal, seen_version=seen_version, by=by, issues_key=False)
    answers = {
        name: value for name, value in section.answers.items() if name != "intended_countries"
    }
    save_section(proposal, section, answers=answers, seen_version=section.version, by=by)


def _move_consortium_on(
    proposal: Proposal, *, seen_version: int, by: User, issues_key: bool = True
) -> Section:
    # Two changes at once would otherwise both see the version that they expect.
    lock_draft(proposal)
    section = section_of(proposal, CONSORTIUM)
    if section.version != seen_version:
        raise EditConflict(section)
    number = _issued_key_count(proposal, section) + (1 if issues_key else 0)
    moves = _count(section.answers.get("moves")) + 1
    answers = section.answers | {"keys_given": number, "moves": moves}
    return save_section(proposal, section, answers=answers, seen_version=seen_version, by=by)


def _issued_key_count(proposal: Proposal, section: Section) -> int:
    """How many keys of partners were given; none is given twice, whatever the stored count says."""
    keys = [*proposal.participants.values_list("key", flat=True)]
    keys += proposal.section_changes.values_list("participant_key", flat=True).distinct()
    used = [int(key[1:]) for key in keys if key[1:].isascii() and key[1:].isdigit()]
    return max(_count(section.answers.get("keys_given")), *used, 0)


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < MAX_KEYS else 0
