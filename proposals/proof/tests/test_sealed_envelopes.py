"""Breaking in before the deadline: each way that was tried, by each role and an administrator; none tells anything.

What may be told: how many versions came in, by strand and hour.
"""

import json

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_user
from conftest import DEADLINE, NEXT_DAY
from foundation import clock
from proposals import tasks
from proposals.audit.sealed_access import log_sealed_access_attempt
from proposals.models import CaseSearchIndex, Export, SealedAccessAttempt, Version
from proposals.officers.cases import log_read
from proposals.officers.rights import RIGHTS
from proposals.proof.ledger import sequence
from proposals.proof.receipts import create_receipt
from proposals.reporting import exports
from proposals.screening import search
from proposals.submission.submit import TooLate
from proposals.tests.factories import make_officer, make_ready, reload, save, submit
from proposals.workspace.tests.test_uploads import pdf_bytes, upload

pytestmark = pytest.mark.django_db

SECRET = "VERYSECRET"
ADMINISTRATOR = "administrator"
EVERYONE = [*RIGHTS, ADMINISTRATOR]


@pytest.fixture
def version(call):
    """With a file, a receipt, a proposal PDF, a place in the log, an attempt to look and a late attempt of its own."""
    proposal = make_ready(call)
    save(proposal, "summary", acronym=SECRET, title_text=SECRET, abstract=SECRET)
    upload(reload(proposal), pdf_bytes(), name=f"{SECRET}.pdf")
    made = submit(reload(proposal))
    create_receipt(made)
    tasks.process_outbox()
    sequence()
    log_sealed_access_attempt(
        proposal, officer=make_officer(), path=f"/proposals/{proposal.number}/"
    )
    proposal.extensions.create(
        until=NEXT_DAY, reason="Outage", granted_by=make_officer(), granted_at=clock.now()
    )
    with pytest.raises(TooLate):
        submit(reload(proposal), received_at=NEXT_DAY)
    return made


def visitor(role):
    administrator = {"is_staff": True, "is_superuser": True}
    person = make_user(**administrator) if role == ADMINISTRATOR else make_officer(role)
    client = Client()
    client.force_login(person)
    return client


def lists():
    for model, its_admin in admin.site._registry.items():  # noqa: SLF001 -- what is registered
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        yield name, its_admin


def ways(version):
    """Every way in that was tried: method, address, what is sent."""
    yield from ways_by_lists(version)
    yield from ways_by_pages(version)
    yield from ways_of_applicants(version)


def ways_by_lists(version):
    number = version.proposal.number
    for name, its_admin in lists():
        listing = reverse(f"admin:{name}_changelist")
        queries = ["", "?all=", "?e=1", f"?q={SECRET}", f"?q={number}", f"?id__exact={version.pk}"]
        queries += ["?p=0", "?o=-1", "?pop=1", f"?proposal__number={number}", "?_facets=True"]
        for item in its_admin.list_filter:
            parameter = getattr(item, "parameter_name", item)
            queries += [
                f"?{parameter}={value}"
                for value in ("all", "1", "mine", "unassigned", "LT", "pass", "no")
            ]
        yield from (("get", listing + query, {}) for query in queries)
        actions = [action for action in its_admin.actions if isinstance(action, str)] + [
            "delete_selected"
        ]
        for action in actions:
            chosen = {"action": action, "_selected_action": [version.pk], "select_across": "1"}
            yield "post", listing, chosen
        for part in ("change", "history", "delete"):
            yield "get", reverse(f"admin:{name}_{part}", args=[version.pk]), {}
            yield "post", reverse(f"admin:{name}_{part}", args=[version.pk]), {"post": "yes"}


def ways_by_pages(version):
    case = f"{version.pk}:0000000000000000"
    for task in ("decide", "confirm", "inform"):
        sent = {"case": case, "outcome": "eligible", "reason": "x", "with_findings": "on"}
        yield "post", reverse("admin:proposals_version_bulk", args=[task]), sent
        yield "post", reverse("admin:proposals_version_bulk", args=[task]), sent | {"do": "yes"}
    for part in ("decide", "request_clarification", "conflict"):
        yield "get", reverse(f"admin:proposals_version_{part}", args=[version.pk]), {}
    for part in ("decide", "request_clarification", "conflict", "answer", "confirm_met", "note"):
        sent = {
            "reason": "x",
            "text": "x",
            "item": "rule:duration",
            "answer": "agree",
            "revision": 0,
        }
        yield "post", reverse(f"admin:proposals_version_{part}", args=[version.pk]), sent
    yield (
        "post",
        reverse("admin:proposals_version_assign"),
        {"version": [version.pk], "officers": [1]},
    )
    yield "get", reverse("admin:proposals_version_reply_file", args=[version.pk, 1]), {}
    for page in ("statistics", "dashboard", "columns", "notifications"):
        yield "get", reverse(f"admin:proposals_version_{page}"), {}
    yield "get", reverse("admin:proposals_version_rows"), {"q": version.proposal.number}
    chosen = {"version": [version.pk], "name": "x", "remark": "x"}
    yield "post", reverse("admin:proposals_version_tag"), chosen
    yield "get", reverse("admin:index"), {}
    yield "get", reverse("admin:app_list", args=["proposals"]), {}
    yield "get", f"/admin/r/1/{version.pk}/", {}
    yield (
        "get",
        reverse("admin:autocomplete")
        + "?app_label=proposals&model_name=version&field_name=proposal&term=",
        {},
    )


