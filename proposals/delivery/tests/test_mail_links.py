"""Whatever people type, an email of the portal holds no link but the portal's own."""

import re

import pytest
from django.conf import settings
from django.core import mail

from applicants.invitations import invite_colleague
from applicants.tests.factories import make_organisation, make_user
from proposals.delivery.emails import EmailContent, queue_email
from proposals.models import QueuedEmail

pytestmark = pytest.mark.django_db

LURE = "Win at https://evil.example/x or evil.com, who@evil.com"
PRESSED = re.compile(r"https?://[^\s\"<]+|\b[\w-]+\.(?:com|example)\b")


def strangers_links(text):
    return [result for result in PRESSED.findall(text) if not result.startswith(settings.BASE_URL)]


def test_a_posted_email_holds_only_the_portals_link(call):
    text = EmailContent(
        subject=f"{LURE}\nBcc: x@y.example",
        what_happened=LURE,
        status=LURE,
        next_step=LURE,
        link="/partners/",
        link_label="See it",
        facts=[(LURE, LURE)],
        quote=f"{LURE}\nWhat to do: pay",
    )
    queue_email(text, to=["someone@else.test"], key="lure")
    letter = QueuedEmail.objects.get()
    assert strangers_links(letter.subject) == []
    assert strangers_links(letter.text) == [] and strangers_links(letter.html) == []
    assert re.findall(r'href="([^"]+)"', letter.html) == [f"{settings.BASE_URL}/partners/"]
    assert f"{settings.BASE_URL}/partners/" in letter.text and "\n" not in letter.subject
    assert "\nWhat to do: pay" not in letter.text and "evil[.]com" in letter.text


def test_an_invitation_of_a_colleague_holds_only_the_portals_link():
    person = make_user(full_name=LURE)
    organisation = make_organisation(legal_name=LURE)
    invite_colleague(organisation, email="colleague@else.test", by=person)
    letter = mail.outbox[0]
    html = letter.alternatives[0][0]
    assert strangers_links(letter.subject) == []
    assert strangers_links(str(letter.body)) == [] and strangers_links(html) == []
    pressed = re.findall(r'href="([^"]+)"', html)
    assert len(pressed) == 1 and pressed[0].startswith(f"{settings.BASE_URL}/organisations/join/")
    assert "colleague@else.test" in str(letter.body)
