"""Every route has its limits; a person who exceeds one reads why and loses nothing."""

import html
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.conf import settings as portal
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLResolver

from applicants.models import User
from applicants.tests.factories import PASSWORD, make_organisation, make_user
from calls.eligibility.facts import Role
from cosme_portal.limits import CHEAP_READS, LIMITS, NEVER_WRITE
from cosme_portal.middleware import EnforceLimits
from foundation import limits
from foundation.limits import Limit, Rate
from proposals.consortium import drafts, invitations, participants
from proposals.models import Invitation, QueuedEmail
from proposals.tests.factories import assign, make_draft, partner_of

ONE = Rate(1, 600)


def routes(resolver=None, namespaces=()):
    for part in (resolver or get_resolver()).url_patterns:
        if isinstance(part, URLResolver):
            inner = (*namespaces, part.namespace) if part.namespace else namespaces
            yield from routes(part, inner)
        else:
            yield ":".join([*namespaces, part.name or part.lookup_str])


ROUTES = sorted(set(routes()))
TOP = [route for route in ROUTES if not route.startswith("admin:")]
OFFICER_ROUTES = ["admin:proposals_version_changelist", "admin:proposals_version_bulk"]
BY_CODE = {"account-email", "enquiry-copies"}


def listed(lists):
    return {route for group in lists.values() for route in group}


@pytest.mark.parametrize("reads", [True, False], ids=["reading", "sending"])
def test_every_route_is_limited_or_free_for_a_reason(reads):
    free = listed(CHEAP_READS if reads else NEVER_WRITE)
    limited = {route for route in ROUTES if limits.limits_on(route, reads=reads)}
    assert set(ROUTES) - limited - free == set()
    assert limited & free == set()


def test_the_table_names_only_routes_that_exist():
    exact = {route for limit in LIMITS for route in limit.routes if "*" not in route}
    known = set(ROUTES)
    assert (exact | listed(CHEAP_READS) | listed(NEVER_WRITE)) - known == set()
    for limit in LIMITS:
        assert limit.name in BY_CODE or any(limit.covers(route) for route in ROUTES)


def test_each_row_has_a_name_of_its_own_and_a_rate():
    assert len({limit.name for limit in LIMITS}) == len(LIMITS)
    assert all(list(limit.rates()) for limit in LIMITS)


def test_nobody_is_limited_by_attempts_that_others_make_to_sign_in():
    sign_in = next(limit for limit in LIMITS if limit.name == "sign-in")
    assert sign_in.recipient is None and sign_in.account is None


# --- Route by route ---------------------------------------------------------------------------


class Match:
    def __init__(self, view_name):
        self.view_name = view_name
        self.kwargs = {}


def request_to(route, *, reads, user, address="192.0.2.1", **headers):
    factory = RequestFactory()
    sent = {"REMOTE_ADDR": address, **headers}
    if reads:
        request = factory.get("/somewhere/", **sent)
    else:
        request = factory.post(
            "/somewhere/",
            {"email": "a@b.example", "login": "a@b.example", "text": "A text that was typed"},
            **sent,
        )
    request.user = user
    request.resolver_match = Match(route)
    return request


def every_limited_route():
    for reads in (True, False):
        for route in [*TOP, *OFFICER_ROUTES]:
            if limits.limits_on(route, reads=reads):
                yield pytest.param(route, reads, id=f"{'read' if reads else 'send'} {route}")


