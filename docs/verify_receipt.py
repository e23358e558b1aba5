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
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

MOST_UNPACKED = 50 * 1024 * 1024  # bytes
ATTACHED = ("dossier.json", "verdict.json", "proof.json")


class NoReceipt(Exception):
    """The file cannot be read as a receipt at all; the text says why."""


def check(content: bytes, trusted: list[bytes] | None = None) -> tuple[list[str], list[str]]:
    """What holds and what does not, in sentences; `trusted` are certificates (PEM).

    Raises:
        NoReceipt: no PDF, or one without a seal.
    """
    holds: list[str] = []
    broken: list[str] = []
    try:
        certificate = check_seal(content, holds, broken)
    except NoReceipt:
        raise
    except Exception as error:
        return holds, [f"The seal was damaged and cannot be checked ({type(error).__name__})."]
    check_certificate(certificate, trusted or [], holds, broken)
    files = attachments(content)
    missing = [name for name in ATTACHED if name not in files]
    if missing:
        broken.append(f"Not inside: {', '.join(missing)}. They were taken out, or this is no receipt but another document.")
        return holds, broken
    check_proof(files, certificate, holds, broken)
    return holds, broken


def check_seal(content: bytes, holds: list[str], broken: list[str]) -> x509.Certificate:
    """The first seal: whether it is unbroken, and whether it covers every byte of the file."""
    try:
        seals = PdfFileReader(io.BytesIO(content), strict=False).embedded_signatures
    except Exception as error:
        raise NoReceipt(f"This is no PDF that can be read ({type(error).__name__}).") from None
    if not seals:
        raise NoReceipt("This PDF has no seal: it is no receipt, or the seal was taken out.")
    seal = seals[0]
    signer, cert, digest = seal.signer_info, seal.signer_cert, seal.compute_digest()
    intact, valid = validate_sig_integrity(signer, cert, expected_content_type="data", actual_digest=digest)
    if not intact:
        broken.append("Bytes of the file were changed after it was sealed.")
    elif not valid:
        broken.append("The seal was not made by the holder of the certificate that it names.")
    else:
        holds.append("The seal is unbroken.")
    start, length, begin_again, rest = (int(number) for number in seal.sig_object["/ByteRange"])
    gap = content[start + length : begin_again]
    held, hexes = seal.pkcs7_content, seal.pkcs7_content.hex().encode()
    is_alone = gap.lower() == b"<" + hexes + b">" and held.rstrip(b"\0") == cms.ContentInfo.load(held).dump().rstrip(b"\0")
    if start != 0 or begin_again + rest != len(content) or not is_alone:
        broken.append("Something was added to the file after it was sealed.")
    else:
        holds.append("Every byte of the file is under the seal.")
    return x509.load_der_x509_certificate(seal.signer_cert.dump())


def check_certificate(certificate: x509.Certificate, trusted: list[bytes], holds: list[str], broken: list[str]) -> None:
    """Whether the seal is one of those that the reader trusts; names it otherwise."""
    own = certificate.fingerprint(hashes.SHA256())
    name = certificate.subject.rfc4514_string()
    known = {x509.load_pem_x509_certificate(one).fingerprint(hashes.SHA256()) for one in trusted}
    if own in known:
        holds.append(f"The seal is by a certificate that you trust: {name}.")
    elif known:
        broken.append(f"The seal is a foreign one: {name}, {own.hex()}, is none of those that you trust.")
    else:
        holds.append(f"All of it rests on this certificate; compare it with the published ones: {name}, {own.hex()}.")


def attachments(content: bytes) -> dict[str, bytes]:
    """The files inside, by their names, each up to a bound: a small file may unpack to a huge one."""
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            found = {name: spec.get_file().obj for name, spec in pdf.attachments.items()}
            return {name: unpacked(stream) for name, stream in found.items()}
    except Exception:  # damaged beyond reading: then all of them are missing, and that is said
        return {}


def unpacked(stream: pikepdf.Stream) -> bytes:
    is_packed = stream.get("/Filter") == pikepdf.Name.FlateDecode
    raw = stream.read_raw_bytes()
    return zlib.decompressobj().decompress(raw, MOST_UNPACKED) if is_packed else raw


def check_proof(files: dict[str, bytes], certificate: x509.Certificate, holds: list[str], broken: list[str]) -> None:
    """Dossier → entry → root of the log → signature of the root."""
    try:
        proof = json.loads(files["proof.json"])
        entry, head = json.loads(proof["entry"]), proof["head"]
        path = [bytes.fromhex(step) for step in proof["path"]]
        root, position, size = bytes.fromhex(head["root"]), int(proof["position"]), int(head["size"])
        signature, hashed = base64.b64decode(head["signature"]), entry["sha256"]
        signer, signed_at = head["certificate"], head["signed_at"]
    except (ValueError, KeyError, TypeError, RecursionError):
        broken.append("The attached proof cannot be read.")
        return
    what = f"proposal {entry.get('proposal')}, version {entry.get('version')}, received {entry.get('at')}"
    if hashlib.sha256(files["dossier.json"]).hexdigest() == hashed:
        holds.append(f"The attached dossier is what the log's entry speaks of: {what}.")
    else:
        broken.append(f"The attached dossier is not the one that the log's entry speaks of ({what}).")
    leaf = hashlib.sha256(b"\0" + proof["entry"].encode()).digest()
    if is_included(leaf, position, size, path, root):
        holds.append(f"That entry stands at place {position} in the log of {size} entries.")
    else:
        broken.append("The proof does not show that the entry is in the log.")
    signed = {"root": head["root"], "signed_at": signed_at, "size": size}
    content = json.dumps(signed, separators=(",", ":"), sort_keys=True).encode()
    if signer != certificate.fingerprint(hashes.SHA256()).hex():
        broken.append("The log was signed by another certificate than the receipt.")
    elif is_signed(content, signature, certificate):
        holds.append(f"The root of that log was signed by the same certificate, {signed_at}.")
    else:
        broken.append("The root of the log was not signed by the certificate.")


def is_signed(content: bytes, signature: bytes, certificate: x509.Certificate) -> bool:
    try:
        certificate.public_key().verify(signature, content, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, TypeError, AttributeError):
        return False
    return True


def is_included(leaf: bytes, position: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    if not 0 <= position < size:
        return False
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
    return last == 0 and found == root


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
    for sentence in holds:
        print("ok   ", sentence)
    for sentence in broken:
        print("WRONG", sentence)
    print("It does not tell whether a later version counts: the page of the proposal does.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
