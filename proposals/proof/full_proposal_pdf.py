"""The whole proposal as a person reads it, as a PDF: sealed, or of a draft with a mark across every page.

Made by a worker, because laying it out takes longer than a request may: who asks gets the page at once and
the file a few seconds later.
"""

import json
import logging
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string

from applicants.models import User
from calls.eligibility import canonical
from foundation import clock
from foundation.errors import in_full
from foundation.pdf import render_pdf
from proposals.delivery import outbox
from proposals.delivery.claims import claim_first, is_unclaimed, process_claimed
from proposals.dossier.document import Draft, dossier_of
from proposals.models import DraftPdf, Proposal, ProposalPdf, SealedDocument, Version
from proposals.proof.budget_table import budget_table
from proposals.proof.proposal_sections import sections_of
from proposals.proof.receipts import participant_rows, sign_and_store

log = logging.getLogger("portal.proposal_pdf")


def request_draft_pdf(draft: Draft, *, by: User) -> DraftPdf:
    """Queue the draft, as it is now, as a PDF. An unchanged draft is not printed twice."""
    text = canonical(dossier_of(draft))
    present = DraftPdf.objects.filter(proposal=draft.proposal, dossier=text, error="").first()
    if present is not None:
        return present
    asked, _made = DraftPdf.objects.update_or_create(
        proposal=draft.proposal,
        defaults={
            "dossier": text,
            "requested_at": clock.now(),
            "requested_by": by,
            "pdf": None,
            "error": "",
            "claimed_at": None,
        },
    )
    return asked


def make_draft_pdfs(*, seconds: float | None = None) -> int:
    """Make the prints that were asked for; returns how many."""
    return process_claimed(_claim, _make, seconds=seconds)


def _claim() -> DraftPdf | None:
    free = DraftPdf.objects.filter(is_unclaimed(outbox.stale_after()), pdf=None, error="")
    return claim_first(free.select_related("proposal__strand__call__programme"))


def _make(asked: DraftPdf) -> bool:
    same = DraftPdf.objects.filter(pk=asked.pk, dossier=asked.dossier)
    try:
        pdf = render_proposal_pdf(asked.proposal, json.loads(asked.dossier), of=asked.requested_at)
    except Exception as error:  # noqa: BLE001 -- one proposal must not keep the others waiting
        log.error("Draft PDF of proposal %s failed: %s", asked.proposal_id, in_full(error))
        same.update(error=type(error).__name__)
        return False
    same.update(pdf=pdf)
    return True


def create_proposal_pdf(version: Version, *, cause: str = SealedDocument.SUBMISSION) -> None:
    """Render, seal and store the proposal PDF of a version, unless this cause has made one."""
    sign_and_store(
        ProposalPdf,
        version,
        cause,
        lambda _moment, _stamp: render_proposal_pdf(version.proposal, version.document, of=version),
    )


def render_proposal_pdf(
    proposal: Proposal, dossier: dict[str, Any], *, of: Version | datetime
) -> bytes:
    """A dossier as a PDF, `of` a version, or of a draft at an instant, which every page then says."""
    html = render_to_string("proof/proposal.html", proposal_context(proposal, dossier, of))
    return render_pdf(html, sheet="proposal.css")


def proposal_context(
    proposal: Proposal, dossier: dict[str, Any], of: Version | datetime
) -> dict[str, Any]:
    """What the page and the PDF of a whole proposal show."""
    return {
        "proposal": proposal,
        "call": proposal.call,
        "strand": proposal.strand,
        "dossier": dossier,
        "participants": participant_rows(dossier, proposal.call.rule_date),
        "sections": sections_of(dossier),
        "budget": budget_table(dossier),
        "drafted_at": of if isinstance(of, datetime) else None,
        "version": of if isinstance(of, Version) else None,
    }
