"""The list of cases as a work list: its columns, its search language, and what the database gathers for them."""

import csv
from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conftest import NEXT_DAY
from foundation import clock
from proposals.models import CaseEvent, CaseState, CaseTag, OfficerPreferences, Version
from proposals.officers import cases, tags
from proposals.reporting.admin import list_rows
from proposals.screening import clarifications, queue
from proposals.screening.admin.columns import COLUMNS, USUAL
from proposals.screening.automatic_check import screen_closed
from proposals.screening.checklists import applicants_in
from proposals.screening.decisions import record_decision
from proposals.screening.search_language import OPERATORS, Asker, InvalidSearch, search_cases
from proposals.screening.sheet import newest_verdict, save_answer, sheet_of
from proposals.tests.factories import make_officer, make_ready, reload, save, submit

pytestmark = pytest.mark.django_db
LIST = reverse("admin:proposals_version_changelist")


@pytest.fixture
def versions(call):
    """Three cases of one day after: the first asks for more, the second has a partner that does not count."""
    large = make_ready(call)
    participant = large.participants.first()
    save(
        large,
        "budget",
        **{f"grant_{participant.key}": "90000.00", f"staff_{participant.key}": "99000.00"},
    )
    made = [submit(reload(large)), submit(make_ready(call, countries=("LT", "FR", "AT", "CH")))]
    made.append(submit(make_ready(call, countries=("PL", "FR", "AT"))))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        yield made


def client_of(officer):
    client = Client()
    client.force_login(officer)
    return client


def found(text, officer=None):
    asker = Asker(officer or make_officer(), NEXT_DAY)
    return set(search_cases(Version.objects.open_to(asker.officer, NEXT_DAY), text, asker))


def test_the_database_gathers_what_the_dossier_and_the_sheet_say(versions):
    officer = make_officer()
    for version in versions:
        state = CaseState.objects.get(version=version)
        budget, people = version.document["budget"], version.document["consortium"]
        assert state.requested_grant == Decimal(budget["total_grant"])
        share = 100 * Decimal(budget["total_grant"]) / Decimal(budget["total_costs"])
        assert state.rate == round(share, 2)
        assert state.coordinator == people[0]["organisation"]["legal_name"]
        assert (state.applicants, state.partners) == (
            len(applicants_in(version.document)),
            len(people) - 1,
        )
        verdict = newest_verdict(version)
        assert (state.outcome, state.rules) == (verdict.outcome, verdict.rules_not_met)

        def open_lines(version=version, verdict=verdict):
            sheet = sheet_of(version, verdict.verdict)
            return sheet.total - sheet.answered

        assert state.open_lines == open_lines()
        save_answer(
            version, "rule:duration", answer="agree", reason="", seen_revision=0, by=officer
        )
        for number in range(1, 13):
            item = f"element:p1:C{number}"
            save_answer(version, item, answer="yes", reason="", seen_revision=0, by=officer)
        state.refresh_from_db()
        assert state.open_lines == open_lines() < sheet_of(version, verdict.verdict).total


def test_nothing_is_gathered_of_a_sealed_proposal(call):
    submit(make_ready(call))
    assert screen_closed(clock.now()) == 0 and not CaseState.objects.exists()


