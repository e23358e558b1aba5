"""Documents of the portal as PDF. They are laid out in a child process, one after the other.

The library for text beneath WeasyPrint must not run in two threads of a process, and a layout can loop for
ever: each process of the portal has one child that lays out, and a layout that takes too long ends with it.
"""

import atexit
import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from foundation.child_process import MIB, Child, ChildFailed, Limits, WorkFailed

log = logging.getLogger("portal.printing")

LAYOUT = "foundation.pdf_layout:pdf"
MAX_PDF = 64 * MIB
OWN_FONTS = Path(__file__).resolve().parent / "data" / "fonts.conf"  # none of the system
CACHE_OF_FONTS = 16 * MIB  # what the child may write
DOCUMENTS_BY_CHILD = 500  # a new child after these, whatever a library has not given back


class LayoutFailed(Exception):
    """The document was not made; the text is the kind of failure only, never a word of the document."""


@dataclass(frozen=True)
class Attached:
    """A file inside a PDF; `relationship` as PDF/A-3 names it."""

    name: str
    text: str
    description: str
    relationship: str
    at: datetime

    def as_json(self) -> dict[str, str]:
        return asdict(self) | {"at": self.at.isoformat()}


def render_pdf(
    html: str,
    *,
    sheet: str,
    attachments: Sequence[Attached] = (),
    compact_sheet: str = "",
    compact_over: int = 0,
) -> bytes:
    """A document as PDF, by a style sheet of `static/css/` such as "receipt.css".

    A document of more than `compact_over` pages is laid out again with `compact_sheet` as well.

    Raises:
        LayoutFailed: it took longer than `PORTAL_LAYOUT_SECONDS`, or could not be laid out.
    """
    try:
        return _layouter.ask(
            html.encode(),
            sheet=sheet,
            attachments=[attachment.as_json() for attachment in attachments],
            compact_sheet=compact_sheet,
            compact_over=compact_over,
        )
    except ChildFailed as failure:
        kind = failure.kind if isinstance(failure, WorkFailed) else type(failure).__name__
        log.error("A PDF could not be rendered: %s", kind)
        raise LayoutFailed(kind) from None


class _Layouter:
    """The child of this process that lays out. A forked process has a child of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._asked = 0

    def ask(self, html: bytes, **arguments: Any) -> bytes:
        with self._lock:
            child = self._ready_child()
            self._asked += 1
            return child.ask(LAYOUT, html, **arguments).content

    def end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def forget(self) -> None:
        """In a forked process: the child and its lock are the parent's."""
        if self._child is not None:
            self._child.channel.connection.close()
        self._lock, self._child = threading.Lock(), None

    def _ready_child(self) -> Child:
        limits = Limits(
            settings.LAYOUT_SECONDS, settings.LAYOUT_MEMORY, MAX_PDF, written=CACHE_OF_FONTS
        )
        child = self._child
        if child and child.is_alive and child.limits == limits and self._asked < DOCUMENTS_BY_CHILD:
            return child
        self.end()
        self._asked, self._child = 0, Child(limits, environment={"FONTCONFIG_FILE": str(OWN_FONTS)})
        return self._child


_layouter = _Layouter()
atexit.register(_layouter.end)
os.register_at_fork(after_in_child=_layouter.forget)
