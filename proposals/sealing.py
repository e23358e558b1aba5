"""The portal's key: signs tree heads and receipts. Its certificate is published, and stays so after a change.

In production the key is given (`PORTAL_SEAL_PEM` holds it, or `PORTAL_SEAL_FILE` names a file with it: one
private key on P-256 and its certificate, both PEM). Elsewhere one is made at first use, with DEMO in its
name.
"""

import io
import logging
import os
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps import HTTPTimeStamper, TimeStamper, TimestampRequestError
from pyhanko_certvalidator.registry import SimpleCertificateStore

from calls import clock
from proposals.models import SealCertificate

log = logging.getLogger("portal.sealing")

DEMO_NAME = "DEMO seal of a COSME portal"
DEMO_YEARS = 10


class UnusableKey(Exception):
    """What is given as the portal's key is no P-256 key with its certificate."""


@dataclass(frozen=True)
class SealKey:
    private: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate's DER bytes, in hexadecimal digits."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def sign(self, content: bytes) -> bytes:
        """An ECDSA signature with SHA-256, as DER."""
        return self.private.sign(content, ec.ECDSA(hashes.SHA256()))


def is_signed(content: bytes, signature: bytes, certificate_pem: str) -> bool:
    """Whether the holder of a certificate's key has signed these bytes."""
    key = x509.load_pem_x509_certificate(certificate_pem.encode()).public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(signature, content, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


@cache
def seal_key() -> SealKey:
    """The key that this process signs with.

    Raises:
        UnusableKey: it cannot be read.
    """
    if settings.SEAL_PEM:
        return _read(settings.SEAL_PEM.encode())
    path = Path(settings.SEAL_FILE)
    if not path.exists() and settings.MAKES_DEMO_SEAL:
        _make_demo_key(path)
    try:
        return _read(path.read_bytes())
    except OSError as error:
        raise UnusableKey(f"{path}: {error.strerror}") from None


def published(key: SealKey) -> SealCertificate:
    """The key's certificate among those that are published; new ones are added."""
    found, _made = SealCertificate.objects.get_or_create(
        fingerprint=key.fingerprint, defaults={"pem": key.pem, "first_used_at": clock.now()}
    )
    return found


def seal_pdf(pdf: bytes, *, field: str, reason: str) -> bytes:
    """Add a PAdES signature (ETSI EN 319 142-1) over the whole file; the file's own bytes stay as they are.

    With a time-stamp service configured the seal holds its RFC 3161 stamp. While that does not answer the
    seal is made without one: a receipt must not wait for somebody else's server.
    """
    try:
        return _sign_pdf(pdf, field, reason, _timestamper())
    except (TimestampRequestError, OSError) as error:
        log.warning("The time-stamp service is away (%s); sealed without it.", type(error).__name__)
        return _sign_pdf(pdf, field, reason, None)


def _sign_pdf(pdf: bytes, field: str, reason: str, timestamper: TimeStamper | None) -> bytes:
    key = seal_key()
    signer = signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(
            key.certificate.public_bytes(serialization.Encoding.DER)
        ),
        signing_key=asn1_keys.PrivateKeyInfo.load(
            key.private.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        ),
        cert_registry=SimpleCertificateStore(),
    )
    metadata = signers.PdfSignatureMetadata(
        field_name=field, reason=reason, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )
    sealed = signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pdf)), metadata, signer=signer, timestamper=timestamper
    )
    content: bytes = sealed.getvalue()
    return content


def _timestamper() -> TimeStamper | None:
    return HTTPTimeStamper(settings.TIMESTAMP_URL, timeout=5) if settings.TIMESTAMP_URL else None


def _read(pem: bytes) -> SealKey:
    try:
        private = serialization.load_pem_private_key(pem, password=None)
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise UnusableKey(str(error)) from None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
        raise UnusableKey("The key must be one on the curve P-256.")
    if certificate.public_key() != private.public_key():
        raise UnusableKey("The certificate belongs to another key.")
    return SealKey(private, certificate)


def _make_demo_key(path: Path) -> None:
    """Several processes may start at once: the first file that stands there counts."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DEMO_NAME)])
    begins = clock.real_now().replace(year=2014, month=1, day=1)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(clock.real_now() + timedelta(days=365 * DEMO_YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(pem)
    try:
        os.link(file.name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(file.name)