def test_each_operator_finds_what_it_says(versions):
    large, refused, polish = versions
    me, colleague = make_officer(), make_officer()
    cases.assign([large.proposal], me, by=me, due_on=date(2015, 4, 30))
    cases.assign([refused.proposal], colleague, by=me)
    record_decision(polish, outcome="eligible", reason="Met.", by=colleague)
    expected = {
        "is:open": {large, refused, polish},
        "-is:open": set(),
        "is:mine": {large},
        "is:waiting": {polish},
        "is:confirmable": {polish},
        "is:unassigned": {polish},
        "officer:me": {large},
        "-officer:me": {refused, polish},
        "officer:none is:open": {polish},
        "country:CH": {refused},
        "country:ch country:LT": {refused},
        "country:PL": {polish},
        "rule:established": {refused},
        "grant:>140000": {large},
        "grant:<=90000": {polish},
        "grant:100000..130000": {refused},
        "partners:3": {refused},
        "partners:>2": {refused},
        "decision:eligible": {polish},
        "decision:none": {large, refused},
        "due:2015-04-30": {large},
        "due:none": {refused, polish},
        "due:<today": set(),
        "age:<5": {large, refused, polish},
        "age:>5": set(),
        "strand:1": {large, refused, polish},
        "strand:2": set(),
        f"call:{large.proposal.call.reference}": {large, refused, polish},
        "tag:none": {large, refused, polish},
        f'coordinator:"{CaseState.objects.get(version=large).coordinator}"': {large},
        f"is:open {polish.proposal.number}": {polish},
        f"is:decided {polish.proposal.number}": set(),
    }
    results = {text: found(text, me) for text in expected}
    assert results == expected


