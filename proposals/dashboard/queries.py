"""What *My work* reads, in one batch of prepared queries."""

from django.db import models

from applicants.models import Organisation, ProfileSection
from calls.models import Call, Strand
from foundation.query_batches import Columns, Param, Queries, query_batch
from proposals.consortium.open_questions import clarification_requests_for
from proposals.consortium.progress import open_invitations, open_mentions, proposals_of
from proposals.models import Conversation, Proposal


@query_batch
def fetch_my_work() -> Queries:
    """Everything that waits for one person; of what most people have none of, only the keys."""
    user = Param("user", models.BigIntegerField())
    moment, deleted_since = (
        Param(name, models.DateTimeField()) for name in ("moment", "deleted_since")
    )
    strands = Proposal.objects.of_consortium_member(user).order_by().values("strand")
    calls = Strand.objects.filter(pk__in=strands).order_by().values("call")
    organisations = Organisation.objects.with_member(user)
    own = organisations.order_by().values("pk")
    return {
        "proposals": proposals_of(user),
        "strands": Strand.objects.filter(pk__in=strands),
        "calls": Call.objects.filter(pk__in=calls),
        "organisations": organisations,
        "profiles": Columns(
            ProfileSection.objects.filter(organisation__in=own),
            "organisation_id", "step", "answers", "version",
        ),
        "invitations": Columns(open_invitations(user, moment), "pk"),
        "mentions": Columns(open_mentions(user), "pk"),
        "clarification_requests": Columns(clarification_requests_for(user, moment), "pk"),
        "conversations": Columns(Conversation.objects.of(user).order_by()[:1], "pk"),
        "deleted": Columns(
            Proposal.objects.led_by(user).filter(deleted_at__gt=deleted_since), "pk"
        ),
    }  # fmt: skip
