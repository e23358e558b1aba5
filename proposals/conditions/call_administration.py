"""What officers do with a call: publish it with a second yes, extend it for all or for one."""

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from applicants.models import User
from calls.call_setup import obstacles_to_publishing
from calls.conditions import requires_second_person
from calls.eligibility import digest_of
from calls.extensions import extend_deadline
from calls.models import Call, Extension, Incident
from calls.templatetags.instants import in_words
from foundation import clock
from foundation.sentences import gettext as _
from proposals.consortium.members import coordinator_emails
from proposals.delivery.emails import EmailContent, queue_email
from proposals.dossier.document import Draft
from proposals.models import (
    IndividualExtension,
    OfficerNotification,
    Proposal,
    ProposedExtension,
    PublicationRequest,
)
from proposals.officers.colleagues import users_with_permission
from proposals.officers.notifications import notify_of_call, settle_for_call
from proposals.submission.notifications import contacts_of

# What call managers write in the form of a call, and what a confirmation of it is about.
WRITTEN = (
    "title",
    "summary",
    "opens_at",
    "first_deadline",
    "budget",
    "open_points",
    "remedies",
    "checklist",
    "declaration",
    "moderates_requests",
    "bulk_with_remarks",
)


class CannotPublishCall(Exception):
    """The call cannot be published (yet), or not by this person; the text says why."""


class CannotExtend(Exception):
    """The deadline cannot be moved like this; the text says why."""


@transaction.atomic
def request_publication(call: Call, *, by: User) -> PublicationRequest:
    """Ask a colleague to say yes; asking again takes the place of an earlier asking.

    Raises:
        CannotPublishCall: it is published, or something is left to do.
    """
    locked = _not_published(call)
    made, _is_new = PublicationRequest.objects.update_or_create(
        call=locked, defaults={"requested_by": by, "requested_at": clock.now()}
    )
    settle_for_call(OfficerNotification.Kind.TO_PUBLISH, locked)
    colleagues = users_with_permission("proposals.change_publicationrequest").exclude(pk=by.pk)
    notify_of_call(
        OfficerNotification.Kind.TO_PUBLISH,
        locked,
        officers=colleagues.values_list("pk", flat=True),
        cause=f"publication:{made.pk}:{made.requested_at.isoformat()}",
    )
    return made


def mark_of(call: Call, asked: PublicationRequest | None) -> str:
    """What a page shows of a call that is to be published: the yes that is said on it is to just that."""
    return f"{asked.requested_at.isoformat() if asked else ''} {call.changed_at.isoformat()}"


def mark_of_texts(call: Call) -> str:
    """Names what the form of a call shows, so that nobody writes over what they have not seen."""
    own = [str(getattr(call, name)) for name in WRITTEN]
    parts = [
        [[str(value) for value in row] for row in rows.order_by("pk").values_list()]
        for rows in (call.sections.all(), call.strands.all(), call.contacts.all())
    ]
    return digest_of([own, parts])[-16:]


@transaction.atomic
def confirm_publication(call: Call, *, seen: str, by: User) -> Call:
    """The second yes, to what was `seen` (`mark_of`): from this moment everybody sees the call.

    Raises:
        CannotPublishCall: nobody asked, by is who asked, it is published, something is left to do, or
            the call was changed or asked for again since it was seen.
    """
    locked = _not_published(call)
    asked = PublicationRequest.objects.filter(call=locked).first()
    if asked is None:
        raise CannotPublishCall(_("Nobody has requested publication of this call."))
    if asked.requested_by_id == by.pk:
        raise CannotPublishCall(
            _("You requested publication yourself. A second officer must approve it.")
        )
    if mark_of(locked, asked) != seen:
        raise CannotPublishCall(
            _(
                "The call was not published because it has changed, or publication was "
                "requested again, since you opened this page. Check the call and approve it "
                "again."
            )
        )
    asked.confirmed_by, asked.confirmed_at = by, clock.now()
    asked.save(update_fields=["confirmed_by", "confirmed_at"])
    locked.published_at = asked.confirmed_at
    locked.changed_at = clock.real_now()
    locked.save(update_fields=["published_at", "changed_at"])
    settle_for_call(OfficerNotification.Kind.TO_PUBLISH, locked)
    return locked


def _not_published(call: Call) -> Call:
    locked = Call.objects.select_for_update().get(pk=call.pk)
    if locked.published_at is not None:
        text = _("This call was already published on %(when)s.")
        raise CannotPublishCall(
            text % {"when": in_words(locked.published_at, seconds=True, zone=locked.zone)}
        )
    if locked.is_rehearsal:
        raise CannotPublishCall(_("A rehearsal cannot be published. Publish the original call."))
    left = list(obstacles_to_publishing(locked))
    if left:
        raise CannotPublishCall(" ".join(left))
    return locked