@pytest.mark.django_db
@pytest.mark.parametrize(("route", "reads"), list(every_limited_route()))
def test_a_person_over_a_limit_reads_why_and_gets_back_what_was_typed(
    limits_apply, route, reads, monkeypatch
):
    real = limits.limits_on(route, reads=reads)
    few = [replace(row, **{kind: ONE for kind, _rate in row.rates()}) for row in real]
    monkeypatch.setattr(limits, "table", lambda: few)
    limits.limits_on.cache_clear()
    user = User(pk=7, email="seven@test.example", full_name="Seven")
    enforce = EnforceLimits(lambda request: None)

    def ask(**headers):
        return enforce.process_view(
            request_to(route, reads=reads, user=user, **headers), None, (), {}
        )

    assert ask() is None
    refused = ask()
    assert refused.status_code == 429 and 1 <= int(refused["Retry-After"]) <= 1200
    page = html.unescape(refused.content.decode())
    assert few[0].sentence in page
    assert reads or page.count("A text that was typed") == 2  # to read, and to send again
    for header in ("HTTP_X_AUTOSAVE", "HTTP_HX_REQUEST", "HTTP_X_UPLOAD"):
        refusal = ask(**{header: "1"})
        assert refusal.status_code == 429 and refusal["Retry-After"]
        assert (
            refusal["Content-Type"] == "application/json"
            and few[0].sentence in json.loads(refusal.content)["words"]
        )
    if not any(row.account or row.pair or row.recipient for row in few):
        other = enforce.process_view(
            request_to(route, reads=reads, user=user, address="192.0.2.2"), None, (), {}
        )
        assert other is None


# --- Sign-in ------------------------------------------------------------------------------------


def sign_in(client, email, password, address):
    return client.post(
        reverse("account_login"), {"login": email, "password": password}, REMOTE_ADDR=address
    )


@pytest.mark.django_db
def test_wrong_passwords_of_a_stranger_never_keep_the_owner_out(limits_apply):
    make_user(email="owner@test.example")
    codes = [
        sign_in(Client(), "owner@test.example", "wrong", "192.0.2.66").status_code
        for _attempt in range(15)
    ]
    assert codes == [200] * 10 + [429] * 5
    assert sign_in(Client(), "owner@test.example", PASSWORD, "192.0.2.1").status_code == 302


@pytest.mark.django_db
def test_wrong_passwords_of_one_person_of_an_office_do_not_keep_out_another(limits_apply):
    make_user(email="colleague@test.example")
    for _attempt in range(15):
        sign_in(Client(), "other@test.example", "wrong", "192.0.2.66")
    answer = sign_in(Client(), "colleague@test.example", PASSWORD, "192.0.2.66")
    assert answer.status_code == 302


@pytest.mark.django_db
def test_behind_a_proxy_each_client_counts_for_itself(limits_apply, settings):
    settings.TRUSTED_PROXIES = frozenset({"10.0.0.1"})

    def attempt(forwarded):
        return (
            Client()
            .post(
                reverse("account_login"),
                {"login": "who@test.example", "password": "wrong"},
                REMOTE_ADDR="10.0.0.1",
                HTTP_X_FORWARDED_FOR=forwarded,
            )
            .status_code
        )

    invented = [attempt(f"198.51.100.{number}, 203.0.113.9") for number in range(12)]
    assert invented == [200] * 10 + [429] * 2
    assert attempt("203.0.113.10") == 200


@pytest.mark.django_db
def test_no_password_comes_back_on_a_page(limits_apply):
    for _attempt in range(11):
        answer = sign_in(Client(), "a@b.example", "my secret password", "192.0.2.66")
    assert answer.status_code == 429 and "my secret" not in answer.content.decode()


@pytest.mark.django_db
def test_one_address_gets_few_emails_whoever_asks(limits_apply):
    make_user(email="owner@test.example")
    for number in range(8):
        answer = Client().post(
            reverse("account_reset_password"),
            {"email": "Owner@test.example"},
            REMOTE_ADDR=f"192.0.2.{number + 1}",
        )
        assert answer.status_code == 302
    assert len(mail.outbox) == 5


@pytest.mark.django_db
@pytest.mark.parametrize("hidden", ["\u200b", "\u00ad", "\u2060"])
def test_signs_that_a_form_leaves_out_make_no_other_address(limits_apply, hidden):
    make_user(email="owner@test.example")
    codes = [
        sign_in(Client(), f"ow{hidden * number}ner@test.example", "wrong", "192.0.2.66").status_code
        for number in range(12)
    ]
    assert codes == [200] * 10 + [429] * 2


SPELLINGS = (
    "owner@gmail.com",
    "owner+1@gmail.com",
    "o.w.ner@gmail.com",
    "owner@googlemail.com",
    '"owner"@gmail.com',
    "owner@\uff47mail.com",
    "OWNER+two+3@Gmail.com",
    "\u200bowner@gmail.com",
)


