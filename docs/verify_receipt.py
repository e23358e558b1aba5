"""Check a receipt of the COSME portal: `python verify_receipt.py receipt.pdf [certificate.pem ...]`.

This one file needs neither the portal nor a network, only Python and two published packages (pip install pyHanko
pikepdf). It checks the seal (PAdES), that the whole file is under it, the attached dossier against the hash in
the portal's log, and the proof that the hash is in that log (RFC 9162). Give the certificates that you trust, as
the portal publishes them at /proof/certificates/; without one it says on whose certificate all of it rests.

Exit status: 0 all holds, 1 something does not, 2 this is no receipt.
"""

import base64
import hashlib
import io
import json
import sys
import warnings
import zlib
from pathlib import Path

import pikepdf
from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import general
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

MOST_UNPACKED = 50 * 1024 * 1024  # bytes
Report = list[tuple[bool, str]]  # whether it holds, and what


class NoReceipt(Exception):
    """The file cannot be read as a receipt at all; the text says why."""


def check(content: bytes, trusted: list[bytes] | None = None) -> tuple[list[str], list[str]]:
    """What holds and what does not, in sentences; `trusted` are certificates (PEM).

    Raises:
        NoReceipt: no PDF, or one without a seal.
    """
    report: Report = []
    seal = seal_of(content)
    try:
        certificate = x509.load_der_x509_certificate(seal.signer_cert.dump())
        check_seal(content, seal, report)
        check_certificate(certificate, trusted or [], report)
        check_stamp(seal.signer_info, report)
    except Exception as error:
        return [], [f"The seal was damaged and cannot be checked ({type(error).__name__})."]
    files = attachments(content)
    missing = ", ".join(name for name in ("dossier.json", "verdict.json", "proof.json") if name not in files)
    if missing:
        report.append((False, f"Not inside: {missing}. They were taken out, or this is no receipt but another document."))
    else:
        check_proof(files, certificate, report)
    return [text for holds, text in report if holds], [text for holds, text in report if not holds]


def seal_of(content: bytes) -> EmbeddedPdfSignature:
    try:
        seals = PdfFileReader(io.BytesIO(content), strict=False).embedded_signatures
    except Exception as error:
        raise NoReceipt(f"This is no PDF that can be read ({type(error).__name__}).") from None
    if not seals:
        raise NoReceipt("This PDF has no seal: it is no receipt, or the seal was taken out.")
    return seals[0]


def check_seal(content: bytes, seal: EmbeddedPdfSignature, report: Report) -> None:
    """Whether the seal is unbroken, and whether it covers every byte of the file."""
    signer, cert, digest = seal.signer_info, seal.signer_cert, seal.compute_digest()
    intact, valid = validate_sig_integrity(signer, cert, expected_content_type="data", actual_digest=digest)
    forged = "The seal was not made by the holder of the certificate that it names." if intact else "Bytes of the file were changed after it was sealed."
    report.append((intact and valid, "The seal is unbroken." if intact and valid else forged))
    start, length, begin_again, rest = (int(number) for number in seal.sig_object["/ByteRange"])
    gap = content[start + length : begin_again]
    held = seal.pkcs7_content
    is_alone = gap.lower() == b"<" + held.hex().encode() + b">" and held.rstrip(b"\0") == plain(seal).rstrip(b"\0")
    is_whole = start == 0 and begin_again + rest == len(content) and is_alone
    report.append((is_whole, "Every byte of the file is under the seal." if is_whole else "Something was added to the file after it was sealed."))


def plain(seal: EmbeddedPdfSignature) -> bytes:
    """The seal as it must be: what its signature does not cover could be changed unnoticed otherwise."""
    signer, cert = seal.signer_info, seal.signer_cert
    name = {"issuer_and_serial_number": {"issuer": cert.issuer, "serial_number": cert.serial_number}}
    fixed = {"version": "v1", "sid": name, "digest_algorithm": {"algorithm": "sha256"}, "signature_algorithm": {"algorithm": "sha256_ecdsa"}}
    signer = cms.SignerInfo(fixed | {part: signer[part] for part in ("signed_attrs", "signature", "unsigned_attrs") if signer[part].native})
    signed = {"version": "v1", "digest_algorithms": [{"algorithm": "sha256"}], "encap_content_info": {"content_type": "data"}}
    signed |= {"certificates": seal.signed_data["certificates"], "signer_infos": [signer]}
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()


def check_certificate(certificate: x509.Certificate, trusted: list[bytes], report: Report) -> None:
    """Whether the seal is one of those that the reader trusts; names it otherwise."""
    own = certificate.fingerprint(hashes.SHA256())
    name = certificate.subject.rfc4514_string()
    known = {x509.load_pem_x509_certificate(one).fingerprint(hashes.SHA256()) for one in trusted}
    foreign = f"The seal is a foreign one: {name}, {own.hex()}, is none of those that you trust."
    if known:
        report.append((own in known, f"The seal is by a certificate that you trust: {name}." if own in known else foreign))
    else:
        report.append((True, f"All of it rests on this certificate; compare it with the published ones: {name}, {own.hex()}."))


