"""Partnership requests: written, published, found by words and facets, and what they do to a consortium."""

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from applicants.models import Organisation
from applicants.tests.factories import make_organisation, make_user
from calls.models import Call
from calls.rehearsals import begin_rehearsal
from conftest import AFTERNOON, DEADLINE, NEXT_DAY
from foundation import clock
from foundation.folding import fold, sound_of, words_in
from proposals.models import (
    Conversation,
    OrganisationSearchIndex,
    PartnershipRequest,
    QueuedEmail,
    SavedSearch,
)
from proposals.partnering import requests
from proposals.partnering.organisations import index_organisations
from proposals.partnering.requests import CannotPublish, RequestChanged
from proposals.partnering.search_terms import spelling_suggestions
from proposals.tests.factories import make_draft, make_officer
from proposals.tests.partners import REQUEST_VALUES, make_owner, make_request

pytestmark = pytest.mark.django_db

SEARCH = "/partners/"


def client_of(person):
    client = Client()
    client.force_login(person)
    return client


def text_of(answer):
    return " ".join(answer.content.decode().split())


def titles(answer):
    return [row["request"].title for row in answer.context["rows"]]


def found(query="", client=None, **more):
    return titles((client or Client()).get(SEARCH, {"q": query} | more))


def test_words_are_compared_without_accents_and_by_their_sound():
    assert fold("Żywiec ŁÓDŹ Ørsted Straße") == "zywiec lodz orsted strasse"
    assert sound_of("photonics") == sound_of("fotonik") == "fotonik"
    assert words_in("B2B, e-health & “c++”!") == ["b2b", "e", "health", "c"]


def test_a_request_is_published_and_stands_on_the_call_page_and_its_strand(call):
    person, organisation = make_owner()
    client = client_of(person)
    form = {name: value for name, value in REQUEST_VALUES.items() if value not in ("", [])} | {
        "shows_name": "on"
    }
    made = client.post(
        reverse("partners:new", args=[call.reference]), form | {"organisation": organisation.pk}
    )
    request = PartnershipRequest.objects.get()
    assert made.status_code == 302 and request.state == "draft"
    assert Client().get(request.get_absolute_url()).status_code == 404 and found() == []
    answer = client.post(reverse("partners:publish", args=[request.number]), follow=True)
    assert "Request published" in text_of(answer)
    page = Client().get(call.get_absolute_url()).content.decode()
    assert REQUEST_VALUES["title"] in page
    assert re.findall(r'strand=([\d.]+)">\s*(\d+) ', page) == [("3.1", "1"), ("3.2", "0")]
    assert found() == [REQUEST_VALUES["title"]]
    read = text_of(Client().get(request.get_absolute_url()))
    assert organisation.name in read and person.email not in read and person.full_name not in read


def test_a_profile_that_says_nothing_keeps_a_request_from_being_published(call):
    person = make_user()
    organisation = make_organisation(by=person)
    made = requests.draft_request(organisation, call, REQUEST_VALUES, by=person)
    with pytest.raises(CannotPublish, match="Missing: Identity"):
        requests.publish(made)
    assert "Complete your profile" in text_of(client_of(person).get(made.get_absolute_url()))


@pytest.mark.parametrize(
    ("typed", "is_found"),
    [
        ("photonics", True),
        ("fotonik", True),
        ("PHOTÓNICS cluster", True),
        ("photonix", True),
        ("photon", True),
        ("textiles", False),
        ("photonics textiles", False),
        ("", True),
        ("photonics | !members & (<->", True),
        ("'\"; DROP TABLE --", False),
        ("ש פוטוניקה", False),
        ("photonics " * 1000, True),
        ("* : ' \\", True),
    ],
)
def test_words_that_people_type(call, typed, is_found):
    make_request(call)
    answer = Client().get(SEARCH, {"q": typed})
    assert answer.status_code == 200 and titles(answer) == (
        [REQUEST_VALUES["title"]] if is_found else []
    )


def test_a_polish_name_is_found_without_its_dots(call):
    make_request(call, title="Klaster z Żywca", text="Żywiec i okolice")
    assert found("Zywiec") == found("żywiec") == found("zyviec") == ["Klaster z Żywca"]


def test_results_say_why_they_match_and_what_a_word_was_taken_for(call):
    make_request(call)
    page = text_of(Client().get(SEARCH, {"q": "fotonik"}))
    assert "Title: <mark>Photonics</mark>" in page
    assert "No results for “fotonik”. Showing results for: photonics." in page
    cut = text_of(Client().get(SEARCH, {"q": "x" * 10_000}))
    assert "Only the first 200 characters" in cut


