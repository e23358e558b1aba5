"""Check an auditor's bundle of the COSME portal: `python check_bundle.py` beside its manifest.json.

Neither the portal nor a network is asked. With Python 3.11 alone it checks hashes and the log; for the rest it says
what it could not check: `pip install cryptography pydantic` lets it check everything. It checks that every file is the one that the manifest names; that each
dossier has the hash that the log has of it; that the log gives the roots that were signed (RFC 9162); that
rules and countries are those of their hashes; and it makes every verdict again, byte for byte, with the rules'
own code, which lies in `calls/`.

Exit status: 0 all holds, 1 something does not, 2 this is no bundle.
"""

import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

Report = Iterator[tuple[bool, str]]  # whether it holds, and what


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
        yield True, f"All {len(named)} files are those of the manifest."


def log_of(root: Path) -> list[dict]:
    return [
        json.loads(line)
        for line in (root / "log" / "entries.ndjson").read_text("utf-8").splitlines()
    ]


def check_log(root: Path) -> Report:
    heads = json.loads((root / "log" / "heads.json").read_text("utf-8"))
    wanted = {head["size"]: head for head in heads}
    roots = dict(roots_at(log_of(root), set(wanted)))
    wrong = [size for size, head in sorted(wanted.items()) if roots.get(size) != head["root"]]
    for size in wrong:
        yield (
            False,
            f"The first {size} entries of the log do not give the root that was signed for them.",
        )
    if not wrong:
        yield True, f"The log gives each of the {len(heads)} roots that were signed."
    yield from check_signatures(root, heads)


def roots_at(entries: list[dict], sizes: set[int]) -> Iterator[tuple[int, str]]:
    """The root at each of these sizes; `peaks` are complete subtrees, the largest first."""
    peaks: list[tuple[int, bytes]] = []
    for number, entry in enumerate(entries, start=1):
        level, node = 0, hashlib.sha256(b"\x00" + entry["entry"].encode()).digest()
        while peaks and peaks[-1][0] == level:
            node = hashlib.sha256(b"\x01" + peaks.pop()[1] + node).digest()
            level += 1
        peaks.append((level, node))
        if number in sizes:
            whole = peaks[-1][1]
            for _level, left in reversed(peaks[:-1]):
                whole = hashlib.sha256(b"\x01" + left + whole).digest()
            yield number, whole.hex()


def check_signatures(root: Path, heads: list[dict]) -> Report:
    try:
        from cryptography import x509
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        yield (
            True,
            "Signatures under the log were NOT checked: the package cryptography is not installed.",
        )
        return
    certificates = {
        path.stem: x509.load_pem_x509_certificate(path.read_bytes())
        for path in (root / "log" / "certificates").glob("*.pem")
    }
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
                f"The root over {head['size']} entries is not signed by a certificate of this bundle.",
            )
    if not wrong:
        yield (
            True,
            f"All {len(heads)} roots are signed. Compare the certificates with those that the portal publishes.",
        )


def check_versions(root: Path) -> Report:
    told = {}
    for line in log_of(root):
        entry = json.loads(line["entry"])
        if entry["kind"] == "submission":
            told[entry["proposal"], entry["version"]] = entry["sha256"]
    versions = sorted((root / "versions").iterdir())
    wrong = 0
    for folder in versions:
        about = json.loads((folder / "version.json").read_text("utf-8"))
        found = sha256((folder / "dossier.json").read_bytes())
        if not found == about["sha256"] == told.get((about["proposal"], about["version"])):
            wrong += 1
            yield False, f"{folder.name}: the dossier is not the one whose hash is in the log."
    if not wrong:
        yield True, f"All {len(versions)} dossiers have the hash that the log has of them."


def check_conditions(root: Path) -> Report:
    files = sorted((root / "conditions").glob("*.json"))
    wrong = [one.name for one in files if sha256(one.read_bytes()) != one.stem]
    for name in wrong:
        yield False, f"conditions/{name}: not what its hash says."
    if not wrong:
        yield True, f"All {len(files)} sets of rules and of countries are those of their hashes."


def check_verdicts(root: Path) -> Report:
    sys.path.insert(0, str(root))
    try:
        import pydantic  # noqa: F401 -- the rules' code reads facts by it
    except ImportError:
        yield True, "Verdicts were NOT made again: the package pydantic is not installed."
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
            yield False, f"{name}: the verdict does not come out as it was stored."
        same += 1
    if not wrong:
        yield True, f"All {same} verdicts come out again byte for byte."


CHECKS = (check_files, check_log, check_versions, check_conditions, check_verdicts)


def main(root: Path) -> int:
    if not (root / "manifest.json").is_file():
        print("This is no bundle: there is no manifest.json beside this program.")
        return 2
    fails = 0
    for check in CHECKS:
        try:
            for holds, text in check(root):
                fails += not holds
                print(f"{'holds' if holds else 'FAILS'}: {text}")
        except Exception as error:  # a damaged file must not hide what the other checks say
            fails += 1
            print(f"FAILS: {check.__name__} cannot read the bundle ({type(error).__name__}).")
    print("All of it holds." if not fails else f"{fails} things do not hold.")
    return 1 if fails else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent))
