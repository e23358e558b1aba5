"""Pages of proposals: who may see them, what they keep, and how many questions they ask."""

import re
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_organisation, make_user
from calls.eligibility import Finding, Outcome, Verdict
from calls.models import Strand
from conftest import AFTERNOON, DEADLINE, NEXT_DAY
from foundation import clock
from proposals.consortium.drafts import section_of
from proposals.dossier.outcome_words import outcome_words
from proposals.models import Decision, Proposal, RefusedAttempt, VerdictRecord, Version
from proposals.proof.receipts import create_receipt
from proposals.templatetags.proposals import verdict_sentence
from proposals.tests.factories import (
    assign,
    make_draft,
    make_officer,
    make_ready,
    member_of,
    partner_of,
    reload,
    save,
    submit,
    submit_fields,
)
from proposals.urls import urlpatterns
from proposals.workspace.views import drafts

pytestmark = pytest.mark.django_db


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def url(name, proposal, *args):
    return reverse(f"proposals:{name}", args=[proposal.number, *args])


def routes_of(proposal, version):
    """Every address below a proposal, with arguments that exist."""
    values = {
        "number": proposal.number,
        "key": "p2",
        "slug": "summary",
        "slot": "roadmap",
        "version": version.number,
        "sha256": "0" * 64,
        "pk": 1,
    }
    for pattern in urlpatterns:
        names = re.findall(r"<\w+:(\w+)>", str(pattern.pattern))
        if "number" in names:
            yield (
                pattern.name,
                reverse(f"proposals:{pattern.name}", kwargs={name: values[name] for name in names}),
            )