def test_facets_combine_and_count_what_each_value_would_give(call):
    make_request(call, title="A", country="FR")
    make_request(call, title="B", country="LT", technologies=["nanotechnology"])
    make_request(call, title="C", country="LT", kind="looking", strands=["3.2"])
    answer = Client().get(SEARCH, {"country": "LT"})
    assert sorted(titles(answer)) == ["B", "C"]
    counts = {
        facet.name: {row[0]: row[1] for row in rows} for facet, rows in answer.context["facets"]
    }
    assert counts["country"] == {"Lithuania": 2, "France": 1}
    assert counts["technology"] == {"Nanotechnology": 1, "Photonics": 1}
    assert found(country="LT", technology="photonics") == ["C"]
    assert sorted(found(country=["LT", "FR"], kind="offering")) == ["A", "B"]
    address = next(
        row[3] for facet, rows in answer.context["facets"] for row in rows if row[0] == "Photonics"
    )
    assert titles(Client().get(SEARCH + "?" + address)) == ["C"]


def test_what_an_address_asks_and_nobody_knows_is_said_and_left_out(call):
    make_request(call)
    answer = Client().get(
        SEARCH, {"sector": "<script>", "nonsense": "1", "page": "-4", "sort": "x", "country": "QQ"}
    )
    assert answer.status_code == 200 and titles(answer) == [REQUEST_VALUES["title"]]
    assert "&lt;script&gt;, QQ." in text_of(answer) or "QQ, &lt;script&gt;." in text_of(answer)
    assert Client().get(SEARCH, {"call": "NO-SUCH-CALL"}).status_code == 404
    assert Client().get(SEARCH, {"page": "400"}).status_code == 200


def test_sorting_by_newest_and_by_what_closes_soon(call):
    with clock.frozen_at(AFTERNOON - timedelta(days=80)):
        Call.objects.filter(pk=call.pk).update(opens_at=AFTERNOON - timedelta(days=100))
        make_request(call, title="Old")
    make_request(call, title="New")
    assert found(sort="newest") == ["New", "Old"]
    PartnershipRequest.objects.filter(title="Old").update(
        expires_at=AFTERNOON + timedelta(hours=1) / 2
    )
    assert found(sort="closing") == ["Old", "New"]


def test_it_ends_by_itself_at_the_deadline_and_can_be_read_after(call):
    request = make_request(call)
    with clock.frozen_at(DEADLINE):
        assert found() == [] and found(past="1") == [REQUEST_VALUES["title"]]
        assert "This request has ended" in text_of(Client().get(request.get_absolute_url()))
        with pytest.raises(CannotPublish, match="The call is closed"):
            requests.renew(request)


def test_it_is_filled_closed_and_opened_again(call):
    request = make_request(call)
    assert requests.end(request, is_filled=True).state == "filled" and found() == []
    assert requests.renew(request).state == "published" and found() == [REQUEST_VALUES["title"]]
    assert requests.end(request, is_filled=False).state == "closed"
    with pytest.raises(CannotPublish):
        requests.end(request, is_filled=False)
    with pytest.raises(DatabaseError), transaction.atomic():
        PartnershipRequest.objects.filter(pk=request.pk).update(state="waiting")


def test_of_two_who_change_a_request_the_second_sees_both(call):
    owner = make_owner()
    request = make_request(call, owner=owner)
    requests.save_request(request, {"title": "First"}, seen_revision=1)
    with pytest.raises(RequestChanged):
        requests.save_request(request, {"title": "Second"}, seen_revision=1)
    form = {name: value for name, value in REQUEST_VALUES.items() if value not in ("", [])}
    edit = reverse("partners:edit", args=[request.number])
    answer = client_of(owner[0]).post(edit, form | {"title": "Second", "seen_revision": "1"})
    assert answer.status_code == 409 and "First" in text_of(answer) and "Second" in text_of(answer)


@pytest.mark.parametrize("name", ["edit", "publish", "renew", "mark-filled", "close"])
def test_only_its_people_change_it(call, name):
    request = make_request(call)
    path = reverse(f"partners:{name}", args=[request.number])
    assert client_of(make_user()).post(path).status_code == 404
    assert Client().post(path).status_code in {302, 401}
    assert fresh(request).state == "published" and fresh(request).revision == 1


def fresh(request):
    return PartnershipRequest.objects.get(pk=request.pk)


