"""Getting into touch: first message, replies, showing who one is, blocking, reporting, inviting."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse

from applicants.models import Organisation, User
from applicants.reading import too_long
from calls.eligibility.facts import Role
from calls.templatetags.instants import in_words
from foundation import clock
from foundation.sentences import gettext as _
from proposals.consortium.drafts import lock_draft, section_of
from proposals.consortium.participants import AlreadyInConsortium, NewParticipant, add_participant
from proposals.delivery.emails import EmailContent, queue_email
from proposals.models import (
    AbuseReport,
    Conversation,
    Message,
    OrganisationBlock,
    Participant,
    PartnershipRequest,
    Proposal,
)
from proposals.partnering import requests

LONGEST = 5000
MAX_STARTED = 10  # conversations that a person may begin in a day
MAX_SENT = 40  # messages that a person may write in an hour
SAME = timedelta(minutes=1)  # within which the same words are the same message, sent twice


class Side(StrEnum):
    ASKER = "asker"  # who wrote first
    OWNER = "owner"  # whose request it is

    @property
    def other(self) -> "Side":
        return Side.OWNER if self == Side.ASKER else Side.ASKER


class CannotSend(Exception):
    """The message was not sent; the text says why."""


class CannotInvite(Exception):
    """The other side cannot be taken into this draft; the text says why."""


@transaction.atomic
def start(
    request: PartnershipRequest, text: str, *, organisation: Organisation, by: User, shows: bool
) -> Conversation:
    """Write to who wrote a request, for an organisation; who has done so already writes on there.

    Raises:
        CannotSend: the request has ended or is one's own, the other side takes no messages, or this person
            has begun too many conversations today.
    """
    current = PartnershipRequest.objects.select_for_update(no_key=True).get(pk=request.pk)
    if current.organisation is None or not current.is_open(clock.now()):
        raise CannotSend(_("This request has ended. You can no longer reply to it."))
    return _start(
        current.organisation,
        text,
        request=current,
        organisation=organisation,
        by=by,
        shows=shows,
        owner_shown=current.shows_name,
    )


@transaction.atomic
def start_with_organisation(
    addressee: Organisation, text: str, *, organisation: Organisation, by: User, shows: bool
) -> Conversation:
    """Write to an organisation that was found by its profile.

    Raises:
        CannotSend: it does not want to be found (any more); and as `begin`.
    """
    _lock_organisations(organisation, addressee)
    addressee.refresh_from_db(fields=["is_findable"])
    if not addressee.is_findable:
        raise CannotSend(_("This organisation can no longer be contacted through partner search."))
    return _start(
        addressee,
        text,
        request=None,
        organisation=organisation,
        by=by,
        shows=shows,
        owner_shown=True,
    )


def _start(
    addressee: Organisation,
    text: str,
    *,
    request: PartnershipRequest | None,
    organisation: Organisation,
    by: User,
    shows: bool,
    owner_shown: bool,
) -> Conversation:
    if addressee == organisation:
        raise CannotSend(_("This is your own organisation."))
    own = {"request": request, "addressee": addressee, "organisation": organisation}
    _lock_organisations(organisation, addressee)
    conversation = Conversation.objects.filter(**own).first()
    if conversation is None:
        moment = clock.now()
        _lock_sender(by)
        since = moment - timedelta(days=1)
        if Conversation.objects.filter(started_by=by, started_at__gt=since).count() >= MAX_STARTED:
            raise CannotSend(
                _("You have contacted ten organisations within a day. Contact this one tomorrow.")
            )
        conversation = Conversation.objects.create(
            **own, started_by=by, started_at=moment, owner_shown=owner_shown
        )
    if shows:
        Conversation.objects.filter(pk=conversation.pk).update(asker_shown=True)
        conversation.asker_shown = True
    send_message(conversation, text, side=Side.ASKER, by=by)
    return conversation


def _lock_organisations(*sides: Organisation) -> None:
    """Two conversations, or a message and a block between the same two, come one after the other."""
    rows = Organisation.objects.select_for_update(no_key=True)
    list(rows.filter(pk__in=[side.pk for side in sides]).order_by("pk").values_list("pk"))


def _lock_sender(person: User) -> None:
    """What somebody sends at once is counted one by one."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=person.pk)


