"""Copying a profile between organisations of the same body: one legal entity that runs several clusters."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from applicants.models import Organisation, ProfileSection, User
from applicants.profile import PROFILE_STEPS
from applicants.step_storage import save_step
from applicants.three_way_merge import is_empty
from foundation.folding import folded_name

# What is of one cluster alone: its page on the platform, and the day of its own registration.
NOT_COPIED = frozenset({"profile_link", "status", "planned_on"})

COPIED_WHOLE = frozenset({"members"})  # figures of two clusters contradict each other


def of_same_body(organisation: Organisation, user: User) -> list[Organisation]:
    """Others that the person may edit, with the same participant code, or the same legal name and country."""
    own = Organisation.objects.editable_by(user).exclude(pk=organisation.pk)
    others = own.filter(profile_sections__version__gt=0).order_by("legal_name").distinct()
    return [other for other in others if _is_same_body(organisation, other)]


def _is_same_body(organisation: Organisation, other: Organisation) -> bool:
    if organisation.pic and organisation.pic == other.pic:
        return True
    name = folded_name(organisation.legal_name)
    there = (folded_name(other.legal_name), other.country)
    return bool(name) and (name, organisation.country) == there


@transaction.atomic
def copy_profile(source: Organisation, target: Organisation, *, by: User) -> int:
    """Fill what is empty in a profile from another one; nothing that is there is changed.

    Returns how many fields were filled.

    Raises:
        EditConflict: somebody saved a step at the same moment; nothing was copied.
    """
    count = 0
    theirs = {section.step: section.answers for section in source.profile_sections.all()}
    mine = {section.step: section for section in target.profile_sections.all()}
    for form in PROFILE_STEPS:
        section = mine.get(form.slug) or ProfileSection(organisation=target, step=form.slug)
        if form.slug in COPIED_WHOLE and not all(map(is_empty, section.answers.values())):
            continue
        new = _missing_from(section.answers, theirs.get(form.slug, {}))
        if new:
            answers = section.answers | new
            save_step(section, answers=answers, seen_version=section.version, by=by)
            count += len(new)
    return count


def _missing_from(answers: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in others.items()
        if name not in NOT_COPIED and not is_empty(value) and is_empty(answers.get(name))
    }