def test_whose_organisation_is_gone_has_ended_and_says_so(call):
    person, organisation = make_owner()
    request = make_request(call, owner=(person, organisation))
    organisation.delete()
    page = Client().get(request.get_absolute_url())
    assert page.status_code == 200 and "is no longer on the portal" in text_of(page)
    assert found() == [] and not fresh(request).is_open(clock.now())


def test_who_does_not_want_to_be_named_is_not(call):
    person, organisation = make_owner()
    request = make_request(call, owner=(person, organisation), shows_name=False)
    for path in (SEARCH, request.get_absolute_url(), call.get_absolute_url()):
        assert organisation.name not in text_of(Client().get(path))
    assert found(organisation.name) == []


def test_requests_are_looked_at_first_where_a_call_manager_wants_it(call):
    Call.objects.filter(pk=call.pk).update(moderates_requests=True)
    person, organisation = make_owner()
    request = make_request(call, owner=(person, organisation))
    assert request.state == "waiting" and found() == []
    assert Client().get(request.get_absolute_url()).status_code == 404
    with pytest.raises(CannotPublish, match="Enter what"):
        requests.refuse(request, remark="  ", by=make_officer())
    requests.refuse(request, remark="No telephone numbers, please.", by=make_officer())
    assert "No telephone numbers, please." in QueuedEmail.objects.get(to=person.email).text
    saved = requests.save_request(fresh(request), {"text": "Without a number."}, seen_revision=1)
    assert requests.publish(saved).state == "waiting"
    assert requests.approve(fresh(request), by=make_officer()).state == "published"
    assert found() == [REQUEST_VALUES["title"]]
    assert (
        requests.save_request(fresh(request), {"text": "Other"}, seen_revision=2).state == "waiting"
    )


def test_a_call_manager_switches_moderation_on(call):
    path = reverse("admin:calls_call_change", args=[call.pk])
    client = client_of(make_officer("Call managers"))
    form = client.get(path).context["adminform"].form
    assert "moderates_requests" in form.fields


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("een_reference", "BOIT20150431001", "does not exist"),
        ("een_reference", "XXIT20150421001", "Enter a reference in the correct format"),
        ("een_reference", "BOIT20160421001", "a date in the future"),
        ("cordis_link", "https://cordis.europa.eu.evil.example/x", "begins with https://cordis"),
        ("cordis_link", "javascript:alert(1)", "Enter a web address"),
        ("title", "   ", "required"),
        ("strands", "9.9", "Select the strands from the list"),
    ],
)
def test_what_a_form_refuses_it_says_and_gives_back(call, field, value, text):
    person, _organisation = make_owner()
    form = {name: data for name, data in REQUEST_VALUES.items() if data not in ("", [])}
    path = reverse("partners:new", args=[call.reference])
    answer = client_of(person).post(path, form | {field: value})
    assert answer.status_code == 422 and text in text_of(answer)
    assert REQUEST_VALUES["text"] in text_of(answer) and not PartnershipRequest.objects.exists()


def test_for_a_draft_each_result_says_what_it_would_bring(call):
    lead = make_user()
    draft = make_draft(call, lead=lead, countries=("LT",))
    make_request(call, title="Another country", country="FR")
    make_request(call, title="Out", country="CH")
    make_request(call, title="A company", country="DE", owner=make_owner("DE", kind="company"))
    client = client_of(lead)
    page = client.get(SEARCH, {"call": call.reference})
    fits = {row["request"].title: " ".join(row["fit"].sentences) for row in page.context["rows"]}
    assert "Adds a country: " in fits["Another country"]
    assert "is not a participating country on 21 April 2015" in fits["Out"]
    assert "This type of organisation cannot apply" in fits["A company"]
    assert titles(page)[0] == "Another country"
    assert found(client=client, gap="1") == ["Another country"]
    assert draft.number in text_of(page) and "Only show partners that fill a gap" in text_of(page)
    stranger = text_of(Client().get(SEARCH, {"gap": "1"}))
    assert "lead of an open draft" in stranger and draft.number not in stranger


def test_a_request_is_never_for_a_rehearsal(call):
    rehearsal = begin_rehearsal(call, starts_at=AFTERNOON)
    person, organisation = make_owner()
    with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
        requests.draft_request(organisation, rehearsal, REQUEST_VALUES, by=person)


