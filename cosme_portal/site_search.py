"""Search of the whole site: calls, the guide, published questions, and requests for partners.

Only what anybody may read is searched, so a result tells nothing that a page would not.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from html.parser import HTMLParser
from itertools import islice

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language

from calls.models import Call, CallQuerySet, CallSection, Strand
from foundation.folding import fold, words_in
from foundation.search_words import searched
from proposals.models import FaqEntry
from proposals.partnering.search import rows_for
from proposals.partnering.search_query import PartnerSearch

MAX_LENGTH = 200  # characters of a search text
MAX_WORDS = 6
MAX_SHOWN = 5  # of each kind
AROUND = 80  # characters on each side of the first word that matches
HEADINGS = ("h2", "h3")


@dataclass(frozen=True)
class Hit:
    """A place of the site with a title, and the words around the first match in its text."""

    title: str
    address: str
    excerpt: str = ""


@dataclass(frozen=True)
class SiteResults:
    """At most `MAX_SHOWN` hits of each kind; `request_count` is how many requests match in all."""

    calls: list[Hit] = field(default_factory=list)
    guide: list[Hit] = field(default_factory=list)
    questions: list[Hit] = field(default_factory=list)
    requests: list[Hit] = field(default_factory=list)
    request_count: int = 0
    left_out: str = ""  # a sentence about words that were not searched for

    def __bool__(self) -> bool:
        return bool(self.calls or self.guide or self.questions or self.requests)


def search_site(text: str, calls: CallQuerySet, moment: datetime) -> SiteResults:
    """Everything in which each word of a text occurs; `calls` are those that the reader may see."""
    words, left_out = searched(words_in(text), MAX_WORDS)
    if not words:
        return SiteResults(left_out=left_out)
    typed = [word for word in re.findall(r"[^\W_]+", text) if fold(word) in words][:MAX_WORDS]
    requests = rows_for(PartnerSearch(text=text), moment).order_by("-published_at", "pk")
    return SiteResults(
        calls=[_call_hit(call, words) for call in _matching_calls(calls, typed)],
        guide=list(islice(_matching_guide(words), MAX_SHOWN)),
        questions=[_question_hit(entry, words) for entry in _matching_questions(calls, typed)],
        requests=[
            Hit(item.title, item.get_absolute_url(), excerpt_of(item.text, words))
            for item in requests[:MAX_SHOWN]
        ],
        request_count=requests.count(),
        left_out=left_out,
    )


def _matching_calls(calls: CallQuerySet, words: Iterable[str]) -> Iterable[Call]:
    for word in words:
        sections = CallSection.objects.filter(
            Q(title__icontains=word) | Q(text__icontains=word), call=OuterRef("pk")
        )
        strands = Strand.objects.filter(
            Q(title__icontains=word) | Q(purpose__icontains=word), call=OuterRef("pk")
        )
        calls = calls.filter(
            Q(title__icontains=word)
            | Q(reference__icontains=word)
            | Q(summary__icontains=word)
            | Exists(sections)
            | Exists(strands)
        )
    return calls.order_by("-deadline", "pk")[:MAX_SHOWN]


def _call_hit(call: Call, words: list[str]) -> Hit:
    return Hit(
        f"{call.title} ({call.reference})", call.get_absolute_url(), excerpt_of(call.summary, words)
    )


def _matching_questions(calls: CallQuerySet, words: Iterable[str]) -> QuerySet[FaqEntry]:
    entries = FaqEntry.objects.filter(call__in=calls).select_related("call")
    for word in words:
        entries = entries.filter(Q(question__icontains=word) | Q(answer__icontains=word))
    return entries[:MAX_SHOWN]


def _question_hit(entry: FaqEntry, words: list[str]) -> Hit:
    address = f"{entry.call.get_absolute_url()}#answer-{entry.pk}"
    return Hit(entry.question, address, excerpt_of(entry.answer, words))


def _matching_guide(words: list[str]) -> Iterator[Hit]:
    for anchor, title, text in _guide_parts(get_language()):
        if _has_all(f"{title} {text}", words):
            yield Hit(title, f"{reverse('guide')}#{anchor}", excerpt_of(text, words))


def _has_all(text: str, words: list[str]) -> bool:
    there = words_in(text)
    return all(any(item.startswith(word) for item in there) for word in words)


def excerpt_of(text: str, words: list[str]) -> str:
    """The text around the first word that begins with one of `words`; its beginning if there is none."""
    starts = (
        match.start()
        for match in re.finditer(r"[^\W_]+", text)
        if any(fold(match[0]).startswith(word) for word in words)
    )
    first = next(starts, 0)
    begin, end = max(0, first - AROUND), first + AROUND
    shown = " ".join(text[begin:end].split())
    return f"{'…' if begin else ''}{shown}{'…' if end < len(text) else ''}"


@lru_cache(maxsize=8)
def _guide_parts(language: str | None) -> tuple[tuple[str, str, str], ...]:
    """Anchor, title and text of each heading of the guide in the language that is active."""
    parser = _Headings()
    parser.feed(render_to_string("includes/guide_content.html"))
    parser.close()
    return tuple((anchor, " ".join(title.split()), text) for anchor, title, text in parser.parts())


class _Headings(HTMLParser):
    """Collects what stands under each heading that has an anchor, its own or that of its fold."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[tuple[str, list[str], list[str]]] = []
        self._anchor = ""
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = dict(attrs).get("id") or ""
        if tag == "details":
            self._anchor = name
        elif tag in HEADINGS:
            self._parts.append((self._anchor or name, [], []))
            self._in_heading, self._anchor = True, ""

    def handle_endtag(self, tag: str) -> None:
        if tag in HEADINGS:
            self._in_heading = False

    def handle_data(self, data: str) -> None:
        if self._parts:
            _anchor, title, text = self._parts[-1]
            (title if self._in_heading else text).append(data)

    def parts(self) -> Iterator[tuple[str, str, str]]:
        for anchor, title, text in self._parts:
            yield anchor, "".join(title), " ".join(" ".join(text).split())
