"""The officers' pages on which rules and countries are changed, without code."""

import pytest
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_user
from calls.eligibility.countries import NAMES
from calls.eligibility.rules import title_of
from calls.models import Call, CountryParticipation
from conftest import NEXT_DAY
from foundation import clock
from foundation.tests.pages import compact
from proposals.conditions import rule_changes
from proposals.conditions.admin.change_forms import rule_list
from proposals.models import ProposedChange
from proposals.screening.automatic_check import screen_closed
from proposals.tests.factories import make_officer, make_ready, submit

pytestmark = pytest.mark.django_db
LIST = reverse("admin:proposals_proposedchange_changelist")
ADD = reverse("admin:proposals_proposedchange_add")


@pytest.fixture
def officer_client():
    client = Client()
    client.force_login(make_officer())
    return client


@pytest.fixture
def colleague():
    client = Client()
    client.force_login(make_officer())
    return client


def shown(answer):
    return " ".join(answer.content.decode().split())


def rules_form(call, **changes):
    """What a browser would send of the untouched form, with some fields changed."""
    formset = rule_list(call)
    data = {f"rules-{name}": str(value) for name, value in formset.management_form.initial.items()}
    for form in formset.forms:
        for field in form:
            value = field.value()
            if value not in (None, "", []):
                data[field.html_name] = value
    return data | {"reason": "Corrigendum of 2 May"} | changes


def place_of(call, rule_id):
    return next(n for n, entry in enumerate(call.rules) if entry["rule"] == rule_id)


def country_form(**changes):
    values = {
        "country": "MD",
        "gate": "c",
        "signed_on": "2014-09-29",
        "in_force_on": "2015-04-07",
        "source": "Agreement",
        "reason": "Corrigendum of 2 May",
    }
    return {name: value for name, value in (values | changes).items() if value is not None}


def moldova(call):
    return f"{ADD}?programme={call.programme_id}&row=MD:2015-04-07"


def test_the_list_leads_to_each_programme_and_call(call, officer_client):
    page = shown(officer_client.get(LIST))
    assert "Change the countries for COSME" in page
    assert f"Change the rules for {call.reference}" in page
    assert "MD" in shown(officer_client.get(f"{ADD}?programme={call.programme_id}"))


def test_a_country_is_changed_with_a_look_at_what_it_does(call, officer_client, colleague):
    version = submit(make_ready(call, countries=("LT", "FR", "MD")))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        answer = officer_client.post(
            moldova(call), country_form(in_force_on="2015-05-01"), follow=True
        )
        page = shown(answer)
        assert f"{version.proposal.number} v1" in page
        assert "The agreement was not in force on 21 April 2015" in page
        change = ProposedChange.objects.get()
        assert call.programme.country_set().rows == Call.objects.get().programme.country_set().rows

        officer_client.post(change.get_absolute_url(), {"apply": "1"})
        assert ProposedChange.objects.get().change is None  # nobody does it alone
        page = shown(colleague.post(change.get_absolute_url(), {"apply": "1"}, follow=True))
        assert "Change applied." in page
        assert "Proposals rechecked</dt><dd>1" in compact(page)
    outcomes = version.verdicts.order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == ["pass", "pass", "officer"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"reason": "  "}, "Enter the reason"),
        (
            {"signed_on": None, "in_force_on": None},
            "Enter the date of signature, the date of entry into force, or both.",
        ),
        ({"counts_until": "2015-04-06"}, "The last day must not be before the first day."),
        (
            {"country": "TR", "in_force_on": "2014-12-22"},
            "This country already has an entry that starts on this day.",
        ),
        (
            {"signed_on": "2015-04-08"},
            "The date of signature must not be after the entry into force.",
        ),
        (
            {"country": "LT", "counts_until": "2016-01-01"},
            "Another entry for this country is in force at that time.",
        ),
        ({"source": ""}, "Enter the source"),
        ({"country": "XX"}, "is not the code of a country"),
        ({"signed_on": "yesterday"}, "“yesterday” is not a date"),
    ],
)
def test_a_wrong_country_entry_is_refused_and_kept(call, officer_client, changes, text):
    answer = officer_client.post(moldova(call), country_form(**changes))
    assert text in shown(answer)
    assert 'value="Agreement"' in shown(answer) or "source" in changes
    assert not ProposedChange.objects.exists()


def test_the_form_shows_the_days_of_the_entry(call, officer_client):
    page = shown(officer_client.get(moldova(call)))
    assert 'name="in_force_on" value="7 April 2015"' in page
    assert 'name="signed_on" value="29 September 2014"' in page
    assert 'name="counts_until"' in page


