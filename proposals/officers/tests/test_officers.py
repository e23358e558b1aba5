"""The back office: sealed before the deadline, readable after, and nothing can be undone."""

import re
from datetime import date, timedelta
from unittest.mock import patch

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_user
from calls.conditions import change_countries
from calls.eligibility.countries import Participation
from calls.extensions import extend_deadline
from conftest import DEADLINE, NEXT_DAY
from foundation import clock
from proposals.admin.versions import VersionAdmin
from proposals.models import Decision, IndividualExtension, SealedAccessAttempt, VerdictRecord
from proposals.proof.receipts import create_receipt
from proposals.screening.automatic_check import screen_closed
from proposals.screening.decisions import StillSealed, record_decision
from proposals.tests.factories import (
    make_officer,
    make_ready,
    put_in_place_of_p2,
    reload,
    save,
    submit,
)

pytestmark = pytest.mark.django_db

LIST = reverse("admin:proposals_version_changelist")
SECRET = "VERY-SECRET-ACRONYM"


def officer_client(user=None):
    client = Client()
    client.force_login(user or make_officer())
    return client


def secret_version(call, **kwargs):
    proposal = make_ready(call, **kwargs)
    save(proposal, "summary", acronym=SECRET, title_text=SECRET, abstract=SECRET)
    version = submit(reload(proposal))
    create_receipt(version)
    return version


def admin_pages(version):
    """Every address of the admin that could say something of a proposal."""
    yield reverse("admin:index")
    for model in ("version", "decision", "outboxmessage", "refusedattempt", "sealedaccessattempt"):
        listing = reverse(f"admin:proposals_{model}_changelist")
        yield listing
        for query in (
            "?q=VERY-SECRET",
            f"?q={version.proposal.number}",
            "?versions=all",
            "?all=",
            "?e=1",
        ):
            yield listing + query
    for part in ("change", "history", "delete"):
        yield reverse(f"admin:proposals_version_{part}", args=[version.pk])
    for page in ("decide", "request_clarification", "conflict"):
        yield reverse(f"admin:proposals_version_{page}", args=[version.pk])
    yield LIST + f"?country={version.countries[0]}&versions=all&rule=established&outcome=pass"
    yield reverse("admin:applicants_organisation_changelist") + "?q=VERY-SECRET"
    yield reverse("admin:app_list", args=["proposals"])


@pytest.mark.parametrize("is_superuser", [False, True])
def test_before_the_deadline_no_page_of_the_admin_says_anything_of_a_proposal(call, is_superuser):
    version = secret_version(call)
    person = make_user(is_staff=True, is_superuser=True) if is_superuser else make_officer()
    client = officer_client(person)
    for path in admin_pages(version):
        html = client.get(path, follow=True).content.decode()
        assert SECRET not in html, path
        assert version.sha256 not in html, path
    tried = SealedAccessAttempt.objects.values_list("path", flat=True)
    assert reverse("admin:proposals_version_change", args=[version.pk]) in tried


def test_the_seal_holds_until_the_very_instant(call):
    version = secret_version(call)
    client = officer_client()
    page = reverse("admin:proposals_version_change", args=[version.pk])
    with clock.frozen_at(DEADLINE.replace(hour=16, minute=59, second=59, microsecond=999999)):
        assert client.get(page).status_code == 302
    with clock.frozen_at(DEADLINE):
        assert SECRET in client.get(page).content.decode()


def test_an_individual_extension_keeps_only_that_proposal_sealed(call):
    late, other = secret_version(call), submit(make_ready(call))
    IndividualExtension.objects.create(
        proposal=late.proposal,
        until=NEXT_DAY.replace(hour=12),
        reason="Outage",
        granted_by=make_user(),
        granted_at=DEADLINE,
    )
    with clock.frozen_at(NEXT_DAY):
        html = officer_client().get(LIST).content.decode()
    assert SECRET not in html and other.proposal.number in html


def test_after_the_deadline_the_sheet_shows_verdict_files_and_receipt(call):
    version = secret_version(call, countries=("LT", "FR", "AL"))
    screen_closed(NEXT_DAY)
    with clock.frozen_at(NEXT_DAY):
        html = (
            officer_client()
            .get(reverse("admin:proposals_version_change", args=[version.pk]))
            .content.decode()
        )
    for part in (
        SECRET,
        "signed its COSME agreement on 3 March 2015",
        "Call page, eligible applicants",
        "country: Albania",
        version.sha256,
        reverse("proposals:receipt", args=[version.proposal.number, 1]),
        "Record decision",
        "Kim Contact",
    ):
        assert part in html


