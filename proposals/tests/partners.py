"""Partnership requests for tests, written and published by the portal's own functions."""

from typing import Any

from applicants.models import Organisation, User
from applicants.tests.factories import complete_profile, make_organisation, make_user
from calls.models import Call
from proposals.models import PartnershipRequest
from proposals.partnering import requests

REQUEST_VALUES: dict[str, Any] = {
    "kind": "offering",
    "role": "partner",
    "strands": ["3.1"],
    "title": "Photonics cluster offers partnership",
    "text": "We bring eighty members in photonics.",
    "sectors": ["medical-devices"],
    "emerging_industries": ["digital"],
    "technologies": ["photonics"],
    "markets": ["US"],
    "countries": [],
    "languages": ["en"],
    "een_reference": "",
    "cordis_link": "",
    "shows_name": True,
}


def make_owner(country: str = "FR", **kwargs: Any) -> tuple[User, Organisation]:
    """A person whose organisation has a complete profile."""
    person = make_user()
    organisation = make_organisation(by=person, country=country, **kwargs)
    complete_profile(organisation, by=person)
    return person, organisation


def make_request(
    call: Call,
    *,
    country: str = "FR",
    owner: tuple[User, Organisation] | None = None,
    **kwargs: Any,
) -> PartnershipRequest:
    """A published request."""
    person, organisation = owner or make_owner(country)
    made = requests.draft_request(organisation, call, REQUEST_VALUES | kwargs, by=person)
    return requests.publish(made)