WRONG = {
    "colour:red": "colour",
    "is:purple": "is",
    "rule:nothing": "rule",
    "country:XX": "country",
    "country:١٢": "country",
    "grant:>many": "grant",
    "grant:" + "9" * 90: "grant",
    "grant:1..": "grant",
    "age:1.5": "age",
    "age:" + "9" * 30: "age",
    "due:31.31.2015": "due",
    "decision:maybe": "decision",
    "outcome:": "outcome",
    "proposal__current_version__dossier__contains:x": "proposal__current_version__dossier__contains"[
        :40
    ],
    "password:a": "password",
    "officer:" + "x" * 101: "officer",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_search_names_the_operator_and_what_is_possible(versions, text):
    with pytest.raises(InvalidSearch) as refusal:
        found(text)
    assert WRONG[text] in str(refusal.value) and len(str(refusal.value)) < 800
    answer = client_of(make_officer()).get(LIST, {"q": text})
    page = unescape(answer.content.decode())
    assert answer.status_code == 200 and 'class="errornote"' not in page
    assert WRONG[text] in page.split('class="messagelist"')[1].split("</ul>")[0]
    assert not any(version.proposal.number in page for version in versions)


@pytest.mark.parametrize(
    "text", ['"', '":', "::", ":x", "-", '-"', "is", "a:b c:d" * 3, "is:open " * 21, "\\", "%:%"]
)
def test_hostile_searches_are_answered(versions, text):
    assert client_of(make_officer()).get(LIST, {"q": text}).status_code == 200


def test_every_example_of_the_help_is_a_search(versions):
    for operator in OPERATORS.values():
        found(operator.example)


def test_no_search_reaches_a_case_with_a_conflict_of_interest(versions):
    me = make_officer()
    cases.declare_conflict(versions[0].proposal, reason="My cousin.", by=me)
    assert versions[0] not in found("is:open", me) and versions[0] not in found("-grant:0", me)


def test_an_officers_own_list_empties_as_the_work_is_done(versions):
    me, colleague = make_officer(), make_officer()
    cases.assign([version.proposal for version in versions], me, by=me)

    def lengths():
        counts = queue.lengths_for_officer(me, NEXT_DAY)
        return counts["mine"], counts["waiting"]

    assert lengths() == (3, 0)
    record_decision(versions[0], outcome="eligible", reason="Met.", by=me)
    assert lengths() == (2, 1)
    clarifications.request_clarification(
        versions[1], "Why?", due_at=NEXT_DAY.replace(day=29), by=colleague
    )
    assert lengths() == (1, 2)


def headings(answer):
    return [str(header["text"]) for header in answer.context["result_headers"]]


def test_an_officer_chooses_columns_once_or_for_good(versions):
    me = make_officer()
    client = client_of(me)
    usual = len(headings(client.get(LIST)))
    assert usual == len(USUAL) + 2  # the box and the number
    chosen = client.get(LIST + "?columns=grant,evil&columns=rate")
    assert len(headings(chosen)) == 4
    answer = client.post(
        reverse("admin:proposals_version_columns"), {"columns": ["grant"], "queue": "mine"}
    )
    assert answer["Location"] == f"{LIST}?queue=mine"
    assert OfficerPreferences.objects.get(officer=me).columns == ["grant"]
    assert len(headings(client.get(LIST))) == 3
    assert len(headings(client_of(make_officer()).get(LIST))) == usual


def test_the_list_is_sorted_by_every_column_with_empty_cells_last(versions, call):
    with clock.frozen_at(NEXT_DAY):
        client = client_of(make_officer())
        every = ",".join(COLUMNS)
        for place in range(1, len(COLUMNS) + 2):
            for order in (place, -place):
                answer = client.get(LIST, {"columns": every, "o": str(order)})
                assert len(answer.context["cl"].result_list) == 3
        by_grant = client.get(LIST, {"columns": "grant", "o": "-2"}).context["cl"].result_list
        assert [row.pk for row in by_grant] == [versions[0].pk, versions[1].pk, versions[2].pk]


def test_all_columns_take_a_fixed_number_of_queries(call):
    def queries(count):
        for _turn in range(count):
            submit(make_ready(call))
        with clock.frozen_at(NEXT_DAY):
            client = client_of(make_officer())
            asked = {"columns": ",".join(COLUMNS), "q": "is:open -is:decided grant:>1", "o": "3.-5"}
            screen_closed(NEXT_DAY)
            client.get(LIST, asked)
            with CaptureQueriesContext(connection) as seen:
                client.get(LIST, asked)
        return len(seen)

    assert queries(1) == queries(3)


def counts_of(answer):
    return {
        spec.parameter_name: {
            str(key): spec.counts.get(str(key), 0) for key, _label in spec.lookup_choices
        }
        for spec in answer.context["cl"].filter_specs
        if getattr(spec, "counts", None) is not None
    }


def test_each_choice_of_a_filter_says_how_many_cases_it_leaves(versions):
    me = make_officer()
    cases.assign([versions[0].proposal], me, by=me)
    tags.tag_cases([versions[0].proposal, versions[1].proposal], "urgent", by=me)
    client = client_of(me)
    for chosen in (
        {},
        {"country": "CH"},
        {"officer": me.pk},
        {"tag": "urgent", "country": "FR"},
        {"q": "is:open"},
    ):
        counts = counts_of(client.get(LIST, chosen))
        assert set(counts) >= {"country", "officer", "outcome", "rule", "strand", "tag"}
        for name, by_value in counts.items():
            for value, count in by_value.items():
                listed = client.get(LIST, chosen | {name: value}).context["cl"].result_count
                assert listed == count, (chosen, name, value)
        if not chosen:
            assert counts["tag"] == {"urgent": 2} and counts["country"]["FR"] == 3


def test_tags_are_added_and_removed_for_many_with_a_remark(versions):
    me = make_officer()
    client = client_of(me)
    chosen = [version.pk for version in versions[:2]]
    page = client.post(LIST, {"action": "tag", "_selected_action": chosen})
    assert page.status_code == 200 and page.context["form"]["name"]
    send = reverse("admin:proposals_version_tag")
    sent = {"version": chosen, "act": "add", "name": "To Visit", "remark": "Ask the colleagues."}
    assert client.post(send, sent).status_code == 302
    assert found("tag:to-visit", me) == set(versions[:2]) and found("tag:none", me) == {versions[2]}
    events = CaseEvent.objects.filter(kind="tagged").values_list("summary", flat=True)
    assert list(events) == ["to-visit: Ask the colleagues."] * 2
    client.post(send, sent)
    assert CaseEvent.objects.filter(kind="tagged").count() == 2  # the same again does nothing
    client.post(send, sent | {"act": "remove", "version": chosen[:1]})
    assert found("tag:to-visit", me) == {versions[1]}
    for wrong in ("", "é", "a b!", "x" * 31):
        assert client.post(send, sent | {"name": wrong}).status_code == 422


def test_a_case_with_a_conflict_of_interest_is_not_tagged(versions):
    me = make_officer()
    cases.declare_conflict(versions[0].proposal, reason="My cousin.", by=me)
    assert tags.tag_cases([version.proposal for version in versions], "urgent", by=me) == 2
    assert not versions[0].proposal.case_tags.exists()
    with pytest.raises(IntegrityError, match="conflict of interest"), transaction.atomic():
        CaseTag.objects.create(
            proposal=versions[0].proposal, name="x", added_by=me, added_at=NEXT_DAY
        )


def test_assigning_takes_a_remark_into_the_history(versions):
    me = make_officer()
    sent = {"version": [versions[0].pk], "officers": [me.pk], "remark": "You know the region."}
    assert client_of(me).post(reverse("admin:proposals_version_assign"), sent).status_code == 302
    event = CaseEvent.objects.get(kind="assigned")
    assert event.summary == f"{me}: You know the region."


def views_offered(officer):
    return [str(view) for view, _is_own in client_of(officer).get(LIST).context["saved_views"]]


def test_a_shared_view_is_offered_to_colleagues_while_its_author_has_the_role(versions):
    author, colleague = make_officer(), make_officer()
    client = client_of(author)
    save_url = reverse("admin:proposals_version_save_filter")
    client.post(
        save_url,
        {"name": "Swiss", "query": "country=CH&columns=grant&columns=tags", "is_shared": "on"},
    )
    client.post(save_url, {"name": "Private", "query": "country=FR"})
    view = author.saved_filters.get(name="Swiss")
    assert view.query == "columns=grant%2Ctags&country=CH"
    assert views_offered(author) == ["Private", "Swiss"] and views_offered(colleague) == ["Swiss"]
    # It is an address: whoever opens it sees what they may see.
    cases.declare_conflict(versions[1].proposal, reason="My cousin.", by=colleague)
    assert client_of(colleague).get(f"{LIST}?{view.query}").context["cl"].result_count == 0
    client_of(colleague).post(reverse("admin:proposals_version_delete_filter", args=[view.pk]))
    assert author.saved_filters.count() == 2
    author.groups.clear()
    assert views_offered(colleague) == []
    assert client_of(author).get(f"{LIST}?{view.query}").status_code == 403


def rows_of_file(answer):
    return list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))


