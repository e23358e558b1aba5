"""What each step reads of the people who write it, in one batch of prepared queries."""

from django.db import models

from foundation.query_batches import Columns, Param, Queries, query_batch
from proposals.consortium.members import visible_members
from proposals.models import Comment, StepAssignment


@query_batch
def fetch_collaboration() -> Queries:
    """Who writes a step, whether it has comments, and whom a comment can mention."""
    proposal = Param("proposal", models.BigIntegerField())
    step, key = Param("step", models.TextField()), Param("key", models.TextField())
    comments = Comment.objects.filter(proposal=proposal, step=step, participant_key=key)
    return {
        "owners": Columns(
            StepAssignment.objects.filter(proposal=proposal, step=step), "participant_id"
        ),
        "comments": Columns(comments[:1], "pk"),
        "members": visible_members(proposal),
    }
