"""The reference of all rules, made from their classes: what each asks, answers, and lets a call set."""

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from calls.eligibility import Outcome
from calls.eligibility.rules import CATALOGUE, Level, Rule, parameters_of

WHAT_IT_JUDGES = {
    Level.SUBMISSION: "the submission and its files",
    Level.PARTNER: "each applicant",
    Level.CONSORTIUM: "the consortium",
    Level.CONTENT: "what the proposal contains",
}

OUTCOME_WORDS = {
    Outcome.PASS: "met",
    Outcome.WARN: "to review",
    Outcome.NEEDS_REVIEW: "needs review",
    Outcome.INELIGIBLE: "not met",
    Outcome.INADMISSIBLE: "not admissible",
}


@dataclass(frozen=True)
class RuleEntry:
    """One rule as pages and documents show it."""

    rule: type[Rule]

    @property
    def id(self) -> str:
        return self.rule.id

    @property
    def title(self) -> str:
        return self.rule.title

    @property
    def asks(self) -> str:
        return self.rule.asks

    @property
    def version(self) -> int:
        return self.rule.version

    @property
    def judges(self) -> str:
        return WHAT_IT_JUDGES[self.rule.level]

    @property
    def section(self) -> str:
        """Where the screening sheet shows it."""
        return self.rule.section.value

    @property
    def answers(self) -> list[tuple[Outcome, str, str]]:
        """Outcome, outcome in words, and when the rule gives it."""
        values = self.rule.answers
        return [
            (outcome, OUTCOME_WORDS[outcome], values[outcome])
            for outcome in Outcome
            if outcome in values
        ]

    @property
    def parameters(self) -> list[tuple[str, str, str, bool]]:
        """Name, meaning, form, and whether it must be given, of what only this rule has."""
        return [parameter for parameter in parameters_of(self.rule) if parameter[0] not in SHARED]


SHARED = tuple(Rule.__dataclass_fields__)


def all_rules() -> list[RuleEntry]:
    return [RuleEntry(rule) for rule in CATALOGUE.values()]


INTRODUCTION = """\
# Rules

Generated from the code by `manage.py generate_docs`; do not edit. Each rule gives a finding for
every subject that it judges. A finding says what was found, with its evidence, the text that it
rests on, and how to fix what is not met. A call's file says which of these rules it uses, in which
order and with which parameters. The verdict is advice: officers decide. The call text is legally
binding.

Applicants count as *sure* (every rule about them is met), *open* (something is undecided) or *out*
(one is not met). A minimum is met if enough applicants are sure. If it depends on open ones, it
needs an officer's review. Otherwise it is not met.

Every rule has these parameters.
"""


def as_markdown(calls: Iterable[Mapping[str, Any]]) -> str:
    """The reference as a document, with the calls (as `call_file` reads them) that use each rule."""
    contents = list(calls)
    shared = [parameter for parameter in parameters_of(Rule) if parameter[0] in SHARED]
    entries = (_entry(rule, contents) for rule in all_rules())
    return "\n".join([INTRODUCTION, *_table_of(shared), *entries])


def _table_of(parameters: list[tuple[str, str, str, bool]]) -> list[str]:
    if not parameters:
        return []
    rows = [
        f"| `{name}`{'' if must else ' (optional)'} | {means} | {form} |"
        for name, means, form, must in parameters
    ]
    return ["| parameter | meaning | format |", "|---|---|---|", *rows, ""]


def _entry(entry: RuleEntry, calls: list[Mapping[str, Any]]) -> str:
    lines = [
        f"## {entry.title}",
        "",
        *_wrapped(
            f"`{entry.id}`, version {entry.version}, checks {entry.judges}. "
            f"Section of the screening sheet: {entry.section}."
        ),
        "",
        *_wrapped(entry.asks),
        "",
        "| outcome | when |",
        "|---|---|",
        *(f"| {text} (`{outcome.value}`) | {when} |" for outcome, text, when in entry.answers),
        "",
        *_table_of(entry.parameters),
        *_uses(entry.id, calls),
    ]
    return "\n".join(lines)


def _uses(rule_id: str, calls: list[Mapping[str, Any]]) -> list[str]:
    uses = [
        line
        for content in calls
        for entry in content["call"]["rules"]
        if entry["rule"] == rule_id
        for line in _wrapped(
            f"- {content['call']['reference']}{_strands(entry)}: {_source(entry)}", indent="  "
        )
    ]
    return ["Used by", "", *uses, ""] if uses else ["Not used by any shipped call.", ""]


def _wrapped(text: str, *, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _source(entry: Mapping[str, Any]) -> str:
    return f"[{entry['citation']}]({entry['link']})" if entry.get("link") else entry["citation"]


def _strands(entry: Mapping[str, Any]) -> str:
    strands = entry.get("strands", [])
    return f", strand {' and '.join(strands)}" if strands else ""
