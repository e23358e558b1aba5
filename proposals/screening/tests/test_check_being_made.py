"""Between the deadline and the officers' check, no page of the back office passes the applicants' verdict off as it."""

import json
from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse

from conftest import NEXT_DAY
from foundation import clock
from proposals.models import Decision, VerdictRecord, Version
from proposals.reporting import export_tables
from proposals.reporting.statistics import figures_of
from proposals.screening import bulk, decisions, letters, sheet
from proposals.screening.automatic_check import screen_closed
from proposals.tests.factories import make_officer, make_ready, reload, save, submit

pytestmark = pytest.mark.django_db
LIST = reverse("admin:proposals_version_changelist")
BEING_MADE = str(sheet.BEING_MADE)
ELIGIBLE = VerdictRecord.OutcomeChoices.PASS.label


@pytest.fixture
def version(call):
    """An opened version that only its applicants have a verdict of: eligible."""
    made = submit(make_ready(call))
    assert [verdict.audience for verdict in made.verdicts.all()] == ["applicant"]
    with clock.frozen_at(NEXT_DAY):
        yield Version.objects.select_related("proposal__strand__call").get(pk=made.pk)


def text_at(path, **post):
    client = Client()
    client.force_login(make_officer())
    answer = client.post(path, post) if post else client.get(path)
    return answer.content.decode().replace("&#x27;", "'")


def page(name, version):
    return reverse(f"admin:proposals_version_{name}", args=[version.pk])


def cell(html):
    return html.split('<td class="field-automatic_check">')[1].split("</td>")[0]


def test_the_list_says_that_the_check_is_being_made_until_it_is(version):
    assert BEING_MADE in cell(text_at(LIST))
    screen_closed(NEXT_DAY)
    after = cell(text_at(LIST))
    assert BEING_MADE not in after and str(ELIGIBLE) in after


def test_the_list_promises_no_check_of_a_version_that_was_replaced(call):
    first = submit(make_ready(call))
    save(first.proposal, "summary", acronym="AGAIN")
    submit(reload(first.proposal))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        listed = text_at(LIST + "?versions=all")
        assert listed.count('<td class="field-automatic_check">') == 2
        assert f'<td class="field-automatic_check">{BEING_MADE}' not in listed
        assert BEING_MADE not in text_at(page("change", first))


@pytest.mark.parametrize("query", ["outcome=pass", "rule=established", "outcome=officer"])
def test_filters_find_nothing_by_the_verdict_of_applicants(call, query):
    made = submit(make_ready(call, countries=("LT", "FR", "AL")))
    with clock.frozen_at(NEXT_DAY):
        assert made.proposal.number not in text_at(f"{LIST}?{query}")
        assert made.proposal.number in text_at(f"{LIST}?outcome=being-made")
        screen_closed(NEXT_DAY)
        assert made.proposal.number not in text_at(f"{LIST}?outcome=being-made")


def test_figures_count_it_as_being_made_and_under_no_outcome(call, version):
    figures = figures_of(call, officer=make_officer(), moment=NEXT_DAY)
    assert (figures.being_checked, dict(figures.outcomes), figures.rules) == (1, {}, [])
    assert BEING_MADE in text_at(reverse("admin:proposals_version_statistics"))
    screen_closed(NEXT_DAY)
    figures = figures_of(call, officer=make_officer(), moment=NEXT_DAY)
    assert (figures.being_checked, dict(figures.outcomes)) == (0, {"pass": 1})


def test_exports_say_so_in_place_of_an_outcome(version):
    def row():
        out = BytesIO()
        export_tables.write_json(export_tables.export_rows(Version.objects.all()), out)
        return json.loads(out.getvalue())[0]

    assert (row()["automatic_check"], row()["rules"]) == (BEING_MADE, [])
    screen_closed(NEXT_DAY)
    assert row()["automatic_check"] == str(ELIGIBLE)


def test_the_sheet_shows_no_finding_and_takes_no_answer_to_one(version):
    html = text_at(page("change", version))
    assert BEING_MADE in html and 'id="rule:established"' not in html
    with pytest.raises(sheet.NoSuchLine):
        sheet.choices_of(version, "rule:established")
    assert sheet.confirm_met_rules(version, by=make_officer()) == []


def test_deciding_is_possible_and_says_that_the_check_is_being_made(version):
    path, words = page("decide", version), {"outcome": "eligible", "reason": "Met."}
    assert BEING_MADE in text_at(path)
    assert BEING_MADE in text_at(path, **words) and not Decision.objects.exists()
    text_at(path, **words, sure="on")
    decision = Decision.objects.get()
    review = reverse("admin:proposals_decision_change", args=[decision.pk])
    assert BEING_MADE in text_at(review) and str(ELIGIBLE) not in summary_of(text_at(review))
    assert any(BEING_MADE in item for item in decisions.remarks_on_review(decision))


def summary_of(html):
    return html.split('id="content-main"')[1].split("<ul>")[1].split("</ul>")[0]


def test_many_at_once_say_so_and_stop_when_the_check_arrives(version):
    officer = make_officer()
    words = {"outcome": "eligible", "reason": "Met."}
    [case] = bulk.cases_for("decide", [version], by=officer, **words)
    assert case.automatic_check == BEING_MADE
    screen_closed(NEXT_DAY)
    [after] = bulk.cases_for("decide", [version], by=officer, **words)
    assert after.automatic_check == str(ELIGIBLE) and after.mark != case.mark


def test_a_letter_claims_no_findings_of_a_check_that_was_not_made(version):
    decision = decisions.record_decision(
        version, outcome="eligible", reason="Met.", by=make_officer()
    )
    decisions.review_decision(decision, answer="confirmed", reason="", by=make_officer())
    assert any(BEING_MADE in item for item in decisions.remarks_on_letter(decision))
    html = letters.render_letter_html(decision, version, notified_at=NEXT_DAY)
    assert "was checked against" not in html and "All of them are met" not in html
    screen_closed(NEXT_DAY)
    assert letters.verdict_behind(decision, version).audience == "officer"
    assert "was checked against" in letters.render_letter_html(
        decision, version, notified_at=NEXT_DAY
    )