def side_of(conversation: Conversation, user: User) -> Side:
    """On which side a person who takes part is; who is on both is on the one that was written to."""
    is_owner = conversation.addressee.members.filter(pk=user.pk).exists()
    return Side.OWNER if is_owner else Side.ASKER


def organisation_on(conversation: Conversation, side: Side) -> Organisation:
    return conversation.organisation if side == Side.ASKER else conversation.addressee


def is_shown(conversation: Conversation, side: Side) -> bool:
    """Whether a side has said who it is."""
    return conversation.asker_shown if side == Side.ASKER else conversation.owner_shown


def name_for_other(conversation: Conversation, side: Side) -> str:
    """How a side is called towards the other one."""
    organisation = organisation_on(conversation, side)
    if is_shown(conversation, side):
        return organisation.name
    values = {"kind": organisation.get_kind_display(), "country": organisation.country_name}
    return _("%(kind)s, %(country)s") % values


@transaction.atomic
def send_message(conversation: Conversation, text: str, *, side: Side, by: User) -> Message:
    """Send a message to the other side, which is notified by email; what a person sends twice arrives once.

    Raises:
        CannotSend: it says nothing, a side is gone or takes no messages, or there were too many in an hour.
    """
    moment = clock.now()
    own, other = organisation_on(conversation, side), organisation_on(conversation, side.other)
    _lock_organisations(own, other)
    _lock_sender(by)
    if not text.strip():
        raise CannotSend(_("Enter a message"))
    if len(text.strip()) > LONGEST:
        raise CannotSend(too_long(text.strip(), LONGEST))
    if OrganisationBlock.objects.filter(by=other, organisation=own).exists():
        raise CannotSend(
            _("Your message was not sent because this organisation has blocked messages.")
        )
    if OrganisationBlock.objects.filter(by=own, organisation=other).exists():
        raise CannotSend(
            _("You have blocked this organisation. Unblock it before you send a message.")
        )
    newest = conversation.messages.order_by("-pk").first()
    previous = (newest.written_by_id, newest.text) if newest else None
    if newest is not None and previous == (by.pk, text.strip()) and moment - newest.sent_at < SAME:
        return newest
    hour = moment - timedelta(hours=1)
    if Message.objects.filter(written_by=by, sent_at__gt=hour).count() >= MAX_SENT:
        raise CannotSend(_("You have sent forty messages within an hour. Try again later."))
    message = Message.objects.create(
        conversation=conversation,
        is_from_owner=side == Side.OWNER,
        written_by=by,
        text=text.strip(),
        sent_at=moment,
    )
    mark_read(conversation, side)
    _notify(message, other, side)
    return message


def _notify(message: Message, other: Organisation, side: Side) -> None:
    conversation = message.conversation
    queue_email(
        EmailContent(
            subject=_("New message about “%(title)s”") % {"title": conversation.about}
            if conversation.about
            else _("New message on the COSME portal"),
            what_happened=_("%(who)s has sent you a message on the COSME portal:")
            % {"who": name_for_other(conversation, side)},
            quote=message.text,
            status=_("Your email address is not shown. Replies are sent through the portal."),
            next_step=_("You can reply on the portal. You can also block or report the sender."),
            link=conversation.get_absolute_url(),
            link_label=_("View the conversation"),
        ),
        to=other.members.filter(is_active=True).values_list("email", flat=True),
        key=f"message:{message.pk}",
    )


