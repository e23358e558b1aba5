"""What the back office reads of cases, in batches of prepared queries."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import Cast

from applicants.models import Organisation, User
from foundation.query_batches import Columns, Param, Queries, equals_any, query_batch
from proposals.models import (
    CaseNote,
    CaseTag,
    ClarificationRequest,
    Decision,
    ProposalPdf,
    Receipt,
    ScreeningAnswer,
    VerdictRecord,
    Version,
)

MAX_NEIGHBOURS = 30
NEIGHBOUR_COLUMNS = ("pk", "number", "acronym", "organisations", "proposal__number", "total")


@query_batch
def fetch_sheet() -> Queries:
    """What officers found and wrote of a version; of what most cases have none of, only the keys."""
    version, proposal = (Param(name, models.BigIntegerField()) for name in ("version", "proposal"))
    own = {"version": version}
    answers = ScreeningAnswer.objects.filter(**own)
    authors = answers.order_by().values("answered_by")
    return {
        "verdicts": VerdictRecord.objects.filter(**own).order_by("pk"),
        "answers": answers,
        "authors": User.objects.filter(pk__in=authors).order_by(),
        "decisions": Columns(Decision.objects.filter(**own), "pk"),
        "clarification_requests": Columns(ClarificationRequest.objects.filter(**own), "pk"),
        "notes": Columns(CaseNote.objects.present().filter(proposal=proposal), "pk"),
        "receipts": Columns(Receipt.objects.filter(**own), "pk"),
        "proposal_pdfs": Columns(ProposalPdf.objects.filter(**own), "pk"),
    }


@query_batch
def fetch_neighbours() -> Queries:
    """Other current versions of a call with one of these organisations, and these organisations."""
    officer, call, proposal = (
        Param(name, models.BigIntegerField()) for name in ("officer", "call", "proposal")
    )
    organisations = Param("organisations", ArrayField(models.BigIntegerField()))
    others = (
        Version.objects.open_to(officer, Param("moment", models.DateTimeField()))
        .current()
        .filter(proposal__strand__call=call, organisations__overlap=organisations)
        .exclude(proposal=proposal)
        .annotate(total=Window(Count("pk")))
    )
    return {
        "neighbours": Columns(others[:MAX_NEIGHBOURS], *NEIGHBOUR_COLUMNS),
        "organisations": Organisation.objects.filter(equals_any("pk", organisations)),
    }


@query_batch
def fetch_case_rows() -> Queries:
    """What the list of cases shows of the versions with these keys, their decisions and tags."""
    pks = Param("pks", ArrayField(models.BigIntegerField()))
    versions = Version.objects.filter(equals_any("pk", pks)).order_by()
    shown: QuerySet[Any] = versions.annotate(
        officer=F("proposal__assignment__officer__full_name"),
        counts=Q(proposal__current_version=F("pk")),
        grant=Cast("case_state__requested_grant", models.TextField()),
        rate=Cast("case_state__rate", models.TextField()),
    )
    decisions: Any = Decision.objects.filter(equals_any("version", pks)).with_conditions_since()
    tags = CaseTag.objects.filter(equals_any("proposal__versions", pks)).order_by("name")
    return {
        "rows": Columns(
            shown,
            "pk",
            "number",
            "acronym",
            "received_at",
            "proposal__number",
            "proposal__strand__number",
            "proposal__strand__call__reference",
            "countries",
            "officer",
            "proposal__assignment__due_on",
            "case_state__outcome",
            "case_state__open_lines",
            "case_state__coordinator",
            "case_state__partners",
            "grant",
            "rate",
            "counts",
        ),
        "decisions": Columns(
            decisions.order_by("decided_at"),
            "version",
            "outcome",
            "review__answer",
            "conditions_changed_at",
        ),
        "tags": Columns(tags, "proposal__versions", "name"),
    }
