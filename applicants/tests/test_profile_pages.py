"""The profile in two pages: one sitting, several steps, and nothing of what is not on the page is touched."""

import pytest
from django.test import Client
from django.urls import reverse

from applicants.models import Organisation
from applicants.profile import PROFILE_STEPS, profile_of
from applicants.profile_pages import PAGES, page_states
from applicants.step_storage import save_step
from applicants.tests.factories import complete_profile, make_organisation, make_user

pytestmark = pytest.mark.django_db

ORGANISATION = {
    "legal_form": "Association",
    "founded": "2006",
    "street": "Rue 1",
    "postcode": "1000 Town",
    "description": "A cluster.",
    "status": "planned",
    "planned_on": "2015-06-01",
    "total": "50",
    "staff": "2.5",
    "smes": "40",
    "large": "5",
    "research": "5",
    "contact_name": "Kim Contact",
    "contact_email": "kim@test.example",
}
OFFER = {
    "emerging_industries": ["digital"],
    "sectors": ["plastics"],
    "offered": ["matchmaking"],
    "independent": "yes",
    "elements": ["C1"],
    "how": "By working together.",
    "third_markets": ["US"],
    "label": "none",
}


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def client_(user):
    client = Client()
    client.force_login(user)
    return client


def url(organisation, slug, then=""):
    address = reverse("applicants:profile-step", args=[organisation.pk, slug])
    return f"{address}?then={then}" if then else address


def send(client, organisation, slug, data, *, seen=None, **more):
    seen = seen or client.get(url(organisation, slug)).context["seen_version"]
    return client.post(url(organisation, slug, **more), data | {"seen_version": seen})


def stored(organisation, step):
    return organisation.profile_sections.get(step=step).answers


def reload(organisation):
    return Organisation.objects.prefetch_related("profile_sections").get(pk=organisation.pk)


def test_two_pages_hold_everything_that_calls_need(user, client_):
    organisation = make_organisation(by=user)
    first = send(client_, organisation, "organisation", ORGANISATION)
    assert first.url == url(organisation, "offer")
    last = send(client_, organisation, "offer", OFFER)
    assert last.url == reverse("applicants:profile", args=[organisation.pk])
    assert profile_of(reload(organisation)).missing == []


def test_every_mandatory_field_is_on_one_of_the_pages():
    names = {
        pointer.name
        for page in PAGES
        for layout in page.layouts.values()
        for field in layout
        for pointer in _pointers(field)
    }
    assert {name for form in PROFILE_STEPS for name in form.mandatory} <= names


def _pointers(field):
    from crispy_forms.layout import Layout  # noqa: PLC0415 -- only here

    return Layout(field).get_field_names()


def test_a_page_leaves_fields_that_it_does_not_show_as_they_are(user, client_):
    organisation = make_organisation(by=user)
    complete_profile(
        organisation, by=user, sectors={"technologies": ["photonics"]}, identity={"nuts": "FRK26"}
    )
    technologies = stored(organisation, "sectors")["technologies"]
    send(client_, organisation, "organisation", ORGANISATION | {"legal_form": "Foundation"})
    send(client_, organisation, "offer", OFFER | {"sectors": ["footwear"]})
    assert stored(organisation, "identity")["nuts"] == "FRK26"
    assert stored(organisation, "identity")["legal_form"] == "Foundation"
    assert stored(organisation, "sectors")["technologies"] == technologies
    assert stored(organisation, "services")["definition"] == "2014"


def test_a_page_that_was_not_changed_makes_no_version(user, client_):
    organisation = make_organisation(by=user)
    complete_profile(organisation, by=user)
    before = dict(organisation.profile_sections.values_list("step", "version"))
    answers = stored(organisation, "services")
    same = {name: answers[name] for name in ("offered", "independent", "elements", "how")}
    sectors, markets = stored(organisation, "sectors"), stored(organisation, "markets")
    same |= {name: sectors[name] for name in ("sectors", "emerging_industries")}
    same |= {name: markets[name] for name in ("third_markets", "label")}
    assert send(client_, organisation, "offer", same).status_code == 302
    assert dict(organisation.profile_sections.values_list("step", "version")) == before


