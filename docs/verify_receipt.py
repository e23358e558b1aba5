"""Check a receipt of the COSME portal: `python verify_receipt.py receipt.pdf [certificate.pem ...]`.

This one file needs neither the portal nor a network, only Python and two published packages (pip install pyHanko
pikepdf). It checks the seal (PAdES), that the whole file is under it, the attached dossier against the hash in
the portal's log, and the proof that the hash is in that log (RFC 9162). Give the certificates that you trust, as
the portal publishes them at /proof/certificates/: a seal proves nothing while nobody vouches for its certificate.
What is inside is not unpacked unless the seal is unbroken, covers the file, and is by a certificate that you trust.

Exit status: 0 all holds, 1 something does not, 2 this is no receipt, or a file cannot be read, 3 intact, but of
unknown origin: no trusted certificate was given.
"""

import base64
import hashlib
import io
import json
import re
import sys
import warnings
import zlib
from pathlib import Path
from typing import NamedTuple

import pikepdf
from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.sign import general
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

ATTACHED = ("dossier.json", "verdict.json", "proof.json")
MAX_UNPACKED_SIZE = 50 * 1024 * 1024  # bytes
MAX_SEAL_DIGITS = 256 * 1024  # hexadecimal digits
RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
OF_UNKNOWN_ORIGIN = 3
Report = list[tuple[bool, str]]  # whether it holds, and what


class NoReceipt(Exception):
    """The file cannot be read as a receipt at all; the text says why."""


class NotThere(Exception):
    """The file says where its seal lies, and none is there."""


class Place(NamedTuple):
    """Where a seal lies: the two parts of the file that it covers, and the digits between them."""

    start: int
    length: int
    again: int
    rest: int

    def is_bracketed(self, content: bytes) -> bool:
        """Asked of each of perhaps many thousands, so only two bytes are looked at."""
        start, end = self.start + self.length, self.again
        return content[start : start + 1] == b"<" and content[max(end - 1, 0) : end] == b">"

    def digits(self, content: bytes) -> bytes:
        gap = content[self.start + self.length : self.again][: MAX_SEAL_DIGITS + 2]
        is_hex = re.fullmatch(rb"<([0-9a-f]+|[0-9A-F]+)>", gap)  # one case: a letter of the other was changed
        return gap[1:-1] if is_hex and len(gap) % 2 == 0 else b""


class Seal(NamedTuple):
    """A seal as it lies in the file, and the certificate that its signature names."""

    place: Place
    held: bytes
    signed: cms.SignedData
    signer: cms.SignerInfo
    certificate: object


def check(content: bytes, trusted: list[bytes | str] | None = None) -> tuple[list[str], list[str]]:
    """What holds and what does not, in sentences; `trusted` are certificates (PEM).

    Raises:
        NoReceipt: no PDF, or one without a seal.
        ValueError: what is trusted is no certificate.
    """
    report: Report = []
    known = [certificate for pem in trusted or [] for certificate in x509.load_pem_x509_certificates(pem if isinstance(pem, bytes) else pem.encode())]
    try:
        seal = seal_in(content)
        certificate = x509.load_der_x509_certificate(seal.certificate.dump())
        check_seal(content, seal, report)
        check_certificate(certificate, known, report)
        if all(holds for holds, _text in report):
            check_stamp(seal.signer, report)
    except NoReceipt:
        raise
    except NotThere:
        return [], ["The file was changed after it was sealed: the seal is not where the file says it is."]
    except Exception as error:
        return [], [f"The seal is damaged and cannot be checked ({type(error).__name__})."]
    if all(holds for holds, _text in report):
        check_inside(content, certificate, report)
    return [text for holds, text in report if holds], [text for holds, text in report if not holds]


def places(content: bytes) -> list[Place]:
    """Where seals may lie, found in the bytes themselves: nothing is unpacked, and what the file says is under the seal.

    Raises:
        NoReceipt: no PDF, or one without a seal.
    """
    if b"%PDF-" not in content[:1024]:
        raise NoReceipt("This file is not a readable PDF.")
    found = [Place(*map(int, match.groups())) for match in RANGE.finditer(content)]
    if not found:
        raise NoReceipt("This PDF has no seal. It is not a proof of submission, or the seal was removed.")
    whole = [place for place in found if place.is_bracketed(content)]
    return [place for place in whole[:20] if place.digits(content)]


