"""Looks into a stranger's PDF. Runs in a child process with limits, so it imports nothing of the portal.

The answer is one of the words below; the portal has a sentence for each.
"""

import io
import re
import zlib
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import pikepdf
from pikepdf import settings as qpdf

from foundation.child_main import is_short_of_memory

TAKEN, ENCRYPTED, DAMAGED, NO_PAGE = "taken", "encrypted", "damaged", "no-page"
PAGES, UNPACKED, COMPLEX = "pages", "unpacked", "complex"
CODE, LAUNCH, FORM = "code", "launch", "form"

MAX_FILTERS = 8  # of one stream
MAX_OBJECTS = 200_000
MAX_ITEMS = 100_000  # of one array or dictionary
CHUNK = 1024 * 1024  # bytes
# A stream of objects or of places, which every reader unpacks as a whole before it shows anything.
_STRUCTURE = re.compile(rb"/(?:ObjStm|XRef)\b(?:(?!endobj).){0,2000}?stream\r?\n", re.DOTALL)
# Names that an object holds which runs code or needs a form engine; a text may hold them too.
# The kind of an action may also be an object of its own, where no search would find it.
_SUSPICIOUS = re.compile(
    rb"/(?:JavaScript|JS|OnInstantiate|RichMedia|Launch|XFA)\b|/(?:S|Subtype) \d+ \d+ R\b"
)
# The filters that unpack, with their short names; the others are of pictures, or unknown.
_UNPACKING = {
    *("/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL"),
    *("/ASCIIHexDecode", "/AHx", "/ASCII85Decode", "/A85", "/Crypt"),
}


class _Refused(Exception):
    pass


def inspect(content: bytes, *, max_pages: int, max_unpacked: int) -> dict[str, Any]:
    """The answer for a PDF, and its number of pages where it is taken.

    A PDF with an owner's password only opens without one, so it is like any other.
    """
    qpdf.set_qpdf_limits(
        flate_max_memory=max_unpacked,
        run_length_max_memory=max_unpacked,
        png_max_memory=max_unpacked,
        tiff_max_memory=max_unpacked,
        max_stream_filters=MAX_FILTERS,
        parser_max_container_size=MAX_ITEMS,
    )
    try:
        _check_structure(content, max_unpacked)
        with pikepdf.open(io.BytesIO(content), inherit_page_attributes=False) as pdf:
            pages = _pages_of(pdf, max_pages)
            _look_at_objects(pdf, max_unpacked)
    except _Refused as refusal:
        return {"answer": str(refusal)}
    except pikepdf.PasswordError:
        return {"answer": ENCRYPTED}
    # qpdf has errors of its own for broken trees; pikepdf answers some of them as missing keys or wrong types
    except (
        pikepdf.PdfError,
        RuntimeError,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
    ) as error:
        return {"answer": _reason_of(error)}
    return {"answer": TAKEN, "pages": pages}


def _reason_of(error: Exception) -> str:
    """qpdf says what happened in a text only, and takes an object that did not fit for a missing one."""
    text = str(error)
    if "memory limit" in text:
        return UNPACKED
    if "bad_alloc" in text or is_short_of_memory():
        raise MemoryError
    if qpdf.qpdf_limit_errors():
        return COMPLEX
    return ENCRYPTED if "encryption" in text else DAMAGED


def _check_structure(content: bytes, max_unpacked: int) -> None:
    """Refuse a bomb in the file's own structure, which qpdf would only find damaged."""
    left = max_unpacked
    for place in _STRUCTURE.finditer(content):
        left -= _inflated_size(memoryview(content)[place.end() :], left)
        if left < 0:
            raise _Refused(UNPACKED)


def _inflated_size(packed: memoryview, most: int) -> int:
    """How much deflated data unpack to; no more than a little over `most` is unpacked, and none is kept."""
    unpacker, size = zlib.decompressobj(), 0
    rest: bytes | memoryview = packed
    while size <= most and not unpacker.eof:
        try:
            size += len(chunk := unpacker.decompress(rest, CHUNK))
        except zlib.error:  # it is not deflated, or encrypted
            break
        rest = unpacker.unconsumed_tail
        if not chunk and not rest:
            break
    return size


