"""The outcome of a finding in a word or two."""

from django.utils.translation import gettext_lazy

from calls.eligibility import Outcome

OUTCOME_WORDS = {
    Outcome.PASS: gettext_lazy("met"),
    Outcome.WARN: gettext_lazy("to review"),
    Outcome.NEEDS_REVIEW: gettext_lazy("needs review"),
    Outcome.INELIGIBLE: gettext_lazy("not met"),
    Outcome.INADMISSIBLE: gettext_lazy("not admissible"),
}


def outcome_words(outcome: str) -> str:
    """One finding's outcome in a word or two."""
    return str(OUTCOME_WORDS[Outcome(outcome)])
