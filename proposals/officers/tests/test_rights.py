"""One table says who may open and send what in the back office; every address and action is tried with every role."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from applicants.models import Organisation, User
from applicants.tests.factories import make_user
from calls.models import Call, ConditionChange, Programme, Strand
from conftest import NEXT_DAY
from cosme_portal.settings import ROOT
from foundation import clock
from proposals.audit.sealed_access import log_sealed_access_attempt
from proposals.conditions.rule_changes import propose
from proposals.helpdesk import enquiries
from proposals.models import (
    AbuseReport,
    CaseEvent,
    ClarificationRequest,
    ContactPoint,
    Decision,
    DocumentReissue,
    Enquiry,
    Export,
    FaqEntry,
    IndividualExtension,
    JobFailure,
    OutboxMessage,
    PartnershipRequest,
    ProposedChange,
    QueuedEmail,
    RefusedAttempt,
    ReplyTemplate,
    SealedAccessAttempt,
    Version,
)
from proposals.officers import cases
from proposals.officers.rights import RIGHTS
from proposals.partnering import conversations
from proposals.proof.reissue import reissue_documents
from proposals.reporting.exports import request_export
from proposals.screening import clarifications
from proposals.screening.decisions import record_decision, review_decision
from proposals.submission.submit import TooLate
from proposals.tests.factories import make_officer, make_ready, reload, submit
from proposals.tests.partners import make_request

pytestmark = pytest.mark.django_db

NOBODY = "no role"
ROLES = [*RIGHTS, NOBODY]
# Only looked at; sending something to them does nothing.
LOOKED_AT = ("changelist", "history", "index", "app_list")
# Django's own, for everybody who has access to the back office at all.
FOR_ALL = {
    "login",
    "logout",
    "password_change",
    "password_change_done",
    "jsi18n",
    "autocomplete",
    "view_on_site",
    "index",
    "app_list",
}


def table():
    """Route → role → what it may: of `docs/roles.md`."""
    result = {}
    names = []
    for line in (ROOT / "docs" / "roles.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| Address"):
            names = cells[1:]
        elif line.startswith("| `") and names:
            for route in re.findall(r"`([^`]+)`", cells[0]):
                result[route] = dict(zip(names, cells[1:], strict=True))
    return result


TABLE = table()


def routes():
    """Each address of the back office by its name, and each action of a list."""
    result = set()
    for item in admin.site.get_urls():
        for inner in getattr(item, "url_patterns", [item]):
            if inner.name and inner.name not in FOR_ALL:
                result.add(inner.name)
    for model, its_admin in admin.site._registry.items():  # noqa: SLF001 -- what is registered
        for action in its_admin.actions:
            result.add(f"{model._meta.app_label}_{model._meta.model_name} {action}")
    return result


@pytest.fixture
def world(call):
    """One of everything that the back office lists, as people and officers make it."""
    proposal = make_ready(call)
    version = submit(proposal)
    officer = make_officer()
    log_sealed_access_attempt(proposal, officer=officer, path="/admin/")
    with pytest.raises(TooLate):
        submit(reload(proposal), received_at=NEXT_DAY)
    IndividualExtension.objects.create(
        proposal=make_ready(call),
        until=NEXT_DAY,
        reason="Outage",
        granted_by=officer,
        granted_at=clock.now(),
    )
    reissue_documents(call, "receipt", reason="The logo was wrong.", by=officer)
    rules = [rule for rule in call.rules if rule["rule"] != "duration"]
    propose(call, rules, reason="Not in this call.", by=officer)
    with clock.frozen_at(NEXT_DAY):
        cases.add_note(version.proposal, "Look at p2.", by=officer)
        clarifications.request_clarification(
            version, "Why?", due_at=NEXT_DAY.replace(day=29), by=officer
        )
        decision = record_decision(version, outcome="eligible", reason="Met.", by=officer)
        review_decision(decision, answer="confirmed", reason="", by=make_officer())
        request_export("csv", [version.pk], by=officer)
    JobFailure.objects.create(job="closing", row="1")
    QueuedEmail.objects.create(
        key="x:1", proposal=proposal, to="a@b.example", subject="s", text="t", html="h"
    )
    request = make_request(call)
    conversations.report_abuse(request, "Advertising.", by=officer)
    asked = enquiries.NewEnquiry(name="Kim", email="kim@a.example", subject="Why?", message="Why?")
    enquiries.submit_enquiry(asked, call=call, user=None)
    enquiries.publish_faq_entry(call, question="Why?", answer="So.", by=officer)
    ContactPoint.objects.create(kind="network", name="Office", website="https://een.example")
    ReplyTemplate.objects.create(name="Hello", text="Hello.")
    EmailAddress.objects.get_or_create(user=officer, email=officer.email)
    return {"version": version, "decision": decision}


def objects():
    """The row that stands in the addresses of each model."""
    models = (
        EmailAddress, Call, Strand, Programme, ConditionChange, Organisation, User, Version, Decision, ClarificationRequest, CaseEvent,
        Export, IndividualExtension, QueuedEmail, OutboxMessage, ProposedChange, RefusedAttempt, DocumentReissue, SealedAccessAttempt, JobFailure, Group,
        PartnershipRequest, AbuseReport, Enquiry, ContactPoint, FaqEntry, ReplyTemplate,
    )  # fmt: skip
    return {
        f"{model._meta.app_label}_{model._meta.model_name}": model.objects.order_by("pk").first()
        for model in models
    }


def address(route, rows):
    model = "_".join(route.split("_")[:2])
    pk = rows[model].pk
    bulk = route.endswith("_bulk")
    for arguments in [["decide"]] if bulk else [[pk], [], [pk, 1]]:
        try:
            return reverse(f"admin:{route}", args=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(route)


def tried(client, path, method):
    """Whether the back office lets it happen; what it did is undone."""
    with transaction.atomic():
        status = getattr(client, method)(path).status_code
        transaction.set_rollback(True)
    return status not in {403, 405}


def what(looks, sends):
    words = [word for word, is_so in (("look", looks), ("send", sends)) if is_so]
    return ", ".join(words) or "–"


def client_of(role):
    person = make_officer(role) if role in RIGHTS else make_officer()
    if role not in RIGHTS:
        person.groups.clear()
    client = Client()
    client.force_login(person)
    return client


def test_the_table_names_every_address_and_action_and_no_other():
    assert set(TABLE) == routes()


@pytest.mark.parametrize("role", ROLES)
def test_every_role_may_what_the_table_says_and_nothing_else(world, role):
    rows, client, result = objects(), client_of(role), {}
    with clock.frozen_at(NEXT_DAY):
        for route in sorted(routes()):
            model, _space, action = route.partition(" ")
            if action:
                listed = client.get(reverse(f"admin:{model}_changelist"))
                offered = listed.context["action_form"] if listed.status_code == 200 else None
                names = dict(offered.fields["action"].choices) if offered else {}
                result[route] = what(False, action in names)
                continue
            path = address(route, rows)
            sends = not route.endswith(LOOKED_AT) and tried(client, path, "post")
            result[route] = what(tried(client, path, "get"), sends)
    assert result == {route: roles[role] for route, roles in TABLE.items()}


def test_only_people_with_a_desk_get_one(world, client):
    client.force_login(world["version"].submitted_by)
    rows = objects()
    for route in routes():
        if " " not in route:
            answer = client.get(address(route, rows))
            assert answer.status_code == 403, route


def test_the_helpdesk_sends_the_confirming_mail_again_and_changes_nobody(world, client):
    waiting = make_user()
    EmailAddress.objects.update_or_create(
        user=waiting, email=waiting.email, defaults={"verified": False, "primary": True}
    )
    client.force_login(make_officer("Helpdesk"))
    listing = reverse("admin:applicants_user_changelist")
    chosen = {"action": "confirm_again", "_selected_action": [waiting.pk]}
    assert "1 email sent." in client.post(listing, chosen, follow=True).content.decode()
    assert mail.outbox[-1].to == [waiting.email] and "confirm-email" in mail.outbox[-1].body
    EmailAddress.objects.filter(user=waiting).update(verified=True)
    assert "0 emails sent." in client.post(listing, chosen, follow=True).content.decode()
    change = reverse("admin:applicants_user_change", args=[waiting.pk])
    assert client.post(change, {"is_staff": "on", "is_superuser": "on"}).status_code == 403