def _pages_of(pdf: pikepdf.Pdf, max_pages: int) -> int:
    """What the tree says is asked first: a tree of millions is not walked."""
    stated = pdf.Root.Pages.get("/Count", 0)
    pages = max(int(stated), 0) if isinstance(stated, int) else 0
    if pages <= max_pages:
        pages = len(pdf.pages)
    if pages > max_pages:
        raise _Refused(PAGES)
    if not pages:
        raise _Refused(NO_PAGE)
    return pages


def _look_at_objects(pdf: pikepdf.Pdf, max_unpacked: int) -> None:
    total = 0
    if len(pdf.objects) > MAX_OBJECTS:
        raise _Refused(COMPLEX)
    _look_for_code(pdf.trailer)  # the catalogue may be in it, and is no object of its own then
    for item in pdf.objects:
        if isinstance(item, pikepdf.Stream):
            _look_for_code(item.stream_dict)
            total += _unpacked_size(item)
            if total > max_unpacked:
                raise _Refused(UNPACKED)
        elif isinstance(item, pikepdf.Dictionary | pikepdf.Array):
            _look_for_code(item)


def _unpacked_size(stream: pikepdf.Stream) -> int:
    """How many bytes a stream unpacks to; of a picture in a format of its own, what its reader is given."""
    unpacking = _cut_filters(stream)
    if not unpacking:
        return len(stream.get_raw_stream_buffer())
    if unpacking > MAX_FILTERS:
        raise _Refused(UNPACKED)
    try:
        return len(stream.get_stream_buffer(pikepdf.StreamDecodeLevel.specialized))
    except pikepdf.PdfError as error:
        if "memory limit" in str(error):
            raise _Refused(UNPACKED) from None
        if "bad_alloc" in str(error):
            raise MemoryError from None
        return 0  # damaged: a reader shows nothing of it


def _cut_filters(stream: pikepdf.Stream) -> int:
    """Cut filters at the first that does not unpack, since qpdf uses all of them or none.

    The document is only looked at, and never saved. Returns how many filters are left.
    """
    filters, parameters = stream.get("/Filter"), stream.get("/DecodeParms")
    if not isinstance(filters, pikepdf.Array):
        return int(str(filters) in _UNPACKING)
    usable = list(takewhile(lambda name: str(name) in _UNPACKING, filters))
    if len(usable) < len(filters):
        stream.stream_dict.Filter = pikepdf.Array(usable)
        if isinstance(parameters, pikepdf.Array):
            stream.stream_dict.DecodeParms = pikepdf.Array(list(parameters)[: len(usable)])
    return len(usable)


def _look_for_code(item: Any) -> None:
    """Refuse what a reader would run. Nearly all objects are passed over by one search in their text."""
    if not _SUSPICIOUS.search(item.unparse(resolved=True)):
        return
    for holder in _dictionaries_in(item):
        kind, subtype = holder.get("/S"), holder.get("/Subtype")
        if _is_script(holder) or kind == "/JavaScript" or subtype == "/RichMedia":
            raise _Refused(CODE)
        if kind == "/Launch":
            raise _Refused(LAUNCH)
        if isinstance(holder.get("/XFA"), pikepdf.Stream | pikepdf.Array):
            raise _Refused(FORM)


def _is_script(holder: Any) -> bool:
    """Whether one of the keys that hold a script has the kind of value that a script has."""
    return (
        isinstance(holder.get("/JS"), pikepdf.String | pikepdf.Stream)
        or isinstance(holder.get("/OnInstantiate"), pikepdf.Stream)
        or isinstance(holder.get("/JavaScript"), pikepdf.Dictionary)
    )


def _dictionaries_in(item: Any) -> Iterator[Any]:
    """The dictionaries within an object, without those that are objects of their own."""
    waiting = [item]
    while waiting:
        part = waiting.pop()
        if isinstance(part, pikepdf.Dictionary):
            yield part
            inner = list(part.values())
        elif isinstance(part, pikepdf.Array):
            inner = list(part)
        else:
            continue
        waiting += [value for value in inner if not getattr(value, "is_indirect", False)]