@pytest.mark.parametrize("count", [1, 12])
@pytest.mark.parametrize("leads", [False, True])
def test_a_search_takes_a_fixed_number_of_queries(
    call, count, leads, django_assert_max_num_queries
):
    for number in range(count):
        make_request(call, title=f"Photonics {number}", country="FR")
    client = Client()
    if leads:
        lead = make_user()
        make_draft(call, lead=lead)
        client = client_of(lead)
    client.get(SEARCH)
    client.get(SEARCH, {"call": call.reference})
    # The countries are kept by each process, but not in tests: 12 in earnest.
    with django_assert_max_num_queries(13 if leads else 6):
        client.get(SEARCH, {"q": "fotonik", "country": "FR", "call": call.reference})


def test_after_the_deadline_no_request_is_written(call):
    person, _organisation = make_owner()
    with clock.frozen_at(NEXT_DAY):
        answer = client_of(person).get(reverse("partners:new", args=[call.reference]))
    assert answer.status_code == 409 and "The call is closed" in text_of(answer)


def findable(country="FR", **kwargs):
    person, organisation = make_owner(country, **kwargs)
    Organisation.objects.filter(pk=organisation.pk).update(is_findable=True)
    index_organisations()
    return person, organisation


def organisations_found(client=None, **question):
    answer = (client or Client()).get("/partners/organisations/", question)
    return [item.organisation for item, _fit in answer.context["rows"]]


def test_organisations_that_allow_it_are_found_by_their_profile(call):
    _person, organisation = findable("FR", legal_name="Pôle Laser Auvergne")
    make_owner("FR", legal_name="Hidden laser")
    assert organisations_found(q="pole lazer") == [organisation]
    assert organisations_found(sector="plastics", country="FR") == [organisation]
    assert organisations_found(country="DE", q="x" * 9000, sector="<b>", page="-1") == []
    page = text_of(Client().get("/partners/organisations/"))
    assert "contact" not in page.lower().replace("contact points", "") or "@" not in page
    Organisation.objects.update(is_findable=False)
    assert organisations_found() == [] and index_organisations() == 0
    assert not OrganisationSearchIndex.objects.exists()


def test_what_is_searched_of_an_organisation_follows_its_record(call):
    _person, organisation = findable("FR", legal_name="Old name")
    Organisation.objects.filter(pk=organisation.pk).update(legal_name="Tailors of Lyon")
    assert index_organisations() == 1 and index_organisations() == 0
    assert organisations_found(q="tailor") == [organisation]


def test_a_found_organisation_is_written_to_and_invited(call):
    owner, organisation = findable("FR")
    lead, own = make_owner("LT")
    draft = make_draft(call, lead=lead, coordinator=own, countries=("LT",))
    client = client_of(lead)
    fits = [fit for _one, fit in client.get("/partners/organisations/").context["rows"]]
    assert "Adds a country" in " ".join(fits[0].sentences)
    path = reverse("partners:message-organisation", args=[organisation.pk])
    values = {"text": "Join us.", "organisation": lead.organisations.first().pk}
    assert client.post(path, values).status_code == 302
    conversation = Conversation.objects.get()
    invited = client.post(
        reverse("partners:invite", args=[conversation.number]), {"draft": draft.number}
    )
    assert (
        invited.status_code == 302 and draft.participants.filter(organisation=organisation).exists()
    )
    assert "Join us." in text_of(client_of(owner).get(conversation.get_absolute_url()))
    Organisation.objects.update(is_findable=False)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("laesr", "laser"), ("lasr", "laser"), ("koera", "korea"), ("Lithuana", "lithuania")],
)
def test_swapped_and_lost_letters_are_understood(call, typed, meant):
    made = make_request(call, country="LT", title="A laser cluster for Korea")
    assert found(typed) == [made.title] and spelling_suggestions([fold(typed)]) == {
        fold(typed): [meant]
    }


def test_a_request_is_found_by_the_country_of_its_organisation(call):
    make_request(call, country="ES", shows_name=False)
    make_request(call, country="FR")
    assert len(found("Spain")) == 1 == len(found("spain"))
    answer = text_of(Client().get("/partners/", {"q": "spain"}))
    assert "Country: <mark>Spain</mark>" in answer


def test_every_link_of_a_search_keeps_the_draft_it_is_judged_for(call):
    lead, own = make_owner("LT")
    older = make_draft(call, lead=lead, coordinator=own, countries=("LT",))
    make_draft(call, lead=lead, coordinator=own, countries=("LT",))
    make_request(call)
    client = client_of(lead)
    asked = {"for": older.number, "gap": "1", "kind": "offering"}
    answer = client.get("/partners/", asked)
    assert answer.context["consortium"].proposal == older
    links = re.findall(r'href="\?([^"#]+)#results"', answer.content.decode())
    assert len(links) > 5 and all(
        f"for={older.number}" in link and "gap=1" in link for link in links
    )
    tables = re.findall(
        r'href="/partners/(?:feed/|requests\.\w+)\?([^"]*)"', answer.content.decode()
    )
    assert len(tables) == 3 and not any("gap" in table or "for=" in table for table in tables)
    client.post(reverse("partners:save-search"), asked | {"name": "Mine"})
    assert SavedSearch.objects.get().query == "kind=offering"


