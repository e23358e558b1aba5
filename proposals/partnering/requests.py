"""What happens to a partnership request: written, published, changed, renewed, filled, closed, looked at."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Window
from django.urls import reverse

from applicants.models import Organisation, User
from applicants.profile import profile_of
from calls.models import Call
from foundation import clock
from foundation.folding import trigrams_of, words_in
from foundation.sentences import gettext as _
from proposals.delivery.emails import EmailContent, queue_email
from proposals.models import PartnershipRequest, SearchWord

REQUEST_LIFETIME = timedelta(days=90)
PROFILE_STEPS_ASKED = ("identity", "sectors")
State = PartnershipRequest.State


class CannotPublish(Exception):
    """The request cannot be published (like this); the text says why, and what to do."""


class RequestChanged(Exception):
    """Somebody saved the request since it was opened; `current` is what is stored now."""

    def __init__(self, current: PartnershipRequest) -> None:
        super().__init__(current.number)
        self.current = current


@transaction.atomic
def draft_request(
    organisation: Organisation, call: Call, values: Mapping[str, Any], *, by: User
) -> PartnershipRequest:
    """A request that only the organisation's own people see, until it is published."""
    moment = clock.now()
    request = PartnershipRequest(
        organisation=organisation,
        call=call,
        made_by=by,
        made_at=moment,
        changed_at=moment,
        **values,
    )
    request.searchable_text = folded_of(request)
    request.save()
    return request


@transaction.atomic
def save_request(
    request: PartnershipRequest, values: Mapping[str, Any], *, seen_revision: int
) -> PartnershipRequest:
    """Store a changed text; one that is published stays so, unless requests of its call are looked at first.

    Raises:
        RequestChanged: somebody else saved it since; nothing was stored.
        CannotPublish: the helpdesk has closed it, and what was reported stays as it is; or it was deleted.
    """
    current = _locked(request)
    if current.state == State.REMOVED:
        raise CannotPublish(_("The helpdesk has closed this request. It can no longer be changed."))
    if current.revision != seen_revision:
        raise RequestChanged(current)
    for name, value in values.items():
        setattr(current, name, value)
    current.searchable_text = folded_of(current)
    current.changed_at = clock.now()
    current.revision += 1
    if current.state == State.REFUSED:
        current.state = State.DRAFT
    if current.state == State.PUBLISHED:
        add_search_words([current.searchable_text])
        if current.call.moderates_requests:
            current.state = State.WAITING
        _show_on_call_page(current)
    current.save()
    return current


def _locked(request: PartnershipRequest) -> PartnershipRequest:
    """As it is now, with its organisation and call: these are read when the lock is held, not before."""
    rows = PartnershipRequest.objects.select_for_update(of=("self",))
    locked = rows.filter(pk=request.pk).first()
    if locked is None:
        raise CannotPublish(_("The draft has been deleted."))
    return locked


def is_by_now(request: PartnershipRequest) -> str:
    """What became of a request, for who wanted something else of it."""
    state = State(request.state)
    if state == State.REFUSED:
        text = _("The request was not published: %(remark)s")
        return text % {"remark": request.remark}
    return {
        State.DRAFT: _("The request is a draft. Only your organisation can see it."),
        State.WAITING: _("The request is waiting for review by the helpdesk."),
        State.PUBLISHED: _("The request is published."),
        State.FILLED: _("The request is already marked as filled."),
        State.CLOSED: _("The request is already closed."),
        State.REMOVED: _("The helpdesk has closed the request."),
    }[state]


def folded_of(request: PartnershipRequest) -> str:
    """The words by which it is found: its own, the organisation's country, and its name where it is shown."""
    organisation = request.organisation
    name = organisation.name if organisation and request.shows_name else ""
    country = organisation.country_name if organisation else ""
    return " ".join(words_in(f"{request.title} {request.text} {name} {country}"))


def add_search_words(texts: Iterable[str]) -> None:
    """Let words of folded texts be found although they are misspelt."""
    words = {word for text in texts for word in text.split()}
    SearchWord.objects.bulk_create(
        [SearchWord(word=word, trigrams=trigrams_of(word)) for word in sorted(words)],
        ignore_conflicts=True,
        batch_size=2000,
    )


def missing_of_profile(organisation: Organisation) -> list[str]:
    """What of an organisation's profile must be there before it can publish a request."""
    steps = [step for step in profile_of(organisation).steps if step.slug in PROFILE_STEPS_ASKED]
    return [f"{step.title}: {label}" for step in steps for label in step.missing]


@transaction.atomic
def publish(request: PartnershipRequest, *, at: datetime | None = None) -> PartnershipRequest:
    """Show a draft to everybody, or hand it to an officer where requests of the call are looked at first.

    Raises:
        CannotPublish: the call has closed, the organisation is gone, or its profile lacks what readers need.
    """
    moment = at or clock.now()
    current = _locked(request)
    if current.state != State.DRAFT:
        raise CannotPublish(is_by_now(current))
    if current.organisation is None:
        raise CannotPublish(_("The organisation is no longer on this portal."))
    if current.call.published_at is None or moment >= current.call.deadline:
        raise CannotPublish(_("The call is closed, so requests can no longer be published for it."))
    missing = missing_of_profile(current.organisation)
    if missing:
        text = _("Complete your profile before you publish. Missing: %(missing)s.")
        raise CannotPublish(text % {"missing": "; ".join(missing)})
    if current.call.moderates_requests:
        current.state = State.WAITING
        current.save(update_fields=["state"])
        return current
    return _show(current, moment)


def _show(request: PartnershipRequest, moment: datetime) -> PartnershipRequest:
    request.state = State.PUBLISHED
    request.published_at = request.published_at or moment
    request.expires_at = moment + REQUEST_LIFETIME
    request.save(update_fields=["state", "published_at", "expires_at"])
    add_search_words([request.searchable_text])
    _show_on_call_page(request)
    return request