def mark_read(conversation: Conversation, side: Side) -> None:
    """They have seen everything that was written so far."""
    newest = conversation.messages.order_by("-pk").values_list("pk", flat=True).first() or 0
    Conversation.objects.filter(pk=conversation.pk).update(**{f"{side}_read": newest})


@dataclass(frozen=True)
class InboxEntry:
    """A conversation as one side lists it; `is_new` while nobody there has read the newest message."""

    conversation: Conversation
    who: str
    newest: Message
    is_new: bool


def inbox(user: User, own: Iterable[Organisation], *, at_most: int) -> list[InboxEntry]:
    """Conversations of a person's `own` organisations, the newest message first; two queries."""
    rows = Conversation.objects.of(user).with_page_parts().with_newest_message()[:at_most]
    written = Message.objects.in_bulk([conversation.newest for conversation in rows])
    pks = {organisation.pk for organisation in own}
    letters = []
    for row in rows:
        side = Side.OWNER if row.addressee_id in pks else Side.ASKER
        newest = written[row.newest]
        read = row.owner_read if side == Side.OWNER else row.asker_read
        is_new = newest.is_from_owner != (side == Side.OWNER) and newest.pk > read
        letters.append(InboxEntry(row, name_for_other(row, side.other), newest, is_new))
    return letters


@transaction.atomic
def reveal_identity(conversation: Conversation, *, side: Side, by: User) -> None:
    """Let the other side see who one is, from now on, and tell it. Addresses stay hidden.

    Raises:
        CannotSend: the other side takes no messages; nothing was shown.
    """
    Conversation.objects.filter(pk=conversation.pk).update(**{f"{side}_shown": True})
    shown = Conversation.objects.with_page_parts().get(pk=conversation.pk)
    name = organisation_on(shown, side).name
    send_message(shown, _("We are %(name)s.") % {"name": name}, side=side, by=by)


@transaction.atomic
def block(conversation: Conversation, *, side: Side) -> None:
    """Take no messages from the other organisation any more, here and elsewhere."""
    own, other = organisation_on(conversation, side), organisation_on(conversation, side.other)
    _lock_organisations(own, other)
    OrganisationBlock.objects.get_or_create(
        by=own, organisation=other, defaults={"made_at": clock.now()}
    )


def unblock(conversation: Conversation, *, side: Side) -> None:
    own, other = organisation_on(conversation, side), organisation_on(conversation, side.other)
    OrganisationBlock.objects.filter(by=own, organisation=other).delete()


def has_blocked(conversation: Conversation, side: Side) -> bool:
    own, other = organisation_on(conversation, side), organisation_on(conversation, side.other)
    return OrganisationBlock.objects.filter(by=own, organisation=other).exists()


def report_abuse(
    request: PartnershipRequest | None,
    reason: str,
    *,
    by: User,
    conversation: Conversation | None = None,
) -> AbuseReport:
    """Tell the helpdesk that something is not right; it then reads what is reported."""
    return AbuseReport.objects.create(
        request=request,
        conversation=conversation,
        reason=reason.strip(),
        made_by=by,
        made_at=clock.now(),
    )


class AlreadyHandled(Exception):
    """Somebody was faster; `report` says who, when, and what was done."""

    def __init__(self, report: AbuseReport) -> None:
        super().__init__(str(report))
        self.report = report


@transaction.atomic
def handle_report(result: AbuseReport, *, outcome: str, remark: str = "", by: User) -> AbuseReport:
    """Record what was found and done about a report, and notify who reported it.

    With a remark the request is closed, and its organisation reads the remark.

    Raises:
        AlreadyHandled: somebody has handled it.
        CannotPublish: there is a remark, and no public request to close.
    """
    locked = AbuseReport.objects.select_for_update(of=("self",)).get(pk=result.pk)
    if locked.handled_at is not None:
        raise AlreadyHandled(locked)
    locked.outcome, locked.handled_by, locked.handled_at = outcome.strip(), by, clock.now()
    locked.save(update_fields=["outcome", "handled_by", "handled_at"])
    if remark.strip():
        if locked.request is None:
            raise requests.CannotPublish(
                _(
                    "This report is not about a partnership request, so there is no request to close. "
                    "Leave this field empty."
                )
            )
        requests.remove_by_staff(locked.request, remark=remark, by=by)
    _notify_reporter(locked)
    return locked


