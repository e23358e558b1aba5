"""How a long text will look, while it is written: for people with an account, and nothing is stored."""

import pytest
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_user
from cosme_portal.views import MAX_PREVIEW
from proposals.tests.factories import make_ready, save, submit

pytestmark = pytest.mark.django_db

TEXT = "Aims:\n- one\n- **two**\n\n<b>typed</b>"
SHOWN = "<li>one</li>\n<li><strong>two</strong></li>"


@pytest.fixture
def person_client():
    client = Client()
    client.force_login(make_user())
    return client


def test_lists_and_bold_words_are_shown_and_html_is_not(person_client):
    answer = person_client.post(reverse("text-preview"), {"text": TEXT})
    html = answer.content.decode()
    assert answer.status_code == 200 and SHOWN in html
    assert "<b>" not in html and "&lt;b&gt;" in html


def test_a_text_longer_than_any_field_is_refused_with_a_sentence(person_client):
    answer = person_client.post(reverse("text-preview"), {"text": "a" * (MAX_PREVIEW + 1)})
    assert answer.status_code == 422 and len(answer.content) < 500


def test_it_needs_an_account_and_a_form(client, person_client):
    assert client.post(reverse("text-preview"), {"text": TEXT}).status_code == 302
    assert person_client.get(reverse("text-preview")).status_code == 405


def test_each_long_text_of_a_step_has_a_preview(call):
    proposal = make_ready(call)
    client = Client()
    client.force_login(proposal.started_by)
    html = client.get(reverse("proposals:step", args=[proposal.number, "vision"])).content.decode()
    assert html.count(f'data-text-preview="{reverse("text-preview")}"') == 2


def test_people_and_officers_read_the_same_in_a_version(call):
    proposal = make_ready(call)
    save(proposal, "summary", abstract=TEXT)
    version = submit(proposal)
    client = Client()
    client.force_login(proposal.started_by)
    assert SHOWN in client.get(version.get_absolute_url()).content.decode()
    assert TEXT.replace("\n", "\\n") in version.dossier  # kept as it was typed