def test_an_entry_is_added_and_another_removed(call, officer_client):
    new = country_form(country="NO", gate="a", signed_on=None, in_force_on="2015-01-01")
    officer_client.post(f"{ADD}?programme={call.programme_id}&row=new", new)
    officer_client.post(moldova(call), country_form(remove="on"))
    added, removed = ProposedChange.objects.order_by("pk")
    assert "NO" in {row["country"] for row in added.conditions}
    assert "MD" not in {row["country"] for row in removed.conditions}


def test_the_page_says_what_is_changed_added_and_removed(call, officer_client):
    place, gone = place_of(call, "duration"), place_of(call, "one-application")
    form = rules_form(call, **{f"rules-{place}-maximum_months": "12", f"rules-{gone}-DELETE": "on"})
    form[f"rules-{place_of(call, 'in-time')}-ORDER"] = "99"
    answer = officer_client.post(f"{ADD}?call={call.pk}", form, follow=True)
    edits = {edit["code"]: edit for edit in answer.context["edits"]}
    assert {code: edit["kind"] for code, edit in edits.items()} == {
        "duration": "changed",
        "one-application": "removed",
    }
    [(label, before, after)] = edits["duration"]["fields"]
    assert (before, after) == ("24", "12")
    page = compact(shown(answer))
    assert f'<span class="muted">{label}</span>24 →<b>12</b>' in page
    assert answer.context["is_reordered"]


def test_what_changes_is_named_by_words_instead_of_codes(call, officer_client):
    place = place_of(call, "established")
    form = rules_form(call, **{f"rules-{place}-DELETE": "on"})
    edits = officer_client.post(f"{ADD}?call={call.pk}", form, follow=True).context["edits"]
    assert [edit["title"] for edit in edits] == [title_of("established")]
    edits = officer_client.post(moldova(call), country_form(gate="b"), follow=True).context["edits"]
    assert [edit["title"] for edit in edits] == [NAMES["MD"]]
    words = dict(CountryParticipation.LegalBasis.choices)
    assert (words["c"], words["b"]) in [
        (before, after) for _label, before, after in edits[0]["fields"]
    ]


def test_the_untouched_form_of_rules_changes_nothing(call, officer_client):
    answer = officer_client.post(f"{ADD}?call={call.pk}", rules_form(call), follow=True)
    assert "You have not changed anything" in shown(answer)


def test_a_parameter_is_changed_without_code(call, officer_client, colleague):
    place = place_of(call, "duration")
    form = rules_form(call, **{f"rules-{place}-maximum_months": "12"})
    page = shown(officer_client.post(f"{ADD}?call={call.pk}", form, follow=True))
    change = ProposedChange.objects.get()
    expected = [
        entry | ({"maximum_months": 12} if entry["rule"] == "duration" else {})
        for entry in call.rules
    ]
    assert change.conditions == expected
    button = 'name="apply"'
    assert button not in page
    assert button in shown(colleague.get(change.get_absolute_url()))


def test_rules_are_ordered_scoped_added_and_removed(call, officer_client):
    form = rules_form(call)
    for number, place in enumerate(reversed(range(len(call.rules))), start=1):
        form[f"rules-{place}-ORDER"] = str(number)
    form[f"rules-{place_of(call, 'one-application')}-DELETE"] = "on"
    form[f"rules-{place_of(call, 'coordinator')}-strands"] = ["3.2"]
    with_new = officer_client.post(
        f"{ADD}?call={call.pk}", form | {"add": "1", "add_rule": "market-count"}
    )
    count = len(call.rules)
    assert f'name="rules-{count}-minimum"' in shown(with_new)
    assert "Corrigendum of 2 May" in shown(with_new)

    form |= {
        "rules-TOTAL_FORMS": str(count + 1),
        f"rules-{count}-rule": "market-count",
        f"rules-{count}-minimum": "2",
        f"rules-{count}-citation": "Corrigendum",
        f"rules-{count}-ORDER": "99",
    }
    officer_client.post(f"{ADD}?call={call.pk}", form)
    wanted = ProposedChange.objects.get().conditions
    assert [entry["rule"] for entry in wanted] == [
        *[entry["rule"] for entry in reversed(call.rules) if entry["rule"] != "one-application"],
        "market-count",
    ]
    assert wanted[-1] == {"rule": "market-count", "minimum": 2, "citation": "Corrigendum"}
    coordinator = next(entry for entry in wanted if entry["rule"] == "coordinator")
    assert coordinator["strands"] == ["3.2"]


