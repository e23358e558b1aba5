"""Figures: counts by strand and hour before the deadline and nothing else; everything else after it."""

from collections import Counter
from datetime import timedelta
from operator import attrgetter

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from calls.eligibility.rules import CATALOGUE
from conftest import DEADLINE, NEXT_DAY
from foundation import charts, clock
from proposals.conditions.verdict_replay import replay
from proposals.dossier.file_screening import conditions_in, judge_text
from proposals.models import VerdictRecord, Version
from proposals.officers import cases
from proposals.reporting.statistics import figures_of
from proposals.screening.automatic_check import screen_closed
from proposals.screening.decisions import record_decision, review_decision
from proposals.screening.sheet import save_answer
from proposals.tests.factories import make_officer, make_ready, reload, save, submit

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:proposals_version_statistics")


def page(officer=None, query=""):
    client = Client()
    client.force_login(officer or make_officer())
    answer = client.get(PAGE + query)
    return answer.status_code, " ".join(answer.content.decode().split())


@pytest.fixture
def versions(call):
    """Two in strand 1 in the last hour, one of them twice; one in strand 2 the hour before."""
    with clock.frozen_at(DEADLINE - timedelta(minutes=90)):
        third = submit(make_ready(call, strand="3.2"))
    first = submit(make_ready(call, countries=("LT", "FR", "AL")))
    second = submit(make_ready(call))
    save(second.proposal, "summary", acronym="AGAIN")
    second = submit(reload(second.proposal))
    return [first, second, third]


def test_before_the_deadline_only_counts_by_strand_and_hour_are_told(call, versions):
    figures = figures_of(call, officer=make_officer(), moment=clock.now())
    assert figures.received == Counter({1: 3, 2: 1})
    last = figures.by_hour[-1]
    assert (last[0].hour, last[1]) == (16, Counter({1: 3}))
    assert figures.by_hour[-2][1] == Counter({2: 1}) and len(figures.by_hour) == 48
    assert not figures.is_open_to_officers and not figures.countries and not figures.rules
    status, text = page()
    assert status == 200 and "4 versions received" in text
    for hidden in ("Lithuania", "LT</text>", "AGAIN", "LASER-GO", "Albania", versions[0].sha256):
        assert hidden not in text


def test_after_the_deadline_everything_is_counted(call, versions):
    first, second = make_officer(), make_officer()
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        cases.assign([versions[0].proposal, versions[1].proposal], first, by=first)
        for answer, reason in (("agree", ""), ("differ", "Ratified.")):
            version = versions[0] if answer == "agree" else versions[1]
            save_answer(
                version, "rule:established", answer=answer, reason=reason, seen_revision=0, by=first
            )
        decision = record_decision(versions[1], outcome="eligible", reason="x", by=first)
        review_decision(decision, answer="confirmed", reason="", by=second)
    later = NEXT_DAY + timedelta(days=8)
    figures = figures_of(call, officer=first, moment=later)
    assert (figures.counting, figures.decided) == (3, 1)
    assert figures.countries == Counter({"LT": 3, "FR": 3, "AT": 2, "AL": 1})
    assert figures.outcomes == Counter({"pass": 2, "officer": 1})
    rules = dict(figures.rules)
    assert rules[CATALOGUE["established"].title] == Counter({"pass": 2, "officer": 1})
    assert dict(figures.ages) == {
        "less than 3 days": 0,
        "3 to 6 days": 0,
        "7 to 13 days": 1,
        "14 days or more": 0,
    }
    assert figures.agreement[0][1] == Counter({"agree": 1, "differ": 1})
    with clock.frozen_at(later):
        status, text = page(first)
    assert status == 200 and "3 current proposals, 1 decided." in text
    assert "Lithuania: 3" in text and "Officers' findings compared with the automatic check" in text


def test_a_proposal_with_an_extension_of_its_own_stays_out_of_the_figures(call, versions):
    versions[0].proposal.extensions.create(
        until=NEXT_DAY + timedelta(hours=3),
        reason="x",
        granted_by=make_officer(),
        granted_at=clock.now(),
    )
    figures = figures_of(call, officer=make_officer(), moment=NEXT_DAY)
    assert figures.counting == 2 and "AL" not in figures.countries


