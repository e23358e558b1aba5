"""The receipt of a version: a PDF/A-3 with the dossier inside, made once for each cause and never deleted.

What it says is taken from the frozen version alone, never from the draft.
"""

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import CharField, Exists, Max, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.template.loader import render_to_string
from django.urls import reverse

from calls.eligibility import canonical
from calls.eligibility.countries import name_on
from calls.eligibility.facts import Audience, Role
from foundation import clock
from foundation.pdf import Attached, render_pdf
from proposals.delivery.fault_isolation import StopForNow, for_each
from proposals.dossier.confirmed_parts import confirmed_in
from proposals.dossier.declarations import declaration_in_words
from proposals.dossier.facts import readable
from proposals.models import (
    LedgerEntry,
    Letter,
    Participant,
    ProposalPdf,
    Receipt,
    SealedDocument,
    TimestampStatus,
    VerdictRecord,
    Version,
)
from proposals.proof import ledger
from proposals.proof.receipt_contents import deadline_at_receipt, points_by_rule


def create_receipt(version: Version, *, cause: str = SealedDocument.SUBMISSION) -> None:
    """Make and keep the receipt, unless this cause has made one. Two workers at once make one."""

    def rendered(sealed_at: datetime, stamp: TimestampStatus) -> bytes:
        proof = proof_of_version(version)
        return render_receipt_pdf(
            version, render_receipt_html(version, sealed_at, proof, stamp), proof
        )

    sign_and_store(Receipt, version, cause, rendered)


RECEIPT_PAGES = 2  # at most, as long as names that a person would type fit into small print

Render = Callable[[datetime, TimestampStatus], bytes]


def sign_and_store(
    kind: type[SealedDocument], version: Version, cause: str, render: Render
) -> None:
    """Render, seal and keep a document of a version, unless it has one of this kind and cause."""
    if kind.objects.filter(version=version, cause=cause).exists():
        return
    from proposals.proof import pdf_signature  # noqa: PLC0415 -- only workers seal, and load pyHanko

    sealed_at, stamp = clock.now(), pdf_signature.expected_timestamp()
    reason = f"{kind.__name__} of {version}"
    try:
        pdf = pdf_signature.seal_pdf(render(sealed_at, stamp), reason=reason, stamp=stamp)
    except pdf_signature.TimestampServiceUnavailable:
        stamp = TimestampStatus.PENDING
        pdf = pdf_signature.seal_pdf(render(sealed_at, stamp), reason=reason, stamp=stamp)
    _store(kind, version, cause, pdf=pdf, sealed_at=sealed_at, timestamp_status=stamp)


def _store(kind: type[SealedDocument], version: Version, cause: str, **values: Any) -> None:
    """Store an edition, unless another worker was faster."""
    own = kind.objects.filter(version=version)
    sha256 = hashlib.sha256(values["pdf"]).hexdigest()
    try:
        with transaction.atomic():
            last = own.aggregate(last=Max("edition"))["last"] or 0
            kind.objects.create(
                version=version, cause=cause, edition=last + 1, sha256=sha256, **values
            )
    except IntegrityError:
        if not own.filter(cause=cause).exists():
            raise


def add_pending_timestamps(*, seconds: float | None = None) -> int:
    """Give sealed documents the time stamp that they were sealed without; returns how many.

    The stamped file is an edition of its own: the one before is in people's hands and stays valid.
    """
    waiting = (
        document
        for kind in (Receipt, ProposalPdf, Letter)
        for document in _awaiting_timestamp(kind).defer("pdf").order_by("pk").iterator(100)
    )
    return for_each("time stamps", waiting, _add_timestamp, seconds=seconds)


def _add_timestamp(document: SealedDocument) -> bool:
    from proposals.proof import pdf_signature  # noqa: PLC0415 -- as above

    if pdf_signature.expected_timestamp() != TimestampStatus.IN_SEAL:
        raise StopForNow
    try:
        pdf = pdf_signature.add_timestamp(bytes(document.pdf))
    except pdf_signature.TimestampServiceUnavailable:
        raise StopForNow from None
    cause, stamp = timestamp_cause(document.edition), TimestampStatus.IN_SEAL
    _store(
        type(document),
        document.version,
        cause,
        pdf=pdf,
        sealed_at=document.sealed_at,
        timestamp_status=stamp,
    )
    return True


def timestamp_cause(edition: int) -> str:
    """What the edition is made for that has the stamp which another one lacks."""
    return f"stamp:{edition}"


def _awaiting_timestamp(kind: type[SealedDocument]) -> Any:
    """Those that wait for a stamp: of receipts and proposal PDFs the newest edition, of letters each."""
    waiting = kind.objects.filter(timestamp_status=TimestampStatus.PENDING)
    own = kind.objects.filter(version=OuterRef("version"))
    if kind is Letter:
        cause = Concat(Value("stamp:"), Cast(OuterRef("edition"), CharField()))
        return waiting.filter(~Exists(own.filter(cause=cause)))
    newest = own.order_by("-edition").values("edition")[:1]
    return waiting.filter(edition=Subquery(newest))


