"""Saved searches: what is new since the last mail."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.http import QueryDict
from django.urls import reverse

from applicants.models import Organisation, User
from foundation import clock
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.delivery.emails import EmailContent, queue_email
from proposals.delivery.fault_isolation import for_each
from proposals.models import OrganisationBlock, SavedSearch
from proposals.partnering.search import newer_than
from proposals.partnering.search_query import PartnerSearch, parse_query

MAX_PER_PERSON = 20
MAX_IN_EMAIL = 10
AT_MOST_EVERY = timedelta(hours=1)  # emails to one search
SALT = "proposals.saved-search"


class TooMany(Exception):
    """A person keeps at most twenty searches."""


def search_of(saved: SavedSearch) -> PartnerSearch:
    return parse_query(QueryDict(saved.query))


@transaction.atomic
def save_search(user: User, *, name: str, question: PartnerSearch) -> SavedSearch:
    """Keep a question under a name; the same name takes the place of an earlier one.

    Raises:
        TooMany: there are twenty already.
    """
    moment = clock.now()
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
    own = SavedSearch.objects.filter(user=user)
    if not own.filter(name=name).exists() and own.count() >= MAX_PER_PERSON:
        raise TooMany
    values = {
        "query": question.address(),
        "made_at": moment,
        "seen_until": moment,
        "sends_emails": True,
    }
    saved, _is_new = SavedSearch.objects.update_or_create(user=user, name=name, defaults=values)
    return saved


def notify_new_requests(moment: datetime) -> int:
    """Queue an email for each search that something new fits; returns how many. Safe to repeat."""
    waiting = SavedSearch.objects.filter(
        sends_emails=True, user__is_active=True, seen_until__lte=moment - AT_MOST_EVERY
    )
    return for_each(
        "saved search emails", waiting.values_list("pk", flat=True), lambda pk: _notify(pk, moment)
    )


@transaction.atomic
def _notify(pk: int, moment: datetime) -> bool:
    rows = SavedSearch.objects.select_for_update(of=("self",), skip_locked=True)
    saved = rows.filter(pk=pk, sends_emails=True, seen_until__lte=moment - AT_MOST_EVERY).first()
    if saved is None:
        return False
    own = Organisation.objects.with_member(saved.user)
    blocked = OrganisationBlock.objects.filter(by__in=own).values("organisation")
    new = newer_than(search_of(saved), saved.seen_until, moment)
    new = new.exclude(organisation__in=own).exclude(organisation__in=blocked)
    partnership_requests = list(new[: MAX_IN_EMAIL + 1])
    key = f"search:{saved.pk}:{saved.seen_until.isoformat()}"
    saved.seen_until = moment
    saved.save(update_fields=["seen_until"])
    if not partnership_requests:
        return False
    facts = [
        (
            partnership_request.get_kind_display(),
            f"{partnership_request.title}: {settings.BASE_URL}{partnership_request.get_absolute_url()}",
        )
        for partnership_request in partnership_requests[:MAX_IN_EMAIL]
    ]
    if len(partnership_requests) > MAX_IN_EMAIL:
        facts.append((_("More results"), _("see the page below")))
    count = min(len(partnership_requests), MAX_IN_EMAIL)
    text = ngettext(
        "%(count)s new request matches your saved search “%(name)s”.",
        "%(count)s new requests match your saved search “%(name)s”.",
        count,
    )
    stop = reverse("partners:unsubscribe", args=[signing.dumps(saved.pk, salt=SALT)])
    queue_email(
        EmailContent(
            subject=_("New results for your search “%(name)s”") % {"name": saved.name},
            what_happened=text % {"count": count, "name": saved.name},
            facts=[(str(label), value) for label, value in facts],
            status=_(
                "You can send a message about a request as long as it is open. Each request "
                "shows until when."
            ),
            next_step=_("View the new requests. To stop these emails, open this link: %(link)s")
            % {"link": settings.BASE_URL + stop},
            link=reverse("partners:search") + "?" + saved.query,
            link_label=_("View the search results"),
        ),
        to=[saved.user.email],
        key=key,
    )
    return True


def search_of_token(token: str) -> SavedSearch | None:
    """The search that a link from an email names; None where it names none."""
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return SavedSearch.objects.filter(pk=pk).first()


def stop_emails(saved: SavedSearch) -> None:
    """Send no more emails of a search."""
    SavedSearch.objects.filter(pk=saved.pk).update(sends_emails=False)