@pytest.mark.parametrize(
    ("query", "is_listed"),
    [
        ("", True),
        ("?outcome=officer", True),
        ("?outcome=pass", False),
        ("?rule=established", True),
        ("?rule=duration", False),
        ("?country=AL", True),
        ("?country=DE", False),
        ("?decided=no", True),
        ("?decided=yes", False),
        ("?strand=abc", True),
    ],
)
def test_the_list_is_filtered(call, query, is_listed):
    secret_version(call, countries=("LT", "FR", "AL"))
    screen_closed(NEXT_DAY)
    with clock.frozen_at(NEXT_DAY):
        html = officer_client().get(LIST + query).content.decode()
    assert (SECRET in html) == is_listed


def test_only_what_counts_is_listed_unless_asked(call):
    first = secret_version(call)
    save(first.proposal, "summary", acronym="SECOND")
    submit(reload(first.proposal))
    with clock.frozen_at(NEXT_DAY):
        client = officer_client()
        assert SECRET not in client.get(LIST).content.decode()
        assert SECRET in client.get(LIST + "?versions=all").content.decode()


def test_an_officer_records_an_outcome_with_a_reason(call):
    version = secret_version(call)
    officer = make_officer()
    path = reverse("admin:proposals_version_decide", args=[version.pk])
    values = {"outcome": "eligible", "reason": "All rules are met."}
    with clock.frozen_at(NEXT_DAY):
        client = officer_client(officer)
        assert client.post(path, values | {"reason": "  "}).status_code == 422
        asked = client.post(path, values)
        assert asked.status_code == 422 and not Decision.objects.exists()
        assert "0 of" in asked.content.decode() and "All rules are met." in asked.content.decode()
        assert client.post(path, values | {"sure": "on"}).status_code == 302
    decision = Decision.objects.get()
    assert (decision.decided_by, decision.decided_at, decision.reason) == (
        officer,
        NEXT_DAY,
        "All rules are met.",
    )


def test_nobody_decides_before_the_deadline(call):
    version = secret_version(call)
    with pytest.raises(StillSealed):
        record_decision(version, outcome="eligible", reason="x", by=make_officer())
    path = reverse("admin:proposals_version_decide", args=[version.pk])
    answer = officer_client().post(path, {"outcome": "eligible", "reason": "Early"})
    assert answer.status_code == 404 and not Decision.objects.exists()
    with pytest.raises(IntegrityError, match="sealed until"), transaction.atomic():
        Decision.objects.create(
            version=version,
            outcome="eligible",
            reason="x",
            decided_by=make_officer(),
            decided_at=DEADLINE.replace(hour=16),
        )


@pytest.mark.parametrize("model", ["version", "decision", "receipt", "verdictrecord"])
def test_nobody_may_change_or_delete_what_is_final(call, model):
    version = secret_version(call)
    with clock.frozen_at(NEXT_DAY):
        record_decision(version, outcome="eligible", reason="Met", by=make_officer())
    for statement in (f"UPDATE proposals_{model} SET id = id", f"DELETE FROM proposals_{model}"):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)


def test_the_admin_offers_no_way_to_change_or_delete(call):
    version = secret_version(call)
    chief = officer_client(make_user(is_staff=True, is_superuser=True))
    with clock.frozen_at(NEXT_DAY):
        decision = record_decision(version, outcome="eligible", reason="Met", by=make_officer())
        # What is posted to a decision is a second officer's answer, and this one is none.
        for model, row, refused in (("version", version, 403), ("decision", decision, 422)):
            delete = chief.post(
                reverse(f"admin:proposals_{model}_delete", args=[row.pk]), {"post": "yes"}
            )
            change = chief.post(
                reverse(f"admin:proposals_{model}_change", args=[row.pk]), {"reason": "x"}
            )
            assert (delete.status_code, change.status_code) == (403, refused)
            listing = chief.get(reverse(f"admin:proposals_{model}_changelist")).content.decode()
            assert "delete_selected" not in listing


def test_a_closed_call_is_screened_once_for_officers(call):
    first, second = make_ready(call), make_ready(call)
    shared = first.participants.get(key="p2").organisation
    put_in_place_of_p2(second, shared)
    versions = [submit(reload(proposal)) for proposal in (first, second)]
    assert screen_closed(DEADLINE.replace(hour=16)) == 0
    assert screen_closed(DEADLINE) == 2
    assert screen_closed(DEADLINE) == 0
    outcomes = VerdictRecord.objects.filter(audience="officer").values_list("outcome", flat=True)
    assert list(outcomes) == ["officer", "officer"]
    assert [v.verdicts.count() for v in versions] == [2, 2]


