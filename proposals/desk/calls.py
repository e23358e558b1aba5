"""What officers do with a call: publish it with a second yes, extend it for all or for one."""

from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from applicants.models import User
from calls import clock
from calls.models import Call, Extension, Incident
from calls.publishing import extend_deadline
from calls.setting_up import obstacles_to_publishing
from calls.templatetags.instants import in_words
from proposals.confirming import leads_of
from proposals.dossier import Draft
from proposals.mailing import Words, post
from proposals.models import IndividualExtension, Proposal, Publication
from proposals.notices import contacts_of


class CannotPublish(Exception):
    """The call cannot be published (yet), or not by this person; the text says why."""


class CannotExtend(Exception):
    """The deadline cannot be moved like this; the text says why."""


@transaction.atomic
def ask_to_publish(call: Call, *, by: User) -> Publication:
    """Ask a colleague to say yes; asking again takes the place of an earlier asking.

    Raises:
        CannotPublish: it is published, or something is left to do.
    """
    locked = _not_published(call)
    made, _is_new = Publication.objects.update_or_create(
        call=locked, defaults={"asked_by": by, "asked_at": clock.now()}
    )
    return made


@transaction.atomic
def confirm_publication(call: Call, *, by: User) -> Call:
    """The second yes: from this moment everybody sees the call.

    Raises:
        CannotPublish: nobody asked, by is who asked, it is published, or something is left to do.
    """
    locked = _not_published(call)
    asked = Publication.objects.filter(call=locked).first()
    if asked is None:
        raise CannotPublish(_("Nobody has asked for it to be published."))
    if asked.asked_by_id == by.pk:
        raise CannotPublish(_("You asked for it yourself: somebody else has to say yes."))
    asked.confirmed_by, asked.confirmed_at = by, clock.now()
    asked.save(update_fields=["confirmed_by", "confirmed_at"])
    locked.published_at = asked.confirmed_at
    locked.changed_at = clock.real_now()
    locked.save(update_fields=["published_at", "changed_at"])
    return locked


def _not_published(call: Call) -> Call:
    locked = Call.objects.select_for_update().get(pk=call.pk)
    if locked.published_at is not None:
        raise CannotPublish(_("It is published already."))
    if locked.is_rehearsal:
        raise CannotPublish(
            _("A rehearsal is never published; publish the call that it rehearses.")
        )
    left = list(obstacles_to_publishing(locked))
    if left:
        raise CannotPublish(" ".join(left))
    return locked


@transaction.atomic
def extend_for_all(
    call: Call, *, until: datetime, reason: str, incident: Incident | None, by: User
) -> Extension:
    """Move the deadline of the call, tell the reason on its page, and mail everyone who writes a proposal.

    Raises:
        CannotExtend: it is not later, or the deadline has passed: proposals are open to officers then.
    """
    locked = Call.objects.select_for_update().get(pk=call.pk)
    if clock.now() >= locked.deadline:
        raise CannotExtend(
            _(
                "The deadline has passed, and proposals are open to officers: it cannot be moved for all "
                "any more. Extend it for single proposals, with the reason for each."
            )
        )
    if until <= locked.deadline:
        raise CannotExtend(_("The new deadline must be later than the one in force."))
    made = extend_deadline(
        locked, new_deadline=until, reason=reason.strip(), decided_by=str(by), incident=incident
    )
    proposals = Proposal.objects.filter(strand__call=locked, deleted_at=None)
    for proposal in proposals.select_related("strand__call").iterator(200):
        _tell(
            proposal, until, reason, incident, key=f"extension:{made.pk}:{proposal.pk}", one=False
        )
    return made


@transaction.atomic
def extend_for_one(
    call: Call, number: str, *, until: datetime, reason: str, incident: Incident | None, by: User
) -> IndividualExtension:
    """Move the deadline of one proposal, by its number, and mail its consortium. It stays sealed until then.

    Raises:
        CannotExtend: the call has no such proposal, or the new deadline is not later than its own and now.
    """
    found = Proposal.objects.select_for_update(of=("self",)).filter(
        number=number.strip().upper(), strand__call=call, deleted_at=None
    )
    proposal = found.select_related("strand__call").first()
    if proposal is None:
        raise CannotExtend(_("This call has no proposal with that number."))
    if until <= max(proposal.deadline, clock.now()):
        raise CannotExtend(_("The new deadline must be later than its present one, and than now."))
    if proposal.versions.filter(decisions__isnull=False).exists():
        raise CannotExtend(_("An outcome is recorded for it: it cannot be sealed again."))
    made = IndividualExtension.objects.create(
        proposal=proposal, until=until, reason=reason.strip(), incident=incident, granted_by=by,
        granted_at=clock.now(),
    )  # fmt: skip
    _tell(proposal, until, reason, incident, key=f"individual-extension:{made.pk}", one=True)
    return made


def _tell(
    proposal: Proposal,
    until: datetime,
    reason: str,
    incident: Incident | None,
    *,
    key: str,
    one: bool,
) -> None:
    facts = [(_("New deadline"), in_words(until, seconds=True))]
    if incident is not None:
        facts.append((_("Because of"), incident.text))
    happened = _("The deadline of the call was moved, for everyone.")
    if one:
        happened = _("The deadline was moved for this proposal alone.")
    post(
        Words(
            subject=_("The deadline was moved: %(number)s") % {"number": proposal.number},
            happened=happened,
            facts=facts,
            quote=reason.strip(),
            counts=_("What was submitted still counts, until a later version is submitted."),
            to_do=_("You can go on writing, and submit or submit again, until just before it."),
            link=reverse("proposals:proposal", args=[proposal.number]),
            link_words=_("Overview of the proposal"),
        ),
        to=leads_of(proposal) if not one else contacts_of(Draft(proposal)),
        proposal=proposal,
        key=key,
    )