def seal_in(content: bytes) -> Seal:
    """The first seal. A text in the document that looks like one is none: what it names is no signature."""
    problem: Exception = NotThere()
    for place in places(content):
        held = bytes.fromhex(place.digits(content).decode())
        try:
            signed = cms.ContentInfo.load(held)["content"]
            signer = general.extract_signer_info(signed)
            return Seal(place, held, signed, signer, general.extract_certificate_info(signed).signer_cert)
        except Exception as error:
            problem = error
    raise problem


def check_seal(content: bytes, seal: Seal, report: Report) -> None:
    """Whether the seal is unbroken, and whether it covers every byte of the file."""
    start, length, again, rest = seal.place
    digest = hashlib.sha256(content[start : start + length] + content[again : again + rest]).digest()
    intact, valid = validate_sig_integrity(seal.signer, seal.certificate, expected_content_type="data", actual_digest=digest)
    forged = "The seal was not created with the certificate that it names." if intact else "The file was changed after it was sealed."
    report.append((intact and valid, "The seal is intact." if intact and valid else forged))
    is_whole = start == 0 and again + rest == len(content) and seal.held.rstrip(b"\0") == plain(seal).rstrip(b"\0")
    report.append((is_whole, "The seal covers the whole file." if is_whole else "Something was added to the file after it was sealed."))


def plain(seal: Seal) -> bytes:
    """The seal as it must be: what its signature does not cover could be changed unnoticed otherwise."""
    signer, cert = seal.signer, seal.certificate
    name = {"issuer_and_serial_number": {"issuer": cert.issuer, "serial_number": cert.serial_number}}
    fixed = {"version": "v1", "sid": name, "digest_algorithm": {"algorithm": "sha256"}, "signature_algorithm": {"algorithm": "sha256_ecdsa"}}
    signer = cms.SignerInfo(fixed | {part: signer[part] for part in ("signed_attrs", "signature", "unsigned_attrs") if signer[part].native})
    signed = {"version": "v1", "digest_algorithms": [{"algorithm": "sha256"}], "encap_content_info": {"content_type": "data"}}
    signed |= {"certificates": seal.signed["certificates"], "signer_infos": [signer]}
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()


def check_certificate(certificate: x509.Certificate, trusted: list[x509.Certificate], report: Report) -> None:
    """Whether the certificate that verified the seal is one of those that the reader trusts, byte for byte."""
    own, name = certificate.fingerprint(hashes.SHA256()).hex(), certificate.subject.rfc4514_string()
    is_known = certificate in trusted
    foreign = f"The seal was not made with a trusted certificate: {name}, {own}."
    if trusted:
        report.append((is_known, f"The seal was made with a certificate that you trust: {name}." if is_known else foreign))
    else:
        report.append((True, f"The result depends on this certificate. Compare it with the published ones: {name}, {own}."))


def check_stamp(sealed: cms.SignerInfo, report: Report) -> None:
    """RFC 3161: what another service says of when the seal existed."""
    stamp = next(general.find_cms_attribute_iter(sealed["unsigned_attrs"], "signature_time_stamp_token"), {"content": None})["content"]
    if stamp is None:
        report.append((True, "The seal contains no external time stamp. Its time is stated only by the portal."))
        return
    content, signer, cert = stamp["encap_content_info"]["content"], general.extract_signer_info(stamp), general.extract_certificate_info(stamp).signer_cert
    digest = hashlib.new(signer["digest_algorithm"]["algorithm"].native, content.parsed.dump()).digest()
    is_genuine = all(validate_sig_integrity(signer, cert, expected_content_type="tst_info", actual_digest=digest))
    imprint = content.parsed["message_imprint"]["hashed_message"].native
    at, name = content.parsed["gen_time"].native.isoformat(), cert.subject.human_friendly
    if imprint == hashlib.sha256(sealed["signature"].native).digest():
        report.append((is_genuine, f"The time stamp of {name} proves that the seal existed at {at}." if is_genuine else "The time stamp was altered."))
    else:
        report.append((False, "The time stamp belongs to another seal."))