def test_officers_judge_what_was_submitted_not_what_is_in_a_draft(call):
    first, second = make_ready(call), make_ready(call)
    shared = first.participants.get(key="p2").organisation
    put_in_place_of_p2(second, shared)
    versions = [submit(reload(proposal)) for proposal in (first, second)]
    second.participants.filter(key="p2").delete()
    screen_closed(DEADLINE)
    for version in versions:
        verdict = version.verdicts.get(audience="officer").verdict
        results = {f.subject: f.outcome for f in verdict.findings if f.rule == "one-application"}
        assert results == {"p1": "pass", "p2": "officer", "p3": "pass"}


@pytest.mark.parametrize(
    "query", ["participations__isnull=False", "participations=1", "managed_by=1", "members=1"]
)
def test_lists_answer_no_question_that_tells_of_sealed_proposals(call, query):
    secret_version(call)
    answer = officer_client().get(reverse("admin:applicants_organisation_changelist") + f"?{query}")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "version/²/change/",
        "version/" + "9" * 40 + "/change/",
        "version/?strand=²",
        "version/?country=%00",
    ],
)
def test_damaged_addresses_of_the_desk_are_no_crash(call, path):
    with clock.frozen_at(NEXT_DAY):
        assert officer_client().get(f"/admin/proposals/{path}").status_code in {200, 302, 400}


def test_the_desk_leads_nobody_to_a_sealed_proposal(call):
    proposal = make_ready(call)
    assert officer_client().get(f"/admin/r/1/{proposal.pk}/").status_code == 404


def test_an_applicant_has_no_desk(call):
    client = officer_client(make_user())
    assert client.get(LIST).status_code == 403
    assert client.get(reverse("admin:index")).status_code == 403


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_asks_a_fixed_number_of_questions(call, count, django_assert_num_queries):
    lead = make_user()
    for _turn in range(count):
        submit(make_ready(call, lead=lead, countries=("LT", "FR", "AT")))
    with clock.frozen_at(NEXT_DAY):
        client = officer_client()
        client.get(LIST)
        with django_assert_num_queries(16):
            html = client.get(LIST).content.decode()
    assert len(re.findall(r"LASER-GO", html)) == count


def test_officers_judge_by_the_deadline_in_force_not_by_that_of_the_submission(call):
    """A call that is extended after a submission has another rule date, for that submission too."""
    rows = call.programme.country_set().rows
    norway = Participation("NO", "a", None, date(2015, 5, 1), None, "Invented for a test")
    change_countries(
        call.programme,
        [*rows, norway],
        reason="A test",
        made_by="A test",
        confirmed_by="A colleague",
    )
    version = submit(make_ready(call, countries=("LT", "FR", "NO")))
    assert VerdictRecord.objects.get(version=version).outcome == "ineligible"

    later = DEADLINE + timedelta(days=20)
    extend_deadline(
        call, new_deadline=later, reason="A test", decided_by="A test", confirmed_by="A colleague"
    )
    with clock.frozen_at(later):
        screen_closed(later)

    verdict = VerdictRecord.objects.get(version=version, audience="officer").verdict
    assert (verdict.outcome, verdict.rule_date) == ("pass", "2015-05-11")


@pytest.mark.parametrize("page", ["0", "-1", "2", "99", "1" * 40, "x"])
def test_a_page_that_is_not_there_leads_back_to_the_list(call, page):
    submit(make_ready(call))
    with clock.frozen_at(NEXT_DAY):
        answer = officer_client().get(LIST, {"p": page}, follow=True)
    assert answer.status_code == 200 and "LASER-GO" in answer.content.decode()


def test_the_list_turns_its_pages_and_shows_all(call):
    lead = make_user()
    made = [submit(make_ready(call, lead=lead)) for _number in range(3)]
    with clock.frozen_at(NEXT_DAY), patch.object(VersionAdmin, "list_per_page", 2):
        pages = [
            officer_client().get(LIST, values).content.decode()
            for values in ({}, {"p": "2"}, {"all": ""})
        ]
    seen = [[version.proposal.number in page for version in made] for page in pages]
    assert [sum(item) for item in seen] == [2, 1, 3] and all(
        "3 proposals" in page for page in pages
    )