@transaction.atomic
def propose_extension(
    call: Call, *, until: datetime, reason: str, incident: Incident | None, seen: str, by: User
) -> ProposedExtension:
    """Ask a second officer to move the deadline of a call for everybody.

    A later proposal takes the place of one that waits and that was `seen` (when it was proposed; empty
    for none). The same proposal of the same person is not made again.

    Raises:
        CannotExtend: it is not later, the deadline has passed (proposals are open to officers then), or
            somebody has proposed another deadline meanwhile.
    """
    locked = _extensible(call, until)
    waiting = (
        locked.proposed_extensions.filter(extension=None).select_related("proposed_by").first()
    )
    if waiting is not None and waiting.proposed_at.isoformat() != seen:
        stored = (waiting.proposed_by, waiting.until, waiting.reason, waiting.incident)
        if stored == (by, until, reason.strip(), incident):
            return waiting
        text = _(
            "%(who)s has proposed %(until)s since you opened this page, as shown above. Submit "
            "your proposal again to replace it."
        )
        shown = in_words(waiting.until, seconds=True, zone=locked.zone)
        raise CannotExtend(text % {"who": waiting.proposed_by, "until": shown})
    values = {
        "until": until,
        "reason": reason.strip(),
        "incident": incident,
        "proposed_by": by,
        "proposed_at": clock.now(),
    }
    proposed, _is_new = ProposedExtension.objects.update_or_create(
        call=locked, extension=None, defaults=values
    )
    colleagues = users_with_permission("proposals.change_proposedextension").exclude(pk=by.pk)
    queue_email(
        EmailContent(
            subject=_("Extension of %(call)s: second officer needed") % {"call": call},
            what_happened=_("%(who)s has proposed a new deadline for all applicants to %(call)s.")
            % {"who": by, "call": call},
            facts=[(_("Proposed deadline"), in_words(until, seconds=True, zone=locked.zone))],
            quote=proposed.reason,
            status=_("The deadline has not changed yet."),
            next_step=_("If you agree, confirm the extension before the current deadline."),
            link=reverse("admin:calls_call_extend", args=[call.pk]),
            link_label=_("View the proposed extension"),
        ),
        to=colleagues.values_list("email", flat=True),
        key=f"proposed-extension:{proposed.pk}:{proposed.proposed_at.isoformat()}",
    )
    return proposed


@transaction.atomic
def confirm_extension(proposed: ProposedExtension, *, by: User) -> Extension:
    """The second officer's agreement: the deadline moves, and everybody who writes a proposal is notified.

    Raises:
        CannotExtend: `by` is who proposed it; it was confirmed, replaced or withdrawn meanwhile; or the
            deadline has passed.
    """
    Call.objects.select_for_update().get(pk=proposed.call_id)
    waiting = ProposedExtension.objects.select_for_update(of=("self",)).filter(
        pk=proposed.pk, extension=None, proposed_at=proposed.proposed_at
    )
    extension = waiting.select_related("proposed_by", "incident").first()
    if extension is None:
        raise CannotExtend(what_became_of(proposed))
    if extension.proposed_by_id == by.pk:
        raise CannotExtend(_("You proposed this extension. A second officer must confirm it."))
    extension.extension = _extend(
        _extensible(extension.call, extension.until),
        until=extension.until,
        reason=extension.reason,
        incident=extension.incident,
        decided_by=extension.proposed_by,
        confirmed_by=by,
    )
    extension.confirmed_by, extension.confirmed_at = by, clock.now()
    extension.save(update_fields=["extension", "confirmed_by", "confirmed_at"])
    return extension.extension


@transaction.atomic
def withdraw_extension(proposed: ProposedExtension) -> bool:
    """Take a proposal back that nobody has confirmed; whether there was one."""
    Call.objects.select_for_update().get(pk=proposed.call_id)
    deleted, _rows = ProposedExtension.objects.filter(
        pk=proposed.pk, extension=None, proposed_at=proposed.proposed_at
    ).delete()
    return bool(deleted)


def what_became_of(proposed: ProposedExtension) -> str:
    """Of a proposal that does not wait any more: who confirmed or replaced it, or that it was withdrawn."""
    now = ProposedExtension.objects.select_related("proposed_by", "confirmed_by")
    present = now.filter(pk=proposed.pk).first()
    if present is None:
        return _("This proposed extension has been withdrawn.")
    if present.confirmed_by is not None:
        text = _("%(who)s has already confirmed this extension.")
        return text % {"who": present.confirmed_by}
    text = _(
        "%(who)s has proposed a different deadline since you opened this page. It is shown here."
    )
    return text % {"who": present.proposed_by}