def test_a_list_with_more_rows_than_an_export_takes_is_refused_whole(versions, monkeypatch):
    monkeypatch.setattr(list_rows, "MAX_ROWS", 2)
    answer = client_of(make_officer()).post(reverse("admin:proposals_version_rows"))
    assert answer.status_code == 302
    assert not CaseEvent.objects.filter(kind=CaseEvent.Kind.EXPORTED).exists()


def test_the_rows_that_the_list_shows_are_exported_without_formulas(versions):
    me = make_officer()
    tags.tag_cases([versions[0].proposal], "urgent", by=me)
    send = reverse("admin:proposals_version_rows")
    CaseState.objects.filter(version=versions[0]).update(coordinator='=HYPERLINK("http://evil")')
    answer = client_of(me).post(
        send + "?q=country:FR&columns=coordinator,grant,countries,tags,due&o=-4"
    )
    heading, *rows = rows_of_file(answer)
    assert len(heading) == 7 and [row[0] for row in rows] == [
        version.proposal.number for version in (versions[0], versions[1], versions[2])
    ]
    _number, _version, coordinator, countries, grant, due, tag = rows[0]
    assert (
        coordinator.startswith("'=") and countries == "AT; FR; LT" and (due, tag) == ("", "urgent")
    )
    assert Decimal(grant) == CaseState.objects.get(version=versions[0]).requested_grant
    assert CaseEvent.objects.filter(kind="exported", by=me).count() == 3
    refused = client_of(me).post(send + "?proposal__versions__dossier__contains=x")
    assert refused.status_code == 302 and CaseEvent.objects.filter(kind="exported").count() == 3
