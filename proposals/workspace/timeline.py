"""All that happened to a proposal, from its beginning to its receipt: when, by whom, and with which proof."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import TruncHour
from django.urls import reverse

from applicants.models import User
from calls.templatetags.instants import in_words
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.dossier.document import Draft
from proposals.models import Proposal, Receipt, SectionChange, Version, Withdrawal
from proposals.steps.wizard import step_named

SHOWN = 100  # moments on one page


@dataclass(frozen=True)
class TimelineEntry:
    """One line of the timeline. `proof` is what shows it: a hash, or a number; `link` leads to it."""

    at: datetime
    text: str
    who: str = ""
    proof: str = ""
    link: str = ""


def timeline(
    draft: Draft, before: datetime | None = None
) -> tuple[list[TimelineEntry], datetime | None]:
    """What happened, newest first, and the instant before which the rest of it did, if there is more.

    A fixed number of queries and of rows, however much happened.
    """
    proposal = draft.proposal
    results = [
        *_writing(draft, before),
        *_activities_of(draft, before),
        *_files(proposal, before),
        *_versions(proposal, before),
        *_receipts(proposal, before),
        *_withdrawals(proposal, before),
        *_extensions(proposal),
    ]
    results.reverse()  # of one instant, what was noted last comes first
    results.sort(key=lambda moment: moment.at, reverse=True)
    moments = [moment for moment in results if before is None or moment.at < before]
    if len(moments) <= SHOWN:
        return moments, None
    last = moments[SHOWN - 1].at  # what happened in one instant is not parted
    shown = [moment for moment in moments if moment.at >= last]
    return shown, last if len(moments) > len(shown) else None


def _newest(rows: QuerySet[Any], at: str, before: datetime | None) -> list[Any]:
    """As many of the newest rows as can be shown, and at least one more, the oldest first.

    What happened in one instant is not parted: what comes before it is asked for next.
    """
    if before is not None:
        rows = rows.filter(**{f"{at}__lt": before})
    newest = list(rows.order_by(f"-{at}")[: SHOWN + 1])
    if len(newest) > SHOWN:
        edge = _at(newest[-1], at)
        newest = [item for item in newest if _at(item, at) > edge]
        newest += rows.filter(**{at: edge})
    if at == "last":
        return sorted(newest, key=lambda item: (item["last"], item["version"]))
    return sorted(newest, key=lambda item: (getattr(item, at), item.pk))


def _at(row: Any, name: str) -> Any:
    return row[name] if isinstance(row, dict) else getattr(row, name)


def _activities_of(draft: Draft, before: datetime | None) -> Iterator[TimelineEntry]:
    """Addresses of those who were asked are for the lead only."""
    for item in _newest(draft.proposal.activity_log.select_related("by"), "at", before):
        proof = item.details.get("proof", "")
        if draft.proposal.access.leads:
            proof = proof or item.details.get("address", "")
        left_out = "; ".join(item.details.get("left_out", []))
        text = _("%(words)s. Not copied: %(left_out)s")
        text = text % {"words": item.summary, "left_out": left_out} if left_out else item.summary
        yield TimelineEntry(item.at, text, str(item.by or ""), proof)


def _writing(draft: Draft, before: datetime | None) -> Iterator[TimelineEntry]:
    """The beginning, and saves of one person on one step, hour by hour: autosaves would fill the page."""
    proposal = draft.proposal
    result = (
        SectionChange.objects.filter(
            ~Q(step="consortium"), proposal=proposal, saved_at__isnull=False
        )
        .annotate(hour=TruncHour("saved_at"))
        .values("step", "participant_key", "organisation", "hour", "saved_by")
        .annotate(saves=Count("pk"), last=Max("saved_at"), version=Max("version"))
    )
    rows = _newest(result, "last", before)
    people = User.objects.in_bulk(
        {proposal.started_by_id, *(row["saved_by"] for row in rows if row["saved_by"])}
    )
    who = str(people.get(proposal.started_by_id, ""))
    yield TimelineEntry(proposal.started_at, _("Proposal created"), who, proposal.number)
    names = {participant.key: participant.organisation.name for participant in draft.participants}
    for row in rows:
        yield _written(proposal, row, people, names)


def _written(
    proposal: Proposal, row: Any, people: dict[int, User], names: dict[str, str]
) -> TimelineEntry:
    step = step_named(proposal.strand, row["step"])
    title = str(step.title) if step is not None else row["step"]
    key = row["participant_key"]
    if key:
        name = names.get(key, _("a former partner"))
        title = _("%(step)s, %(name)s") % {"step": title, "name": name}
    text = ngettext("“%(step)s” saved", "“%(step)s” saved %(count)s times", row["saves"])
    place = [proposal.number, row["step"], *([key] if key else [])]
    return TimelineEntry(
        row["last"],
        text % {"step": title, "count": row["saves"]},
        str(people.get(row["saved_by"], "")),
        _("version %(version)s") % {"version": row["version"]},
        reverse("proposals:step-history", args=place) if not key or key in names else "",
    )


def _files(proposal: Proposal, before: datetime | None) -> Iterator[TimelineEntry]:
    for file in _newest(proposal.files.select_related("uploaded_by"), "uploaded_at", before):
        text = _("PDF “%(name)s” uploaded") % {"name": file.name}
        yield TimelineEntry(file.uploaded_at, text, str(file.uploaded_by), f"SHA-256 {file.sha256}")


def _versions(proposal: Proposal, before: datetime | None) -> Iterator[TimelineEntry]:
    versions = proposal.versions.select_related("submitted_by").defer("dossier", "circumstances")
    for version in _newest(versions, "received_at", before):
        text = _("Version %(number)s received") % {"number": version.number}
        proof, link = f"SHA-256 {version.sha256}", _address(proposal, version)
        yield TimelineEntry(version.received_at, text, str(version.submitted_by), proof, link)


def _receipts(proposal: Proposal, before: datetime | None) -> Iterator[TimelineEntry]:
    for receipt in _newest(_of_versions(Receipt, proposal), "sealed_at", before):
        version = receipt.version
        values = {"number": version.number, "edition": receipt.edition}
        text = _("Proof of submission for version %(number)s created") % values
        if receipt.edition > 1:
            text = (
                _("Edition %(edition)s of the proof of submission for version %(number)s created")
                % values
            )
        proof, link = f"SHA-256 {receipt.sha256}", _address(proposal, version)
        yield TimelineEntry(receipt.sealed_at, text, "", proof, link)


def _withdrawals(proposal: Proposal, before: datetime | None) -> Iterator[TimelineEntry]:
    rows = _of_versions(Withdrawal, proposal).select_related("withdrawn_by")
    for item in _newest(rows, "withdrawn_at", before):
        text = _("Version %(number)s withdrawn. Reason: %(reason)s")
        values = {"number": item.version.number, "reason": item.reason}
        yield TimelineEntry(item.withdrawn_at, text % values, str(item.withdrawn_by))


def _of_versions(kind: type[Receipt | Withdrawal], proposal: Proposal) -> QuerySet[Any]:
    rows = kind._default_manager.filter(version__proposal=proposal).select_related("version")
    return rows.defer("version__dossier", "version__circumstances")


def _address(proposal: Proposal, version: Version) -> str:
    version.proposal = proposal
    return version.get_absolute_url()


def _extensions(proposal: Proposal) -> Iterator[TimelineEntry]:
    if proposal.deadline == proposal.call.deadline:
        return
    for extension in proposal.extensions.all():
        text = _("The deadline of this proposal was extended to %(until)s")
        yield TimelineEntry(
            extension.granted_at,
            text % {"until": in_words(extension.until, zone=proposal.call.zone)},
        )
