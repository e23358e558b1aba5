"""Excerpts that show why a request is among the results of a search."""

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from foundation.folding import fold
from proposals.models import PartnershipRequest


@dataclass(frozen=True)
class MatchExcerpt:
    """Why a request is among the results: where, and the words around what was found."""

    where: str | Promise
    before: str
    match: str
    after: str

    @property
    def excerpt(self) -> str:
        return f"{self.where}: {self.before}{self.match}{self.after}"


def excerpts_for(request: PartnershipRequest, terms: list[list[str]]) -> list[MatchExcerpt]:
    """The first place of each word that was asked for: in title, text, the organisation's name or country."""
    places: list[tuple[str | Promise, str]] = [
        (_("Title"), request.title),
        (_("Description"), request.text),
    ]
    if request.organisation and request.shows_name:
        places.append((_("Organisation"), request.organisation.name))
    if request.organisation:
        places.append((_("Country"), request.organisation.country_name))
    reasons: list[MatchExcerpt] = []
    for forms in terms:
        reason = next((r for where, text in places if (r := _first(where, text, forms))), None)
        if reason is not None and all(reason.excerpt != item.excerpt for item in reasons):
            reasons.append(reason)
    return reasons


def _first(
    where: str | Promise, text: str, forms: list[str], around: int = 50
) -> MatchExcerpt | None:
    for word in re.finditer(r"[^\W_]+", text):
        if any(fold(word[0]).startswith(form) for form in forms):
            begin = max(0, word.start() - around)
            lead = "…" if begin else ""
            tail = "…" if word.end() + around < len(text) else ""
            return MatchExcerpt(
                where,
                lead + text[begin : word.start()],
                word[0],
                text[word.end() : word.end() + around] + tail,
            )
    return None