@contextmanager
def monkeyed_arrival(moment):
    """As if the first byte of a request had come in at this moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("calls.request_arrival.arrival_of", lambda request: moment)
        patch.setattr("foundation.clock.portal_time_at", lambda real: real)
        yield


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


# A page that only takes POST answers 405 to GET, for a proposal that exists or not.
HIDDEN = {404, 405}


# --- P10: who may see what ---------------------------------------------------------------------


def test_every_page_of_a_proposal_is_404_for_strangers(call):
    proposal = make_ready(call)
    version = submit(proposal)
    create_receipt(version)
    stranger = client_of(make_user())
    routes = list(routes_of(proposal, version))
    assert len(routes) == 54
    for name, path in routes:
        for method in (stranger.get, stranger.post):
            assert method(path).status_code in HIDDEN, name


def test_every_page_of_a_proposal_asks_the_anonymous_to_log_in(call):
    proposal = make_ready(call)
    version = submit(proposal)
    for name, path in routes_of(proposal, version):
        answer = Client().get(path)
        assert urlsplit(answer["Location"]).path == reverse("account_login"), name


def test_an_officer_sees_no_proposal_before_the_deadline_and_the_attempt_is_noted(call):
    proposal = make_ready(call)
    version = submit(proposal)
    create_receipt(version)
    officer = make_officer()
    officer_client = client_of(officer)
    for name, path in routes_of(proposal, version):
        assert officer_client.get(path).status_code in HIDDEN, name
    attempts = proposal.sealed_access_attempts.values_list("officer", "path")
    assert (officer.pk, version.get_absolute_url()) in attempts


def test_a_superuser_sees_no_more_than_an_officer(call):
    proposal = make_ready(call)
    version = submit(proposal)
    chief = client_of(make_user(is_staff=True, is_superuser=True))
    for name, path in routes_of(proposal, version):
        assert chief.get(path).status_code in HIDDEN, name


def test_after_the_deadline_an_officer_reads_versions_but_no_drafts(call):
    proposal = make_ready(call)
    version = submit(proposal)
    create_receipt(version)
    officer_client = client_of(make_officer())
    with clock.frozen_at(NEXT_DAY):
        opened = {
            name
            for name, path in routes_of(proposal, version)
            if officer_client.get(path).status_code == 200
        }
    assert opened == {"version", "receipt-state", "receipt", "dossier"}


def test_a_proposal_that_was_never_submitted_stays_closed_to_officers(call):
    proposal = make_ready(call)
    officer_client = client_of(make_officer())
    with clock.frozen_at(NEXT_DAY):
        assert officer_client.get(url("version", proposal, 1)).status_code == 404


def test_a_partner_reads_and_writes_but_does_not_submit(call):
    proposal = make_ready(call)
    partner = client_of(partner_of(proposal))
    assert partner.get(url("check", proposal)).status_code == 200
    assert partner.post(url("check", proposal)).status_code == 403
    assert partner.post(url("withdraw", proposal), {"reason": "x"}).status_code == 403
    assert partner.post(url("add-participant", proposal)).status_code == 403
    assert not Version.objects.exists()


def test_unknown_numbers_and_steps_are_404(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    for path in (
        "/proposals/NOPE-0000/",
        url("step", proposal, "consortium-x"),
        url("step", proposal, "descriptions-x"),
        url("description", proposal, "p9"),
        url("upload", proposal, "no-such-slot"),
        url("version", proposal, 7),
    ):
        assert lead.get(path).status_code == 404, path


# --- Starting ----------------------------------------------------------------------------------


def start_url(call, strand="3.1"):
    return reverse("proposals:start", args=[call.reference, strand])


def test_a_proposal_starts_in_its_strand_for_an_own_organisation(call):
    lead = make_user()
    organisation = make_organisation(by=lead)
    answer = client_of(lead).post(start_url(call, "3.2"), {"organisation": organisation.pk})
    proposal = Proposal.objects.get()
    assert proposal.strand.code == "3.2"
    assert answer["Location"] == url("step", proposal, "summary")


def test_nobody_starts_for_an_organisation_of_others(call):
    answer = client_of(make_user()).post(start_url(call), {"organisation": make_organisation().pk})
    assert (answer.status_code, Proposal.objects.count()) == (404, 0)


def test_who_has_no_organisation_is_led_there_and_back(call):
    html = client_of(make_user()).get(start_url(call)).content.decode()
    assert f"{reverse('applicants:new-organisation')}?then={start_url(call)}" in html


def test_a_closed_call_takes_no_new_proposal(call):
    lead = make_user()
    organisation = make_organisation(by=lead)
    with clock.frozen_at(DEADLINE):
        answer = client_of(lead).post(start_url(call), {"organisation": organisation.pk})
    assert (answer.status_code, Proposal.objects.count()) == (409, 0)


# --- Steps: nothing typed is lost ----------------------------------------------------------------


def summary(**kwargs):
    values = {"seen_version": "0", "acronym": "MOVE", "title_text": "Moving", "abstract": "Text"}
    return values | kwargs


def test_saving_goes_on_to_the_next_step(call):
    proposal = make_draft(call)
    answer = client_of(proposal.started_by).post(url("step", proposal, "summary"), summary())
    assert answer["Location"] == url("consortium", proposal)
    assert section_of(proposal, "summary").answers["acronym"] == "MOVE"


def test_a_wrong_field_keeps_everything_that_was_typed(call):
    proposal = make_draft(call)
    answer = client_of(proposal.started_by).post(
        url("step", proposal, "summary"), summary(duration_months="0", abstract="A long text")
    )
    html = answer.content.decode()
    assert 'href="#id_duration_months"' in html
    assert "must be 1 or more" in html
    assert "A long text" in html
    assert section_of(proposal, "summary").answers["duration_months"] == "0"


def test_a_second_save_over_a_newer_text_shows_both(call):
    proposal = make_draft(call)
    partner = partner_of(proposal)
    assign(proposal, "summary")
    save(proposal, "summary", acronym="THEIRS", by=proposal.started_by)
    answer = client_of(partner).post(url("step", proposal, "summary"), summary(acronym="MINE"))
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "<ins>THEIRS</ins>" in html and 'value="MINE"' in html
    assert 'name="seen_version" value="1"' in html
    assert section_of(proposal, "summary").answers == {"acronym": "THEIRS"}


def test_after_seeing_both_the_second_person_can_save_on_purpose(call):
    proposal = make_draft(call)
    save(proposal, "summary", acronym="THEIRS")
    client_of(proposal.started_by).post(
        url("step", proposal, "summary"), summary(seen_version="1", acronym="MINE")
    )
    assert section_of(proposal, "summary").answers["acronym"] == "MINE"


def test_a_text_that_comes_after_the_deadline_is_given_back(call):
    proposal = make_draft(call)
    with clock.frozen_at(DEADLINE):
        answer = client_of(proposal.started_by).post(
            url("step", proposal, "summary"), summary(abstract="Typed too late")
        )
    assert answer.status_code == 409
    assert "Typed too late" in answer.content.decode()
    assert "Not saved: the deadline has passed" in text_of(answer)
    assert section_of(proposal, "summary").version == 0


def test_a_form_sent_after_the_login_expired_comes_back_filled(call):
    proposal = make_draft(call)
    text = "A text of more than twenty signs"
    answer = Client().post(url("step", proposal, "summary"), summary(abstract=text))
    html = answer.content.decode()
    assert answer.status_code == 401
    assert f'name="abstract" value="{text}"' in html
    assert f'action="{url("step", proposal, "summary")}"' in html
    assert section_of(proposal, "summary").version == 0


def checking_client(user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


def test_a_form_with_a_stale_token_comes_back_filled(call):
    proposal = make_draft(call)
    client = checking_client(proposal.started_by)
    path = url("step", proposal, "summary")
    answer = client.post(path, summary(), headers={"Sec-Fetch-Site": "same-origin"})
    html = answer.content.decode()
    assert answer.status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)[1]
    again = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
    assert client.post(path, again | {"csrfmiddlewaretoken": token}).status_code == 302
    assert section_of(proposal, "summary").answers["acronym"] == "MOVE"


def test_a_password_is_never_held_in_a_page(call):
    client = Client(enforce_csrf_checks=True)
    secret = "a password longer than twenty signs"
    answer = client.post(
        reverse("account_login"),
        {"login": "a@test.example", "password": secret},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert (answer.status_code, secret in answer.content.decode()) == (403, False)


def test_a_form_from_another_site_is_not_offered_again(call):
    proposal = make_draft(call)
    answer = checking_client(proposal.started_by).post(
        url("step", proposal, "summary"), summary(), headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert (answer.status_code, "MOVE" in answer.content.decode()) == (403, False)


def rows(prefix, *entries):
    data = {f"{prefix}-TOTAL_FORMS": str(len(entries)), f"{prefix}-INITIAL_FORMS": "0"}
    for number, entry in enumerate(entries):
        data |= {f"{prefix}-{number}-{name}": value for name, value in entry.items()}
    return data


def test_lists_keep_their_rows_and_drop_empty_ones(call):
    proposal = make_draft(call)
    data = rows("markets", {"country": "us", "reason": "Demand"}, {}, {"region": "ASEAN"})
    client_of(proposal.started_by).post(
        url("step", proposal, "vision"), {"seen_version": "0", **data}
    )
    markets = section_of(proposal, "vision").answers["markets"]
    assert [(market["country"], market["region"]) for market in markets] == [
        ("US", ""),
        ("", "ASEAN"),
    ]


def test_only_stored_rows_can_be_removed(call):
    proposal = make_ready(call)
    page = client_of(proposal.started_by).get(url("step", proposal, "activities"))
    html = page.content.decode().split("<template>")[0]
    assert html.count('name="activities-0-DELETE"') == 1
    assert 'name="activities-1-title"' in html and 'name="activities-1-DELETE"' not in html


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"country": "US", "region": "ASEAN"}, "Enter a country or a region, not both"),
        ({"reason": "Demand"}, "Select the country or enter the region"),
        ({"country": "QQ"}, "is not the code of a country"),
    ],
)
def test_a_wrong_row_says_what_is_wrong(call, entry, sentence):
    proposal = make_draft(call)
    answer = client_of(proposal.started_by).post(
        url("step", proposal, "vision"),
        {"seen_version": "0", "vision": "Kept text", **rows("markets", entry)},
    )
    html = answer.content.decode()
    assert sentence in html and "Kept text" in html


def test_a_damaged_list_is_an_error_not_a_crash(call):
    proposal = make_draft(call)
    answer = client_of(proposal.started_by).post(
        url("step", proposal, "vision"), {"seen_version": "0", "vision": "Kept text"}
    )
    assert answer.status_code == 200
    assert "Kept text" in answer.content.decode()
    assert section_of(proposal, "vision").version == 0


def test_a_partnership_that_begins_in_the_future_is_refused(call):
    proposal = make_draft(call, strand="3.2")
    answer = client_of(proposal.started_by).post(
        url("step", proposal, "summary"), summary(partnership_since="2016")
    )
    assert "2016 is in the future" in answer.content.decode()
    assert section_of(proposal, "summary").answers["partnership_since"] == "2016"


def test_the_same_list_sent_twice_is_neither_a_conflict_nor_lost(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    data = {"seen_version": "0", **rows("markets", {"country": "US", "reason": "Demand"})}
    for _click in range(2):
        assert lead.post(url("step", proposal, "vision"), data).status_code == 302
    lead.post(url("step", proposal, "vision"), data | {"seen_version": "1"})
    assert [m["country"] for m in section_of(proposal, "vision").answers["markets"]] == ["US"]


def test_strands_have_forms_of_their_own(call):
    proposal, two = make_draft(call), make_draft(call, strand="3.2")
    first = client_of(proposal.started_by).get(url("step", proposal, "deliverables"))
    second = client_of(two.started_by).get(url("step", two, "deliverables"))
    assert "Implementation roadmap" in text_of(first)
    assert "Scoreboard indicators" not in text_of(first)
    assert "Scoreboard indicators" in text_of(second)
    assert "Implementation roadmap" not in text_of(second)


def test_an_associated_partner_cannot_ask_for_money(call):
    proposal = make_draft(call)
    proposal.participants.filter(key="p3").update(role="associated")
    lead = client_of(proposal.started_by)
    page = lead.get(url("step", proposal, "budget"))
    assert "it pays its own costs and has no budget" in text_of(page)
    lead.post(url("step", proposal, "budget"), {"seen_version": "0", "grant_p3": "5"})
    assert "grant_p3" not in section_of(proposal, "budget").answers


def test_totals_and_rate_are_computed(call):
    proposal = make_ready(call)
    page = client_of(proposal.started_by).get(url("step", proposal, "budget"))
    foot = text_of(page).split("Rate")[1].split(" Total ")[1]
    assert "120,000 90,000 75.00%" in foot
    assert not page.context["form"].lines_over_costs


@pytest.mark.parametrize(
    ("answers", "note"),
    [
        ({"grant_p1": "40000.01"}, "over-costs"),
        ({"grant_p1": "127500.01", "staff_p1": "900000"}, "ceiling"),
        ({"grant_p1": "30000.01"}, "rate"),
    ],
)
def test_a_limit_that_the_budget_breaks_is_said_below_the_table(call, answers, note):
    proposal = make_ready(call)
    lead = client_of(proposal.started_by)

    def is_shown():
        html = lead.get(url("step", proposal, "budget")).content.decode()
        return f'data-note="{note}" hidden' not in " ".join(html.split())

    assert not is_shown()
    save(proposal, "budget", **answers)
    assert is_shown()


def test_an_amount_with_two_readings_is_asked_about_below_the_table_and_linked(call):
    proposal = make_ready(call)
    lead = client_of(proposal.started_by)
    data = {"seen_version": "1", "staff_p1": "1.234"}
    page = lead.post(url("step", proposal, "budget"), data, follow=True)
    table, below = page.content.decode().split("</table>")
    assert [cell.name for cell in page.context["form"].cells_with_errors] == ["staff_p1"]
    assert 'aria-describedby="id_staff_p1_error"' in table
    error = below.split('id="id_staff_p1_error"')[1].split("</div>")[0]
    assert 'href="#id_staff_p1"' in error
    assert 'data-note="unread" hidden' not in " ".join(below.split())


def test_each_cell_of_the_budget_has_its_own_name_with_the_partner(call):
    proposal = make_ready(call)
    page = client_of(proposal.started_by).get(url("step", proposal, "budget"))
    names = re.findall(
        r'<input type="text" name="[a-z]+_p\d"[^>]* aria-label="([^"]+)"', page.content.decode()
    )
    partners = [line.participant.organisation.name for line in page.context["form"].lines]
    assert len(set(names)) == len(names) == 6 * len(partners)
    assert [sum(partner in name for name in names) for partner in partners] == [6, 6, 6]


def test_a_strand_without_limits_shows_a_budget_without_them(call, monkeypatch):
    proposal = make_ready(call)
    monkeypatch.setattr(Strand, "ceiling", None)
    monkeypatch.setattr(Strand, "rate_percent", None)
    page = client_of(proposal.started_by).get(url("step", proposal, "budget"))
    html = page.content.decode()
    assert 'data-ceiling="" data-rate=""' in html
    assert 'data-note="ceiling"' not in html


# --- Consortium ----------------------------------------------------------------------------------


def test_a_partner_is_found_in_the_registry_and_added(call):
    proposal = make_draft(call)
    other = make_organisation(legal_name="Packbridge", country="SE")
    lead = client_of(proposal.started_by)
    assert "Packbridge" in text_of(lead.get(url("consortium", proposal), {"q": "packb"}))
    lead.post(
        url("add-participant", proposal),
        {
            "organisation": other.pk,
            f"partner-{other.pk}-role": "associated",
            "seen_version": "3",
        },
    )
    added = proposal.participants.get(organisation=other)
    assert (added.key, added.role) == ("p4", "associated")


def test_a_partner_that_is_not_in_the_registry_is_entered(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    lead.post(
        url("new-participant", proposal),
        {
            "seen_version": "3",
            "role": "partner",
            "new-legal_name": "Nanoprogress",
            "new-kind": "cluster-organisation",
            "new-country": "cz",
        },
    )
    added = proposal.participants.get(key="p4").organisation
    assert (added.legal_name, added.country) == ("Nanoprogress", "CZ")
    assert lead.get(reverse("applicants:profile", args=[added.pk])).status_code == 200


def test_a_consortium_changed_meanwhile_is_not_changed_blindly(call):
    proposal = make_draft(call)
    other = make_organisation()
    answer = client_of(proposal.started_by).post(
        url("add-participant", proposal),
        {"organisation": other.pk, "role": "partner", "seen_version": "1"},
        follow=True,
    )
    assert "changed the consortium while you were on this page" in text_of(answer)
    assert not proposal.participants.filter(organisation=other).exists()


@pytest.mark.parametrize(
    "value",
    [
        {"role": "nonsense", "organisation": "1"},
        {"organisation": "abc"},
        {"organisation": "9" * 40},
        {"seen_version": "9" * 5000, "organisation": "1"},
    ],
)
def test_damaged_choices_are_no_crash(call, value):
    proposal = make_draft(call)
    answer = client_of(proposal.started_by).post(url("add-participant", proposal), value)
    assert answer.status_code in {302, 404}


@pytest.mark.parametrize("path", ["/calls/%00/", "/proposals/%00/", "/?q=%00"])
def test_null_characters_are_refused(client, db, path):
    assert client.get(path).status_code == 400


def test_a_key_is_never_given_twice(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    lead.post(url("remove-participant", proposal, "p3"), {"seen_version": "3"})
    lead.post(
        url("add-participant", proposal),
        {"organisation": make_organisation().pk, "role": "partner", "seen_version": "4"},
    )
    assert sorted(proposal.participants.values_list("key", flat=True)) == ["p1", "p2", "p4"]


def test_who_removes_a_partner_a_second_time_is_told_that_it_is_gone(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    lead.post(url("remove-participant", proposal, "p3"), {"seen_version": "3"})
    again = lead.post(url("remove-participant", proposal, "p3"), {"seen_version": "3"}, follow=True)
    assert again.status_code == 200
    assert "This organisation is no longer in the consortium." in text_of(again)


def test_the_coordination_is_handed_over_and_with_it_the_right_to_submit(call):
    proposal = make_ready(call)
    other = proposal.participants.get(key="p2")
    heir = member_of(other.organisation)
    lead = client_of(proposal.started_by)
    lead.post(url("participant", proposal, "p2"), {"role": "coordinator", "seen_version": "3"})
    assert proposal.participants.get(role="coordinator").key == "p2"
    assert lead.post(url("check", proposal)).status_code == 403
    fields = submit_fields(proposal)
    assert client_of(heir).post(url("check", proposal), fields).status_code == 200


def test_the_consortium_is_final_after_the_deadline_and_the_page_says_so(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    with clock.frozen_at(DEADLINE):
        answer = lead.post(url("remove-participant", proposal, "p3"), {"seen_version": "3"})
    assert (answer.status_code, proposal.participants.count()) == (409, 3)
    assert "The deadline has passed" in text_of(answer)


# --- Check, submit, version ----------------------------------------------------------------------


def key_in(response):
    return re.search(r'name="idempotency_key" value="([^"]+)"', response.content.decode())[1]


def test_the_proof_is_in_the_answer_to_the_submit_request(call):
    proposal = make_ready(call)
    lead = client_of(proposal.started_by)
    key = key_in(lead.get(url("check", proposal)))
    answer = lead.post(url("check", proposal), submit_fields(proposal, idempotency_key=key))
    version = Version.objects.get()
    text = text_of(answer)
    assert answer.status_code == 200
    for part in (
        f"{proposal.number} · version 1",
        version.sha256,
        "21 April 2015, 16:20:00 Brussels (CEST, UTC+02:00)",
        "2015-04-21 14:20:00.000 UTC",
        "The proof of submission (PDF) is being prepared",
    ):
        assert part in text


def test_a_second_click_shows_the_same_version(call):
    proposal = make_ready(call)
    lead = client_of(proposal.started_by)
    key = key_in(lead.get(url("check", proposal)))
    for _click in range(2):
        answer = lead.post(url("check", proposal), submit_fields(proposal, idempotency_key=key))
        assert f"{proposal.number} · version 1" in text_of(answer)
    assert Version.objects.count() == 1


def test_an_old_click_never_shows_that_something_else_counts(call):
    proposal = make_ready(call)
    lead = client_of(proposal.started_by)
    key = key_in(lead.get(url("check", proposal)))
    lead.post(url("check", proposal), submit_fields(proposal, idempotency_key=key))
    lead.post(url("withdraw", proposal), {"reason": "Partner left"})
    answer = lead.post(url("check", proposal), submit_fields(proposal, idempotency_key=key))
    assert answer.status_code == 409
    assert "You have already submitted this as version 1" in text_of(answer)
    assert "current version" not in text_of(answer)
    lead.post(url("check", proposal), submit_fields(proposal, idempotency_key=key_in(answer)))
    assert reload(proposal).current_version.number == 2


def test_a_body_that_trickles_in_has_arrived_when_it_is_complete(call):
    proposal = make_ready(call)
    lead = client_of(proposal.started_by)
    key = key_in(lead.get(url("check", proposal)))
    request_began = DEADLINE - timedelta(seconds=5)
    with clock.frozen_at(DEADLINE + timedelta(seconds=20)), monkeyed_arrival(request_began):
        answer = lead.post(
            url("check", proposal), submit_fields(proposal, idempotency_key=key), format="multipart"
        )
    assert (answer.status_code, Version.objects.count()) == (409, 0)


def test_what_is_missing_is_named_with_a_link_to_mend_it(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    html = lead.get(url("check", proposal)).content.decode()
    assert url("description", proposal, "p2") in html
    assert url("partner-profile", proposal, "p2") in html
    assert "Submit proposal" not in html
    assert lead.post(url("check", proposal)).status_code == 422


def test_an_unfinished_draft_is_not_called_inadmissible(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    verdict = VerdictRecord.OutcomeChoices.INADMISSIBLE
    for moment in (AFTERNOON, DEADLINE):
        with clock.frozen_at(moment):
            answers = [lead.get(url(name, proposal)) for name in ("check", "consortium")]
        assert answers[0].context["verdict"].outcome == verdict
        for answer in answers:
            assert str(verdict.label).lower() not in text_of(answer).lower()
            assert outcome_words(verdict) not in text_of(answer)


def test_only_officers_call_a_proposal_ineligible(call):
    proposal = make_ready(call, countries=("LT", "FR", "RS"))
    lead = client_of(proposal.started_by)
    pages = [lead.get(url(name, proposal)) for name in ("check", "consortium", "proposal")]
    assert pages[0].context["verdict"].outcome == Outcome.INELIGIBLE
    submit(proposal)
    pages += [
        lead.get(proposal.versions.get().get_absolute_url()),
        lead.get(reverse("proposals:mine")),
    ]
    words = str(Decision.OutcomeChoices.INELIGIBLE.label).lower()
    for page in pages:
        assert page.status_code == 200 and words not in text_of(page).lower()


def test_a_submitted_version_that_lacks_a_part_is_called_inadmissible():
    def sentence_of(rule):
        finding = Finding(rule, 1, "submission", Outcome.INADMISSIBLE, "", {}, "")
        return verdict_sentence(Verdict(Outcome.INADMISSIBLE, (finding,), "", "", "2015-04-21"))

    assert outcome_words(Outcome.INADMISSIBLE) == "not admissible"
    assert sentence_of("in-time") == "The proposal was received after the deadline."
    assert sentence_of("documents-readable") == "Required parts are missing or cannot be read."


def test_findings_must_be_acknowledged_one_by_one(call):
    proposal = make_ready(call)
    save(proposal, "summary", duration_months=30)
    lead = client_of(proposal.started_by)
    refused = lead.post(
        url("check", proposal), {"idempotency_key": key_in(lead.get(url("check", proposal)))}
    )
    assert refused.status_code == 422
    assert refused.context["was_not_acknowledged"]
    answer = lead.post(
        url("check", proposal),
        submit_fields(
            proposal, idempotency_key=key_in(refused), acknowledged=["duration/proposal"]
        ),
    )
    assert answer.status_code == 200
    assert "Points acknowledged at submission" in text_of(lead.get(url("version", proposal, 1)))


def test_a_late_submission_is_told_what_was_received_and_when(call):
    proposal = make_ready(call)
    submit(proposal)
    lead = client_of(proposal.started_by)
    key = key_in(lead.get(url("check", proposal)))
    with clock.frozen_at(DEADLINE + timedelta(seconds=27)):
        answer = lead.post(url("check", proposal), submit_fields(proposal, idempotency_key=key))
    text = text_of(answer)
    assert answer.status_code == 409
    assert "Not submitted: received after the deadline" in text
    assert "17:00:27 Brussels" in text
    assert "Version 1 was received before the deadline" in text
    assert RefusedAttempt.objects.get().sha256 in text


def test_the_overview_says_which_version_counts_and_whether_the_draft_differs(call):
    proposal = make_ready(call)
    submit(proposal)
    lead = client_of(proposal.started_by)
    assert "The draft is identical to this version." in text_of(lead.get(url("proposal", proposal)))
    save(proposal, "summary", acronym="NEW")
    answer = lead.get(url("proposal", proposal))
    text = text_of(answer)
    assert proposal.versions.get().get_absolute_url() in answer.content.decode()
    assert (
        "1 field has changed since then. The changes are not part of your proposal until you submit"
        in text
    )


def test_the_receipt_page_turns_from_waiting_to_ready(call):
    proposal = make_ready(call)
    version = submit(proposal)
    lead = client_of(proposal.started_by)
    state = url("receipt-state", proposal, 1)
    assert f'hx-get="{state}"' in lead.get(state).content.decode()
    assert lead.get(url("receipt", proposal, 1)).status_code == 404
    create_receipt(version)
    assert "hx-get" not in lead.get(state).content.decode()
    answer = lead.get(url("receipt", proposal, 1))
    assert answer.content.startswith(b"%PDF-")
    assert (
        answer["Content-Disposition"] == f'attachment; filename="receipt-{proposal.number}-v1.pdf"'
    )


def test_the_dossier_is_downloaded_byte_for_byte(call):
    proposal = make_ready(call)
    version = submit(proposal)
    answer = client_of(proposal.started_by).get(url("dossier", proposal, 1))
    assert answer.content == version.dossier.encode()


def test_withdrawing_asks_for_a_reason(call):
    proposal = make_ready(call)
    submit(proposal)
    lead = client_of(proposal.started_by)
    assert "Enter the reason for withdrawing the proposal" in text_of(
        lead.post(url("withdraw", proposal), {"reason": " "})
    )
    lead.post(url("withdraw", proposal), {"reason": "Partner left"})
    assert reload(proposal).current_version is None
    assert "withdrawn" in text_of(lead.get(url("version", proposal, 1)))


# --- Hostile text --------------------------------------------------------------------------------


def test_markup_in_texts_is_shown_as_text(call):
    proposal = make_ready(call)
    evil = '<script>alert(1)</script><img src="https://evil.example/x">'
    save(proposal, "summary", acronym=evil[:25], abstract=evil, title_text=evil)
    version = submit(reload(proposal))
    create_receipt(version)  # would fail if anything were fetched from outside
    html = client_of(proposal.started_by).get(url("version", proposal, 1)).content.decode()
    assert "<script>alert" not in html and '<img src="https' not in html


def test_scripts_and_styles_come_from_our_own_address_only(client, call):
    policy = client.get("/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "style-src 'self'" in policy
    assert "unsafe" not in policy and "default-src 'none'" in policy


# --- Questions to the database -------------------------------------------------------------------

PAGES = {
    "proposal": 7,
    "consortium": 8,
    "descriptions": 6,
    "check": 6,
    "progress": 10,
    "people": 9,
    "preview": 5,
    "timeline": 11,
}


def crowd(call, lead, count):
    """A proposal with `count` partners, as many versions' worth of rows, and as many others."""
    proposal = make_draft(call, lead=lead, countries=["LT", *["FR"] * count])
    for _turn in range(count - 1):
        make_draft(call, lead=lead)
    return proposal


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize(("page", "most"), PAGES.items())
def test_pages_of_a_draft_ask_a_fixed_number_of_questions(
    call, page, most, count, django_assert_max_num_queries, django_assert_num_queries
):
    lead = make_user()
    proposal = crowd(call, lead, count)
    client = client_of(lead)
    client.get(url(page, proposal))
    with django_assert_num_queries(most):
        assert client.get(url(page, proposal)).status_code == 200


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize("step", ["summary", "vision", "activities", "deliverables", "budget"])
def test_steps_ask_a_fixed_number_of_questions(call, step, count, django_assert_num_queries):
    lead = make_user()
    proposal = crowd(call, lead, count)
    client = client_of(lead)
    client.get(url("step", proposal, step))
    with django_assert_num_queries(6):
        assert client.get(url("step", proposal, step)).status_code == 200


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_of_proposals_asks_a_fixed_number_of_questions(
    call, count, django_assert_num_queries
):
    lead = make_user()
    crowd(call, lead, count)
    client = client_of(lead)
    with django_assert_num_queries(4):
        assert client.get(reverse("proposals:mine")).status_code == 200


