"""Exports of versions: requested in the back office, made by a worker, kept for two days, then deleted.

What may be taken out is asked twice: when somebody asks, and when the worker makes it.
"""

import hashlib
import logging
import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Any
from uuid import uuid4

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q

from applicants.models import User
from foundation import clock
from foundation.errors import in_full
from proposals.delivery import outbox
from proposals.delivery.claims import claim_expired, claim_first, process_claimed
from proposals.delivery.fault_isolation import for_each
from proposals.models import EXPORT_RETENTION, CaseEvent, Export, Version, VersionQuerySet
from proposals.reporting import audit_bundles, export_tables

log = logging.getLogger("portal.exporting")

Kind, State = Export.Kind, Export.State
RIGHT = "proposals.add_export"
PROGRESS_INTERVAL = 25  # versions, so that a progress bar moves
BLOCK = 1024 * 1024


class Cancelled(Exception):
    """Whoever asked has cancelled it, or another worker has taken it over."""


class NothingToExport(Exception):
    """This person may export none of the chosen versions."""


@transaction.atomic
def request_export(kind: str, versions: Sequence[int], *, by: User) -> Export:
    """Queue a file of these versions; each export is logged with its case.

    An export that the same person has requested and that is under way is not queued again.

    Raises:
        NothingToExport: none of them may be read by this person.
    """
    User.objects.select_for_update(no_key=True).only("pk").get(pk=by.pk)
    moment = clock.now()
    readable = Version.objects.open_to(by, moment).filter(pk__in=versions).order_by("pk")
    pairs = list(readable.values_list("pk", "proposal"))
    if not pairs:
        raise NothingToExport
    under_way = Export.objects.filter(requested_by=by, state__in=[State.DUE, State.RUNNING])
    same = under_way.filter(kind=kind, versions=[pk for pk, _proposal in pairs]).first()
    if same is not None:
        return same
    text = str(Kind(kind).label)
    CaseEvent.objects.bulk_create(
        (
            CaseEvent(
                proposal_id=proposal, kind=CaseEvent.Kind.EXPORTED, summary=text, by=by, at=moment
            )
            for proposal in sorted({proposal for _pk, proposal in pairs})
        ),
        batch_size=500,
    )
    return Export.objects.create(
        kind=kind, versions=[pk for pk, _proposal in pairs], requested_by=by, requested_at=moment
    )


def cancel(export: Export) -> bool:
    """Stop it, if it is not made yet; whether it was stopped."""
    under_way = Export.objects.filter(pk=export.pk, state__in=[State.DUE, State.RUNNING])
    return bool(under_way.update(state=State.CANCELLED))


def make_exports(*, seconds: float | None = None) -> int:
    """Make what was asked for; returns how many were made."""
    return process_claimed(_claim, _make, seconds=seconds)


def _claim() -> Export | None:
    is_stale = claim_expired(4 * outbox.stale_after()) & Q(state=State.RUNNING)
    free = Export.objects.filter(Q(state=State.DUE) | is_stale).order_by("pk")
    return claim_first(free, lambda _export: {"state": State.RUNNING, "done": 0})


def _make(export: Export) -> bool:
    try:
        with tempfile.TemporaryFile() as out:
            _write(export, out)
            return _store(export, out)
    except Cancelled:
        log.info("Export %s was cancelled.", export.pk)
    except Exception as error:  # noqa: BLE001 -- one export must not keep the others waiting
        log.error("Export %s failed: %s", export.pk, in_full(error))
        _mine(export).update(state=State.FAILED, error=type(error).__name__)
    return False


def _write(export: Export, out: IO[bytes]) -> None:
    versions = _still_allowed(export)
    progress = _Progress(export)
    if export.kind == Kind.FILES:
        audit_bundles.write_files(versions, out, progress)
    elif export.kind == Kind.BUNDLE:
        audit_bundles.write_bundle(versions, out, progress)
    else:
        writers: dict[str, Callable[[Iterable[export_tables.Row], IO[bytes]], None]] = {
            Kind.CSV: export_tables.write_csv,
            Kind.XLSX: export_tables.write_xlsx,
            Kind.JSON: export_tables.write_json,
        }
        writers[export.kind](progress.over(export_tables.export_rows(versions)), out)


def _still_allowed(export: Export) -> VersionQuerySet:
    """What the person may read by now: a role or an interest may have changed since it was asked for."""
    person = User.objects.get(pk=export.requested_by_id)
    if not (person.is_active and person.has_perm(RIGHT)):
        return Version.objects.none()
    return Version.objects.open_to(person, clock.now()).filter(pk__in=export.versions)


class _Progress:
    """Counts versions, updates the row now and then, and stops if the export was cancelled."""

    def __init__(self, export: Export) -> None:
        self.export = export
        self.done = 0

    def __call__(self) -> None:
        self.done += 1
        if self.done % PROGRESS_INTERVAL == 0:
            self.update_row()

    def update_row(self) -> None:
        present = clock.real_now()
        if not _mine(self.export).update(done=self.done, claimed_at=present):
            raise Cancelled
        self.export.claimed_at = present

    def over(self, rows: Iterable[export_tables.Row]) -> Any:
        for row in rows:
            yield row
            self()


def _mine(export: Export) -> Any:
    return Export.objects.filter(pk=export.pk, state=State.RUNNING, claimed_at=export.claimed_at)


def _store(export: Export, out: IO[bytes]) -> bool:
    out.seek(0)
    digest, size = hashlib.sha256(), 0
    while block := out.read(BLOCK):
        digest.update(block)
        size += len(block)
    out.seek(0)
    path = default_storage.save(f"exports/{uuid4().hex}", File(out))
    stored = _mine(export).update(
        state=State.DONE,
        done=export.total,
        made_at=clock.now(),
        path=path,
        size=size,
        sha256=digest.hexdigest(),
    )
    if not stored:  # cancelled in the last moment
        default_storage.delete(path)
    return bool(stored)


def delete_old_exports() -> int:
    """Delete files whose time is over; returns how many."""
    over = Export.objects.filter(state=State.DONE, made_at__lte=clock.now() - EXPORT_RETENTION)
    return for_each("expired exports", over.values_list("pk", flat=True), _delete_old)


def _delete_old(pk: int) -> bool:
    export = Export.objects.get(pk=pk)
    default_storage.delete(export.path)
    export.state = State.GONE
    export.save(update_fields=["state"])
    return True


def file_name_of(export: Export) -> str:
    suffix = {Kind.FILES: "zip", Kind.BUNDLE: "zip"}.get(Kind(export.kind), export.kind)
    return f"{export.kind}-{export.requested_at:%Y%m%d-%H%M}.{suffix}"
