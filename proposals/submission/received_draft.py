"""A draft as it was when a submission was received, where something of it was changed while that waited.

PostgreSQL keeps what a row was before each change (`calls.triggers.log_row_before_change`); from what is
there now, the changes that came later are undone. Nearly always there are none, and nothing of this is asked.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from applicants.models import Organisation, OrganisationChange, ProfileSection, RowChange
from foundation.query_batches import Results
from proposals.models import DraftChange, Participant, Proposal, ProposalFile, Section

RETENTION = timedelta(days=1)  # much longer than a submission can wait

Row = Participant | Section | ProposalFile | Organisation | ProfileSection


def as_received(
    result: Results, proposal: Proposal, *, received_at: datetime, present: datetime
) -> Results:
    """What was found of a draft, without what was written after `received_at`.

    What is said to be of later than `present` is from before a demonstration's clock was put back.
    """
    times = [*result["draft_changes"], *result["organisation_changes"]]
    if any(received_at < datetime.fromisoformat(at) for (at,) in times):
        later = {"at__gt": received_at, "at__lte": present}
        return {**result, **_as_it_was(result, proposal, later)}
    return result


def _as_it_was(result: Results, proposal: Proposal, later: dict[str, datetime]) -> dict[str, Any]:
    ours = _oldest(DraftChange.objects.filter(owner=proposal.pk, **later))
    participants = _undo(result["participants"], ours, Participant, "participant")
    keys = {participant.organisation_id for participant in participants}
    theirs = _oldest(OrganisationChange.objects.filter(owner__in=keys, **later))
    profiles = ProfileSection.objects.filter(organisation__in=keys)
    files = _undo(result["files"], ours, ProposalFile, "file")
    return {
        "participants": sorted(participants, key=lambda item: (item.position, item.pk)),
        "sections": _undo(result["sections"], ours, Section, "section"),
        "files": [file for file in files if file.replaced_at is None],
        "organisations": _undo(
            Organisation.objects.filter(pk__in=keys), theirs, Organisation, "organisation"
        ),
        "profiles": [
            (item.organisation_id, item.step, item.answers, item.version)
            for item in _undo(profiles, theirs, ProfileSection, "profile")
        ],
    }


def _oldest(changes: QuerySet[Any]) -> dict[tuple[str, int], RowChange]:
    """Of each row the oldest of these changes: before it the row was as it was received."""
    return {(change.kind, change.row): change for change in changes.order_by("-pk")}


def _undo(
    rows: Iterable[Any], changes: dict[tuple[str, int], RowChange], model: type[Row], kind: str
) -> list[Any]:
    as_it_was = {row.pk: row for row in rows}
    for (changed, pk), change in changes.items():
        if changed != kind:
            continue
        as_it_was.pop(pk, None)
        if change.before is not None:
            as_it_was[pk] = _row(model, change.before)
    return list(as_it_was.values())


def _row(model: type[Row], before: dict[str, Any]) -> Row:
    columns = {str(field.column): field for field in model._meta.concrete_fields}
    return model(
        **{
            field.attname: field.to_python(before[name])
            for name, field in columns.items()
            if name in before
        }
    )


def delete_old_changes(moment: datetime) -> int:
    """Forget what rows were before changes that no submission can have waited for; returns how many."""
    old = {"at__lt": moment - RETENTION}
    forgotten = DraftChange.objects.filter(**old).delete()[0]
    return forgotten + OrganisationChange.objects.filter(**old).delete()[0]
