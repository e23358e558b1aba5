"""What every page about a case reads, in one batch of prepared queries."""

from django.db import models
from django.db.models import Q

from applicants.models import User
from calls.models import Call, Programme, Strand
from foundation.query_batches import Param, Queries, query_batch
from proposals.models import Assignment, Proposal, Version


@query_batch
def fetch_case() -> Queries:
    """A version, if the officer may read it; its proposal and what belongs to that in any case."""
    version, officer = (Param(name, models.BigIntegerField()) for name in ("version", "officer"))
    moment = Param("moment", models.DateTimeField())
    submitter = Version.objects.filter(pk=version).order_by().values("submitted_by")
    assignee = Assignment.objects.filter(proposal__versions=version).order_by().values("officer")
    return {
        "versions": Version.objects.open_to(officer, moment).filter(pk=version),
        "proposals": Proposal.objects.filter(versions=version),
        "strands": Strand.objects.filter(proposals__versions=version),
        "calls": Call.objects.filter(strands__proposals__versions=version),
        "programmes": Programme.objects.filter(calls__strands__proposals__versions=version),
        "assignments": Assignment.objects.filter(proposal__versions=version),
        "people": User.objects.filter(Q(pk__in=submitter) | Q(pk__in=assignee)).order_by(),
    }
