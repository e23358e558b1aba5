"""Officers' questions that a consortium can still answer."""

from datetime import datetime

from django.db.models.expressions import Combinable

from applicants.models import User
from proposals.models import ClarificationRequest, ClarificationRequestQuerySet, Proposal


def open_clarification_requests(
    proposal: Proposal, moment: datetime
) -> ClarificationRequestQuerySet:
    """Those about a proposal that can still be answered, the most urgent first."""
    result = ClarificationRequest.objects.waiting(moment).filter(version__proposal=proposal)
    return result.order_by("due_at")


def clarification_requests_for(
    user: User | Combinable, moment: datetime | Combinable
) -> ClarificationRequestQuerySet:
    """Those that wait for an answer in proposals that this person leads, the most urgent first."""
    led = Proposal.objects.led_by(user)
    result = ClarificationRequest.objects.waiting(moment).filter(version__proposal__in=led)
    return result.select_related("version__proposal").order_by("due_at")
