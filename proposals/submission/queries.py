"""What a submission reads in its transaction, each in one statement: the lock, then the whole state."""

from django.db import models
from django.db.models import Func, Subquery
from django.db.models.functions import Coalesce

from applicants.models import OrganisationChange
from foundation.query_batches import Columns, NextVal, Param, Queries, query_batch
from proposals.dossier.queries import circumstances_queries, draft_queries
from proposals.models import DraftChange, Participant, Proposal, Version


@query_batch
def lock_for_submission() -> Queries:
    """Lock the row of the `proposal`; no rows where it is deleted."""
    proposal = Param("proposal", models.BigIntegerField())
    drafts = Proposal.objects.filter(pk=proposal, deleted_at=None).order_by()
    return {"proposals": Columns(drafts.select_for_update(), "pk")}


@query_batch
def fetch_submission_state() -> Queries:
    """The draft with its circumstances, the version that this click has made before, and what the next is."""
    proposal = Param("proposal", models.BigIntegerField())
    versions = Version.objects.filter(proposal=proposal)
    numbers = versions.order_by("-number").values("number")
    following = (
        Proposal.objects.with_deadline()
        .filter(pk=proposal)
        .annotate(
            next_key=NextVal(Version),
            next_number=Coalesce(Subquery(numbers[:1]), 0) + 1,
            database_time=Func(function="clock_timestamp", output_field=models.DateTimeField()),
        )
    )
    return {
        **draft_queries(),
        **circumstances_queries(),
        **_change_queries(),
        "made": versions.filter(idempotency_key=Param("idempotency_key", models.UUIDField())),
        "next": Columns(
            following,
            "next_key",
            "next_number",
            "current_version",
            "effective_deadline",
            "database_time",
            "strand__call__declaration",
        ),
    }


def _change_queries() -> Queries:
    """When something of the `proposal` that is given was last changed, where that was `since` an instant."""
    proposal = Param("proposal", models.BigIntegerField())
    later = {"at__gt": Param("since", models.DateTimeField())}
    consortium = Participant.objects.filter(proposal=proposal).order_by()
    return {
        "draft_changes": Columns(
            DraftChange.objects.filter(owner=proposal, **later).order_by("-at")[:1], "at"
        ),
        "organisation_changes": Columns(
            OrganisationChange.objects.filter(
                owner__in=consortium.values("organisation"), **later
            ).order_by("-at")[:1],
            "at",
        ),
    }
