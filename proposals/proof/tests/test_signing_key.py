"""The portal's key, from a file, from a secret, and from hardware (SoftHSM stands for it)."""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

from cosme_portal.tests import processes
from foundation import clock
from proposals.models import Receipt
from proposals.proof import signing_key
from proposals.proof.ledger_audit import find_problems
from proposals.proof.receipts import create_receipt
from proposals.proof.verification import program
from proposals.tests.factories import make_ready, submit

MODULES = (Path("/usr/lib/softhsm/libsofthsm2.so"), Path("/usr/lib64/pkcs11/libsofthsm2.so"))
TOKEN, LABEL, PIN = "portal", "seal", "4711"


@pytest.fixture(autouse=True)
def forgotten():
    """Each test reads its key anew, and leaves none behind."""
    signing_key.load_signing_key.cache_clear()
    yield
    signing_key.load_signing_key.cache_clear()


def certificate_for(public, *, days=1):
    """By an authority of its own, as one gets it for a key that never leaves its token."""
    authority = ec.generate_private_key(ec.SECP256R1())
    now = clock.real_now()

    def made(subject, key):
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority")]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=days))
            .sign(authority, hashes.SHA256())
        )

    both = (made("Seal of a portal", public), made("Authority", authority.public_key()))
    return b"".join(item.public_bytes(serialization.Encoding.PEM) for item in both)


def pem_of(private):
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    """A token of SoftHSM with one key, and the certificate of that key: module and PEM."""
    module = next((module for module in MODULES if module.exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        processes.missing("SoftHSM is missing. On Debian: sudo apt-get install softhsm2")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(config))
        command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN]
        subprocess.run([*command, "--so-pin", PIN], check=True, capture_output=True)
        library = pkcs11.lib(str(module))
        library.reinitialize()  # it may have been loaded with another folder before
        opened = library.get_token(token_label=TOKEN)
        with opened.open(rw=True, user_pin=PIN) as session:
            curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
            domain = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
            public, _private = domain.generate_keypair(store=True, label=LABEL)
            key = serialization.load_der_public_key(encode_ec_public_key(public))
        yield str(module), certificate_for(key).decode()


@pytest.fixture
def hardware(token, settings):
    module, pem = token
    settings.SEAL_PEM, settings.SEAL_MODULE = pem, module
    settings.SEAL_TOKEN, settings.SEAL_LABEL, settings.SEAL_PIN = TOKEN, LABEL, PIN
    yield settings
    pkcs11.lib(module).reinitialize()  # ends the sessions of this test


@pytest.mark.django_db
def test_a_key_in_hardware_seals_receipts_and_signs_the_log(call, hardware, tmp_path):
    create_receipt(submit(make_ready(call)))
    receipt = bytes(Receipt.objects.get().pdf)
    trusted = signing_key.load_signing_key().pem.encode()
    assert program().check(receipt, [trusted])[1] == []
    assert list(find_problems()) == []
    file = tmp_path / "receipt.pdf"
    file.write_bytes(receipt)
    result = subprocess.run(["pdfsig", str(file)], capture_output=True, text=True, check=False)
    assert "Signature is Valid." in result.stdout and "Seal of a portal" in result.stdout


@pytest.mark.parametrize(
    ("name", "value"), [("SEAL_PIN", "0000"), ("SEAL_LABEL", "other"), ("SEAL_TOKEN", "other")]
)
def test_hardware_that_cannot_be_used_is_named(hardware, name, value):
    setattr(hardware, name, value)
    with pytest.raises(signing_key.InvalidSigningKey, match="cannot be used"):
        signing_key.load_signing_key()


def test_hardware_without_its_library_is_named(hardware):
    hardware.SEAL_MODULE = "/nowhere/library.so"
    with pytest.raises(signing_key.InvalidSigningKey, match="cannot be used"):
        signing_key.load_signing_key()


def test_a_certificate_of_another_key_is_refused(hardware):
    hardware.SEAL_PEM = certificate_for(
        ec.generate_private_key(ec.SECP256R1()).public_key()
    ).decode()
    with pytest.raises(signing_key.InvalidSigningKey, match="belongs to another key"):
        signing_key.load_signing_key()


def test_a_key_comes_from_a_secret_with_the_certificates_of_its_authorities(settings):
    private = ec.generate_private_key(ec.SECP256R1())
    settings.SEAL_PEM = (pem_of(private) + certificate_for(private.public_key())).decode()
    assert len(signing_key.load_signing_key().authorities) == 1


def test_a_key_on_another_curve_is_refused(settings):
    private = ec.generate_private_key(ec.SECP384R1())
    settings.SEAL_PEM = (pem_of(private) + certificate_for(private.public_key())).decode()
    with pytest.raises(signing_key.InvalidSigningKey, match="P-256"):
        signing_key.load_signing_key()


@pytest.mark.parametrize("pem", ["", "nonsense"])
def test_a_key_that_cannot_be_read_is_refused(settings, tmp_path, pem):
    file = tmp_path / "key.pem"
    file.write_text(pem)
    settings.SEAL_FILE = str(file)
    with pytest.raises(signing_key.InvalidSigningKey):
        signing_key.load_signing_key()
