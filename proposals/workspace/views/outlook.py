"""Whether a consortium meets the minimums, and whether another one would: beside its members."""

from collections.abc import Mapping
from typing import Any

from calls.eligibility import ProposalFacts
from calls.eligibility.countries import UnknownCountry, choices_on, name_on, normalise
from calls.eligibility.readable import names_of
from calls.eligibility.what_if import Outlook, outlook, readable_outlook, with_another, without
from proposals.dossier.document import Draft


def outlook_page(draft: Draft, facts: ProposalFacts, asked: Mapping[str, str]) -> dict[str, Any]:
    """`asked` may name a participant to leave out, and a country to add an organisation from."""
    call = draft.proposal.call
    countries = call.programme.country_set()

    def seen(data: ProposalFacts) -> Outlook:
        seen_by_rules = outlook(data, call.rule_set, countries)
        return readable_outlook(seen_by_rules, call.rule_date)

    now = seen(facts)
    context = {
        "outlook": now,
        "standing_of": {member.key: member for member in now.members},
        "intended_countries": [
            (code, name_on(code, call.rule_date), seen(with_another(facts, code)))
            for code in dict.fromkeys(draft.intended_countries)
        ],
        "all_countries": choices_on(call.rule_date),
    }
    return context | _what_if(facts, asked, seen, call.rule_date)


def _what_if(facts: ProposalFacts, asked: Mapping[str, str], seen: Any, day: Any) -> dict[str, Any]:
    keys = names_of(facts.participants, day)
    left_out = asked.get("without", "")
    added = _country_in(asked.get("with", ""))
    if left_out not in keys and not added:
        return {"left_out": "", "added": "", "instead": None}
    other = without(facts, left_out) if left_out in keys else facts
    other = with_another(other, added) if added else other
    return {
        "left_out": left_out if left_out in keys else "",
        "left_out_name": keys.get(left_out, ""),
        "added": added,
        "added_name": name_on(added, day) if added else "",
        "instead": seen(other),
    }


def _country_in(text: str) -> str:
    try:
        return normalise(text) if text else ""
    except UnknownCountry:
        return ""
