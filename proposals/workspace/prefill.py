"""Carrying the answers of a self-check into a new proposal, so that nothing is said twice."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from applicants.models import Organisation, ProfileSection, User
from applicants.step_storage import save_step
from calls.forms import SelfCheckForm
from calls.models import Strand
from calls.self_check import Answers
from proposals.consortium.drafts import start_draft
from proposals.models import Proposal


def answers_from_query(query: Mapping[str, str], strand: Strand) -> Answers | None:
    """The answers that an address carries; None where it carries none, or none that make sense."""
    if "kind" not in query:
        return None
    form = SelfCheckForm(query, call=strand.call)
    return form.answers() if form.is_valid() else None


@transaction.atomic
def start_prefilled(
    strand: Strand, *, organisation: Organisation, answers: Answers | None, by: User
) -> Proposal:
    """Begin a proposal; what the profile does not say yet is taken from the answers.

    Raises:
        NotOpen: the call is not open now.
    """
    intended_countries = [partner.country for partner in answers.partners] if answers else []
    proposal = start_draft(
        strand, organisation=organisation, by=by, intended_countries=intended_countries
    )
    if answers is not None:
        _fill(organisation, "registration", {"status": answers.registration.value}, by=by)
        if answers.is_independent is not None:
            value = "yes" if answers.is_independent else "no"
            _fill(organisation, "services", {"independent": value}, by=by)
    return proposal


def _fill(organisation: Organisation, step: str, answers: dict[str, Any], *, by: User) -> None:
    """Only where nobody has been on that step: a profile is never overwritten."""
    section, _created = ProfileSection.objects.get_or_create(organisation=organisation, step=step)
    if section.version == 0:
        save_step(section, answers=answers, seen_version=0, by=by)