@transaction.atomic
def extend_unpublished(
    call: Call, *, until: datetime, reason: str, incident: Incident | None, by: User
) -> Extension:
    """Move the deadline of a call that is not published, or of a rehearsal: nobody relies on it.

    Raises:
        CannotExtend: it is published, the deadline is not later, or it has passed.
    """
    locked = _extensible(call, until)
    if requires_second_person(locked):
        raise CannotExtend(_("This call is published, so two officers are needed to extend it."))
    return _extend(locked, until=until, reason=reason, incident=incident, decided_by=by)


def _extensible(call: Call, until: datetime) -> Call:
    """The call under a lock, so that what is asked here is still so when the deadline moves."""
    locked = Call.objects.select_for_update().get(pk=call.pk)
    if clock.now() >= locked.deadline:
        raise CannotExtend(
            _(
                "The deadline has passed and officers can open the proposals, so you cannot "
                "extend it for everyone. You can extend it for individual proposals, with a "
                "reason for each."
            )
        )
    if until <= locked.deadline:
        raise CannotExtend(_("The new deadline must be later than the current one."))
    return locked


def _extend(
    locked: Call,
    *,
    until: datetime,
    reason: str,
    incident: Incident | None,
    decided_by: User,
    confirmed_by: User | None = None,
) -> Extension:
    made = extend_deadline(
        locked,
        new_deadline=until,
        reason=reason.strip(),
        decided_by=_named(decided_by),
        confirmed_by=_named(confirmed_by) if confirmed_by else "",
        incident=incident,
    )
    proposals = Proposal.objects.filter(strand__call=locked, deleted_at=None)
    for proposal in proposals.select_related("strand__call").iterator(200):
        _notify_consortium(
            proposal,
            until,
            reason,
            incident,
            key=f"extension:{made.pk}:{proposal.pk}",
            is_individual=False,
        )
    return made


def _named(officer: User) -> str:
    """Names may be the same, numbers are not."""
    return f"{officer} ({officer.pk})"


@transaction.atomic
def extend_for_one(
    call: Call, number: str, *, until: datetime, reason: str, incident: Incident | None, by: User
) -> IndividualExtension:
    """Move the deadline of one proposal, by its number, and mail its consortium. It stays sealed until then.

    Raises:
        CannotExtend: the call has no such proposal, or the new deadline is not later than its own and now.
    """
    proposals = Proposal.objects.select_for_update(of=("self",)).filter(
        number=number.strip().upper(), strand__call=call, deleted_at=None
    )
    proposal = proposals.first()
    if proposal is None:
        raise CannotExtend(_("This call has no proposal with this number. Check the number."))
    if until <= max(proposal.deadline, clock.now()):
        raise CannotExtend(
            _("The new deadline must be in the future and later than the current one.")
        )
    if proposal.versions.filter(decisions__isnull=False).exists():
        raise CannotExtend(
            _("A decision has been recorded for this proposal, so its deadline cannot be extended.")
        )
    made = IndividualExtension.objects.create(
        proposal=proposal,
        until=until,
        reason=reason.strip(),
        incident=incident,
        granted_by=by,
        granted_at=clock.now(),
    )
    _notify_consortium(
        proposal, until, reason, incident, key=f"individual-extension:{made.pk}", is_individual=True
    )
    return made


def _notify_consortium(
    proposal: Proposal,
    until: datetime,
    reason: str,
    incident: Incident | None,
    *,
    key: str,
    is_individual: bool,
) -> None:
    facts = [(_("New deadline"), in_words(until, seconds=True, zone=proposal.call.zone))]
    if incident is not None:
        facts.append((_("Incident"), incident.text))
    happened = _("The deadline of the call has been extended for all applicants.")
    if is_individual:
        happened = _("The deadline has been extended for this proposal only.")
    queue_email(
        EmailContent(
            subject=_("Deadline extended: %(number)s") % {"number": proposal.number},
            what_happened=happened,
            facts=facts,
            quote=reason.strip(),
            status=_("A version you have submitted remains valid until you submit a later one."),
            next_step=_(
                "You can edit your draft and submit it, or submit it again, before the new deadline."
            ),
            link=reverse("proposals:proposal", args=[proposal.number]),
            link_label=_("View the proposal"),
        ),
        to=coordinator_emails(proposal) if not is_individual else contacts_of(Draft(proposal)),
        proposal=proposal,
        key=key,
    )