def _show_on_call_page(request: PartnershipRequest) -> None:
    """The call's page names the newest requests, and is kept until the call changes."""
    Call.objects.filter(pk=request.call_id).update(changed_at=clock.real_now())


@transaction.atomic
def end(request: PartnershipRequest, *, is_filled: bool) -> PartnershipRequest:
    """Say that the partner is found, or that nobody looks any more. It can be read still.

    Raises:
        CannotPublish: it is not published.
    """
    current = _locked(request)
    if current.state != State.PUBLISHED:
        raise CannotPublish(is_by_now(current))
    current.state = State.FILLED if is_filled else State.CLOSED
    current.save(update_fields=["state"])
    _show_on_call_page(current)
    return current


@transaction.atomic
def discard(request: PartnershipRequest) -> None:
    """Delete what nobody else has ever seen.

    Raises:
        CannotPublish: it was published, or an officer is looking at it.
    """
    current = _locked(request)
    if current.published_at is not None or current.state not in {State.DRAFT, State.REFUSED}:
        text = _("The request can no longer be deleted. %(state)s")
        raise CannotPublish(text % {"state": is_by_now(current)})
    current.delete()


@transaction.atomic
def renew(request: PartnershipRequest) -> PartnershipRequest:
    """Let it be found for another ninety days from now, at most until the deadline of its call.

    Raises:
        CannotPublish: it was never published, or the call has closed.
    """
    moment = clock.now()
    current = _locked(request)
    if current.state not in {State.PUBLISHED, State.FILLED, State.CLOSED}:
        raise CannotPublish(is_by_now(current))
    if moment >= current.call.deadline:
        raise CannotPublish(_("The call is closed, so requests can no longer be published for it."))
    return _show(current, moment)


@transaction.atomic
def approve(request: PartnershipRequest, *, by: User) -> PartnershipRequest:
    """An officer has looked at it: it is published.

    Raises:
        CannotPublish: it does not wait (any more), or the call has closed.
    """
    moment = clock.now()
    current = _locked(request)
    if current.state != State.WAITING:
        raise CannotPublish(is_by_now(current))
    if moment >= current.call.deadline:
        raise CannotPublish(_("The call is closed, so requests can no longer be published for it."))
    current.reviewed_by, current.remark = by, ""
    current.save(update_fields=["reviewed_by", "remark"])
    shown = _show(current, moment)
    _notify_members(shown, _("Your partnership request is published"), "")
    return shown


@transaction.atomic
def refuse(request: PartnershipRequest, *, remark: str, by: User) -> PartnershipRequest:
    """An officer does not publish it, and says why; its people can change it and hand it in again.

    Raises:
        CannotPublish: it does not wait (any more), or the remark is blank.
    """
    current = _locked(request)
    if current.state != State.WAITING:
        raise CannotPublish(is_by_now(current))
    if not remark.strip():
        raise CannotPublish(_("Enter what needs to change."))
    current.state, current.remark, current.reviewed_by = State.REFUSED, remark.strip(), by
    current.save(update_fields=["state", "remark", "reviewed_by"])
    _notify_members(current, _("Your partnership request was not published"), remark.strip())
    return current


@transaction.atomic
def remove_by_staff(request: PartnershipRequest, *, remark: str, by: User) -> PartnershipRequest:
    """Staff close a request that is not what partner search is for. Only its own people still see it.

    They read the reason; they cannot reopen it, but can write another one.

    Raises:
        CannotPublish: it is not public (any more), or the remark is blank.
    """
    current = _locked(request)
    if not current.is_public:
        raise CannotPublish(is_by_now(current))
    if not remark.strip():
        raise CannotPublish(_("Enter the reason for closing the request."))
    current.state, current.remark, current.reviewed_by = State.REMOVED, remark.strip(), by
    current.save(update_fields=["state", "remark", "reviewed_by"])
    _show_on_call_page(current)
    _notify_members(current, _("Your partnership request was closed"), remark.strip())
    return current


def _notify_members(request: PartnershipRequest, subject: str, remark: str) -> None:
    if request.organisation is None:
        return
    people = request.organisation.members.filter(is_active=True)
    counts, to_do = {
        State.PUBLISHED: (_("The request is published."), _("You do not need to do anything.")),
        State.REFUSED: (
            _("The request is not published. Its text has been kept."),
            _("Make the changes described above and publish the request again."),
        ),
        State.REMOVED: (
            _("Only your organisation can still see the request."),
            _(
                "You can create a new request. If you think this is a mistake, contact the helpdesk."
            ),
        ),
    }[State(request.state)]
    queue_email(
        EmailContent(
            subject=subject,
            what_happened=_("The helpdesk has reviewed your partnership request “%(title)s”.")
            % {"title": request.title},
            quote=remark,
            status=counts,
            next_step=to_do,
            link=reverse("partners:request", args=[request.number]),
            link_label=_("View the request"),
        ),
        to=people.values_list("email", flat=True),
        key=f"request:{request.pk}:{request.revision}:{request.state}",
    )


def newest_of(
    call: Call, moment: datetime, *, strand: str = "", at_most: int = 3
) -> dict[str, Any]:
    """How many requests of a call (or of one of its strands) are open, and the newest of them; one query."""
    partnership_requests = PartnershipRequest.objects.open_at(moment).filter(call=call)
    if strand:
        partnership_requests = partnership_requests.filter(strands__contains=[strand])
    rows = partnership_requests.select_related("organisation").annotate(total=Window(Count("pk")))
    newest = list(rows.order_by(F("published_at").desc())[:at_most])
    return {"count": newest[0].total if newest else 0, "newest": newest}
