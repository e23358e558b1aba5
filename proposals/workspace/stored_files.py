"""Uploaded files and the rows that name them: what is missing or changed, and what nothing names any more."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.core.files.storage import default_storage

from proposals.models import ClarificationFile, Export, ProposalFile, path_of

KINDS: tuple[type[ProposalFile] | type[ClarificationFile], ...] = (ProposalFile, ClarificationFile)
FOLDERS = ("uploads", "exports")
# A file is stored before its row: what nothing names may be named in a moment.
MIN_AGE = timedelta(days=1)
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class FileProblem:
    """A file that rows name, and what is wrong with it: missing, of another size, or of other content."""

    sha256: str
    problem: str

    def __str__(self) -> str:
        return f"{self.sha256}: {self.problem}"


def named_files() -> dict[str, int]:
    """The size in bytes of each file that a row names, by its SHA-256."""
    return {
        sha256: size
        for kind in KINDS
        for sha256, size in kind.objects.values_list("sha256", "size").distinct().iterator()
    }


def find_file_problems(files: dict[str, int]) -> Iterator[FileProblem]:
    """Read each of these files and compare its hash with its name."""
    for sha256, size in files.items():
        if problem := _problem_of(sha256, size):
            yield FileProblem(sha256, problem)


def _problem_of(sha256: str, size: int) -> str:
    path = path_of(sha256)
    try:
        if default_storage.size(path) != size:
            return "the size is not that of the upload"
        return "" if hash_of(Path(default_storage.path(path))) == sha256 else "the content changed"
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be read ({type(error).__name__})"


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, read in parts."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            digest.update(part)
    return digest.hexdigest()


def find_orphans() -> Iterator[Path]:
    """Stored files that no row names and that are older than a day."""
    named = {path_of(sha256) for sha256 in named_files()}
    named |= set(Export.objects.exclude(path="").values_list("path", flat=True))
    root = Path(default_storage.path(""))
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and str(path.relative_to(root)) not in named and _is_old(path):
                yield path


def _is_old(path: Path) -> bool:
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > MIN_AGE.total_seconds()
    return False


def delete_orphan(path: Path) -> bool:
    """Delete a file that nothing names; whether it was deleted.

    Somebody may upload the same content at this moment. `uploads.save_pdf` renews the time of a file that
    is there, so the file is taken aside first, and put back if its time was renewed before.
    """
    aside = path.with_suffix(".orphan")
    os.replace(path, aside)
    if not _is_old(aside):
        os.replace(aside, path)
        return False
    aside.unlink()
    return True