def test_who_has_no_draft_is_shown_all_and_told_so(call):
    made = make_request(call)
    answer = Client().get("/partners/", {"gap": "1", "for": "ABCD-EFGH"})
    assert "All requests are shown." in text_of(answer) and made.title in text_of(answer)


def test_only_offers_are_judged_and_what_closes_more_gaps_comes_first(call):
    lead, own = make_owner("LT")
    make_draft(call, lead=lead, coordinator=own, countries=("LT", "DE"))
    looks = make_request(call, country="FR", kind="looking")
    same_country = make_request(call, country="DE")
    brings_both = make_request(call, country="ES")
    rows = client_of(lead).get("/partners/").context["rows"]
    assert [row["request"] for row in rows] == [brings_both, same_country, looks]
    assert len(rows[0]["fit"].sentences) == 2 and rows[2]["fit"] is None
    gap = client_of(lead).get("/partners/", {"gap": "1"}).context["rows"]
    assert looks not in [row["request"] for row in gap]


def test_a_closed_call_leads_to_the_requests_that_have_ended(call):
    made = make_request(call)
    with clock.frozen_at(NEXT_DAY):
        page = text_of(Client().get("/partners/", {"call": call.reference}))
        assert "The call is closed" in page and "Nobody" not in page
        assert made.title in text_of(
            Client().get("/partners/", {"call": call.reference, "past": "1"})
        )


def test_a_request_is_published_from_its_form_or_says_first_what_the_profile_lacks(call):
    person, organisation = make_owner()
    client, path = client_of(person), reverse("partners:new", args=[call.reference])
    form = {name: value for name, value in REQUEST_VALUES.items() if value not in ("", [])}
    client.post(path, form | {"shows_name": "on", "publish": "yes"})
    assert PartnershipRequest.objects.get(organisation=organisation).state == "published"
    newcomer = make_user()
    make_organisation(by=newcomer)
    answer = client_of(newcomer).get(path)
    assert "Complete your profile before you publish" in text_of(answer)
    assert 'name="publish"' not in answer.content.decode()


def test_a_draft_is_deleted_and_what_others_have_seen_is_not(call):
    person, organisation = make_owner()
    draft = requests.draft_request(organisation, call, REQUEST_VALUES, by=person)
    seen = make_request(call, owner=(person, organisation))
    client = client_of(person)
    assert "Delete draft" in text_of(client.get(draft.get_absolute_url()))
    for partnership_request in (draft, seen):
        client.post(reverse("partners:delete", args=[partnership_request.number]))
    assert list(PartnershipRequest.objects.all()) == [seen]
    stranger, _own = make_owner()
    again = requests.draft_request(organisation, call, REQUEST_VALUES, by=person)
    assert (
        client_of(stranger).post(reverse("partners:delete", args=[again.number])).status_code == 404
    )


def test_renewing_is_offered_where_it_lengthens_something(call):
    person, organisation = make_owner()
    partnership_request = make_request(call, owner=(person, organisation))
    client = client_of(person)
    assert "Extend for 90 days" not in text_of(client.get(partnership_request.get_absolute_url()))
    requests.end(partnership_request, is_filled=True)
    assert "Reopen" in text_of(client.get(partnership_request.get_absolute_url()))
    with clock.frozen_at(NEXT_DAY):
        assert "Reopen" not in text_of(client.get(partnership_request.get_absolute_url()))


def test_nothing_is_published_after_the_deadline(call):
    person, organisation = make_owner()
    draft = requests.draft_request(organisation, call, REQUEST_VALUES, by=person)
    with clock.frozen_at(DEADLINE), pytest.raises(CannotPublish, match="The call is closed"):
        requests.publish(draft)
    ended = requests.end(make_request(call), is_filled=False)
    with clock.frozen_at(DEADLINE), pytest.raises(CannotPublish, match="The call is closed"):
        requests.renew(ended)


def test_two_words_of_one_title_are_one_reason(call):
    make_request(call, title="Photonics cluster offers partnership")
    answer = text_of(Client().get(SEARCH, {"q": "photonics cluster"}))
    assert answer.count("Title: ") == 1 and "<mark>Photonics</mark> cluster" in answer
