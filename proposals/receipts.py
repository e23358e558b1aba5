"""The receipt of a version: a PDF/A-3 with the dossier inside, rendered once and kept for ever.

What it says is taken from the frozen version alone, never from the draft. Rendering reads nothing
from a network and no file but our own style sheet and fonts.
"""

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import segno
from django.conf import settings
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

from calls import clock
from calls.eligibility import canonical
from calls.eligibility.countries import name_on
from calls.eligibility.facts import Audience, Role
from proposals import ledger
from proposals.models import (
    LedgerEntry,
    Participant,
    Receipt,
    SealedDocument,
    StoredVerdict,
    Version,
)
from proposals.sealing import seal_pdf

STYLES = settings.ROOT / "static" / "css" / "receipt.css"
UA_IDENTIFICATION = settings.ROOT / "static" / "xmp" / "pdfua.xml"
SEAL_FIELD = "Seal"
VARIANT = "pdf/a-3a"  # archival, with attachments, tagged in reading order


class OwnFilesOnly(URLFetcher):
    """Fetches nothing but files of the portal's own static folder, whatever a text contains."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=["file", "data"], fail_on_errors=True)

    def fetch(self, url: str, headers: Any = None) -> Any:
        folder = (settings.ROOT / "static").as_uri() + "/"
        if not url.startswith("data:") and not (url.startswith(folder) and ".." not in url):
            raise ValueError("A receipt uses nothing from outside.")
        return super().fetch(url, headers)


def issue_receipt(version: Version) -> None:
    """Make and keep the receipt, unless it exists. Two workers at once make one."""

    def rendered(sealed_at: datetime) -> bytes:
        proof = proof_of(version)
        return render_pdf(version, html_of(version, sealed_at, proof), proof)

    keep_sealed(Receipt, version, rendered)


def keep_sealed(
    kind: type[SealedDocument], version: Version, render: Callable[[datetime], bytes]
) -> None:
    """Render, seal and keep a document of a version, unless it has one of this kind."""
    own = kind._default_manager.filter(version=version)
    if own.exists():
        return
    sealed_at = clock.now()
    pdf = seal_pdf(render(sealed_at), field=SEAL_FIELD, reason=f"{kind.__name__} of {version}")
    try:
        with transaction.atomic():
            kind._default_manager.create(
                version=version,
                pdf=pdf,
                sha256=hashlib.sha256(pdf).hexdigest(),
                sealed_at=sealed_at,
            )
    except IntegrityError:
        if not own.exists():
            raise


class NotInTheLog(Exception):
    """No note speaks of the version: it was made before there was a log, or past every function."""


def proof_of(version: Version) -> dict[str, Any]:
    """The version's entry of the log with the proof that it stands there, as the receipt attaches it.

    Raises:
        NotInTheLog: no note speaks of it.
    """
    subject = ledger.subject_of(version)
    entries = LedgerEntry.objects.filter(note__subject=subject).select_related("note")
    entry = entries.first()
    if entry is None:
        ledger.sequence(wait=True)
        entry = entries.first()
    if entry is None:
        raise NotInTheLog
    head = ledger.head_of_size(None)
    return {"entry": entry.note.content, **ledger.inclusion_proof(entry, head)}


def html_of(version: Version, sealed_at: Any, proof: dict[str, Any]) -> str:
    """The receipt as HTML: what was submitted, when, what the rules said, and its place in the log."""
    context = context_of(version) | {
        "sealed_at": sealed_at,
        "qr_code": qr_code_of(version),
        "proof": proof,
        "log_signed_at": datetime.fromisoformat(proof["head"]["signed_at"]),
    }
    return render_to_string("receipts/receipt.html", context)


def context_of(version: Version) -> dict[str, Any]:
    """What page and receipt both show of a version."""
    dossier = version.document
    stored = verdict_for_applicant(version)
    verdict = stored.verdict if stored else None
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
        "participants": participants_in(dossier, strand.call.rule_date),
    }


def verdict_for_applicant(version: Version) -> StoredVerdict | None:
    """What the rules said when the version was received."""
    found = version.verdicts.filter(audience=Audience.APPLICANT.value)
    return version.first_verdict or found.first()


def qr_code_of(version: Version) -> str:
    return segno.make(version.url, error="m").svg_data_uri(scale=3, border=1, dark="#14233f")


def participants_in(dossier: dict[str, Any], day: date) -> list[dict[str, Any]]:
    """Who takes part, as a table shows it; countries as they were called on a day."""
    return [_participant(one, day) for one in dossier["consortium"]]


def _participant(one: dict[str, Any], day: date) -> dict[str, Any]:
    organisation = one["organisation"]
    return {
        "key": one["key"],
        "name": organisation["cluster_name"] or organisation["legal_name"],
        "legal_name": organisation["legal_name"],
        "country": organisation["country"],
        "country_name": name_on(organisation["country"], day),
        "role": Participant.RoleChoices(one["role"]).label,
        "applies": one["role"] != Role.ASSOCIATED.value,
        "grant": one["budget"]["grant"],
    }


def render_pdf(version: Version, html: str, proof: dict[str, Any]) -> bytes:
    """The receipt before it is sealed: PDF/A-3a and PDF/UA-1 in one, with its evidence inside."""
    stored = verdict_for_applicant(version)
    verdict = canonical(stored.content) if stored else "{}"
    attachments = [
        _attached(version, "dossier.json", version.dossier, "Source", "What was submitted"),
        _attached(version, "verdict.json", verdict, "Supplement", "What the rules said of it"),
        _attached(version, "proof.json", canonical(proof), "Supplement", "Its place in the log"),
    ]
    options: dict[str, Any] = {
        "stylesheets": [style_sheet()],
        "pdf_variant": VARIANT,
        "attachments": attachments,
    }
    page = HTML(string=html, base_url=base_url(), url_fetcher=OwnFilesOnly())
    document = page.render(font_config=fonts(), **options)
    _say_that_it_is_accessible(document.metadata)
    pdf: bytes = document.write_pdf(**options)
    return pdf


def _say_that_it_is_accessible(metadata: Any) -> None:
    """Add the identification of PDF/UA-1 to that of PDF/A: WeasyPrint writes one of the two by itself.

    It must stand in the same RDF element, which a separate piece of XMP metadata would not.
    """
    generate = metadata.generate_rdf_metadata
    identification = UA_IDENTIFICATION.read_bytes()

    def with_identification(*given: Any) -> bytes:
        rdf: bytes = generate(*given)
        return rdf.replace(b"</rdf:RDF>", identification + b"</rdf:RDF>")

    metadata.generate_rdf_metadata = with_identification


def _attached(
    version: Version, name: str, text: str, relationship: str, description: str
) -> Attachment:
    return Attachment(
        string=text,
        name=name,
        description=description,
        relationship=relationship,
        created=version.received_at,
        modified=version.received_at,
    )


def base_url() -> str:
    return Path(settings.ROOT / "static" / "css").as_uri() + "/"


@cache
def fonts() -> FontConfiguration:
    """Shared by all receipts of a process: fonts are read once."""
    return FontConfiguration()


@cache
def style_sheet() -> CSS:
    return CSS(filename=str(STYLES), font_config=fonts(), url_fetcher=OwnFilesOnly())