def check_stamp(sealed: cms.SignerInfo, report: Report) -> None:
    """RFC 3161: what another service says of when the seal existed."""
    stamp = next(general.find_cms_attribute_iter(sealed["unsigned_attrs"], "signature_time_stamp_token"), {"content": None})["content"]
    if stamp is None:
        report.append((True, "No time stamp of another service is in the seal: its time is the portal's own word."))
        return
    said, signer, cert = stamp["encap_content_info"]["content"], general.extract_signer_info(stamp), general.extract_certificate_info(stamp).signer_cert
    digest = hashlib.new(signer["digest_algorithm"]["algorithm"].native, said.parsed.dump()).digest()
    is_genuine = all(validate_sig_integrity(signer, cert, expected_content_type="tst_info", actual_digest=digest))
    imprint = said.parsed["message_imprint"]["hashed_message"].native
    at, name = said.parsed["gen_time"].native.isoformat(), cert.subject.human_friendly
    if imprint == hashlib.sha256(sealed["signature"].native).digest():
        report.append((is_genuine, f"The seal existed at {at}, says the time stamp of {name}." if is_genuine else "The time stamp was changed."))
    else:
        report.append((False, "The time stamp was made for another seal."))


def attachments(content: bytes) -> dict[str, bytes]:
    """The files inside, by their names, each up to a bound: a small file may unpack to a huge one."""
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            packed = {name: spec.get_file().obj.read_raw_bytes() for name, spec in pdf.attachments.items()}
            return {name: zlib.decompressobj().decompress(raw, MOST_UNPACKED) for name, raw in packed.items()}
    except Exception:  # damaged beyond reading: then all of them are missing, and that is said
        return {}


def check_proof(files: dict[str, bytes], certificate: x509.Certificate, report: Report) -> None:
    """Dossier → entry → root of the log → signature of the root."""
    try:
        proof = json.loads(files["proof.json"])
        entry, head = json.loads(proof["entry"]), proof["head"]
        path = [bytes.fromhex(step) for step in proof["path"]]
        root, position, size = bytes.fromhex(head["root"]), int(proof["position"]), int(head["size"])
        signature, hashed = base64.b64decode(head["signature"]), entry["sha256"]
        signer, signed_at = head["certificate"], head["signed_at"]
    except (ValueError, KeyError, TypeError, RecursionError):
        report.append((False, "The attached proof cannot be read."))
        return
    what = f"proposal {entry.get('proposal')}, version {entry.get('version')}, received {entry.get('at')}"
    is_same = hashlib.sha256(files["dossier.json"]).hexdigest() == hashed
    other = f"The attached dossier is not the one that the log's entry speaks of ({what})."
    report.append((is_same, f"The attached dossier is what the log's entry speaks of: {what}." if is_same else other))
    is_in = is_included(hashlib.sha256(b"\0" + proof["entry"].encode()).digest(), position, size, path, root)
    place = f"That entry stands at place {position} in the log of {size} entries."
    report.append((is_in, place if is_in else "The proof does not show that the entry is in the log."))
    signed = {"root": head["root"], "signed_at": signed_at, "size": size}
    content = json.dumps(signed, separators=(",", ":"), sort_keys=True).encode()
    if signer != certificate.fingerprint(hashes.SHA256()).hex():
        report.append((False, "The log was signed by another certificate than the receipt."))
        return
    try:
        certificate.public_key().verify(signature, content, ec.ECDSA(hashes.SHA256()))
        report.append((True, f"The root of that log was signed by the same certificate, {signed_at}."))
    except (InvalidSignature, TypeError, AttributeError):
        report.append((False, "The root of the log was not signed by the certificate."))


def is_included(leaf: bytes, position: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    place, last, found = position, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = hashlib.sha256(b"\1" + step + found).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\1" + found + step).digest()
        place, last = place >> 1, last >> 1
    return 0 <= position < size and last == 0 and found == root


def main(arguments: list[str]) -> int:
    if not arguments:
        return print(__doc__) or 2
    warnings.simplefilter("ignore")
    try:
        content = Path(arguments[0]).read_bytes()
        holds, broken = check(content, [Path(name).read_bytes() for name in arguments[1:]])
    except (OSError, NoReceipt) as error:
        print(f"{arguments[0]}: {error}")
        return 2
    lines = [f"ok    {sentence}" for sentence in holds] + [f"WRONG {sentence}" for sentence in broken]
    print(*lines, "It does not tell whether a later version counts: the page of the proposal does.", sep="\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))
