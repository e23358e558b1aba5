"""Links to a proof of submission for contact persons who cannot sign in to fetch it.

A link is signed and holds version, partner and a signature of the address that it was sent to; nothing is
stored. It opens that one document while the partner names that address as its contact, and for
`LINK_LIFETIME` of real time at most.
"""

from datetime import timedelta

from django.core import signing
from django.urls import reverse

from proposals.dossier.document import Draft
from proposals.models import Version

LINK_LIFETIME = timedelta(days=30)
_SALT, _ADDRESS_SALT = "proposals.receipt-link", "proposals.receipt-link.address"


def receipt_link(version: Version, *, key: str, address: str) -> str:
    """The path of the page on which the contact person of a partner finds the receipt of a version."""
    signature = _address_signer().signature(_signed_text(version.pk, key, address))
    token = _signer().sign_object([version.pk, key, signature])
    return reverse("proposals:receipt-link", args=[token])


def version_behind(token: str) -> Version | None:
    """The version whose receipt a link opens; None where it is not ours, has expired or was revoked."""
    try:
        content = _signer().unsign_object(token, max_age=LINK_LIFETIME)
    except signing.BadSignature:
        return None
    pk, key, signature = content
    versions = Version.objects.filter(pk=pk, proposal__deleted_at=None).defer("dossier")
    version = versions.select_related("proposal__strand__call__programme").first()
    if version is None or not _is_still_contact(version, key, signature):
        return None
    return version


def contacts_by_key(draft: Draft) -> dict[str, str]:
    """The address of the contact person whom each partner's profile names at present, by its key."""
    named = {
        participant.key: str(
            draft.profile(participant).answers["contact"].get("contact_email") or ""
        )
        for participant in draft.participants
    }
    return {key: address.strip().lower() for key, address in named.items() if address.strip()}


def _is_still_contact(version: Version, key: str, signature: str) -> bool:
    address = contacts_by_key(Draft(version.proposal)).get(key)
    if address is None:
        return False
    signer = _address_signer()
    try:
        signer.unsign(f"{_signed_text(version.pk, key, address)}{signer.sep}{signature}")
    except signing.BadSignature:
        return False
    return True


def _signed_text(version: int, key: str, address: str) -> str:
    return f"{version}:{key}:{address}"


def _signer() -> signing.TimestampSigner:
    """Its separator needs no escape in an address, so that logs leave a token out whole."""
    return signing.TimestampSigner(salt=_SALT, sep=".")


def _address_signer() -> signing.Signer:
    return signing.Signer(salt=_ADDRESS_SALT, sep=".")