def test_a_step_that_somebody_else_saved_is_shown_beside_the_typed_text(user, client_):
    organisation = make_organisation(by=user)
    seen = client_.get(url(organisation, "organisation")).context["seen_version"]
    section = organisation.profile_sections.create(step="identity")
    answers = {"legal_form": "Company", "description": "THEIRS"}
    save_step(section, answers=answers, seen_version=0, by=make_user())

    answer = send(client_, organisation, "organisation", ORGANISATION, seen=seen)

    assert answer.status_code == 409
    assert {row.name for row in answer.context["differences"]} >= {"legal_form", "description"}
    assert stored(organisation, "identity")["description"] == "THEIRS"
    assert not organisation.profile_sections.filter(step="members").exists()
    chosen = {"conflict": ["description", "legal_form"]}
    chosen |= {"take:description": "theirs", "take:legal_form": "mine"}
    new = answer.context["seen_version"]
    assert (
        send(client_, organisation, "organisation", ORGANISATION | chosen, seen=new).status_code
        == 302
    )
    assert stored(organisation, "identity")["description"] == "THEIRS"
    assert stored(organisation, "identity")["legal_form"] == "Association"


def test_a_page_saves_itself_and_answers_with_the_versions_of_its_steps(user, client_):
    organisation = make_organisation(by=user)
    seen = client_.get(url(organisation, "organisation")).context["seen_version"]
    data = ORGANISATION | {"seen_version": seen}
    answer = client_.post(
        url(organisation, "organisation"), data, headers={"X-Autosave": "1"}
    ).json()
    assert answer["state"] == "saved"
    assert (
        answer["version"] == client_.get(url(organisation, "organisation")).context["seen_version"]
    )
    again = data | {"seen_version": answer["version"], "street": "Rue 2"}
    client_.post(url(organisation, "organisation"), again, headers={"X-Autosave": "1"})
    assert stored(organisation, "identity")["street"] == "Rue 2"


def test_what_must_be_corrected_is_kept_as_typed_and_counts_as_needed(user, client_):
    organisation = make_organisation(by=user)
    answer = send(client_, organisation, "organisation", ORGANISATION | {"founded": "long ago"})
    assert answer.status_code == 200
    assert stored(organisation, "identity")["founded"] == "long ago"
    assert answer.context["wrong"].errors["founded"]
    assert page_states(profile_of(reload(organisation)))[0].missing


@pytest.mark.parametrize(
    "version", ["", "x", "identity.-1", "identity.1.1-", "identity." + "9" * 5000]
)
def test_a_damaged_version_is_no_crash_and_stores_nothing(user, client_, version):
    organisation = make_organisation(by=user)
    answer = client_.post(
        url(organisation, "organisation"), ORGANISATION | {"seen_version": version}
    )
    assert answer.status_code == 200
    assert not organisation.profile_sections.exists()


@pytest.mark.parametrize(
    ("then", "where"),
    [
        ("/proposals/", "/proposals/"),
        ("https://elsewhere.example/", ""),
        ("//elsewhere.example", ""),
    ],
)
def test_the_last_page_leads_back_to_where_the_sitting_began(user, client_, then, where):
    organisation = make_organisation(by=user)
    answer = send(client_, organisation, "offer", OFFER, then=then)
    assert answer.url == (where or reverse("applicants:profile", args=[organisation.pk]))


def test_a_profile_is_copied_from_an_organisation_of_the_same_body(user, client_):
    first = make_organisation(
        by=user, legal_name="Bioindustry Park", cluster_name="A", country="IT"
    )
    second = make_organisation(
        by=user, legal_name="BIOINDUSTRY PARK", cluster_name="B", country="IT"
    )
    complete_profile(first, by=user)
    send(client_, second, "organisation", {"legal_form": "Foundation", "total": "7"})

    client_.post(url(second, "organisation"), {"copy_from": first.pk})

    assert stored(second, "identity")["legal_form"] == "Foundation"
    assert stored(second, "identity")["description"] == "A cluster."
    assert stored(second, "members").get("total") == 7
    assert not stored(second, "members").get("smes")
    assert not stored(second, "registration").get("profile_link")
    missing = profile_of(reload(second)).missing
    assert {label.partition(":")[0] for label in missing} == {
        "Cluster platform",
        "Members and staff",
    }


def test_nothing_is_copied_from_an_organisation_of_another_body_or_of_others(user, client_):
    own = make_organisation(by=user, legal_name="Park", country="IT")
    elsewhere = make_organisation(by=user, legal_name="Park", country="FR")
    of_others = make_organisation(legal_name="Park", country="IT")
    for source in (elsewhere, of_others):
        complete_profile(source, by=source.members.get())
        client_.post(url(own, "organisation"), {"copy_from": source.pk})
    for text in ("", "x", "9" * 40):
        assert client_.post(url(own, "organisation"), {"copy_from": text}).status_code == 302
    assert not own.profile_sections.exists()


def test_a_stranger_gets_no_page_of_a_profile(client_):
    organisation = make_organisation()
    for page in PAGES:
        assert client_.get(url(organisation, page.slug)).status_code == 404
        assert client_.post(url(organisation, page.slug), {"copy_from": "1"}).status_code == 404