@pytest.mark.django_db
def test_one_mailbox_gets_few_emails_however_its_address_is_spelled(limits_apply):
    for number, address in enumerate(SPELLINGS):
        Client().post(
            reverse("account_reset_password"), {"email": address}, REMOTE_ADDR=f"192.0.2.{number}"
        )
    assert len(mail.outbox) == 5


@pytest.mark.parametrize(
    "other", ["ow.ner@test.example", "owner@test2.example", "+1@test.example", "@test.example"]
)
def test_other_mailboxes_count_for_themselves(other):
    assert limits.mailbox(other) != limits.mailbox("owner@test.example")


# --- Other spellings of one request --------------------------------------------------------------


@pytest.mark.django_db
def test_a_field_that_a_form_does_not_have_makes_no_other_count(limits_apply):
    """Where no form asks for an address, one that is sent all the same says nothing."""
    client = Client()
    client.force_login(make_user())
    codes = [
        client.post(
            reverse("account_reauthenticate"),
            {"password": "wrong", "login": f"{number}@test.example"},
        ).status_code
        for number in range(12)
    ]
    assert codes == [200] * 10 + [429] * 2


@pytest.mark.django_db
def test_every_addressed_route_has_a_form_with_the_field(call):
    pages = {
        "applicants:invite-colleague": lambda own, draft: own.get_absolute_url(),
        "proposals:invite": lambda own, draft: reverse("proposals:people", args=[draft.number]),
    }
    draft = make_draft(call)
    signed_in, anybody = Client(), Client()
    signed_in.force_login(draft.started_by)
    addressed = [(limit.field, route) for limit in LIMITS for route in limit.addressed]
    assert len(addressed) == 6
    for field, route in addressed:
        client = signed_in if route in pages else anybody
        address = pages.get(route, lambda own, draft, route=route: reverse(route))
        coordinator = draft.participants.order_by("pk").first().organisation
        html = client.get(address(coordinator, draft)).content.decode()
        assert f'name="{field}"' in html, route


@pytest.mark.django_db
def test_zeros_before_a_number_make_no_other_page(limits_apply, call):
    draft = make_draft(call)
    invited = invitations.invite(
        draft,
        email="asked@test.example",
        purpose=Invitation.Purpose.READ,
        participant=None,
        by=draft.started_by,
    )
    client = Client()
    client.force_login(draft.started_by)
    page = f"/proposals/{draft.number}/people/invitations"
    codes = [
        client.post(f"{page}/{'0' * number}{invited.pk}/resend/").status_code for number in range(7)
    ]
    assert codes == [302] * 5 + [429] * 2


@pytest.mark.django_db
def test_sending_again_counts_for_the_address_that_gets_it(limits_apply, call):
    """Ten invitations an hour reach an address, whatever mixture of buttons and proposals sends them."""
    senders = []
    for _draft in range(3):
        draft, client = make_draft(call), Client()
        client.force_login(draft.started_by)
        client.post(
            reverse("proposals:invite", args=[draft.number]),
            {"email": "asked@test.example", "purpose": "read"},
        )
        senders.append((client, draft.number, draft.invitations.get().pk))
    for client, *place in senders:
        for _time in range(4):
            client.post(reverse("proposals:resend-invitation", args=place))
    sent = Invitation.objects.filter(email="asked@test.example")
    assert sum(sent.values_list("times_sent", flat=True)) == 10


@pytest.mark.django_db
def test_who_never_agreed_gets_few_emails_however_often_they_are_added(limits_apply, call):
    draft = make_draft(call, countries=("LT",))
    stranger = make_user()
    invited = participants.NewParticipant(make_organisation(by=stranger), Role.PARTNER)
    for _time in range(5):
        added = participants.add_participant(
            draft, invited, seen_version=seen_of(draft), by=draft.started_by
        )
        assign(draft, "vision", added.key)
        participants.remove_participant(added, seen_version=seen_of(draft), by=draft.started_by)
    assert QueuedEmail.objects.filter(to=stranger.email).count() == 10


