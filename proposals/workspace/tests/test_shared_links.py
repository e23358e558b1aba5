"""A platform profile that another organisation gives as its own is found, however its address is written."""

import pytest

from applicants.models import ProfileSection
from calls.eligibility.facts import Audience
from conftest import NEXT_DAY
from foundation import clock
from foundation.folding import folded_address
from proposals.dossier.document import Draft
from proposals.dossier.facts import circumstances_of, officers_circumstances_of
from proposals.models import Version
from proposals.tests.factories import make_ready, reload, submit

pytestmark = pytest.mark.django_db


def set_link(organisation, link):
    section = ProfileSection.objects.get(organisation=organisation, step="registration")
    ProfileSection.objects.filter(pk=section.pk).update(
        answers=section.answers | {"profile_link": link}
    )


def two_with(call, link, other_link):
    """A proposal whose coordinator gives one link, while an organisation elsewhere gives the other."""
    proposal, elsewhere = make_ready(call), make_ready(call)
    set_link(proposal.participants.get(key="p1").organisation, link)
    set_link(elsewhere.participants.get(key="p1").organisation, other_link)
    return reload(proposal)


LINK = "https://platform.example/clusters/łódź-7"


@pytest.mark.parametrize(
    "other",
    [
        "http://www.platform.example:80/clusters/łódź-7/",
        "https://PLATFORM.example:443/clusters/%C5%82%C3%B3d%C5%BA-7?lang=pl",
        "https://platform.example/clusters/łódź-7#team",
        " https://platform.example/clusters/łódź-7?utm_source=a&lang=en",
    ],
)
def test_one_profile_under_two_spellings_is_shared(call, other):
    assert folded_address(other) == folded_address(LINK)
    proposal = two_with(call, LINK, other)
    reader = proposal.started_by
    known = circumstances_of(Draft(proposal), received_at=None, reader=reader)
    assert known.shared_links == {"p1"}
    version = submit(proposal)
    with clock.frozen_at(NEXT_DAY):
        officers = officers_circumstances_of(Version.objects.get(pk=version.pk))
    assert officers.audience is Audience.OFFICER and officers.shared_links == {"p1"}


@pytest.mark.parametrize(
    "other",
    [
        "https://platform.example/clusters/łódź-8",
        "https://platform.example/clusters/łódź7",
        "https://platform.example/clusters/łódź-7?id=1",
        "https://other.example/clusters/łódź-7",
        "",
    ],
)
def test_profiles_of_different_pages_are_not_shared(call, other):
    proposal = two_with(call, LINK, other)
    known = circumstances_of(Draft(proposal), received_at=None, reader=proposal.started_by)
    assert known.shared_links == frozenset()
