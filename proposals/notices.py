"""Mails about a submission, one to each contact of the consortium, none seeing another's address."""

from typing import Any

from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from applicants.models import User
from calls.eligibility.facts import Role
from proposals.dossier import Draft
from proposals.models import Version


def contacts_of(draft: Draft) -> list[str]:
    """Addresses of contact persons and of everyone who acts for an organisation of the consortium."""
    people = User.objects.filter(
        organisations__participations__proposal=draft.proposal, is_active=True
    ).values_list("email", flat=True)
    named = [
        draft.profile(one).answers["contact"].get("contact_email") for one in draft.participants
    ]
    return sorted({address.lower() for address in [*people, *named] if address})


def context_of(version: Version) -> dict[str, Any]:
    """Taken from the sealed version, so that the mail says what was received."""
    dossier = version.document
    coordinator = next(
        (
            one["organisation"]
            for one in dossier["consortium"]
            if one["role"] == Role.COORDINATOR.value
        ),
        {"cluster_name": "", "legal_name": ""},
    )
    return {
        "version": version,
        "proposal": version.proposal,
        "acronym": dossier["summary"]["acronym"],
        "title": dossier["summary"]["title"],
        "coordinator": coordinator["cluster_name"] or coordinator["legal_name"],
    }


def people_of(draft: Draft) -> list[tuple[str, dict[str, str]]]:
    """Each organisation's name with the contact person that its profile names at present."""
    return [
        (one.organisation.name, draft.profile(one).answers["contact"]) for one in draft.participants
    ]


def mail_submission(version: Version) -> None:
    """Tell every contact that a version was received, under which number and hash."""
    draft = Draft(version.proposal)
    subject = _("Proposal %(number)s: version %(version)s received") % {
        "number": version.proposal.number,
        "version": version.number,
    }
    body = render_to_string("proposals/mails/submitted.txt", context_of(version))
    mails = [EmailMessage(subject, body, to=[address]) for address in contacts_of(draft)]
    get_connection().send_messages(mails)