def test_a_case_with_an_interest_stays_out_of_the_figures(call, versions):
    officer = make_officer()
    with clock.frozen_at(NEXT_DAY):
        cases.declare_conflict(versions[0].proposal, reason="x", by=officer)
    assert figures_of(call, officer=officer, moment=NEXT_DAY).counting == 2


def test_without_a_submission_the_page_says_so(call):
    with clock.frozen_at(NEXT_DAY):
        status, text = page()
    assert status == 200 and "No versions were received in this period." in text
    assert page(query="?call=999999999999999999999")[0] == 404
    assert page(query="?call=x")[0] == 404


@pytest.mark.parametrize("count", [1, 12])
def test_the_page_takes_a_fixed_number_of_queries(call, count, django_assert_num_queries):
    for _number in range(count):
        submit(make_ready(call))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        client = Client()
        client.force_login(make_officer())
        client.get(PAGE)
        with django_assert_num_queries(16):
            client.get(PAGE)


def test_a_verdict_keeps_the_worst_outcome_of_each_rule(call):
    """What is counted is what the findings of the stored verdict give."""
    version = submit(make_ready(call, countries=("LT", "FR", "AL")))
    record = VerdictRecord.objects.get(version=version)
    stored, outcomes = record.by_rule, {}
    for finding in record.verdict.findings:
        outcomes.setdefault(finding.rule, []).append(finding.outcome)
    assert stored == {
        rule: max(of_rule, key=attrgetter("severity")).value for rule, of_rule in outcomes.items()
    }
    assert stored["established"] == "officer" and stored["duration"] == "pass"


# --- Shapes ------------------------------------------------------------------------------------


def test_columns_stand_on_each_other_and_fill_the_height():
    drawn = charts.columns([("a", Counter({1: 3, 2: 1})), ("b", Counter())], [1, 2])
    low, high = drawn.columns[0].bars
    assert low.y + low.height == charts.COLUMN_HEIGHT and high.y + high.height == low.y
    assert high.y == 0 and drawn.columns[1].bars == [] and drawn.most == 4


def test_lines_lie_one_after_the_other_and_the_longest_is_as_wide_as_the_chart():
    drawn = charts.lines([("a", Counter(x=1, y=3)), ("b", Counter(x=2))], ["x", "y"])
    assert [bar.x for bar in drawn[0].bars] == [0, charts.LINE_WIDTH / 4]
    assert sum(bar.width for bar in drawn[0].bars) == charts.LINE_WIDTH
    assert drawn[1].bars[0].width == charts.LINE_WIDTH / 2


def test_nothing_is_drawn_of_nothing():
    assert charts.columns([], [1]).columns == [] and charts.lines([], ["x"]) == []
    assert charts.lines([("a", Counter())], ["x"])[0].bars == []


def test_each_country_has_a_tile_of_its_own_and_every_country_that_counts_has_one(call):
    assert len(set(charts.TILES.values())) == len(charts.TILES)
    counting = {row.country for row in call.programme.country_set().rows}
    assert counting <= set(charts.TILES)
    tiles = {tile.code: tile for tile in charts.tile_map({"LT": 8, "FR": 1}, {})}
    assert (tiles["LT"].shade, tiles["FR"].shade, tiles["DE"].shade) == (4, 1, 0)


# --- Many --------------------------------------------------------------------------------------


def test_made_up_proposals_are_as_valid_as_others_and_marked(call, capsys):
    call_command("make_proposals", "--count=6", "--partners=4")
    assert "6 proposals with 4 partners" in capsys.readouterr().out
    for version in Version.objects.select_related("proposal__strand"):
        assert len(version.document["consortium"]) == 4 and version.proposal.is_demonstration
        judge_text(version.dossier.encode(), conditions_in())
    with clock.frozen_at(NEXT_DAY):
        assert screen_closed(NEXT_DAY) == 6
    assert replay(VerdictRecord.objects.all()).same == 12


@pytest.mark.parametrize(
    "arguments", [["--count=0"], ["--count=99999"], ["--partners=2"], ["--call=NONE"]]
)
def test_what_cannot_be_made_is_said(call, arguments):
    with pytest.raises(CommandError):
        call_command("make_proposals", *arguments)


def test_nothing_is_made_up_in_production(call, settings):
    settings.IN_PRODUCTION = True
    with pytest.raises(CommandError, match="in production"):
        call_command("make_proposals")