def read(client, path, page):
    return client.get(path, {"page": page}).content.decode()


def test_the_overview_shows_versions_page_by_page(call, monkeypatch):
    monkeypatch.setattr(drafts, "VERSIONS_PER_PAGE", 2)
    lead = make_user()
    proposal = make_ready(call, lead=lead)
    for turn in range(3):
        save(proposal, "summary", acronym=f"TURN{turn}")
        submit(reload(proposal))
    client = client_of(lead)
    shown = {
        page: re.findall(r">Version (\d)</a>", read(client, url("proposal", proposal), page))
        for page in ("1", "2", "none")
    }
    assert shown == {"1": ["3", "2"], "2": ["1"], "none": ["3", "2"]}


def test_each_address_shows_its_own_proposal(call):
    lead = make_user()
    client = client_of(lead)
    for proposal in [make_draft(call, lead=lead) for _turn in range(3)]:
        shown = client.get(url("proposal", proposal)).context["proposal"]
        assert (shown, shown.call, shown.strand) == (proposal, call, proposal.strand)


def test_every_page_shows_the_deadline_with_its_zone(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    for page in ("proposal", "consortium", "descriptions", "check"):
        assert "17:00 Brussels (CEST, UTC+02:00)" in text_of(lead.get(url(page, proposal)))
    assert AFTERNOON < DEADLINE


def test_who_only_reads_a_list_sees_its_entries_and_no_empty_one(call):
    proposal = make_ready(call)
    reader = client_of(partner_of(proposal))
    html = reader.get(url("step", proposal, "activities")).content.decode()
    assert 'name="activities-0-title"' in html and 'name="activities-1-title"' not in html
    assert "Remove this entry" not in html and "Add another" not in html
