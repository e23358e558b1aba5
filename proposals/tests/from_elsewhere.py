"""What comes from elsewhere: a time-stamp service that the test starts itself, another portal's receipt."""

import io
import threading
from copy import deepcopy
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pikepdf
import pytest
from asn1crypto import cms, tsp
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.db import transaction
from pyhanko.sign.timestamps import DummyTimeStamper

from conftest import AFTERNOON
from foundation import clock
from proposals.models import Receipt
from proposals.proof import pdf_signature, signing_key
from proposals.proof.receipts import (
    create_receipt,
    proof_of_version,
    render_receipt_html,
    render_receipt_pdf,
)
from proposals.tests.factories import make_ready, submit
from proposals.tests.hostile_pdfs import deflated, pdf_of, stream


def key_with(usage):
    """A key and a certificate of its own for some use, as asn1crypto wants them."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Time-stamp service of a test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(AFTERNOON)
        .not_valid_after(clock.real_now() + timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        .sign(private, hashes.SHA256())
    )
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = asn1_x509.Certificate.load(made.public_bytes(serialization.Encoding.DER))
    return asn1_keys.PrivateKeyInfo.load(der), certificate


@pytest.fixture
def stamp_service(monkeypatch):
    """A time-stamp service over HTTP (RFC 3161) that the test starts itself: its address."""
    key, certificate = key_with(x509.ExtendedKeyUsageOID.TIME_STAMPING)
    stamper = DummyTimeStamper(certificate, key)

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            answer = stamper.request_tsa_response(asked).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(pdf_signature, "_next_attempt_at", clock.real_now())
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def sealed_elsewhere(call, settings, folder):
    """A receipt that is whole in itself; its rows are gone, as in another portal's database."""
    settings.SEAL_FILE, ours = str(folder / "other-portal.pem"), settings.SEAL_FILE
    signing_key.load_signing_key.cache_clear()
    with transaction.atomic():
        create_receipt(submit(make_ready(call)))
        content = bytes(Receipt.objects.get().pdf)
        transaction.set_rollback(True)
    settings.SEAL_FILE = ours
    signing_key.load_signing_key.cache_clear()
    return content


# What can be wrong with a proof that the portal itself has sealed: the change, and how it is told.
WRONG_PROOFS = [
    (
        lambda proof: proof["path"].reverse(),
        "The log proof does not show that the entry is in the log.",
    ),
    (
        lambda proof: proof.update(entry=proof["entry"].replace('"sha256":"', '"sha256":"0')),
        "The attached dossier does not match the log entry",
    ),
    (
        lambda proof: proof["head"].update(signed_at="2015-04-21T14:59:59.000Z"),
        "The root of the log was not signed with this certificate.",
    ),
    (
        lambda proof: proof["head"].update(signature="???"),
        "The root of the log was not signed with this certificate.",
    ),
    (
        lambda proof: proof["head"].update(certificate="0" * 64),
        "The log and the proof of submission were signed with different certificates.",
    ),
    (lambda proof: proof.pop("path"), "The attached log proof cannot be read."),
]


def sealed_with(version, change):
    """A receipt of a version with a changed proof inside, sealed by the portal's own key."""
    right = proof_of_version(version)
    wrong = deepcopy(right)
    change(wrong)
    pdf = render_receipt_pdf(version, render_receipt_html(version, clock.now(), right), wrong)
    return pdf_signature.seal_pdf(pdf, reason="Changed")


def without_seal(content):
    """A sealed document as it was before, so that it can be sealed again."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        del pdf.Root.AcroForm
        for page in pdf.pages:
            if "/Annots" in page:
                del page.Annots
        stream = io.BytesIO()
        pdf.save(stream)
    return stream.getvalue()


def forged_like(content, *, is_same_issuer):
    """The document sealed by a stranger whose certificate has the serial number of the portal's.

    The portal's certificate, which everyone can fetch, lies before the stranger's in the seal.
    """
    ours = signing_key.load_signing_key()
    private = ec.generate_private_key(ec.SECP256R1())
    stranger = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A stranger")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(ours.certificate.subject)
        .issuer_name(ours.certificate.issuer if is_same_issuer else stranger)
        .public_key(private.public_key())
        .serial_number(ours.certificate.serial_number)
        .not_valid_before(ours.certificate.not_valid_before_utc)
        .not_valid_after(ours.certificate.not_valid_after_utc)
        .sign(private, hashes.SHA256())
    )
    key = signing_key.SigningKey(
        lambda data: private.sign(data, ec.ECDSA(hashes.SHA256())), certificate, (ours.certificate,)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf_signature, "load_signing_key", lambda: key)
        sealed = pdf_signature.seal_pdf(without_seal(content), reason="Forged")
    return _with_first_certificate(
        sealed, ours.certificate.public_bytes(serialization.Encoding.DER)
    )


def _with_first_certificate(sealed, first):
    """No signature covers the order of the certificates in a seal."""
    start, end = sealed.rindex(b"/Contents <") + 11, 0
    end = sealed.index(b">", start)
    held = bytes.fromhex(sealed[start:end].decode())
    info = cms.ContentInfo.load(held)
    encoded = info.dump()
    both = [certificate.chosen.dump() for certificate in info["content"]["certificates"]]
    assert len(both) == 2 and first in both
    other = next(item for item in both if item != first)
    for order in (first + other, other + first):
        encoded = encoded.replace(order, first + other)
    return sealed[:start] + encoded.hex().encode().ljust(end - start, b"0") + sealed[end:]


def with_attachments(count, mebibytes):
    """A small PDF with attachments that each unpack to so much."""
    objects = {
        1: "",
        2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: "<< /Type /Page /Parent 2 0 R >>",
    }
    names = []
    bomb = stream("/Type /EmbeddedFile /Filter /FlateDecode", deflated(mebibytes))
    for number in range(count):
        objects[10 + number] = f"<< /Type /Filespec /F (a) /EF << /F {100 + number} 0 R >> >>"
        objects[100 + number] = bomb
        names.append(f"({number}) {10 + number} 0 R")
    tree = f"/Names << /EmbeddedFiles << /Names [{' '.join(names)}] >> >>"
    return pdf_of(objects | {1: f"<< /Type /Catalog /Pages 2 0 R {tree} >>"})