@pytest.mark.parametrize(
    ("rule", "field", "value", "text"),
    [
        ("co-financing-rate", "maximum", "75", "expected a fraction such as &#x27;0.75&#x27;"),
        ("co-financing-rate", "citation", "", "Enter the citation"),
        ("grant-ceiling", "ceilings", "3.1 187500", "must be a strand and its amount"),
        ("grant-ceiling", "ceilings", "3.1: many", "“many” is not a number"),
        ("min-countries", "minimum", "0", "must be 1 or more"),
        ("duration", "minimum_months", "30", "expected at most “maximum_months”, which is 24"),
    ],
)
def test_an_impossible_parameter_is_refused_beside_its_field(
    call, officer_client, rule, field, value, text
):
    place = place_of(call, rule)
    form = rules_form(call, **{f"rules-{place}-{field}": value})
    page = shown(officer_client.post(f"{ADD}?call={call.pk}", form))
    assert text in page
    assert "There is a problem." in page
    assert not ProposedChange.objects.exists()


def test_progress_is_asked_for_until_it_is_there(call, officer_client, monkeypatch):
    submit(make_ready(call))
    monkeypatch.setattr(rule_changes, "SMALL", 0)
    officer_client.post(moldova(call), country_form(in_force_on="2015-05-01"))
    change = ProposedChange.objects.get()
    part = reverse("admin:proposals_proposedchange_impact", args=[change.pk])
    assert 'hx-trigger="every 1s"' in shown(officer_client.get(part))
    assert "<progress" in shown(officer_client.get(change.get_absolute_url()))
    rule_changes.work_on_changes()
    assert "hx-trigger" not in shown(officer_client.get(part))


def test_a_change_over_moved_conditions_is_refused_with_a_sentence(call, officer_client, colleague):
    officer_client.post(moldova(call), country_form(in_force_on="2015-05-01"))
    officer_client.post(moldova(call), country_form(in_force_on="2015-06-01"))
    first, second = ProposedChange.objects.order_by("pk")
    colleague.post(first.get_absolute_url(), {"apply": "1"})
    page = shown(colleague.post(second.get_absolute_url(), {"apply": "1"}, follow=True))
    assert "These conditions have changed since this was proposed" in page
    assert "so it can no longer be applied." in page
    assert f"{ADD}?programme={call.programme_id}" in page
    page = shown(officer_client.post(second.get_absolute_url(), {"again": "1"}, follow=True))
    assert "These conditions have changed since this was proposed" in page
    page = shown(officer_client.post(first.get_absolute_url(), {"apply": "1"}, follow=True))
    assert "has already applied this change" in page


@pytest.mark.parametrize("path", ["", "?row=XX:2015-01-01", "?row=MD"])
def test_rows_that_do_not_exist_are_not_found(call, officer_client, path):
    base = f"{ADD}?programme={call.programme_id}"
    wanted = {"": 200}.get(path, 404)
    assert officer_client.get(base + path.replace("?", "&")).status_code == wanted


@pytest.mark.parametrize("query", ["call=999999", "call=x", "programme=9999999999999999999999"])
def test_unknown_ids_are_not_found(call, officer_client, query):
    assert officer_client.get(f"{ADD}?{query}").status_code == 404
    assert (
        officer_client.get(reverse("admin:proposals_proposedchange_change", args=["x"])).status_code
        == 404
    )


def test_strangers_and_staff_without_rights_change_nothing(call):
    change = rule_changes.propose(call, call.rules[:5], reason="x", by=make_officer())
    paths = [
        LIST,
        f"{ADD}?call={call.pk}",
        f"{ADD}?programme={call.programme_id}",
        change.get_absolute_url(),
    ]
    paths.append(reverse("admin:proposals_proposedchange_impact", args=[change.pk]))
    for user, status in ((make_user(), 403), (make_user(is_staff=True), 403)):
        client = Client()
        client.force_login(user)
        for path in paths:
            assert client.get(path).status_code == status, path
            assert client.post(path, {"apply": "1"}).status_code in {status, 405}, path
    assert ProposedChange.objects.get().state == "ready"


def test_the_history_can_be_read_and_not_changed(call, officer_client):
    listing = reverse("admin:calls_conditionchange_changelist")
    assert "Loaded from a call file." in shown(officer_client.get(listing))
    assert officer_client.get(reverse("admin:calls_conditionchange_add")).status_code == 403


@pytest.mark.parametrize("page", ["list", "rules", "countries", "change"])
def test_pages_ask_few_queries(call, officer_client, page, django_assert_max_num_queries):
    change = rule_changes.propose(call, call.rules[:5], reason="x", by=make_officer())
    paths = {
        "list": LIST,
        "rules": f"{ADD}?call={call.pk}",
        "countries": f"{ADD}?programme={call.programme_id}",
        "change": change.get_absolute_url(),
    }
    with django_assert_max_num_queries(12):
        assert officer_client.get(paths[page]).status_code == 200
