"""Transactional outbox: items stored with the change that causes them, handled at least once.

`enqueue` writes an item in the caller's transaction. Workers claim items so that no two handle the same one,
handle them outside the transaction, and mark them done. What a dead worker had claimed is free again after
`PORTAL_CLAIM_SECONDS`, and comes first. Handlers must therefore be safe to repeat. Time here is real time.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet

from foundation import clock
from foundation.errors import in_full, in_short
from foundation.sentences import gettext
from proposals.delivery.claims import claim_expired, claim_first, process_claimed
from proposals.models import (
    DraftPdf,
    Export,
    JobFailure,
    OutboxItem,
    OutboxMessage,
    QueuedEmail,
    Version,
)

log = logging.getLogger("portal.outbox")

Handler = Callable[[OutboxMessage], None]
Row = TypeVar("Row", bound=OutboxItem)

FIRST_RETRY_DELAY = timedelta(seconds=5)
MAX_RETRY_DELAY = timedelta(minutes=10)
MAX_ATTEMPTS = 12


def stale_after() -> timedelta:
    """After how long a claim is taken for that of a dead worker."""
    return timedelta(seconds=settings.CLAIM_SECONDS)


def enqueue(version: Version, *kinds: OutboxMessage.Kind) -> None:
    """Queue something for a version, in the transaction that gives cause for it."""
    OutboxMessage.objects.bulk_create(build_items(version, *kinds))


def build_items(version: Version, *kinds: OutboxMessage.Kind) -> list[OutboxMessage]:
    return [OutboxMessage(kind=kind, version=version) for kind in kinds]


def process_due(handlers: Mapping[str, Handler], *, seconds: float | None = None) -> int:
    """Handle what people wait for, in the order in which it fell due: receipts, emails, letters."""
    return _process_messages(OutboxMessage.objects.exclude(_can_wait()), handlers, seconds=seconds)


def process_due_documents(handlers: Mapping[str, Handler], *, seconds: float | None = None) -> int:
    """Handle what can wait: full proposals as PDF; once none is due, what an operator has reissued."""
    proposals = OutboxMessage.objects.filter(_can_wait(), reissue=None)
    handled = _process_messages(proposals, handlers, seconds=seconds)
    if not proposals.filter(_is_due()).exists():
        reissued = OutboxMessage.objects.exclude(reissue=None)
        handled += _process_messages(reissued, handlers, seconds=seconds)
    return handled


def _can_wait() -> Q:
    return Q(kind=OutboxMessage.Kind.PROPOSAL_PDF) | Q(reissue__isnull=False)


def _process_messages(
    rows: QuerySet[OutboxMessage], handlers: Mapping[str, Handler], *, seconds: float | None
) -> int:

    def handle(message: OutboxMessage) -> None:
        versions = Version.objects.select_related("proposal__strand__call")
        message.version = versions.get(pk=message.version_id)
        handlers[message.kind](message)

    return _process(rows, handle, seconds=seconds)


def process_due_emails(
    deliver: Callable[[QueuedEmail], None], *, seconds: float | None = None
) -> int:
    """Send emails that are due, the oldest first."""
    return _process(QueuedEmail.objects.all(), deliver, seconds=seconds)


def _process(rows: QuerySet[Row], handle: Callable[[Row], None], *, seconds: float | None) -> int:
    """Handle items one after the other; returns how many succeeded."""
    _fail_deadly(rows)
    return process_claimed(
        lambda: _claim(rows), lambda row: _process_row(row, handle), seconds=seconds
    )


def _fail_deadly(rows: QuerySet[Row]) -> None:
    """Leave to operators those whose workers have died with them as often as others may fail."""
    deadly = rows.order_by().filter(_is_stale(), attempts__gte=MAX_ATTEMPTS)
    count = deadly.update(
        state=OutboxItem.State.FAILED, last_error="the worker stopped while processing it"
    )
    if count:
        log.error("%s items failed because their workers stopped while processing them.", count)


def _claim(rows: QuerySet[Row]) -> Row | None:
    """Claim one item, skipping what others hold; first what a dead worker had."""
    in_order = rows.order_by("due_at", "pk")
    return _claim_first(in_order.filter(_is_stale())) or _claim_first(in_order.filter(_is_due()))


def _claim_first(rows: QuerySet[Row]) -> Row | None:
    return claim_first(
        rows, lambda row: {"state": OutboxItem.State.CLAIMED, "attempts": row.attempts + 1}
    )


def _is_due() -> Q:
    return Q(state=OutboxItem.State.DUE, due_at__lte=clock.real_now())


def _is_stale() -> Q:
    return claim_expired(stale_after()) & Q(state=OutboxItem.State.CLAIMED)


def _process_row(row: Row, handle: Callable[[Row], None]) -> bool:
    try:
        handle(row)
    except Exception as error:  # noqa: BLE001 -- one row that fails must not stop the others
        _postpone(row, error)
        return False
    _still_ours(row).update(state=OutboxItem.State.DONE, done_at=clock.real_now(), last_error="")
    return True


def _postpone(row: OutboxItem, error: Exception) -> None:
    """Try again later, or give up where an operator must look. No text and no address is logged."""
    log.error("%s %s failed: %s", row._meta.model_name, row.pk, in_full(error))
    _still_ours(row).update(**after_failure(row.attempts, error))


def after_failure(attempts: int, error: Exception) -> dict[str, Any]:
    """How a row goes on that failed so often: after a wait, or not before an operator has looked."""
    doublings = min(attempts, MAX_ATTEMPTS) - 1
    return {
        "state": OutboxItem.State.FAILED if attempts >= MAX_ATTEMPTS else OutboxItem.State.DUE,
        "due_at": clock.real_now() + min(FIRST_RETRY_DELAY * 2**doublings, MAX_RETRY_DELAY),
        "last_error": in_short(error),
    }


def _still_ours(row: OutboxItem) -> QuerySet[OutboxItem]:
    """Nothing, where another worker took the row because this one was too slow."""
    mine: QuerySet[OutboxItem] = type(row)._default_manager.filter(
        pk=row.pk, state=OutboxItem.State.CLAIMED, attempts=row.attempts
    )
    return mine


def retry(rows: QuerySet[Row]) -> int:
    """Retry failed rows for an operator; returns how many."""
    return rows.filter(state=OutboxItem.State.FAILED).update(
        state=OutboxItem.State.DUE, attempts=0, due_at=clock.real_now()
    )


def longest_delay() -> timedelta:
    """How long the first item that people wait for has been due; zero if none is. Two index look-ups."""
    settled = [OutboxItem.State.DONE, OutboxItem.State.FAILED]
    first = [
        rows.exclude(state__in=settled).order_by("due_at").values_list("due_at", flat=True).first()
        for rows in (OutboxMessage.objects.exclude(_can_wait()), QueuedEmail.objects.all())
    ]
    present = clock.real_now()
    return max((present - due_at for due_at in first if due_at is not None), default=timedelta())


@dataclass(frozen=True)
class QueueStatus:
    """How rows of one kind are doing. `oldest` is how long the first that is still to come has waited.

    `code` names the kind for machines, `kind` for people.
    """

    code: str
    kind: str
    waiting: int
    in_progress: int
    failing: int
    failed: int
    oldest: timedelta | None
    per_minute: float


RATE_OVER = timedelta(minutes=10)
FAILURES_COUNT_FOR = timedelta(days=2)


def queues() -> list[QueueStatus]:
    """Each kind of outbox item: messages, emails, requested documents, other failures; in five queries."""
    labels = dict(OutboxMessage.Kind.choices)
    rows = OutboxMessage.objects.values("kind").annotate(**_figures())
    results: dict[str, Mapping[str, Any]] = {row["kind"]: row for row in rows}
    of_versions = [
        _queue(kind, str(label), results.get(kind, {})) for kind, label in labels.items()
    ]
    return [
        *of_versions,
        _queue("email", gettext("Emails"), QueuedEmail.objects.aggregate(**_figures())),
        _queue("draft-pdf", gettext("Draft proposals (PDF)"), _figures_of_draft_pdfs()),
        _queue("export", gettext("Exports"), _figures_of_exports()),
        _queue("task", gettext("Other tasks"), JobFailure.objects.aggregate(**_figures())),
    ]


def _figures_of_draft_pdfs() -> dict[str, Any]:
    is_open = Q(pdf=None, error="")
    return DraftPdf.objects.aggregate(
        waiting=Count("pk", filter=is_open & Q(claimed_at=None)),
        in_progress=Count("pk", filter=is_open & Q(claimed_at__isnull=False)),
        failed=Count("pk", filter=~Q(error="") & _lately()),
    )


def _figures_of_exports() -> dict[str, Any]:
    states = Export.State
    return Export.objects.aggregate(
        waiting=Count("pk", filter=Q(state=states.DUE)),
        in_progress=Count("pk", filter=Q(state=states.RUNNING)),
        failed=Count("pk", filter=Q(state=states.FAILED) & _lately()),
    )


def _lately() -> Q:
    """Notify whoever asked for what failed, and count it for operators for some time."""
    return Q(claimed_at__gte=clock.real_now() - FAILURES_COUNT_FOR)


def _figures() -> dict[str, Any]:
    states = OutboxItem.State
    is_due = Q(state=states.DUE)
    recently = clock.real_now() - RATE_OVER
    return {
        "waiting": Count("pk", filter=is_due & Q(attempts=0)),
        "in_progress": Count("pk", filter=Q(state=states.CLAIMED)),
        "failing": Count("pk", filter=is_due & Q(attempts__gt=0)),
        "failed": Count("pk", filter=Q(state=states.FAILED)),
        "since": Min("made_at", filter=~Q(state__in=[states.DONE, states.FAILED])),
        "done": Count("pk", filter=Q(state=states.DONE, done_at__gte=recently)),
    }


def _queue(code: str, kind: str, row: Mapping[str, Any]) -> QueueStatus:
    since, minutes = row.get("since"), RATE_OVER.total_seconds() / 60
    counts = {name: row.get(name, 0) for name in ("waiting", "in_progress", "failing", "failed")}
    oldest = clock.real_now() - since if since else None
    per_minute = row.get("done", 0) / minutes
    return QueueStatus(code, kind, **counts, oldest=oldest, per_minute=per_minute)
