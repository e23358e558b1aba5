"""Partnership requests of the demonstration. The names of organisations are real, the texts are not."""

from datetime import datetime
from typing import Any

from applicants.models import Organisation, User
from calls.demo_clock_presets import BRUSSELS
from calls.models import Call
from foundation import clock
from proposals.partnering import requests

# Organisation, what it is, title, text, technologies; each by whoever acts for it.
REQUESTS: tuple[tuple[str, str, str, str, list[str]], ...] = (
    (
        "OpticsValley",
        "offering",
        "Photonics cluster near Paris offers to join a partnership",
        "Demonstration text. Members in lasers, sensors and fibres want to enter North American markets.",
        ["photonics"],
    ),
    (
        "Biocat",
        "offering",
        "Life sciences cluster offers partners in Boston and Tokyo",
        "Demonstration text. We know hospitals and regulators there, and our members work in digital health.",
        ["industrial-biotechnology"],
    ),
    (
        "LITEK",
        "looking",
        "Laser cluster looks for a partner with contacts in Korea",
        "Demonstration text. We are looking for a cluster that knows the Korean photonics industry.",
        ["photonics"],
    ),
)


def make_requests(call: Call) -> None:
    """Publish them for those of the organisations that are there and have a profile."""
    for day, (name, kind, title, text, technologies) in enumerate(REQUESTS):
        organisations = Organisation.objects.filter(legal_name=name) | Organisation.objects.filter(
            cluster_name=name
        )
        organisation = organisations.first()
        person = User.objects.filter(organisations=organisation).first() if organisation else None
        if organisation is None or person is None or requests.missing_of_profile(organisation):
            continue
        values: dict[str, Any] = {
            "kind": kind,
            "role": "partner",
            "strands": ["3.1"],
            "title": title,
            "text": text,
            "technologies": technologies,
            "markets": ["US", "KR"],
            "languages": ["en"],
        }
        with clock.frozen_at(datetime(2015, 4, 1 + day, 9, 30, tzinfo=BRUSSELS)):
            requests.publish(requests.draft_request(organisation, call, values, by=person))
