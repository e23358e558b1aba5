"""Searching everything that an officer may see: numbers, every text of a version, and what officers wrote.

The words of a version are taken when its case is opened, so that nothing sealed can be found.
"""

import logging
import re
from datetime import datetime

from django.contrib.postgres.search import SearchQuery
from django.db import DataError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q

from proposals.delivery.fault_isolation import for_each, raise_if_database_down
from proposals.models import (
    CaseNote,
    CaseSearchIndex,
    ClarificationRequest,
    Decision,
    Version,
    VersionQuerySet,
)

log = logging.getLogger("portal.searching")

_TAKE = """
    INSERT INTO proposals_casesearchindex (version_id, search_vector)
    SELECT v.id, {words} FROM proposals_version v WHERE v.id = %s
    ON CONFLICT DO NOTHING
"""
ALL_TEXTS = "jsonb_to_tsvector('simple', v.dossier::jsonb, '[\"string\"]')"
FEW_TEXTS = "jsonb_to_tsvector('simple', (v.dossier::jsonb)->'summary', '[\"string\"]')"


def index_opened_cases(moment: datetime, *, seconds: float | None = None) -> int:
    """Take the words of opened versions that have none yet; returns of how many."""
    opened = Version.objects.open_to_officers(moment).filter(search_index=None)
    versions = opened.values_list("pk", flat=True)
    return for_each("words", versions.iterator(), _index_case, seconds=seconds)


def _index_case(pk: int) -> bool:
    try:
        index_case(pk, ALL_TEXTS)
    except (DataError, OperationalError) as error:  # more words than PostgreSQL keeps for one row
        raise_if_database_down(error)
        log.warning("Version %s is too long to be searched in whole.", pk)
        index_case(pk, FEW_TEXTS)
    return True


def index_case(pk: int, text: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE.format(words=text), [pk])


def _quoted(word: str) -> str:
    """A word of a query as PostgreSQL reads it literally, whatever characters it has."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _as_number(text: str) -> str:
    """A number of eight characters as numbers are written, with its hyphen; other texts as they are."""
    return f"{text[:4]}-{text[4:]}" if re.fullmatch(r"[0-9A-Za-z]{8}", text) else text


def matching_cases(versions: VersionQuerySet, text: str) -> VersionQuerySet:
    """Versions in which all of these words occur, or begin a word; or whose number or notes hold the text."""
    typed = text.strip()
    words = typed.split()
    condition = Q(proposal__number__icontains=_as_number(typed))
    if words:
        terms = " & ".join(f"{_quoted(word)}:*" for word in words)
        query = SearchQuery(terms, config="simple", search_type="raw")
        indexed = CaseSearchIndex.objects.filter(version=OuterRef("pk"), search_vector=query)
        condition |= Q(Exists(indexed))
    case_notes = CaseNote.objects.present()
    case_notes = case_notes.filter(proposal=OuterRef("proposal"), text__icontains=typed)
    questions = ClarificationRequest.objects.filter(version=OuterRef("pk"))
    asked = questions.filter(Q(text__icontains=typed) | Q(reply__text__icontains=typed))
    decided = Decision.objects.filter(version=OuterRef("pk"))
    decided = decided.filter(Q(reason__icontains=typed) | Q(review__reason__icontains=typed))
    return versions.filter(
        condition | Q(Exists(case_notes)) | Q(Exists(asked)) | Q(Exists(decided))
    )
