"""All that happened to a proposal, from its beginning to its receipt: when, by whom, and with which proof."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q
from django.db.models.functions import TruncHour
from django.urls import reverse

from applicants.models import User
from calls.templatetags.instants import in_words
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.dossier import Draft
from proposals.models import Proposal, SectionChange
from proposals.wizard import step_named


@dataclass(frozen=True)
class Moment:
    """One line of the timeline. `proof` is what shows it: a hash, or a number; `link` leads to it."""

    at: datetime
    words: str
    who: str = ""
    proof: str = ""
    link: str = ""


def timeline(draft: Draft) -> list[Moment]:
    """Newest first. A fixed number of queries, however much happened."""
    proposal = draft.proposal
    found = [
        *_writing(draft),
        *_happenings(draft),
        *_files(proposal),
        *_versions(proposal),
        *_extensions(proposal),
    ]
    found.reverse()  # of one instant, what was noted last comes first
    return sorted(found, key=lambda one: one.at, reverse=True)


def _happenings(draft: Draft) -> Iterator[Moment]:
    """Addresses of those who were asked are for the lead only."""
    for one in draft.proposal.happenings.select_related("by"):
        proof = one.details.get("proof", "")
        if draft.proposal.standing.leads:
            proof = proof or one.details.get("address", "")
        left_out = "; ".join(one.details.get("left_out", []))
        words = _("%(words)s. Not taken over: %(left_out)s")
        words = words % {"words": one.words, "left_out": left_out} if left_out else one.words
        yield Moment(one.at, words, str(one.by or ""), proof)


def _writing(draft: Draft) -> Iterator[Moment]:
    """The beginning, and saves of one person on one step, hour by hour: autosaves would fill the page."""
    proposal = draft.proposal
    found = (
        SectionChange.objects.filter(
            ~Q(step="consortium"), proposal=proposal, saved_at__isnull=False
        )
        .annotate(hour=TruncHour("saved_at"))
        .values("step", "participant_key", "organisation", "hour", "saved_by")
        .annotate(saves=Count("pk"), last=Max("saved_at"), version=Max("version"))
    )
    rows: list[Any] = list(found)
    people = User.objects.in_bulk(
        {proposal.started_by_id, *(row["saved_by"] for row in rows if row["saved_by"])}
    )
    who = str(people.get(proposal.started_by_id, ""))
    yield Moment(proposal.started_at, _("The proposal was begun"), who, proposal.number)
    names = {one.key: one.organisation.name for one in draft.participants}
    for row in rows:
        yield _written(proposal, row, people, names)


def _written(
    proposal: Proposal, row: Any, people: dict[int, User], names: dict[str, str]
) -> Moment:
    step = step_named(proposal.strand, row["step"])
    title = str(step.title) if step is not None else row["step"]
    key = row["participant_key"]
    if key:
        name = names.get(key, _("a partner who left"))
        title = _("%(step)s, %(name)s") % {"step": title, "name": name}
    text = ngettext("“%(step)s” was saved", "“%(step)s” was saved %(count)s times", row["saves"])
    place = [proposal.number, row["step"], *([key] if key else [])]
    return Moment(
        row["last"],
        text % {"step": title, "count": row["saves"]},
        str(people.get(row["saved_by"], "")),
        _("text %(version)s") % {"version": row["version"]},
        reverse("proposals:step-history", args=place) if not key or key in names else "",
    )


def _files(proposal: Proposal) -> Iterator[Moment]:
    for file in proposal.files.select_related("uploaded_by"):
        words = _("The PDF “%(name)s” was uploaded") % {"name": file.name}
        yield Moment(file.uploaded_at, words, str(file.uploaded_by), f"SHA-256 {file.sha256}")


def _versions(proposal: Proposal) -> Iterator[Moment]:
    versions = proposal.versions.select_related("submitted_by", "withdrawal__withdrawn_by")
    for version in versions.prefetch_related("receipt_editions").defer("dossier", "circumstances"):
        version.proposal = proposal
        number = {"number": version.number}
        link = version.get_absolute_url()
        yield Moment(
            version.received_at,
            _("Version %(number)s was received") % number,
            str(version.submitted_by),
            f"SHA-256 {version.sha256}",
            link,
        )
        for receipt in version.receipt_editions.all():
            words = _("The receipt of version %(number)s was made") % number
            if receipt.edition > 1:
                edition = number | {"edition": receipt.edition}
                words = (
                    _("Edition %(edition)s of the receipt of version %(number)s was made") % edition
                )
            yield Moment(receipt.sealed_at, words, "", f"SHA-256 {receipt.sha256}", link)
        withdrawal = getattr(version, "withdrawal", None)
        if withdrawal is not None:
            words = _("Version %(number)s was withdrawn: %(reason)s")
            values = number | {"reason": withdrawal.reason}
            yield Moment(withdrawal.withdrawn_at, words % values, str(withdrawal.withdrawn_by))


def _extensions(proposal: Proposal) -> Iterator[Moment]:
    if proposal.deadline == proposal.call.deadline:
        return
    for one in proposal.extensions.all():
        words = _("The deadline of this proposal was moved to %(until)s")
        yield Moment(
            one.granted_at, words % {"until": in_words(one.until, zone=proposal.call.zone)}
        )
