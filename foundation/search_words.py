"""Words of a search: how many are looked for, and a sentence about those that are not."""

from collections.abc import Iterable

from foundation.sentences import gettext as _


def searched(words: Iterable[str], most: int) -> tuple[list[str], str]:
    """The words to look for, each once, and a sentence about the others, empty where there are none."""
    every = list(dict.fromkeys(words))
    used, left_out = every[:most], every[most:]
    if not left_out:
        return used, ""
    text = _("Only the first %(count)s words were used in the search. Not used: %(words)s.")
    return used, text % {"count": most, "words": ", ".join(left_out)}
