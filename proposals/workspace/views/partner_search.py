"""Searching the registry for partners: what was found, what was ticked, and how each is to be invited."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from applicants.models import Organisation
from foundation.search_words import searched
from proposals.dossier.document import Draft
from proposals.steps.forms import InvitedPartnerForm, PersonalMessageForm

MAX_RESULTS = 12
MAX_WORDS = 6  # of a name, looked for in the registry
MAX_NUMBER_LENGTH = 18  # digits that fit into a bigint


@dataclass(frozen=True)
class SearchedOrganisation:
    """An organisation of the registry, with the fields that say how to invite it."""

    organisation: Organisation
    form: InvitedPartnerForm
    is_taken: bool = False
    is_ticked: bool = False


@dataclass
class PartnerSearch:
    """`entries` begins with what was ticked before; `count` is how many others a search has found."""

    words: str = ""
    left_out: str = ""
    entries: list[SearchedOrganisation] = field(default_factory=list)
    count: int | None = None
    is_cut: bool = False
    message_form: PersonalMessageForm = field(default_factory=PersonalMessageForm)

    @property
    def can_invite(self) -> bool:
        return any(not entry.is_taken for entry in self.entries)


def search_partners(draft: Draft, asked: QueryDict) -> PartnerSearch:
    """What a search for the name in `q` finds, after the organisations that are ticked already."""
    text = asked.get("q", "").strip()
    words, left_out = searched(text.split(), MAX_WORDS)
    taken = {participant.organisation_id for participant in draft.participants}
    ticked = {
        organisation.pk: organisation
        for organisation in chosen_organisations(asked)
        if organisation.pk not in taken
    }
    search = PartnerSearch(words=text, left_out=left_out)
    search.entries = [
        SearchedOrganisation(organisation, form_of(organisation), is_ticked=True)
        for organisation in ticked.values()
    ]
    if text:
        others = Organisation.objects.search_by_name(words).exclude(pk__in=ticked)
        matches = list(others[: MAX_RESULTS + 1])
        search.is_cut = len(matches) > MAX_RESULTS
        search.count = min(len(matches), MAX_RESULTS)
        search.entries += [
            SearchedOrganisation(
                organisation, form_of(organisation), is_taken=organisation.pk in taken
            )
            for organisation in matches[:MAX_RESULTS]
        ]
    return search


def form_of(
    organisation: Organisation, data: Mapping[str, Any] | None = None
) -> InvitedPartnerForm:
    """The fields of one organisation, apart from those of the others."""
    return InvitedPartnerForm(data, prefix=f"partner-{organisation.pk}")


def chosen_organisations(sent: QueryDict) -> list[Organisation]:
    """Those that are ticked, or the one whose own button was pressed, in the order of their names."""
    only = sent.get("only", "")
    texts = [only] if only else sent.getlist("organisation")
    numbers = {number for text in texts if (number := number_in(text)) is not None}
    return list(Organisation.objects.filter(pk__in=numbers)) if numbers else []


def number_in(text: str) -> int | None:
    """A number that fits into the database."""
    is_number = text.isascii() and text.isdigit() and len(text) <= MAX_NUMBER_LENGTH
    return int(text) if is_number else None


def names_of(organisations: Iterable[Organisation]) -> str:
    return ", ".join(str(organisation) for organisation in organisations)