def ways_of_applicants(version):
    number = version.proposal.number
    for part in ("version", "receipt", "receipt-state", "proposal-pdf", "dossier"):
        yield "get", reverse(f"proposals:{part}", args=[number, 1]), {}
    for part in (
        "proposal",
        "preview",
        "timeline",
        "people",
        "progress",
        "check",
        "clarifications",
        "decisions",
    ):
        yield "get", reverse(f"proposals:{part}", args=[number]), {}
    file = version.document["files"][0]["sha256"]
    yield "get", reverse("proposals:version-file", args=[number, 1, file]), {}
    yield "get", f"/media/uploads/{file[:2]}/{file}.pdf", {}
    yield "get", f"/static/../var/files/uploads/{file[:2]}/{file}.pdf", {}
    yield "get", f"/proposals/{number}/versions/1/nothing/", {}  # an error page


def text_in(answer):
    if getattr(answer, "streaming", False):
        return b"".join(answer.streaming_content).decode("latin-1")
    return answer.content.decode("latin-1") + str(answer.headers)


@pytest.mark.parametrize("role", EVERYONE)
def test_no_way_tells_anything_of_a_sealed_proposal(version, role):
    client, number = visitor(role), version.proposal.number
    names = [
        participant["organisation"]["legal_name"] for participant in version.document["consortium"]
    ]
    tried = 0
    for method, path, sent in ways(version):
        answer = getattr(client, method)(path, sent) if sent else getattr(client, method)(path)
        text = text_in(answer)
        tried += 1
        assert SECRET not in text or SECRET in path, (method, path)
        assert version.sha256 not in text, (method, path)
        # Whoever typed the number gets it back in the address of a search, and nothing beside it.
        assert number not in text or number in path, (method, path)
        if "organisation" not in path:
            assert not any(name in text for name in names), (method, path)
    assert tried > 300
    assert not Version.objects.filter(decisions__isnull=False).exists()


@pytest.mark.parametrize("role", EVERYONE)
def test_every_attempt_on_a_proposal_itself_is_noted(version, role):
    before = SealedAccessAttempt.objects.count()
    client = visitor(role)
    for part in ("version", "receipt", "dossier"):
        client.get(reverse(f"proposals:{part}", args=[version.proposal.number, 1]))
    assert SealedAccessAttempt.objects.count() == before + 3
    client.get(reverse("admin:proposals_version_change", args=[version.pk]))
    assert SealedAccessAttempt.objects.count() == before + 4


def test_nothing_of_it_is_searched_exported_or_read_by_a_worker(version):
    assert search.index_opened_cases(clock.now()) == 0 and not CaseSearchIndex.objects.exists()
    officer = make_officer()
    asked = Export.objects.create(
        kind="json", versions=[version.pk], requested_by=officer, requested_at=clock.now()
    )
    assert exports.make_exports() == 1
    asked.refresh_from_db()
    from django.core.files.storage import default_storage  # noqa: PLC0415 -- only here

    with default_storage.open(asked.path) as stored:
        assert json.loads(stored.read()) == []


def test_after_the_calls_deadline_one_with_an_extension_stays_sealed_alone(version, call):
    other = submit(make_ready(call))
    client = visitor("Screening officers")
    with clock.frozen_at(DEADLINE):
        listing = client.get(reverse("admin:proposals_version_changelist")).content.decode()
        assert other.proposal.number in listing and version.proposal.number not in listing
        assert SECRET not in listing and "1 submitted proposal is sealed" in listing
        for name in ("refusedattempt", "sealedaccessattempt", "individualextension"):
            text = client.get(reverse(f"admin:proposals_{name}_changelist")).content.decode()
            assert version.proposal.number not in text and "sealed" in text, name
    with clock.frozen_at(NEXT_DAY):
        text = client.get(
            reverse("admin:proposals_sealedaccessattempt_changelist")
        ).content.decode()
        assert version.proposal.number in text


def test_reading_is_never_noted_of_what_was_not_shown(version):
    client = visitor("Auditors")
    client.get(reverse("proposals:version", args=[version.proposal.number, 1]))
    assert not version.proposal.case_events.exists()
    with clock.frozen_at(NEXT_DAY):
        log_read(version, "x", by=make_officer())
    assert version.proposal.case_events.count() == 1
