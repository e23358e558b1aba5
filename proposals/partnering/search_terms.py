"""Words that somebody types into a search: misspelt words are corrected, others find by their beginning."""

import json
from difflib import SequenceMatcher

from django.contrib.postgres.search import SearchQuery
from django.db import connection

from foundation.folding import SHORTEST_CORRECTED, trigrams_of, words_in
from foundation.search_words import searched

MAX_WORDS = 8
MAX_SUGGESTIONS = 5  # of words that are taken instead of one
MAX_WORDS_COMPARED = 40  # that have a trigram of it
LIKE_ENOUGH = 0.4  # shared trigrams among all of two words
NEARLY_SAME = 0.75  # of two words' characters are in the same order; for swapped and lost letters
AFTER_ALL_CHARACTERS = "\uffff"  # sorts after every letter


_NEAR = """
    SELECT typed.word, near.word, near.likeness
    FROM jsonb_to_recordset(%s) AS typed(word text, trigrams text[])
    CROSS JOIN LATERAL (
        SELECT w.word,
            shared.n::float / (cardinality(w.trigrams) + cardinality(typed.trigrams) - shared.n) AS likeness
        FROM proposals_searchword w
        CROSS JOIN LATERAL (
            SELECT count(*) AS n FROM unnest(w.trigrams) g WHERE g = ANY(typed.trigrams)
        ) shared
        WHERE w.trigrams && typed.trigrams
        ORDER BY likeness DESC, w.word LIMIT %s
    ) near
    WHERE NOT EXISTS (
        SELECT 1 FROM proposals_searchword k
        WHERE k.word ~>=~ typed.word AND k.word ~<~ (typed.word || %s)
    )
"""


def spelling_suggestions(words: list[str]) -> dict[str, list[str]]:
    """For each word that occurs nowhere, at most five near in sound or letters; one query."""
    typed = [
        {"word": word, "trigrams": trigrams_of(word)}
        for word in words
        if len(word) >= SHORTEST_CORRECTED
    ]
    if not typed:
        return {}
    results: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NEAR, [json.dumps(typed), MAX_WORDS_COMPARED, AFTER_ALL_CHARACTERS])
        for word, near, likeness in cursor.fetchall():
            if likeness >= LIKE_ENOUGH or _is_nearly(word, near):
                results.setdefault(word, []).append(near)
    return {word: _beginnings(near)[:MAX_SUGGESTIONS] for word, near in results.items()}


def _beginnings(words: list[str]) -> list[str]:
    """Those that no shorter one begins: a beginning finds them anyway."""
    return [
        word
        for word in words
        if not any(word != other and word.startswith(other) for other in words)
    ]


def _is_nearly(word: str, near: str) -> bool:
    """Whether letters were swapped, lost or doubled: "laesr" for "laser", "koera" for "korea"."""
    longest = SHORTEST_CORRECTED * 2
    if word[0] != near[0] or abs(len(word) - len(near)) > 1 or len(word) > longest:
        return False
    return SequenceMatcher(None, word, near).ratio() >= NEARLY_SAME


def terms_of(text: str) -> tuple[list[list[str]], dict[str, list[str]]]:
    """For each word that was typed, the beginnings that will do; and which words were taken for others."""
    words, _left_out = searched(words_in(text), MAX_WORDS)
    near = spelling_suggestions(words)
    return [near.get(word, [word]) for word in words], near


def matching_query(terms: list[list[str]]) -> SearchQuery | None:
    """All of the words, each in one of its forms; words are letters and digits only.

    A whole word is written beside its prefix: PostgreSQL knows how often whole words occur, and so plans
    the query better.
    """
    if not terms:
        return None
    every = " & ".join(
        "(" + " | ".join(f"{form} | {form}:*" for form in forms) + ")" for forms in terms
    )
    return SearchQuery(every, config="simple", search_type="raw")
