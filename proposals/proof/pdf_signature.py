"""The seal of receipts and proposal PDFs: a PAdES signature by the portal's key, with an external time stamp.

A time-stamp service (RFC 3161) is asked where one is configured. While it is away documents are sealed
without a stamp, because nobody's proof waits for somebody else's server; `stamped` puts it in later.
"""

import asyncio
import hashlib
import io
import logging
from datetime import timedelta
from typing import Any

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from django.conf import settings
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import simple_cms_attribute
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from foundation import clock, metrics
from proposals.models import TimestampStatus
from proposals.proof.signing_key import SigningKey, load_signing_key

log = logging.getLogger("portal.sealing")

FIELD = "Seal"
TIMESTAMP_TIMEOUT = 5  # how long a time-stamp service may take
TIMESTAMP_SIZE = 24_000  # bytes that a seal keeps free for a stamp with its certificates
RETRY_INTERVAL = timedelta(seconds=30)  # for which a service that was away is not asked again
_next_attempt_at = clock.real_now()


class TimestampServiceUnavailable(Exception):
    """The time-stamp service did not answer, or not with a stamp."""


def expected_timestamp() -> TimestampStatus:
    """What a document can say of its stamp before it is sealed."""
    if not settings.TIMESTAMP_URL:
        return TimestampStatus.NONE
    return (
        TimestampStatus.PENDING if clock.real_now() < _next_attempt_at else TimestampStatus.IN_SEAL
    )


def seal_pdf(pdf: bytes, *, reason: str, stamp: TimestampStatus = TimestampStatus.NONE) -> bytes:
    """Add a PAdES signature (ETSI EN 319 142-1) over the whole file; the file's own bytes stay as they are.

    The seal is put outside of the page, as PDF/A and PDF/UA together demand of one that is not seen.

    Raises:
        TimestampServiceUnavailable: a stamp was to be in the seal, and none came.
    """
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD, reason=reason, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )
    field = SigFieldSpec(
        FIELD,
        readable_field_name="Seal of the portal",
        invis_sig_settings=InvisSigSettings(box_out_of_bounds=True),
    )
    writer = _MetadataPreservingWriter(io.BytesIO(pdf))
    signer = _Signer(load_signing_key())
    room = None if stamp == TimestampStatus.NONE else 2 * TIMESTAMP_SIZE
    with metrics.timed("portal_seal_duration_seconds"):
        sealed = signers.sign_pdf(
            writer, metadata, signer=signer, new_field_spec=field, bytes_reserved=room
        ).getvalue()
        return add_timestamp(sealed) if stamp == TimestampStatus.IN_SEAL else sealed


def add_timestamp(sealed: bytes) -> bytes:
    """A sealed document with a time stamp put into its seal; no byte that the seal covers changes.

    Raises:
        TimestampServiceUnavailable: none came.
    """
    seal = PdfFileReader(io.BytesIO(sealed)).embedded_signatures[0]
    content = cms.ContentInfo.load(seal.pkcs7_content)
    signer_info = content["content"]["signer_infos"][0]
    token = request_timestamp(signer_info["signature"].native)
    attribute = simple_cms_attribute("signature_time_stamp_token", token)
    signer_info["unsigned_attrs"] = cms.CMSAttributes([attribute])
    start, length, begin_again, _rest = (int(number) for number in seal.sig_object["/ByteRange"])
    room = begin_again - (start + length) - len("<>")
    hexes = content.dump(force=True).hex().encode()
    if len(hexes) > room:
        log.error("A time stamp needs %s digits, and the seal has room for %s.", len(hexes), room)
        raise TimestampServiceUnavailable(
            "The stamp is larger than the room that the seal has for it."
        )
    gap = b"<" + hexes.ljust(room, b"0") + b">"
    return sealed[: start + length] + gap + sealed[begin_again:]


def request_timestamp(signature: bytes) -> cms.ContentInfo:
    """A time stamp (RFC 3161) over a signature, from the configured service.

    Raises:
        TimestampServiceUnavailable: none came.
    """
    global _next_attempt_at  # noqa: PLW0603 -- one process, one memory of when the service was away
    service = HTTPTimeStamper(settings.TIMESTAMP_URL, timeout=TIMESTAMP_TIMEOUT)
    try:
        with metrics.timed("portal_timestamp_duration_seconds"):
            digest = hashlib.sha256(signature).digest()
            return asyncio.run(service.async_timestamp(digest, "sha256"))
    except Exception as error:  # whatever that server answers, nobody's receipt waits for it
        _next_attempt_at = clock.real_now() + RETRY_INTERVAL
        metrics.increment("portal_timestamp_failures")
        log.warning("The time-stamp service is unavailable (%s).", type(error).__name__)
        raise TimestampServiceUnavailable(type(error).__name__) from error


class _MetadataPreservingWriter(IncrementalPdfFileWriter):
    """Leaves the document's metadata alone: rewritten by pyHanko they would be no PDF/A any more."""

    def _update_meta(self) -> None:
        pass


class _Signer(signers.Signer):
    """Signs with the portal's key, wherever it lies."""

    def __init__(self, key: SigningKey) -> None:
        authorities = SimpleCertificateStore()
        authorities.register_multiple(_as_asn1(authority) for authority in key.authorities)
        mechanism = cms.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
        super().__init__(
            signing_cert=_as_asn1(key.certificate),
            cert_registry=authorities,
            signature_mechanism=mechanism,
        )
        self._key = key

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        longest = 72  # bytes of an ECDSA signature on P-256, as DER
        return bytes(longest) if dry_run else self._key.sign(data)


def _as_asn1(certificate: x509.Certificate) -> Any:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
