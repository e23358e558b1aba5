"""Rules and countries are changed by officers: impact first, then the change, then second verdicts."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from calls.call_file import read_call_file
from calls.call_import import load_call
from calls.call_setup import clone_call
from calls.conditions import SecondPersonRequired, change_countries, change_rules
from calls.eligibility.countries import NAMES, Participation
from calls.eligibility.rules import CATALOGUE, UnusableRule
from calls.models import Call, ConditionChange
from calls.tests.facts import FILE
from conftest import AFTERNOON, NEXT_DAY
from foundation import clock
from proposals.conditions import change_impact, rule_changes
from proposals.conditions.verdict_replay import replay
from proposals.models import Decision, ProposedChange, VerdictRecord
from proposals.screening.automatic_check import screen_closed
from proposals.screening.decisions import notify_applicant, record_decision, review_decision
from proposals.tests.factories import make_draft, make_officer, make_ready, reload, save, submit

State = ProposedChange.State


def without(call, *rule_ids):
    return [entry for entry in call.rules if entry["rule"] not in rule_ids]


def with_minimum(call, number):
    return [
        entry | ({"minimum": number} if entry["rule"] == "min-countries" else {})
        for entry in call.rules
    ]


def countries_without(call, code):
    return [row.as_json() for row in call.programme.country_set().rows if row.country != code]


def propose(target, conditions, **kwargs):
    values = {"reason": "Corrigendum", "by": make_officer()}
    return rule_changes.propose(target, conditions, **values | kwargs)


def test_the_impact_names_opened_versions_with_what_changes(call):
    version = submit(make_ready(call))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        change = propose(call.programme, countries_without(call, "AT"))

    assert change.state == State.READY
    assert change.impact["seen"] == change.total == 1
    assert change.impact["opened"] == [["pass", "ineligible", 1]]
    (named,) = change.impact["named"]
    assert named["title"] == f"{version.proposal.number} v1"
    assert any(
        text.startswith("Established in a participating country: Cluster")
        and "did not participate in COSME" in text
        for text in named["why"]
    )
    assert any(text.startswith("Number of countries: At most 2 countries") for text in named["why"])
    assert (
        Call.objects.get(pk=call.pk).programme.country_set().status_of("AT", date(2015, 4, 21))[0]
        != "none"
    )


def test_a_rule_that_flips_is_named_though_the_outcome_stays(call):
    """Two rules want an officer; one of them is satisfied by the change, so the outcome stays."""
    versions = []
    for _turn in range(2):
        proposal = make_ready(call, countries=("LT", "FR", "AL"))
        save(proposal, "summary", duration_months=30)
        versions.append(submit(reload(proposal)))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        first, second = make_officer(), make_officer()
        for version in versions:
            decide(version, first, second)
        notify_applicant(Decision.objects.get(version=versions[0]), by=first)
        longer = [
            entry | ({"maximum_months": 36} if entry["rule"] == "duration" else {})
            for entry in call.rules
        ]
        change = propose(call, longer)
    assert change.impact["opened"] == []
    assert ["duration", "officer", "pass", 2] in change.impact["rules"]
    progress = {name: change.impact[name] for name in ("changed", "decided", "notified")}
    assert progress == {"changed": 2, "decided": 2, "notified": 1}
    named = {row["title"] for row in change.impact["named"]}
    assert named == {f"{version.proposal.number} v1" for version in versions}


def decide(version, first, second):
    decided = record_decision(version, outcome="eligible", reason="Fine.", by=first)
    review_decision(decided, answer="confirmed", reason="", by=second)
    return decided


def test_a_decision_is_marked_where_rules_or_countries_changed_afterwards(call):
    earlier, later = submit(make_ready(call)), submit(make_ready(call))
    first, second = make_officer(), make_officer()
    client = Client()
    client.force_login(first)
    place = reverse("admin:proposals_version_changelist")
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        decided = decide(earlier, first, second)
        assert not client.get(place, {"decided": "earlier"}).context["cl"].result_list
    with clock.frozen_at(NEXT_DAY + timedelta(hours=1)):
        rule_changes.apply(
            propose(call.programme, countries_without(call, "AT"), by=first), by=second
        )
    with clock.frozen_at(NEXT_DAY + timedelta(hours=2)):
        decide(later, first, second)
        marked = client.get(place, {"decided": "earlier"}).context["cl"].result_list
        assert [row.pk for row in marked] == [earlier.pk]
        assert [row.decision[2] for row in marked] == [True]
        text = "decided under earlier rules"
        sheets = [
            client.get(reverse("admin:proposals_version_change", args=[version.pk]))
            for version in (earlier, later)
        ]
        assert [text in page.content.decode() for page in sheets] == [True, False]
        page = client.get(reverse("admin:proposals_decision_change", args=[decided.pk]))
        assert page.context["changed_at"] == NEXT_DAY + timedelta(hours=1)


def test_the_call_page_says_what_changed_since_it_was_published_and_when(call):
    page = call.get_absolute_url()
    assert not ConditionChange.objects.published_for(call)
    first, second = make_officer(), make_officer()
    Client().get(page)  # it is kept by the process
    wanted = with_minimum(call, 2)
    rule_changes.apply(propose(call, wanted, reason="Corrigendum of May", by=first), by=second)
    assert "Corrigendum of May" in Client().get(page).content.decode()
    rule_changes.apply(
        propose(call.programme, countries_without(call, "AT"), reason="A note", by=first), by=second
    )
    text = Client().get(page).content.decode()
    assert "A note" in text
    subjects = [change.subjects for change in ConditionChange.objects.published_for(call)]
    assert subjects == [[CATALOGUE["min-countries"].title], [NAMES["AT"]]]


def test_of_what_is_sealed_only_a_rough_number_is_told(call):
    nobody = propose(call, without(call, "duration"))
    assert nobody.impact["sealed"] is None  # nothing is sealed yet
    for _turn in range(2):
        submit(make_ready(call))
    make_draft(call)
    # Two versions and their drafts: whether four change or none, the same is told.
    changed = propose(call.programme, countries_without(call, "AT"))
    unchanged = propose(call.programme, countries_without(call, "MT"))
    assert changed.impact | {"remarks": []} == unchanged.impact | {"remarks": []}
    assert (changed.impact["sealed"], changed.impact["opened"]) == (0, [])

    submit(make_ready(call))
    more = propose(call.programme, countries_without(call, "AT"))
    assert more.impact["sealed"] == 5  # six of them


def test_proposing_changes_nothing(call):
    before = ConditionChange.objects.count()
    propose(call, without(call, "duration"))
    assert Call.objects.get(pk=call.pk).rules == call.rules
    assert ConditionChange.objects.count() == before


def test_an_applied_change_is_in_force_for_its_reason(call):
    officer = make_officer()
    wanted = without(call, "duration")
    record = rule_changes.apply(propose(call, wanted), by=officer)
    assert Call.objects.get(pk=call.pk).rules == wanted
    assert record.reason == "Corrigendum"
    assert record.confirmed_by == f"{officer} ({officer.pk})" != record.made_by
    change = ProposedChange.objects.get()
    assert (change.state, change.change, change.applied_by) == (State.DONE, record, officer)


def test_nobody_changes_what_a_published_call_is_judged_by_alone(call):
    officer = make_officer()
    for target, wanted in (
        (call, without(call, "duration")),
        (call.programme, countries_without(call, "AT")),
    ):
        change = propose(target, wanted, by=officer)
        with pytest.raises(rule_changes.SecondOfficerRequired):
            rule_changes.apply(change, by=officer)
    assert Call.objects.get(pk=call.pk).rules == call.rules


def test_who_prepares_a_call_changes_its_rules_alone(call):
    clone = clone_call(
        call, reference="COS-NEW-1", title="Next", first_deadline=NEXT_DAY + timedelta(days=300)
    )
    officer = make_officer()
    record = rule_changes.apply(propose(clone, without(clone, "duration"), by=officer), by=officer)
    assert record.confirmed_by == ""


@pytest.mark.parametrize("second", ["", " ", "An officer"])
def test_the_database_wants_two_people_for_published_conditions(call, second):
    people = {"reason": "x", "made_by": "An officer", "confirmed_by": second}
    rows = [row for row in call.programme.country_set().rows if row.country != "AT"]
    with pytest.raises(DatabaseError, match="two people"), transaction.atomic():
        change_rules(call, without(call, "duration"), **people)
    with pytest.raises(DatabaseError, match="two people"), transaction.atomic():
        change_countries(call.programme, rows, **people)


def test_a_file_changes_a_published_call_only_with_a_second_name(call):
    content = read_call_file(FILE)
    content["call"]["rules"] = without(call, "duration")
    with pytest.raises(SecondPersonRequired):
        load_call(content, reason="Corrigendum")
    load_call(content, reason="Corrigendum", confirmed_by="M. Second")
    later = {"new_deadline": NEXT_DAY, "reason": "Outage", "decided_by": "EASME"}
    content["call"]["extensions"] = [*content["call"]["extensions"], later]
    with pytest.raises(SecondPersonRequired):
        load_call(content)
    assert load_call(content, confirmed_by="M. Second").deadline == NEXT_DAY


def test_versions_whose_findings_change_get_a_second_verdict_beside_the_first(call):
    version = submit(make_ready(call))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        change = propose(call.programme, countries_without(call, "AT"))
        rule_changes.apply(change, by=make_officer())

    verdicts = list(VerdictRecord.objects.filter(version=version).order_by("pk"))
    assert [(verdict.audience, verdict.outcome) for verdict in verdicts] == [
        ("applicant", "pass"),
        ("officer", "pass"),
        ("officer", "ineligible"),
    ]
    assert verdicts[2].cause.endswith(": Corrigendum")
    assert ProposedChange.objects.get().verdicts_made == 1
    assert replay(VerdictRecord.objects.all()).same == 3
    assert rule_changes.judge_again(ProposedChange.objects.get()) == 0


def test_a_change_that_changes_no_finding_makes_no_verdict(call):
    submit(make_ready(call))
    norway = Participation("NO", "a", None, date(2016, 1, 1), None, "Invented for a test")
    rows = [row.as_json() for row in [*call.programme.country_set().rows, norway]]
    rule_changes.apply(propose(call.programme, rows), by=make_officer())
    assert VerdictRecord.objects.count() == 1


def test_a_change_over_conditions_that_moved_is_refused_for_ever(call):
    change = propose(call, without(call, "duration"))
    change_rules(
        call,
        without(call, "coordinator"),
        reason="Another one",
        made_by="x",
        confirmed_by="A colleague",
    )
    with pytest.raises(rule_changes.ConditionsChanged):
        rule_changes.apply(change, by=make_officer())
    assert Call.objects.get(pk=call.pk).rules == without(call, "coordinator")

    # The change holds a whole list: over other conditions it would undo what was changed since.
    with pytest.raises(rule_changes.ConditionsChanged):
        rule_changes.retry_change(change)
    with pytest.raises(rule_changes.ConditionsChanged):
        rule_changes.apply(change, by=make_officer())


def test_a_change_is_applied_once(call):
    change = propose(call, without(call, "duration"))
    rule_changes.apply(change, by=make_officer())
    with pytest.raises(rule_changes.AlreadyApplied):
        rule_changes.apply(change, by=make_officer())


def test_what_is_in_force_already_or_unusable_is_not_proposed(call):
    with pytest.raises(rule_changes.NothingChanges):
        propose(call, call.rules)
    rows = [row.as_json() for row in reversed(call.programme.country_set().rows)]
    with pytest.raises(rule_changes.NothingChanges):
        propose(call.programme, rows)
    with pytest.raises(UnusableRule):
        propose(call, [{"rule": "no-such-rule", "citation": "x"}])
    assert not ProposedChange.objects.exists()


@pytest.mark.parametrize("reason", ["", "  \n"])
@pytest.mark.django_db(transaction=True)
def test_a_change_without_a_reason_cannot_be_kept(call, reason):
    with pytest.raises(IntegrityError):
        propose(call, without(call, "duration"), reason=reason)


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_a_change_applied_without_its_impact_or_record(call):
    change = propose(call, without(call, "duration"))
    with pytest.raises(DatabaseError):
        ProposedChange.objects.filter(pk=change.pk).update(state=State.APPLIED)
    record = ConditionChange.objects.first()
    with pytest.raises(DatabaseError):
        ProposedChange.objects.filter(pk=change.pk).update(
            state=State.APPLIED, change=record, impact=None
        )


def test_much_is_left_to_a_worker_with_progress(call, monkeypatch):
    monkeypatch.setattr(rule_changes, "SMALL", 0)
    monkeypatch.setattr(change_impact, "DRAFTS_AT_ONCE", 1)
    submit(make_ready(call))
    change = propose(call.programme, countries_without(call, "AT"))
    assert (change.state, change.total, change.percent) == (State.COUNTING, 2, 0)
    with pytest.raises(rule_changes.ImpactNotReady):
        rule_changes.apply(change, by=make_officer())

    progress = []
    monkeypatch.setattr(
        rule_changes, "_update_progress", lambda _change, done: progress.append(done)
    )
    assert rule_changes.work_on_changes() == 1
    assert progress == [1, 2]
    change.refresh_from_db()
    assert (change.state, change.percent) == (State.READY, 100)

    rule_changes.apply(change, by=make_officer())
    change.refresh_from_db()
    assert change.state == State.APPLIED
    assert rule_changes.work_on_changes() == 1
    change.refresh_from_db()
    assert (change.state, change.verdicts_made) == (State.DONE, 1)
    assert rule_changes.work_on_changes() == 0


def test_what_somebody_works_on_is_left_alone_until_it_is_stale(call, monkeypatch):
    monkeypatch.setattr(rule_changes, "SMALL", 0)
    submit(make_ready(call))
    change = propose(call, without(call, "duration"))
    ProposedChange.objects.filter(pk=change.pk).update(claimed_at=clock.real_now())
    assert rule_changes.work_on_changes() == 0
    long_ago = clock.real_now() - timedelta(minutes=3)
    ProposedChange.objects.filter(pk=change.pk).update(claimed_at=long_ago)
    assert rule_changes.work_on_changes() == 1


def test_a_failure_is_kept_for_officers_and_can_be_tried_again(call, monkeypatch):
    def broken(*_args):
        raise RuntimeError("a text of a proposal")

    with monkeypatch.context() as patch:
        patch.setattr(rule_changes, "impact_of", broken)
        change = propose(call, without(call, "duration"))
    assert (change.state, change.error, change.impact) == (State.FAILED, "RuntimeError", None)
    with pytest.raises(rule_changes.ImpactNotReady):
        rule_changes.apply(change, by=make_officer())
    rule_changes.retry_change(change)
    assert change.state == State.READY


def test_oddities_of_the_proposed_rules_are_remarked_on(call):
    change = propose(call, with_minimum(call, 40))
    assert {
        "call": call.reference,
        "oddity": "contradiction",
        "message": "“min-countries” requires 40, but only 33 countries participate on 2015-04-21. No "
        "proposal can meet this rule.",
    } in change.impact["remarks"]


def test_what_was_odd_before_is_not_remarked_on_again(call):
    change = propose(call, without(call, "duration"))
    assert change.impact["remarks"] == []


def test_the_number_of_queries_does_not_grow_with_drafts_and_versions(call):
    counts = []
    for wanted in (1, 4):
        while VerdictRecord.objects.count() < wanted:
            submit(make_ready(call))
        change = ProposedChange(call=call, conditions=without(call, "duration"))
        with CaptureQueriesContext(connection) as queries:
            change_impact.impact_of(change, AFTERNOON, lambda _seen: None)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_countries_changed_meanwhile_are_noticed_too(call):
    change = propose(call.programme, countries_without(call, "AT"))
    rows = [row for row in call.programme.country_set().rows if row.country != "MD"]
    change_countries(
        call.programme, rows, reason="Another one", made_by="x", confirmed_by="A colleague"
    )
    with pytest.raises(rule_changes.ConditionsChanged):
        rule_changes.apply(change, by=make_officer())
