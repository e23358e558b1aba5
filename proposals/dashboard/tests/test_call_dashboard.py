"""The dashboard of a call: sealed counts before the deadline, progress after it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conftest import AFTERNOON, NEXT_DAY
from foundation import clock
from proposals.dashboard.call_progress import Answers, Workload, count_progress
from proposals.models import Version
from proposals.officers import cases
from proposals.officers.rights import HELPDESK
from proposals.screening import clarifications
from proposals.screening.automatic_check import screen_closed
from proposals.screening.decisions import record_decision, review_decision
from proposals.tests.factories import make_officer, make_ready, submit

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:proposals_version_dashboard")


def client_of(officer):
    client = Client()
    client.force_login(officer)
    return client


@pytest.fixture
def versions(call):
    made = [submit(make_ready(call)) for _number in range(3)]
    made.append(submit(make_ready(call, countries=("LT", "FR", "AT", "CH"))))
    return made


def decided(version, outcome, first, second):
    decision = record_decision(version, outcome=outcome, reason="Reason.", by=first)
    review_decision(decision, answer="confirmed", reason="", by=second)


def test_before_the_deadline_only_sealed_proposals_are_counted(versions, call):
    progress = count_progress(call, officer=make_officer(), moment=AFTERNOON)
    assert progress.sealed == 4 and progress.cases == 0 and not progress.is_open_to_officers
    assert (progress.workloads, progress.open_by_day, progress.agreement) == ([], [], {})
    page = client_of(make_officer()).get(PAGE).content.decode()
    assert 'data-test="time-left"' in page and 'data-test="summary"' not in page
    for version in versions:
        assert version.proposal.number not in page and version.acronym not in page


def test_after_it_progress_is_counted_over_what_the_officer_may_open(versions, call):
    first, second = make_officer(), make_officer()
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        cases.assign([versions[0].proposal], first, by=first, due_on=date(2015, 5, 20))
        cases.assign([versions[3].proposal], second, by=first)
        due_at = NEXT_DAY + timedelta(days=3)
        clarifications.request_clarification(versions[1], "Why?", due_at=due_at, by=first)
    later = NEXT_DAY + timedelta(days=9)
    with clock.frozen_at(later):
        decided(versions[0], "eligible", first, second)
        decided(versions[3], "ineligible", first, second)
        progress = count_progress(call, officer=first, moment=later)
        page = client_of(first).get(PAGE)
        cases.declare_conflict(versions[3].proposal, reason="My cousin.", by=second)
        partial = count_progress(call, officer=second, moment=later)
    assert (progress.cases, progress.decided, progress.sealed) == (4, 2, 0)
    assert (partial.cases, partial.decided) == (3, 1)
    sums = [Decimal(version.document["budget"]["total_grant"]) for version in versions]
    assert sum(item.requested for item in progress.strands) == sum(sums)
    assert set(progress.workloads) == {
        Workload(str(first), 0, 0, 1), Workload(str(second), 0, 0, 1), Workload("", 2, 0, 0)
    }  # fmt: skip
    assert progress.open_by_day[0] == (date(2015, 4, 21), 4)
    assert progress.open_by_day[-1] == (date(2015, 5, 1), 2)
    assert progress.planned_on == date(2015, 5, 20)
    assert progress.answers == Answers(waiting=0, overdue=1, next_due_at=None)
    assert dict(progress.decisions)["Eligible"] == 1 and progress.median_days == 9
    assert sum(count for _label, count in progress.days_to_decide) == 2
    assert progress.reasons["established"] == 1
    assert sum(counts.total() for counts in progress.agreement.values()) == 2
    assert page.content.decode().count("<polyline") == 2


def test_the_dashboard_takes_a_fixed_number_of_queries(call):
    def queries(count):
        for _turn in range(count):
            submit(make_ready(call))
        officer, colleague = make_officer(), make_officer()
        with clock.frozen_at(NEXT_DAY):
            screen_closed(NEXT_DAY)
            for version in Version.objects.current().filter(decisions=None):
                decided(version, "eligible", officer, colleague)
            client = client_of(officer)
            client.get(PAGE)
            with CaptureQueriesContext(connection) as seen:
                assert client.get(PAGE).status_code == 200
        return len(seen)

    assert queries(1) == queries(2)


def test_a_call_that_there_is_not_is_not_found(call):
    client = client_of(make_officer())
    for key in ("999999", "x", "9" * 5000, "-1"):
        assert client.get(PAGE, {"call": key}).status_code == 404
    assert client_of(make_officer(HELPDESK)).get(PAGE).status_code == 403
