"""Promises that are kept even if the process dies that would keep them.

`promise` writes a row in the caller's transaction. `relay` claims rows so that no two workers take
the same one, works outside the transaction, and marks them done. A row that a dead worker had claimed
is free again after `PORTAL_CLAIM_SECONDS`. Handlers must therefore be safe to repeat. Time here is real time.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, Q, Value, When

from calls import clock
from proposals.models import OutboxMessage, Version

log = logging.getLogger("portal.outbox")

Handler = Callable[[Version], None]

FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=10)
MOST_ATTEMPTS = 12


def stale_after() -> timedelta:
    """After how long a claim is taken for that of a dead worker."""
    return timedelta(seconds=settings.CLAIM_SECONDS)


def promise(version: Version, *kinds: OutboxMessage.Kind) -> None:
    """Promise something for a version, in the transaction that gives cause for it."""
    OutboxMessage.objects.bulk_create(OutboxMessage(kind=kind, version=version) for kind in kinds)


def relay(handlers: Mapping[str, Handler], *, at_most: int = 50) -> int:
    """Keep promises that are due, one after the other; returns how many were kept."""
    kept = 0
    for _turn in range(at_most):
        message = _claim()
        if message is None:
            break
        kept += _keep(message, handlers[message.kind])
    return kept


def _claim() -> OutboxMessage | None:
    """Take one promise: receipts before mails, older before newer, skipping what others hold."""
    present = clock.real_now()
    is_due = Q(state=OutboxMessage.State.DUE, due_at__lte=present)
    is_stale = Q(state=OutboxMessage.State.CLAIMED, claimed_at__lt=present - stale_after())
    receipts_first = Case(When(kind=OutboxMessage.Kind.RECEIPT, then=Value(0)), default=Value(1))
    with transaction.atomic():
        message = (
            OutboxMessage.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(is_due | is_stale)
            .order_by(receipts_first, "due_at", "pk")
            .first()
        )
        if message is not None:
            message.state = OutboxMessage.State.CLAIMED
            message.claimed_at = present
            message.attempts += 1
            message.save(update_fields=["state", "claimed_at", "attempts"])
    return message


def _keep(message: OutboxMessage, handler: Handler) -> bool:
    try:
        handler(Version.objects.select_related("proposal__strand__call").get(pk=message.version_id))
    except Exception as error:  # noqa: BLE001 -- one broken promise must not stop the others
        _postpone(message, error)
        return False
    _still_ours(message).update(
        state=OutboxMessage.State.DONE, done_at=clock.real_now(), last_error=""
    )
    return True


def _postpone(message: OutboxMessage, error: Exception) -> None:
    """Try again later, or give up where an operator must look. The text of a proposal is not logged."""
    log.error("%s of version %s failed: %s", message.kind, message.version_id, type(error).__name__)
    wait = min(FIRST_RETRY * 2 ** (message.attempts - 1), LONGEST_RETRY)
    given_up = message.attempts >= MOST_ATTEMPTS
    _still_ours(message).update(
        state=OutboxMessage.State.GIVEN_UP if given_up else OutboxMessage.State.DUE,
        due_at=clock.real_now() + wait,
        last_error=type(error).__name__,
    )


def _still_ours(message: OutboxMessage) -> models.QuerySet[OutboxMessage]:
    """Nothing, where another worker took the promise because this one was too slow."""
    return OutboxMessage.objects.filter(
        pk=message.pk, state=OutboxMessage.State.CLAIMED, attempts=message.attempts
    )


def try_again(messages: models.QuerySet[OutboxMessage]) -> int:
    """An operator lets given-up promises be tried anew; returns how many."""
    return messages.filter(state=OutboxMessage.State.GIVEN_UP).update(
        state=OutboxMessage.State.DUE, attempts=0, due_at=clock.real_now()
    )
