"""The folder of uploaded files has a marker file with an id, by which a database knows it.

Where a mount is missing, its mount point is an empty folder: uploads would be stored where nobody finds them
again.
"""

import errno
import os
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path

from django.conf import settings

MARKER = "portal-files.id"

_expected: uuid.UUID | None = None  # of this process; None: nothing is compared


def file_folder() -> Path:
    return Path(settings.MEDIA_ROOT)


def read_marker() -> uuid.UUID | None:
    """The id in the marker file; None if there is no readable one."""
    with suppress(OSError, ValueError):
        return uuid.UUID((file_folder() / MARKER).read_text("ascii").strip())
    return None


def mark_folder() -> uuid.UUID:
    """The id of the folder, which gets a marker file if it has none.

    Several processes may start at once: the first marker counts, and each sees a whole one.

    Raises:
        OSError: the folder cannot be written, or its marker cannot be read.
    """
    if read_marker() is None:
        _write_marker()
    marker = read_marker()
    if marker is None:
        raise OSError(errno.EACCES, f"{MARKER} cannot be read, or is damaged")
    return marker


def _write_marker() -> None:
    file_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=file_folder(), prefix=".new-", delete=False) as file:
        file.write(f"{uuid.uuid4()}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(file.name, file_folder() / MARKER)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        os.replace(file.name, file_folder() / MARKER)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(file.name)


def expect_marker(marker: uuid.UUID | None) -> None:
    """Let this process store files only in a folder with this id; None: in any."""
    global _expected  # noqa: PLW0603 -- of this process
    _expected = marker


def is_expected_folder() -> bool:
    """Whether the folder has the id that this process expects. Reads one small file."""
    return _expected is None or read_marker() == _expected


def write_probe(folder: Path) -> None:
    """Write a file of one byte to the disk in a folder, and remove it.

    Raises:
        OSError: files cannot be stored.
    """
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe-") as file:
        file.write(b"x")
        file.flush()
        os.fsync(file.fileno())