class NotLogged(Exception):
    """No record speaks of the version: it was made before there was a log, or past every function."""


def proof_of_version(version: Version) -> dict[str, Any]:
    """The version's entry of the log with its inclusion proof, as the receipt attaches it.

    Raises:
        NotLogged: no record speaks of it.
    """
    subject = ledger.subject_of(version)
    entries = LedgerEntry.objects.filter(record__subject=subject).select_related("record")
    entry = entries.first()
    if entry is None:
        ledger.sequence(wait=True)
        entry = entries.first()
    if entry is None:
        raise NotLogged
    head = ledger.first_head_covering(entry)
    return {"entry": entry.record.content, **ledger.inclusion_proof(entry, head)}


def render_receipt_html(
    version: Version,
    sealed_at: datetime,
    proof: dict[str, Any],
    stamp: TimestampStatus = TimestampStatus.NONE,
) -> str:
    """The receipt as HTML: what was received and when, what it holds, and how to verify it."""
    deadline, time_left = deadline_at_receipt(version)
    context = version_context(version) | {
        "sealed_at": sealed_at,
        "stamp": stamp,
        "deadline": deadline,
        "time_left": time_left,
        "qr_code": qr_code_of(version),
        "check_url": settings.BASE_URL + reverse("proof:check"),
        "certificates_url": settings.BASE_URL + reverse("proof:certificates"),
        "proof": proof,
        "log_signed_at": datetime.fromisoformat(proof["head"]["signed_at"]),
    }
    context |= {
        "coordinator": next(
            (row for row in context["participants"] if row["is_coordinator"]), None
        ),
        "points": points_by_rule(context["verdict"], version.acknowledged),
    }
    return render_to_string("proof/receipt.html", context)


def version_context(version: Version) -> dict[str, Any]:
    """What page and receipt both show of a version."""
    dossier = version.document
    stored = verdict_for_applicant(version)
    verdict = readable(stored.verdict, dossier) if stored else None
    strand = version.proposal.strand
    return {
        "version": version,
        "proposal": version.proposal,
        "call": strand.call,
        "strand": strand,
        "dossier": dossier,
        "verdict": verdict,
        "acknowledged": [f for f in verdict.findings if f.name in version.acknowledged]
        if verdict
        else [],
        "participants": _with_confirmations(version),
        "declaration": declaration_in_words(dossier),
    }


def _with_confirmations(version: Version) -> list[dict[str, Any]]:
    rows = participant_rows(version.document, version.proposal.call.rule_date)
    confirmed = confirmed_in(version)
    return [row | {"confirmed": confirmed.get(row["key"])} for row in rows]


def verdict_for_applicant(version: Version) -> VerdictRecord | None:
    """What the rules said when the version was received."""
    stored_verdicts = version.verdicts.filter(audience=Audience.APPLICANT.value)
    return version.initial_verdict or stored_verdicts.first()


def qr_code_of(version: Version) -> str:
    import segno  # noqa: PLC0415 -- as above

    return segno.make(version.url, error="m").svg_data_uri(scale=3, border=1, dark="#14233f")


def participant_rows(dossier: dict[str, Any], day: date) -> list[dict[str, Any]]:
    """Who takes part, as a table shows it; countries as they were called on a day."""
    return [_participant(participant, day) for participant in dossier["consortium"]]


def _participant(row: dict[str, Any], day: date) -> dict[str, Any]:
    organisation = row["organisation"]
    return {
        "key": row["key"],
        "name": organisation["cluster_name"] or organisation["legal_name"],
        "legal_name": organisation["legal_name"],
        "country": organisation["country"],
        "country_name": name_on(organisation["country"], day),
        "role": Participant.RoleChoices(row["role"]).label,
        "is_coordinator": row["role"] == Role.COORDINATOR.value,
        "applies": row["role"] != Role.ASSOCIATED.value,
        "grant": row["budget"]["grant"],
    }


def render_receipt_pdf(version: Version, html: str, proof: dict[str, Any]) -> bytes:
    """The receipt before it is sealed, with its evidence inside."""
    stored = verdict_for_applicant(version)
    verdict = canonical(stored.content) if stored else "{}"
    attachments = [
        _attached(version, "dossier.json", version.dossier, "Source", "Submitted proposal data"),
        _attached(version, "verdict.json", verdict, "Supplement", "Result of the automatic check"),
        _attached(
            version, "proof.json", canonical(proof), "Supplement", "Proof of inclusion in the log"
        ),
    ]
    return render_pdf(
        html,
        sheet="receipt.css",
        attachments=attachments,
        compact_sheet="receipt-compact.css",
        compact_over=RECEIPT_PAGES,
    )


def _attached(
    version: Version, name: str, text: str, relationship: str, description: str
) -> Attached:
    return Attached(name, text, description, relationship, version.received_at)
