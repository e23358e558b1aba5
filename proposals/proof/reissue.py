"""Reissuing all receipts or proposal PDFs of a call: editions with the same evidence; earlier ones stay."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from applicants.models import User
from calls.models import Call
from foundation import clock
from proposals.models import DocumentReissue, OutboxItem, OutboxMessage, Version

AT_ONCE = 1000


@transaction.atomic
def reissue_documents(call: Call, kind: str, *, reason: str, by: User) -> DocumentReissue:
    """Queue another edition for each version of a call; workers issue it after everything that is new.

    A second request by the same person with the same reason returns the reissue that is under way.
    """
    Call.objects.select_for_update(no_key=True).only("pk").get(pk=call.pk)
    own = DocumentReissue.objects.filter(call=call, kind=kind, reason=reason, requested_by=by)
    same = own.filter(
        outbox_messages__state__in=[OutboxItem.State.DUE, OutboxItem.State.CLAIMED]
    ).first()
    if same is not None:
        return same
    made = DocumentReissue.objects.create(
        call=call, kind=kind, reason=reason, requested_by=by, requested_at=clock.now()
    )
    versions = Version.objects.filter(proposal__strand__call=call).order_by("pk")
    OutboxMessage.objects.bulk_create(
        (
            OutboxMessage(kind=kind, version_id=pk, reissue=made)
            for pk in versions.values_list("pk", flat=True).iterator()
        ),
        batch_size=AT_ONCE,
    )
    return made


def calls_with_versions() -> QuerySet[Call]:
    """Calls that have documents to reissue."""
    return Call.objects.filter(strands__proposals__versions__isnull=False).distinct()


@dataclass(frozen=True)
class ReissueProgress:
    queued: int
    made: int
    failed: int

    @property
    def is_over(self) -> bool:
        return self.made + self.failed == self.queued


def with_progress(runs: QuerySet[DocumentReissue]) -> QuerySet[DocumentReissue]:
    """Each with the figures of `progress_of`, for lists."""
    return runs.annotate(**_figures("outbox_messages__"))


def progress_of(run: DocumentReissue) -> ReissueProgress:
    """How much of it is done, for a progress bar."""
    return ReissueProgress(**run.outbox_messages.aggregate(**_figures("")))


def _figures(prefix: str) -> dict[str, Count]:
    states = {"made": OutboxItem.State.DONE, "failed": OutboxItem.State.FAILED}
    counted = {
        name: Count(f"{prefix}pk", filter=Q(**{f"{prefix}state": state}))
        for name, state in states.items()
    }
    return {"queued": Count(f"{prefix}pk"), **counted}
