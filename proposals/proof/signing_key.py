"""The portal's key: signs tree heads and receipts. Its certificate stays published after a change.

In production the key is given, on P-256 with its certificate: as PEM (`PORTAL_SEAL_PEM` holds it, or
`PORTAL_SEAL_FILE` names a file with it), or in hardware (PKCS#11), where the PEM holds the certificate only.
Certificates of authorities that follow it go into each seal. Elsewhere a key is made at first use,
with DEMO in its name.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.db import DatabaseError

from foundation import clock
from proposals.models import SealCertificate

DEMO_NAME = "DEMO seal of a COSME portal"
DEMO_YEARS = 10

Sign = Callable[[bytes], bytes]


class InvalidSigningKey(Exception):
    """What is given as the portal's key is no P-256 key with its certificate."""


@dataclass(frozen=True)
class SigningKey:
    """A key that can sign, wherever it lies. `sign` gives an ECDSA signature with SHA-256, as DER."""

    sign: Sign
    certificate: x509.Certificate
    authorities: tuple[x509.Certificate, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate's DER bytes, in hexadecimal digits."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def verify_signature(content: bytes, signature: bytes, certificate_pem: str) -> bool:
    """Whether the holder of a certificate's key has signed these bytes."""
    return _matches(content, signature, x509.load_pem_x509_certificate(certificate_pem.encode()))


def _matches(content: bytes, signature: bytes, certificate: x509.Certificate) -> bool:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(signature, content, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


@cache
def load_signing_key() -> SigningKey:
    """The key that this process signs with. A hardware key is opened by the process that first asks.

    Raises:
        InvalidSigningKey: it cannot be read.
    """
    path = Path(settings.SEAL_FILE)
    if not settings.SEAL_PEM and not path.exists() and settings.MAKES_DEMO_SEAL:
        _make_demo_key(path)
    try:
        pem = settings.SEAL_PEM.encode() or path.read_bytes()
    except OSError as error:
        raise InvalidSigningKey(f"{path}: {error.strerror}") from None
    return _key_of(pem)


def publish_certificate(key: SigningKey) -> SealCertificate:
    """The key's certificate among those that are published; new ones are added."""
    seal_certificate, _made = SealCertificate.objects.get_or_create(
        fingerprint=key.fingerprint, defaults={"pem": key.pem, "first_used_at": clock.now()}
    )
    return seal_certificate


def own_certificates() -> list[str]:
    """What this portal seals or has sealed with (PEM), as far as it can be known here.

    Works without a database and without the private key; then it is the configured certificate only.
    """
    pems = [settings.SEAL_PEM] if settings.SEAL_PEM else []
    with suppress(OSError):
        pems += [] if pems else [Path(settings.SEAL_FILE).read_text("ascii")]
    with suppress(DatabaseError):
        pems += SealCertificate.objects.values_list("pem", flat=True)
    certificates = {certificate for pem in pems for certificate in _certificates_in(pem)[:1]}
    return [
        certificate.public_bytes(serialization.Encoding.PEM).decode()
        for certificate in certificates
    ]


def _certificates_in(pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return []


def _key_of(pem: bytes) -> SigningKey:
    try:
        certificate, *authorities = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise InvalidSigningKey(str(error)) from None
    public = certificate.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
        raise InvalidSigningKey("The key must use the curve P-256.")
    sign = _hardware_key() if settings.SEAL_MODULE else _private_key(pem)
    probe = b"whether key and certificate belong together"
    if not _matches(probe, sign(probe), certificate):
        raise InvalidSigningKey("The certificate belongs to another key.")
    return SigningKey(sign, certificate, tuple(authorities))


def _private_key(pem: bytes) -> Sign:
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except ValueError as error:
        raise InvalidSigningKey(str(error)) from None
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise InvalidSigningKey("The key must use the curve P-256.")
    return lambda content: private.sign(content, ec.ECDSA(hashes.SHA256()))


def _hardware_key() -> Sign:
    """A key that never leaves its token, by PKCS#11. The session lasts as long as the process."""
    import pkcs11  # noqa: PLC0415 -- loads a library of the system, where one is configured only
    from pkcs11.util.ec import encode_ecdsa_signature  # noqa: PLC0415

    try:
        token = pkcs11.lib(settings.SEAL_MODULE).get_token(token_label=settings.SEAL_TOKEN)
        session = token.open(user_pin=settings.SEAL_PIN)
        private: Any = session.get_key(
            object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=settings.SEAL_LABEL
        )
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise InvalidSigningKey(
            f"The key {settings.SEAL_LABEL!r} in the token {settings.SEAL_TOKEN!r} cannot be used: "
            f"{type(error).__name__}."
        ) from None

    def sign(content: bytes) -> bytes:
        raw = private.sign(hashlib.sha256(content).digest(), mechanism=pkcs11.Mechanism.ECDSA)
        return bytes(encode_ecdsa_signature(raw))

    return sign


def _make_demo_key(path: Path) -> None:
    """Several processes may start at once: the first file that is there counts."""
    begins = clock.real_now().replace(year=2014, month=1, day=1)
    ends = clock.real_now() + timedelta(days=365 * DEMO_YEARS)
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        write_new_key(path, make_key_and_certificate(DEMO_NAME, begins, ends))


def make_key_and_certificate(name: str, begins: datetime, ends: datetime) -> bytes:
    """A new private key with a certificate that it signs itself, both as PEM: secret."""
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(private, hashes.SHA256())
    )
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def fingerprint_in(pem: bytes) -> str:
    """SHA-256 of the first certificate in a PEM, in hexadecimal digits."""
    return x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex()


def write_new_key(path: Path, pem: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all.

    Raises:
        FileExistsError: a file is there; it stays as it is.
        OSError: it cannot be written.
    """
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:  # mode 600
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(file.name, path)
    finally:
        os.unlink(file.name)
