"""Organisations: several people each, records kept for partners, and a profile that nobody loses."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.urls import reverse

from applicants.invitations import invite_colleague
from applicants.models import Organisation, ProfileSection
from applicants.organisations import join, register_partner
from applicants.profile import PROFILE_STEPS, profile_of
from applicants.step_storage import EditConflict, save_step
from applicants.tests.factories import complete_profile, make_organisation, make_user
from conftest import NEXT_DAY
from foundation import clock

pytestmark = pytest.mark.django_db


def record(**kwargs):
    values = {"legal_name": "LITEK", "kind": "cluster-organisation", "country": "LT"}
    return values | kwargs


def test_registering_makes_the_founder_a_member(client):
    user = make_user()
    client.force_login(user)
    client.post(reverse("applicants:new-organisation"), record(pic="999 888 777"))
    organisation = Organisation.objects.with_member(user).get()
    assert (organisation.legal_name, organisation.pic) == ("LITEK", "999888777")


@pytest.mark.parametrize(
    ("value", "stored"), [(" el ", "EL"), ("GR", "EL"), ("gb", "UK"), ("re", "FR"), ("XK", "XK")]
)
def test_country_codes_are_understood_in_any_style(client, value, stored):
    client.force_login(make_user())
    client.post(reverse("applicants:new-organisation"), record(country=value))
    assert Organisation.objects.get().country == stored


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"country": "EU"}, "“EU” is not the code of a country"),
        ({"country": "XX"}, "“XX” is not the code of a country"),
        ({"country": ""}, "Select the country of the legal seat"),
        ({"pic": "12345678"}, "Enter a PIC of nine digits"),
        ({"pic": "12345678x"}, "Enter a PIC of nine digits"),
        ({"website": "javascript:alert(1)"}, "Enter a web address"),
        ({"kind": "runs-a-cluster"}, "Enter the name of the cluster that the organisation runs"),
    ],
)
def test_a_wrong_record_is_refused_with_a_sentence_and_kept(client, wrong, sentence):
    client.force_login(make_user())
    html = client.post(
        reverse("applicants:new-organisation"), record(town="Vilnius", **wrong)
    ).content.decode()
    assert html.count(sentence) == 2  # beside the field and in the summary
    assert 'value="Vilnius"' in html
    assert not Organisation.objects.exists()


def test_the_database_refuses_a_pic_that_is_none():
    with pytest.raises(IntegrityError), transaction.atomic():
        make_organisation(pic="12")


def test_a_record_saved_over_a_newer_one_is_refused_and_shows_both(client):
    user = make_user()
    organisation = make_organisation(by=user, legal_name="LITEK", country="LT")
    client.force_login(user)
    path = reverse("applicants:edit-organisation", args=[organisation.pk])
    client.post(path, record(town="Vilnius", seen_version="0"))
    late = client.post(path, record(town="Kaunas", seen_version="0"))
    assert (late.status_code, Organisation.objects.get().town) == (409, "Vilnius")
    assert "Someone else saved these details while you were editing them" in late.content.decode()
    client.post(path, record(town="Kaunas", seen_version="1"))
    assert Organisation.objects.get().town == "Kaunas"


def test_a_stranger_sees_no_organisation_page(client):
    organisation = make_organisation()
    client.force_login(make_user())
    for name in ("organisation", "edit-organisation", "profile"):
        assert client.get(reverse(f"applicants:{name}", args=[organisation.pk])).status_code == 404


def test_a_record_kept_for_a_partner_goes_to_its_own_people():
    lead, newcomer = make_user(), make_user()
    own = make_organisation(by=lead)
    partner = register_partner(
        Organisation(legal_name="Partner", kind="cluster-organisation", country="AT"), steward=own
    )
    assert partner in Organisation.objects.editable_by(lead)
    join(partner, user=newcomer)
    assert partner not in Organisation.objects.editable_by(lead)
    assert partner in Organisation.objects.editable_by(newcomer)


def invitation_link(client, organisation, address):
    client.post(reverse("applicants:invite-colleague", args=[organisation.pk]), {"email": address})
    return re.search(r"http://127\.0\.0\.1:8000(\S+)", mail.outbox[-1].body)[1]


def test_a_colleague_joins_by_the_link(client):
    founder, colleague = make_user(), make_user(email="kim@test.example")
    organisation = make_organisation(by=founder)
    client.force_login(founder)
    link = invitation_link(client, organisation, "Kim@test.example")
    client.force_login(colleague)
    client.post(link)
    assert organisation in Organisation.objects.with_member(colleague)


def test_the_link_is_for_its_address_only_and_for_seven_days(client):
    founder = make_user()
    organisation = make_organisation(by=founder)
    client.force_login(founder)
    link = invitation_link(client, organisation, "kim@test.example")
    client.force_login(make_user(email="other@test.example"))
    assert client.post(link).status_code == 404
    client.force_login(make_user(email="kim@test.example"))
    with clock.frozen_at(clock.now() + timedelta(days=8)):
        assert client.post(link).status_code == 410


def test_inviting_looks_the_same_with_and_without_an_account(client):
    founder = make_user()
    organisation = make_organisation(by=founder)
    client.force_login(founder)
    make_user(email="known@test.example")
    bodies = []
    for address in ("known@test.example", "unknown@test.example"):
        invitation_link(client, organisation, address)
        bodies.append(re.sub(r"/join/\S+", "", mail.outbox[-1].body).replace(address, ""))
    assert bodies[0] == bodies[1]


def step_url(organisation, slug):
    return reverse("applicants:profile-step", args=[organisation.pk, slug])


def test_the_profile_says_what_is_missing_per_step_and_in_percent():
    user = make_user()
    organisation = make_organisation(by=user)
    empty = profile_of(organisation)
    assert (empty.percent, empty.is_complete) == (0, False)
    complete_profile(organisation, by=user, members={"staff": None})
    almost = profile_of(Organisation.objects.get(pk=organisation.pk))
    assert almost.missing == ["Members and staff: Cluster management staff"]
    assert 90 < almost.percent < 100


@pytest.mark.parametrize(
    ("slug", "answers", "sentence"),
    [
        ("members", {"total": "10", "smes": "11"}, "11 is more than the total of 10 members"),
        ("members", {"total": "-1"}, "must be 0 or more"),
        ("members", {"staff": "-2"}, "must be 0 or more"),
        ("identity", {"founded": "2016"}, "2016 is in the future"),
        ("markets", {"label_date": "2016-01-01"}, "must not be in the future"),
        ("contact", {"contact_email": "kim"}, "like name@example.com"),
        ("registration", {"profile_link": "not a link"}, "Enter a web address"),
    ],
)
def test_impossible_figures_are_kept_as_typed_with_a_sentence_and_leave_the_profile_incomplete(
    client, slug, answers, sentence
):
    user = make_user()
    organisation = make_organisation(by=user)
    client.force_login(user)
    html = client.post(
        step_url(organisation, slug), {"seen_version": "0", **answers}
    ).content.decode()
    assert sentence in html
    stored = ProfileSection.objects.get(step=slug).answers
    assert {name: str(stored[name]) for name in answers} == answers
    assert any(sentence in text for text in profile_of(organisation).missing)
    assert sentence in client.get(step_url(organisation, slug)).content.decode()


def test_an_unfinished_step_is_kept_as_it_is(client):
    user = make_user()
    organisation = make_organisation(by=user)
    client.force_login(user)
    client.post(step_url(organisation, "identity"), {"seen_version": "0", "legal_form": "e.V."})
    assert ProfileSection.objects.get(step="identity").answers["legal_form"] == "e.V."


def test_a_second_save_over_a_newer_version_is_refused_and_shows_both(client):
    ana, ben = make_user(full_name="Ana"), make_user()
    organisation = make_organisation(by=ana)
    join(organisation, user=ben)
    section = ProfileSection.objects.create(organisation=organisation, step="identity")
    save_step(section, answers={"legal_form": "Ana's form"}, seen_version=0, by=ana)
    client.force_login(ben)
    response = client.post(
        step_url(organisation, "identity"), {"seen_version": "0", "legal_form": "Ben's form"}
    )
    html = response.content.decode()
    assert response.status_code == 409
    assert "Ana saved this section while you were editing it" in html
    assert 'value="Ben&#x27;s form"' in html and "<del>Ben&#x27;s</del> form" in html
    assert "<ins>Ana&#x27;s</ins> form" in html
    section.refresh_from_db()
    assert section.answers == {"legal_form": "Ana's form"}


def test_save_step_refuses_to_overwrite_a_newer_version():
    ana, ben = make_user(), make_user()
    section = ProfileSection.objects.create(organisation=make_organisation(by=ana), step="identity")
    same = ProfileSection.objects.get(pk=section.pk)
    save_step(section, answers={"legal_form": "one"}, seen_version=0, by=ana)
    with pytest.raises(EditConflict) as refusal:
        save_step(same, answers={"legal_form": "two"}, seen_version=0, by=ben)
    assert (refusal.value.current.answers, refusal.value.current.saved_by) == (
        {"legal_form": "one"},
        ana,
    )


def test_stamps_are_portal_time():
    user = make_user()
    section = ProfileSection.objects.create(
        organisation=make_organisation(by=user), step="identity"
    )
    with clock.frozen_at(NEXT_DAY):
        save_step(section, answers={"a": 1}, seen_version=0, by=user)
    assert section.saved_at == NEXT_DAY


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_of_organisations_asks_a_fixed_number_of_questions(
    client, count, django_assert_num_queries
):
    user = make_user()
    for _turn in range(count):
        make_organisation(by=user)
    client.force_login(user)
    with django_assert_num_queries(5):
        client.get(reverse("applicants:organisations"))


def test_a_colleague_is_removed_and_what_they_wrote_stays(client):
    ana, ben = make_user(), make_user()
    organisation = make_organisation(by=ana)
    join(organisation, user=ben)
    section = ProfileSection.objects.create(organisation=organisation, step="identity")
    save_step(section, answers={"legal_form": "By Ben"}, seen_version=0, by=ben)
    client.force_login(ana)
    address = reverse("applicants:remove-colleague", args=[organisation.pk, ben.pk])
    assert client.post(address).status_code == 302
    assert list(organisation.members.all()) == [ana]
    section.refresh_from_db()
    assert section.answers == {"legal_form": "By Ben"}
    client.force_login(ben)
    assert client.get(organisation.get_absolute_url()).status_code == 404


def test_the_last_person_of_an_organisation_stays(client):
    ana = make_user()
    organisation = make_organisation(by=ana)
    client.force_login(ana)
    address = reverse("applicants:remove-colleague", args=[organisation.pk, ana.pk])
    answer = client.post(address, follow=True)
    assert "Invite a colleague first." in answer.content.decode()
    assert list(organisation.members.all()) == [ana]


def test_nobody_removes_people_of_an_organisation_of_others(client):
    ana = make_user()
    organisation = make_organisation(by=ana)
    join(organisation, user=make_user())
    client.force_login(make_user())
    address = reverse("applicants:remove-colleague", args=[organisation.pk, ana.pk])
    assert (
        "You do not act for this organisation" in client.post(address, follow=True).content.decode()
    )
    assert organisation.members.count() == 2


def test_mails_come_as_text_and_html(client):
    organisation = make_organisation(by=make_user(), legal_name="A <b>bold</b> & Co")
    invite_colleague(organisation, email="kim@test.example", by=organisation.members.get())
    html, kind = mail.outbox[-1].alternatives[0]
    assert kind == "text/html" and 'href="http' in html
    assert "A &lt;b&gt;bold&lt;/b&gt; &amp; Co" in html and "<b>bold" not in html


def test_a_profile_says_of_each_optional_field_once_that_it_is(client):
    user = make_user()
    organisation = make_organisation(by=user)
    client.force_login(user)
    for form in PROFILE_STEPS:
        page = client.get(step_url(organisation, form.slug)).content.decode()
        labels = [str(form.base_fields[name].label) for name in form.mandatory]
        assert not [label for label in labels if re.search(rf"{label}\s*\(", page)], form.slug
        assert page.count("(optional)") == len(form.optional), form.slug
