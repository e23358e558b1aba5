"""Check an auditor's bundle of the COSME portal: `python check_bundle.py [FOLDER] [--trust certificate.pem]`.

Neither the portal nor a network is asked. With Python 3.11 alone it checks hashes and the log; for the rest it says
what it could not check: `pip install cryptography pydantic` lets it check everything. It checks that every file is the one that the manifest names; that each
dossier has the hash that the log has of it; that the log gives the roots that were signed (RFC 9162); that
rules and countries are those of their hashes; and it makes every verdict again, byte for byte, with the rules'
own code, which lies in `calls/` of the bundle and is run for that.

Anyone can make a bundle that agrees with itself. Take this program and the certificates from the portal
(/proof/certificates/), not from the bundle, and name each certificate that you trust with --trust.

Exit status: 0 all holds, 1 something does not, 2 this is no bundle, or a file cannot be read, 3 what could be
checked holds, but its origin is unknown (no trusted certificate) or a package was missing.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

Report = Iterator[tuple[bool | None, str]]  # whether it holds (None: not checked), and what


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def check_files(root: Path) -> Report:
    named = json.loads((root / "manifest.json").read_text("utf-8"))["files"]
    there = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    missing, more = sorted(named.keys() - there), sorted(there - named.keys() - {"manifest.json"})
    changed = [
        name
        for name in sorted(named.keys() & there)
        if sha256((root / name).read_bytes()) != named[name]
    ]
    for word, names in (("Missing", missing), ("Not in the manifest", more), ("Changed", changed)):
        for name in names:
            yield False, f"{word}: {name}"
    if not (missing or more or changed):
        yield True, f"All {len(named)} files match the manifest."


def log_of(root: Path) -> list[dict]:
    return [
        json.loads(line)
        for line in (root / "log" / "entries.ndjson").read_text("utf-8").splitlines()
    ]


def check_log(root: Path, trusted: list[bytes]) -> Report:
    heads = json.loads((root / "log" / "heads.json").read_text("utf-8"))
    wanted = {head["size"]: head for head in heads}
    entries = log_of(root)
    roots = dict(roots_at(entries, set(wanted)))
    if len(entries) > max(wanted, default=0):
        yield False, f"No signed root covers the entries from {max(wanted, default=0)}."
    wrong = [size for size, head in sorted(wanted.items()) if roots.get(size) != head["root"]]
    for size in wrong:
        yield (
            False,
            f"The first {size} entries of the log do not match the root that was signed for them.",
        )
    if not wrong:
        yield True, f"The log matches all {len(heads)} signed roots."
    yield from check_signatures(root, heads, trusted)


def leaf_of(entry: dict) -> bytes:
    """Of an entry that was sealed when the bundle was made, the bundle holds the hash only."""
    if "entry" not in entry:
        return bytes.fromhex(entry["leaf"])
    return hashlib.sha256(b"\x00" + entry["entry"].encode()).digest()


def roots_at(entries: list[dict], sizes: set[int]) -> Iterator[tuple[int, str]]:
    """The root at each of these sizes; `peaks` are complete subtrees, the largest first."""
    peaks: list[tuple[int, bytes]] = []
    for number, entry in enumerate(entries, start=1):
        level, node = 0, leaf_of(entry)
        while peaks and peaks[-1][0] == level:
            node = hashlib.sha256(b"\x01" + peaks.pop()[1] + node).digest()
            level += 1
        peaks.append((level, node))
        if number in sizes:
            whole = peaks[-1][1]
            for _level, left in reversed(peaks[:-1]):
                whole = hashlib.sha256(b"\x01" + left + whole).digest()
            yield number, whole.hex()


def check_signatures(root: Path, heads: list[dict], trusted: list[bytes]) -> Report:
    try:
        from cryptography import x509
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        yield (
            None,
            "Signatures of the log were NOT checked: the package cryptography is not installed.",
        )
        return
    sha256_of = hashes.SHA256()
    certificates = {}  # by what they are, whatever their files are called
    for path in (root / "log" / "certificates").glob("*.pem"):
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        certificates[certificate.fingerprint(sha256_of).hex()] = certificate
    known = {
        one.fingerprint(sha256_of).hex()
        for pem in trusted
        for one in x509.load_pem_x509_certificates(pem)
    }
    used = {head["certificate"] for head in heads}
    for name in sorted(used - known) if known else ():
        yield False, f"Roots are signed by {name}, which is not one of the certificates that you trust."
    wrong = 0
    for head in heads:
        text = json.dumps(
            {"root": head["root"], "signed_at": head["signed_at"], "size": head["size"]},
            separators=(",", ":"),
            sort_keys=True,
        )
        try:
            key = certificates[head["certificate"]].public_key()
            key.verify(
                base64.b64decode(head["signature"]), text.encode(), ec.ECDSA(hashes.SHA256())
            )
        except (KeyError, ValueError, InvalidSignature):
            wrong += 1
            yield (
                False,
                f"The root over {head['size']} entries was not signed with a certificate in this bundle.",
            )
    if not wrong:
        yield True, f"All {len(heads)} roots have valid signatures."
    if not known:
        names = ", ".join(sorted(used))
        yield None, f"Their origin was NOT checked. Compare the certificates with those that the portal publishes: {names}."


def check_versions(root: Path) -> Report:
    listed = {}
    for line in log_of(root):
        entry = json.loads(line.get("entry", '{"kind": "sealed"}'))
        if entry["kind"] == "submission":
            listed[entry["proposal"], entry["version"]] = entry["sha256"]
    versions = sorted((root / "versions").iterdir())
    wrong = 0
    for folder in versions:
        about = json.loads((folder / "version.json").read_text("utf-8"))
        found = sha256((folder / "dossier.json").read_bytes())
        if not found == about["sha256"] == listed.get((about["proposal"], about["version"])):
            wrong += 1
            yield False, f"{folder.name}: the dossier does not match its hash in the log."
    if not wrong:
        yield True, f"All {len(versions)} dossiers match their hashes in the log."


def check_conditions(root: Path) -> Report:
    files = sorted((root / "conditions").glob("*.json"))
    wrong = [one.name for one in files if sha256(one.read_bytes()) != one.stem]
    for name in wrong:
        yield False, f"conditions/{name}: does not match its hash."
    if not wrong:
        yield True, f"All {len(files)} sets of rules and countries match their hashes."


def check_verdicts(root: Path) -> Report:
    sys.path.insert(0, str(root))
    try:
        import pydantic  # noqa: F401 -- the rules' code reads facts by it
    except ImportError:
        yield None, "Verdicts were NOT recomputed: the package pydantic is not installed."
        return
    from calls.eligibility import CountrySet, ProposalFacts, RuleSet, canonical, digest_of, screen
    from calls.eligibility.countries import Participation

    def conditions(digest: str):
        return json.loads(
            (root / "conditions" / f"{digest.removeprefix('sha256:')}.json").read_text("utf-8")
        )

    same, wrong = 0, 0
    for path in sorted((root / "versions").glob("*/verdict-*.json")):
        stored = json.loads(path.read_text("utf-8"))
        if stored["facts"] is None:
            continue
        name = f"{path.parent.name}/{path.name}"
        rules = RuleSet.from_stored(conditions(stored["rule_set"]))
        countries = CountrySet(
            Participation.from_json(row) for row in conditions(stored["country_set"])
        )
        made = screen(ProposalFacts.from_json(stored["facts"]), rules, countries).as_json()
        if digest_of(stored["facts"]) != stored["facts_digest"] or canonical(made) != canonical(
            stored["verdict"]
        ):
            wrong += 1
            yield False, f"{name}: the recomputed verdict differs from the stored one."
        same += 1
    if not wrong:
        yield True, f"All {same} recomputed verdicts are identical byte for byte."


CHECKS = (check_files, check_log, check_versions, check_conditions, check_verdicts)


def main(root: Path, trusted: list[bytes]) -> int:
    if not (root / "manifest.json").is_file():
        print("This is not an audit bundle: manifest.json is missing.")
        return 2
    fails, unchecked = 0, 0
    for check in CHECKS:
        try:
            for holds, text in check(root, trusted) if check is check_log else check(root):
                fails += holds is False
                unchecked += holds is None
                print(f"{WORDS[holds]}: {text}")
        except Exception as error:  # a damaged file must not hide what the other checks say
            fails += 1
            print(f"FAILS: {check.__name__} cannot read the bundle ({type(error).__name__}).")
    if fails:
        print(f"{fails} checks failed.")
        return 1
    print("All checks that could be run passed, but some could not be run." if unchecked else "All checks passed.")
    return 3 if unchecked else 0


WORDS = {True: "holds", False: "FAILS", None: "OPEN"}


def trusted_in(names: list[str]) -> list[bytes]:
    """The certificates that are trusted; a file that is none ends the program."""
    contents = []
    for name in names:
        try:
            contents.append(Path(name).read_bytes())
        except OSError as error:
            print(f"{name}: {error.strerror}")
            raise SystemExit(2) from None
        if b"-----BEGIN CERTIFICATE-----" not in contents[-1]:
            print(f"{name}: This is not a certificate (PEM).")
            raise SystemExit(2)
    return contents


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Verify an audit bundle of the COSME portal.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--trust", action="append", default=[], metavar="CERTIFICATE", help="a PEM file")
    arguments = parser.parse_args()
    sys.exit(main(arguments.folder, trusted_in(arguments.trust)))