def seen_of(draft):
    return drafts.section_of(draft, "consortium").version


@pytest.mark.django_db
def test_a_reminder_counts_for_the_address_that_gets_it(limits_apply, call):
    draft = make_draft(call)
    partner = partner_of(draft)
    invited = make_organisation(by=partner)
    participants.add_participant(
        draft,
        participants.NewParticipant(invited, Role.PARTNER),
        seen_version=seen_of(draft),
        by=draft.started_by,
    )
    while limits.allows_recipient("invitations", partner.email):
        pass
    client, sent = Client(), QueuedEmail.objects.filter(to=partner.email).count()
    client.force_login(draft.started_by)
    key = draft.participants.get(organisation=invited).key
    page = client.post(reverse("proposals:remind", args=[draft.number, key]), follow=True)
    assert "No reminder was sent" in page.content.decode()
    assert QueuedEmail.objects.filter(to=partner.email).count() == sent


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD"])
def test_a_page_that_is_only_read_is_counted_by_whatever_method(limits_apply, monkeypatch, method):
    row = Limit("x", "x", ("proof:head",), reads=True, address=ONE)
    monkeypatch.setattr(limits, "table", lambda: [row])
    limits.limits_on.cache_clear()
    request = request_to("proof:head", reads=True, user=User())
    request.user.pk = None
    assert limits.refusal_of(request, "proof:head") is None
    request.method = method
    assert limits.refusal_of(request, "proof:head") is not None


# --- Counting ------------------------------------------------------------------------------------


def hit(**kwargs):
    rate = kwargs.pop("rate", Rate(5, 600))
    return limits.seconds_to_wait("test", rate, kwargs.pop("who", "me"))


def test_requests_at_the_same_moment_get_just_as_many_places_as_there_are(
    limits_apply, monkeypatch
):
    """Counters in memory look, add and look again; between these steps others have their turn here."""
    storage = limits.shared().counter.storage
    add = storage.incr

    def slowly_add(key, *args, **named):
        time.sleep(0.02)
        add(key, *args, **named)
        time.sleep(0.02)
        number = storage.get(key)
        time.sleep(0.02)
        return number

    monkeypatch.setattr(storage, "incr", slowly_add)
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _number: hit(), range(16)))
    assert waits.count(0) == 5


def test_while_the_shared_counters_are_away_each_process_counts_alone(
    limits_apply, settings, caplog
):
    settings.LIMITS_STORAGE = "redis://127.0.0.1:1/0"
    waits = [hit() for _attempt in range(7)]
    assert waits[:5] == [0] * 5 and all(waits[5:])
    assert len(caplog.records) == 1  # it is said once, not with every request


def test_an_ipv6_network_counts_as_one_address(limits_apply, monkeypatch):
    monkeypatch.setattr(limits, "table", lambda: [Limit("x", "x", ("x",), address=ONE)])
    limits.limits_on.cache_clear()
    user = User()
    user.pk = None
    refusal, two = (
        limits.refusal_of(request_to("x", reads=False, user=user, address=f"2001:db8::{end}"), "x")
        for end in ("1", "2")
    )
    assert refusal is None and two is not None


def test_an_unknown_address_is_not_counted_as_if_it_were_one(limits_apply, monkeypatch):
    monkeypatch.setattr(limits, "table", lambda: [Limit("x", "x", ("x",), address=ONE)])
    limits.limits_on.cache_clear()
    for _attempt in range(3):
        request = request_to("x", reads=False, user=User(), address="")
        assert limits.refusal_of(request, "x") is None


def test_no_key_of_a_counter_names_a_person(limits_apply):
    hit(who="person@test.example")
    storage = limits.shared().counter.storage
    assert not any("person" in key for key in storage.storage)


def test_the_printed_table_is_that_of_the_code():
    assert (portal.ROOT / "docs" / "limits.md").read_text() == limits.as_markdown()
    assert re.findall(r"^## (\S+)", limits.as_markdown(), re.MULTILINE)[:-1] == [
        row.name for row in LIMITS
    ]