def _notify_reporter(handled: AbuseReport) -> None:
    if handled.made_by is None or not handled.made_by.is_active:
        return
    queue_email(
        EmailContent(
            subject=_("Outcome of your report"),
            what_happened=_("The helpdesk has reviewed the report that you made on %(day)s.")
            % {"day": in_words(handled.made_at)},
            quote=handled.reason,
            status=_("Findings and action taken: %(outcome)s") % {"outcome": handled.outcome},
            next_step=_(
                "You do not need to do anything. If there is still a problem, report it again or "
                "contact the helpdesk."
            ),
            link=reverse("enquiries:ask"),
            link_label=_("Contact the helpdesk"),
        ),
        to=[handled.made_by.email],
        key=f"report:{handled.pk}",
    )


def drafts_to_invite_into(conversation: Conversation, user: User, *, side: Side) -> list[Proposal]:
    """Open drafts that this person leads, coordinated by the organisation that talks here.

    Those in which the other side does not take part yet; where they talk about a request, of its call.
    Sections come with them, for the titles.
    """
    own, other = organisation_on(conversation, side), organisation_on(conversation, side.other)
    coordinated = Participant.objects.filter(
        proposal=OuterRef("pk"), organisation=own, role=Role.COORDINATOR.value
    )
    led = Proposal.objects.led_by(user).filter(Exists(coordinated), deleted_at=None)
    led = led.exclude(participants__organisation=other)
    if conversation.request is not None:
        led = led.filter(strand__call=conversation.request.call_id)
    proposals = led.open_at(clock.now()).select_related("strand__call").with_acronym()
    return list(proposals.order_by("-started_at"))


def takes_part(conversation: Conversation, number: str, user: User, *, side: Side) -> bool:
    """Whether the other side is already in this draft, which the person leads."""
    led = Proposal.objects.led_by(user).filter(number=number, deleted_at=None)
    return led.filter(participants__organisation=organisation_on(conversation, side.other)).exists()


@transaction.atomic
def invite_to_consortium(
    conversation: Conversation, proposal: Proposal, *, side: Side, by: User
) -> Participant:
    """Take the other side's organisation into a draft, with its profile, and ask it to confirm.

    Raises:
        CannotInvite: it has not said who it is, is gone, or takes part already.
        NotOpen: the deadline has passed.
    """
    lock_draft(proposal)
    other = organisation_on(conversation, side.other)
    if not is_shown(conversation, side.other):
        raise CannotInvite(
            _(
                "The other organisation has not shown its name yet. Ask it to do so before "
                "you add it."
            )
        )
    asked = conversation.request.role if conversation.request else PartnershipRequest.Role.PARTNER
    associated = asked == PartnershipRequest.Role.ASSOCIATED
    role = Role.ASSOCIATED if associated else Role.PARTNER
    seen = section_of(proposal, "consortium").version
    try:
        participant = add_participant(
            proposal, NewParticipant(other, role), seen_version=seen, by=by
        )
    except AlreadyInConsortium:
        raise CannotInvite(_("This organisation is already in the draft.")) from None
    text = _(
        "We have invited your organisation into our draft %(number)s (role: %(role)s). Please check "
        "the draft and confirm your participation: %(link)s"
    )
    link = settings.BASE_URL + reverse("proposals:confirm", args=[proposal.number, participant.key])
    values = {"number": proposal.number, "role": participant.get_role_display(), "link": link}
    send_message(conversation, text % values, side=side, by=by)
    return participant
