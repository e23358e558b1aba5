"""Uploaded files in a folder: once stored, a file survives a power failure; a cut-off file is removed."""

import os
from contextlib import suppress
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage


class DurableFileSystemStorage(FileSystemStorage):
    """Django's storage, which returns only when the file and its name are on the disk.

    Without that, a row could name a file of which a power failure leaves nothing. A file for which there was
    no room is removed again: cut-off files would keep the disk full.
    """

    def _save(self, name: str, content: File) -> str:
        try:
            stored: str = super()._save(name, content)  # type: ignore[misc]  # the stubs leave it out
        except OSError:
            with suppress(OSError):
                os.remove(self.path(name))
            raise
        path = Path(self.path(stored))
        for place in (path, *path.parents[:2]):  # the folder of a new folder too
            _sync(place)
        return stored


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