def check_inside(content: bytes, certificate: x509.Certificate, report: Report) -> None:
    files = attachments(content)
    missing = ", ".join(name for name in ATTACHED if name not in files)
    if missing:
        report.append((False, f"Missing attachments: {missing}. They were removed, or this document is not a proof of submission."))
        return
    try:
        check_proof(files, certificate, report)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        report.append((False, "The attached log proof cannot be read."))


def attachments(content: bytes) -> dict[str, bytes]:
    """The files of a receipt, by their names, each up to a bound: a small file may unpack to a huge one."""
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            packed = {name: pdf.attachments[name].get_file().obj.read_raw_bytes() for name in ATTACHED if name in pdf.attachments}
            return {name: zlib.decompressobj().decompress(raw, MAX_UNPACKED_SIZE) for name, raw in packed.items()}
    except Exception:  # damaged beyond reading: then all of them are missing, and that is said
        return {}


def check_proof(files: dict[str, bytes], certificate: x509.Certificate, report: Report) -> None:
    """Dossier → entry → root of the log → signature of the root."""
    proof = json.loads(files["proof.json"])
    entry, head = json.loads(proof["entry"]), proof["head"]
    path = [bytes.fromhex(step) for step in proof["path"]]
    root, position, size = bytes.fromhex(head["root"]), int(proof["position"]), int(head["size"])
    signature, hashed = base64.b64decode(head["signature"]), entry["sha256"]
    signer, signed_at = head["certificate"], head["signed_at"]
    what = f"proposal {entry.get('proposal')}, version {entry.get('version')}, received {entry.get('at')}"
    is_same = hashlib.sha256(files["dossier.json"]).hexdigest() == hashed
    other = f"The attached dossier does not match the log entry ({what})."
    report.append((is_same, f"The attached dossier matches the log entry: {what}." if is_same else other))
    is_in = is_included(hashlib.sha256(b"\0" + proof["entry"].encode()).digest(), position, size, path, root)
    place = f"The log contains this entry as number {position + 1} of {size}."
    report.append((is_in, place if is_in else "The log proof does not show that the entry is in the log."))
    signed = {"root": head["root"], "signed_at": signed_at, "size": size}
    content = json.dumps(signed, separators=(",", ":"), sort_keys=True).encode()
    if signer != certificate.fingerprint(hashes.SHA256()).hex():
        report.append((False, "The log and the proof of submission were signed with different certificates."))
        return
    try:
        certificate.public_key().verify(signature, content, ec.ECDSA(hashes.SHA256()))
        report.append((True, f"The root of the log was signed with the same certificate on {signed_at}."))
    except (InvalidSignature, TypeError, AttributeError):
        report.append((False, "The root of the log was not signed with this certificate."))


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


def main(arguments: list[str], trusted: list[bytes | str] | None = None) -> int:
    """The exit status; `trusted` are certificates beside those of the files that are named after the receipt."""
    if not arguments:
        return print(__doc__) or 2
    warnings.simplefilter("ignore")
    name = arguments[0]
    try:
        content, known = Path(name).read_bytes(), list(trusted or [])
        for name in arguments[1:]:
            known += [Path(name).read_bytes()]
            x509.load_pem_x509_certificates(known[-1])
        holds, broken = check(content, known)
    except (OSError, NoReceipt) as error:
        print(f"{name}: {error}")
        return 2
    except ValueError:
        print(f"{name}: This is not a certificate (PEM).")
        return 2
    lines = [f"ok    {sentence}" for sentence in holds] + [f"WRONG {sentence}" for sentence in broken]
    if not known:
        lines += [(
            "The file is intact but its origin is unknown: anyone could have created it. Provide "
            "the portal's certificates to check who issued it."
        )] if not broken else []
    print(*lines, "This check does not show whether a later version was submitted. The page of the proposal does.", sep="\n")
    return 1 if broken else 0 if known else OF_UNKNOWN_ORIGIN


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))
