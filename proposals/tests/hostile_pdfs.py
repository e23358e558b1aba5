"""Small hostile PDFs, each with its right answer; made here, so that no foreign file is kept.

`python -m proposals.tests.hostile_pdfs FOLDER` writes them as files and prints the table.
"""

import io
import struct
import sys
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pikepdf

MIB = 1024 * 1024
TAKEN = "taken"


class Hostile(NamedTuple):
    """How a file is made, and the answers that are right for it: TAKEN, or keys of `uploads.SENTENCES`."""

    make: Callable[[], bytes]
    answers: tuple[str, ...]


CORPUS: dict[str, Hostile] = {}


def right_answer(*answers: str, name: str = ""):
    def register(make):
        CORPUS[name or make.__name__.replace("_", " ")] = Hostile(make, answers)
        return make

    return register


# --- Building blocks -------------------------------------------------------------------------


def deflated(mebibytes: int, byte: bytes = b" ") -> bytes:
    """A zlib stream of so many MiB of one byte, made from a block that is repeated: a thousandth of it."""
    block = byte * MIB
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    chunk = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 1
    for _turn in range(mebibytes):
        checksum = zlib.adler32(block, checksum)
    return b"\x78\x9c" + chunk * mebibytes + b"\x03\x00" + struct.pack(">I", checksum)


def deflated_between(start: bytes, mebibytes: int, byte: bytes = b" ") -> bytes:
    """As `deflated`, with something at the start."""
    block = byte * MIB
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    chunk = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = zlib.adler32(start)
    for _turn in range(mebibytes):
        checksum = zlib.adler32(block, checksum)
    return b"\x78\x9c" + head + chunk * mebibytes + b"\x03\x00" + struct.pack(">I", checksum)


def stream(entries: str, data: bytes) -> bytes:
    head = f"<< {entries} /Length {len(data)} >>\nstream\n".encode()
    return head + data + b"\nendstream"


def pdf_of(
    objects: Mapping[int, bytes | str],
    trailer: str = "",
    junk: bytes = b"",
    catalogue: str = "1 0 R",
) -> bytes:
    """A PDF with a plain table of its objects; the catalogue is object 1, or stands in the trailer."""
    out = io.BytesIO()
    out.write(junk + b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = {}
    for number, content in sorted(objects.items()):
        places[number] = out.tell()
        body = content.encode() if isinstance(content, str) else content
        out.write(f"{number} 0 obj\n".encode() + body + b"\nendobj\n")
    table, size = out.tell(), max(objects) + 1
    out.write(f"xref\n0 {size}\n0000000000 65535 f \n".encode())
    for number in range(1, size):
        kind = "n" if number in places else "f"
        out.write(f"{places.get(number, 0):010} 00000 {kind} \n".encode())
    out.write(f"trailer << /Size {size} /Root {catalogue} {trailer} >>\n".encode())
    out.write(f"startxref\n{table}\n%%EOF\n".encode())
    return out.getvalue()


def packed_pdf(inner: Mapping[int, str], *, padding: int = 0, more: bytes = b"") -> bytes:
    """A PDF whose objects lie in one object stream, which unpacks to `padding` MiB more than they need."""
    bodies = [text.encode() for text in inner.values()]
    places, at = [], 0
    for body in bodies:
        places.append(at)
        at += len(body) + 1
    index = " ".join(f"{number} {place}" for number, place in zip(inner, places, strict=True))
    head = index.encode() + b" "
    data = deflated_between(head + b" ".join(bodies) + more, padding)
    holder, table = max(inner) + 1, max(inner) + 2
    entries = f"/Type /ObjStm /N {len(inner)} /First {len(head)} /Filter /FlateDecode"
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    place_of_holder = out.tell()
    out.write(f"{holder} 0 obj\n".encode() + stream(entries, data) + b"\nendobj\n")
    rows = {holder: (1, place_of_holder, 0), table: (1, out.tell(), 0)}
    rows |= {number: (2, holder, turn) for turn, number in enumerate(inner)}
    packed = zlib.compress(
        b"".join(struct.pack(">BII", *rows.get(n, (0, 0, 0))) for n in range(table + 1))
    )
    place_of_table = out.tell()
    entries = f"/Type /XRef /Size {table + 1} /W [1 4 4] /Root 1 0 R /Filter /FlateDecode"
    out.write(f"{table} 0 obj\n".encode() + stream(entries, packed) + b"\nendobj\n")
    out.write(f"startxref\n{place_of_table}\n%%EOF\n".encode())
    return out.getvalue()


CATALOGUE, PAGES = "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"
PLAIN = {1: CATALOGUE, 2: PAGES, 3: PAGE}


def plain_pdf(**kwargs) -> bytes:
    return pdf_of(PLAIN, **kwargs)


def with_content(entries: str, data: bytes) -> bytes:
    page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>"
    return pdf_of({**PLAIN, 3: page, 4: stream(entries, data)})


def with_catalogue(entries: str, objects: Mapping[int, str] | None = None) -> bytes:
    catalogue = f"<< /Type /Catalog /Pages 2 0 R {entries} >>"
    return pdf_of({**PLAIN, 1: catalogue, **(objects or {})})


def with_page(entries: str, objects: Mapping[int, str] | None = None) -> bytes:
    page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {entries} >>"
    return pdf_of({**PLAIN, 3: page, **(objects or {})})


def with_catalogue_in_trailer(entries: str, objects: Mapping[int, str] | None = None) -> bytes:
    catalogue = f"<< /Type /Catalog /Pages 2 0 R {entries} >>"
    return pdf_of({**PLAIN, **(objects or {})}, catalogue=catalogue)


def encrypted(**encryption) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(plain_pdf())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(**encryption))
    return out.getvalue()


# --- What unpacks to far more than it is -----------------------------------------------------


@right_answer("unpacked")
def a_bomb_in_an_object_stream() -> bytes:
    return packed_pdf(PLAIN, padding=256)


@right_answer("unpacked")
def a_bomb_in_an_object_stream_of_ten_times_the_size() -> bytes:
    return packed_pdf(PLAIN, padding=2600)


@right_answer("unpacked")
def a_bomb_in_an_xref_stream() -> bytes:
    whole = packed_pdf(PLAIN)
    place = int(whole.rsplit(b"startxref\n", 1)[1].split()[0])
    table = 5
    rows = {4: (1, 15, 0), table: (1, place, 0)} | {n: (2, 4, n - 1) for n in PLAIN}
    start = b"".join(struct.pack(">BII", *rows.get(n, (0, 0, 0))) for n in range(table + 1))
    entries = f"/Type /XRef /Size {table + 1} /W [1 4 4] /Root 1 0 R /Filter /FlateDecode"
    packed = deflated_between(start, 300, b"\0")
    head = whole[:place] + f"{table} 0 obj\n".encode()
    return head + stream(entries, packed) + f"\nendobj\nstartxref\n{place}\n%%EOF\n".encode()


@right_answer("unpacked")
def a_bomb_in_a_page() -> bytes:
    return with_content("/Filter /FlateDecode", deflated(300))


@right_answer("unpacked")
def a_bomb_of_two_gibibytes_in_a_page() -> bytes:
    return with_content("/Filter /FlateDecode", deflated(2100))


@right_answer("unpacked")
def a_bomb_in_many_small_parts() -> bytes:
    names = " ".join(f"{number} 0 R" for number in range(10, 110))
    page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents [{names}] >>"
    part = stream("/Filter /FlateDecode", deflated(5))
    return pdf_of({**PLAIN, 3: page} | dict.fromkeys(range(10, 110), part))


@right_answer("unpacked")
def a_bomb_that_no_page_uses() -> bytes:
    return pdf_of({**PLAIN, 4: stream("/Filter /FlateDecode", deflated(300))})


@right_answer("unpacked")
def a_bomb_in_an_attachment() -> bytes:
    names = "/Names << /EmbeddedFiles << /Names [(a) 5 0 R] >> >>"
    spec = "<< /Type /Filespec /F (a) /EF << /F 4 0 R >> >>"
    bomb = stream("/Type /EmbeddedFile /Filter /FlateDecode", deflated(300))
    return with_catalogue(names, {4: bomb, 5: spec})


@right_answer("unpacked")
def chained_filters() -> bytes:
    twice = zlib.compress(zlib.compress(deflated(2048, b"\0"), 9), 9)
    return with_content("/Filter [/FlateDecode /FlateDecode /FlateDecode]", twice)


@right_answer("unpacked")
def chained_filters_of_several_kinds() -> bytes:
    packed = zlib.compress(deflated(1024, b"\0"), 9).hex().encode() + b">"
    return with_content("/Filter [/ASCIIHexDecode /FlateDecode /FlateDecode]", packed)


@right_answer("unpacked")
def a_hundred_filters() -> bytes:
    names = " ".join(["/FlateDecode"] * 100)
    data = b"0 0 m"
    for _turn in range(100):
        data = zlib.compress(data)
    return with_content(f"/Filter [{names}]", data)


@right_answer("unpacked", "memory")
def run_lengths() -> bytes:
    data = zlib.compress(bytes([129, 0]) * (3 * MIB))  # 128 bytes for each two
    return with_content("/Filter [/FlateDecode /RunLengthDecode]", data)


@right_answer("unpacked")
def a_bomb_declared_as_picture() -> bytes:
    return with_content("/Filter [/FlateDecode /DCTDecode]", deflated(2048))


@right_answer("unpacked")
def a_bomb_with_two_filters_declared_as_picture() -> bytes:
    packed = zlib.compress(deflated(1024), 9)
    return with_content("/Filter [/FlateDecode /FlateDecode /JPXDecode /FlateDecode]", packed)


@right_answer("unpacked")
def a_bomb_behind_a_name_that_is_elsewhere() -> bytes:
    content = stream("/Filter [4 0 R /DCTDecode]", deflated(300))
    page = PAGE.replace(" >>", " /Contents 5 0 R >>")
    return pdf_of({**PLAIN, 3: page, 4: "/FlateDecode", 5: content})


@right_answer("unpacked")
def a_bomb_with_short_filter_names() -> bytes:
    return with_content("/Filter [/Fl /DCT]", deflated(300))


@right_answer("unpacked")
def a_bomb_behind_a_filter_that_does_nothing() -> bytes:
    return with_content("/Filter [/Crypt /FlateDecode]", deflated(300))


@right_answer("unpacked")
def a_bomb_before_a_filter_that_nobody_has() -> bytes:
    return with_content("/Filter [/FlateDecode /Nothing]", deflated(300))


@right_answer("unpacked")
def a_bomb_with_a_broken_end() -> bytes:
    return with_content("/Filter /FlateDecode", deflated(300)[:-2000] + b"\xff" * 2000)


@right_answer("unpacked")
def a_bomb_whose_filter_is_elsewhere() -> bytes:
    page = PAGE.replace(" >>", " /Contents 5 0 R >>")
    filters = "[/FlateDecode /DCTDecode]"
    content = stream("/Filter 4 0 R", deflated(300))
    return pdf_of({**PLAIN, 3: page, 4: filters, 5: content})


@right_answer(TAKEN)
def a_picture_packed_once_more() -> bytes:
    parameters = "/DecodeParms [<< /Predictor 12 /Columns 4 >> null]"
    data = zlib.compress(b"\2abcd" * 1000)
    return with_content(f"/Filter [/FlateDecode /DCTDecode] {parameters}", data)


@right_answer("unpacked", "memory", "time")
def lempel_ziv_welch() -> bytes:
    """LZW in which each code says one byte more than the one before, again and again."""
    codes = [256, 0, *range(258, 4093)] * 40
    bits, width, count = [], 9, 258
    for code in codes:
        if code == 256:
            bits.append(f"{256:0{width}b}")
            width, count = 9, 257
            continue
        bits.append(f"{code:0{width}b}")
        count += 1
        if count + 1 >= 1 << width and width < 12:
            width += 1
    text = "".join(bits)
    data = bytes(int(text[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(text), 8))
    return with_content("/Filter /LZWDecode", data)


@right_answer(TAKEN, "unpacked")
def a_predictor_with_rows_of_a_gigabyte() -> bytes:
    parameters = "<< /Predictor 15 /Columns 1073741823 /Colors 4 /BitsPerComponent 8 >>"
    return with_content(f"/Filter /FlateDecode /DecodeParms {parameters}", deflated(300))


# --- Trees, tables and numbers that never end ------------------------------------------------


@right_answer("pages")
def a_million_pages() -> bytes:
    numbers = range(10, 1010)
    kids = " ".join(f"{number} 0 R" for number in numbers)
    pages = f"<< /Type /Pages /Kids [{kids}] /Count 1000000 >>"
    node = f"<< /Type /Pages /Parent 2 0 R /Kids [{'3 0 R ' * 1000}] /Count 1000 >>"
    return packed_pdf({**PLAIN, 2: pages} | dict.fromkeys(numbers, node))


@right_answer("pages")
def a_million_pages_in_one_list() -> bytes:
    kids = "3 0 R " * 1_000_000
    return packed_pdf({**PLAIN, 2: f"<< /Type /Pages /Kids [{kids}] /Count 1000000 >>"})


@right_answer("memory", "time", "pages", "complex")
def a_million_pages_that_are_not_counted() -> bytes:
    kids = "3 0 R " * 1_000_000
    return packed_pdf({**PLAIN, 2: f"<< /Type /Pages /Kids [{kids}] /Count 1 >>"})


@right_answer("pages")
def more_pages_than_are_taken() -> bytes:
    numbers = range(3, 5003)
    kids = " ".join(f"{number} 0 R" for number in numbers)
    pages = f"<< /Type /Pages /Kids [{kids}] /Count {len(numbers)} >>"
    return packed_pdf({1: CATALOGUE, 2: pages} | dict.fromkeys(numbers, PAGE))


@right_answer("damaged", "pages")
def a_page_tree_that_doubles_at_each_level() -> bytes:
    levels = {
        number: f"<< /Type /Pages /Kids [{number + 1} 0 R {number + 1} 0 R] /Count 2 >>"
        for number in range(2, 42)
    }
    return packed_pdf({1: CATALOGUE, **levels, 42: PAGE})


@right_answer("damaged", "memory")
def a_page_tree_that_is_a_chain() -> bytes:
    deepest = 60_000
    levels = {
        number: f"<< /Type /Pages /Parent {number - 1} 0 R /Kids [{number + 1} 0 R] /Count 1 >>"
        for number in range(2, deepest)
    }
    return packed_pdf({1: CATALOGUE, **levels, deepest: PAGE})


@right_answer("damaged", "no-page")
def a_page_tree_that_bites_its_tail() -> bytes:
    return pdf_of({**PLAIN, 2: "<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>"})


@right_answer("no-page", "damaged")
def pages_without_end() -> bytes:
    return pdf_of({1: CATALOGUE, 2: "<< /Type /Pages /Kids [] /Count 999999999999999999999 >>"})


@right_answer("no-page", "damaged")
def a_count_that_is_a_text() -> bytes:
    return pdf_of({**PLAIN, 2: "<< /Type /Pages /Kids 7 /Count (many) >>"})


@right_answer(TAKEN, "damaged")
def tables_that_name_each_other() -> bytes:
    content = plain_pdf()
    place = content.rsplit(b"startxref\n", 1)[1].split()[0].decode()
    return plain_pdf(trailer=f"/Prev {place}")


@right_answer(TAKEN, "damaged")
def a_table_of_two_thousand_million_rows() -> bytes:
    return plain_pdf().replace(b"/Size 4", b"/Size 2147483646")


@right_answer("damaged", "memory", "time")
def an_object_stream_of_two_thousand_million_objects() -> bytes:
    return packed_pdf(PLAIN).replace(b"/N 3", b"/N 2147483646")


@right_answer("damaged", TAKEN)
def brackets_in_brackets() -> bytes:
    return pdf_of({**PLAIN, 4: "[" * 100_000 + "]" * 100_000})


@right_answer("no-page", "damaged")
def dictionaries_in_dictionaries_in_the_page() -> bytes:
    return with_page("/A " + "<< /A " * 50_000 + "1" + " >>" * 50_000)


@right_answer("complex", "memory")
def two_hundred_thousand_objects() -> bytes:
    return packed_pdf(PLAIN | dict.fromkeys(range(4, 200_004), "<< /A 1 >>"))


@right_answer(TAKEN, "damaged")
def outlines_without_end() -> bytes:
    outline = {
        4: "<< /Type /Outlines /First 5 0 R /Last 5 0 R /Count 1 >>",
        5: "<< /Title (a) /Parent 4 0 R /Next 5 0 R /First 5 0 R >>",
    }
    return with_catalogue("/Outlines 4 0 R", outline)


# --- Not what it says, or not whole ----------------------------------------------------------


@right_answer("empty")
def nothing_at_all() -> bytes:
    return b""


@right_answer("no-pdf")
def a_web_page() -> bytes:
    return b"<!DOCTYPE html><title>roadmap.pdf</title>"


@right_answer("no-pdf")
def a_text_of_a_word_processor() -> bytes:
    return b"PK\x03\x04" + bytes(2000)


@right_answer("no-pdf")
def junk_longer_than_readers_look() -> bytes:
    return plain_pdf(junk=b"x" * 1100)


@right_answer(TAKEN)
def a_byte_order_mark_before_the_header() -> bytes:
    return plain_pdf(junk=b"\xef\xbb\xbf")


@right_answer(TAKEN)
def a_byte_order_mark_that_moved_every_place() -> bytes:
    return b"\xef\xbb\xbf" + plain_pdf()


@right_answer(TAKEN)
def the_head_of_a_mail_before_the_header() -> bytes:
    head = b"Content-Type: application/pdf\r\nContent-Disposition: attachment\r\n" * 10
    return head + b"\r\n" + plain_pdf()


@right_answer(TAKEN)
def blanks_before_the_header() -> bytes:
    return b"\r\n \t" * 20 + plain_pdf()


@right_answer(TAKEN)
def another_file_behind_the_end() -> bytes:
    return plain_pdf() + b"PK\x05\x06" + bytes(18)


@right_answer("damaged")
def a_head_without_a_body() -> bytes:
    return b"%PDF-1.7 broken"


@right_answer("damaged")
def the_first_half() -> bytes:
    content = packed_pdf(PLAIN)
    return content[: len(content) // 3]


@right_answer("no-page")
def no_page() -> bytes:
    return pdf_of({1: CATALOGUE, 2: "<< /Type /Pages /Kids [] /Count 0 >>"})


@right_answer("damaged", "no-page")
def no_catalogue() -> bytes:
    return plain_pdf().replace(b"/Root 1 0 R", b"/Root 9 0 R")


@right_answer(TAKEN)
def an_empty_user_password() -> bytes:
    return encrypted(owner="secret", user="")


@right_answer(TAKEN)
def an_empty_user_password_of_the_old_kind() -> bytes:
    return encrypted(owner="secret", user="", R=3, aes=False, metadata=False)


@right_answer("encrypted")
def a_user_password() -> bytes:
    return encrypted(owner="secret", user="word")


@right_answer("encrypted")
def encryption_for_somebody_else() -> bytes:
    objects = {**PLAIN, 4: "<< /Filter /Adobe.PubSec /V 4 /SubFilter /adbe.pkcs7.s5 >>"}
    return pdf_of(objects, trailer="/Encrypt 4 0 R /ID [<00> <00>]")


# --- What runs code, or needs a form engine --------------------------------------------------

SCRIPT = "<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
LAUNCH = "<< /S /Launch /F (calc.exe) >>"


@right_answer("code")
def javascript_on_opening() -> bytes:
    return with_catalogue(f"/OpenAction {SCRIPT}")


@right_answer("code")
def javascript_by_name() -> bytes:
    return with_catalogue("/Names << /JavaScript << /Names [(a) 4 0 R] >> >>", {4: SCRIPT})


@right_answer("code")
def javascript_of_a_page() -> bytes:
    return with_page(f"/AA << /O {SCRIPT} >>")


@right_answer("code")
def javascript_of_a_link() -> bytes:
    return with_page(f"/Annots [<< /Subtype /Link /Rect [0 0 9 9] /A {SCRIPT} >>]")


@right_answer("code")
def javascript_of_a_field() -> bytes:
    field = f"<< /FT /Tx /T (a) /AA << /K {SCRIPT} >> >>"
    return with_catalogue("/AcroForm << /Fields [4 0 R] >>", {4: field})


@right_answer("code")
def javascript_after_another_action() -> bytes:
    return with_catalogue(f"/OpenAction << /S /GoTo /D [3 0 R /Fit] /Next [{SCRIPT}] >>")


@right_answer("code")
def javascript_in_an_object_stream() -> bytes:
    catalogue = "<< /Type /Catalog /Pages 2 0 R /OpenAction 4 0 R >>"
    return packed_pdf({**PLAIN, 1: catalogue, 4: SCRIPT})


@right_answer("code")
def javascript_under_another_spelling() -> bytes:
    return with_catalogue("/OpenAction << /S /J#61v#61Script /#4aS (app.alert\\(1\\)) >>")


@right_answer("code")
def javascript_in_a_rendition() -> bytes:
    return with_catalogue("/OpenAction << /S /Rendition /JS (app.alert\\(1\\)) >>")


@right_answer("code")
def javascript_behind_an_empty_password() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(javascript_on_opening())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="secret", user=""))
    return out.getvalue()


@right_answer("code")
def javascript_of_a_model_in_space() -> bytes:
    model = {4: stream("/Type /3D /Subtype /U3D /OnInstantiate 5 0 R", b"u"), 5: stream("", b"1")}
    return with_page("/Annots [<< /Subtype /3D /Rect [0 0 9 9] /3DD 4 0 R >>]", model)


@right_answer("code")
def a_film_that_is_a_program() -> bytes:
    return with_page("/Annots [<< /Subtype /RichMedia /Rect [0 0 9 9] /RichMediaContent << >> >>]")


@right_answer("code")
def javascript_of_a_catalogue_in_the_trailer() -> bytes:
    return with_catalogue_in_trailer(f"/OpenAction {SCRIPT}")


@right_answer("code")
def javascript_by_name_of_a_catalogue_in_the_trailer() -> bytes:
    return with_catalogue_in_trailer(
        "/Names << /JavaScript << /Names [(a) 4 0 R] >> >>", {4: "<< >>"}
    )


@right_answer("code")
def javascript_whose_kind_is_elsewhere() -> bytes:
    objects = {4: "/JavaScript", 5: "(app.alert\\(1\\))"}
    return with_catalogue("/OpenAction << /S 4 0 R >>", objects)


@right_answer("launch")
def a_program_whose_kind_is_elsewhere() -> bytes:
    return with_catalogue(
        "/OpenAction << /S /GoTo /D [3 0 R /Fit] /Next << /S 4 0 R >> >>", {4: "/Launch"}
    )


@right_answer("code")
def a_film_whose_kind_is_elsewhere() -> bytes:
    return with_page("/Annots [<< /Subtype 4 0 R /Rect [0 0 9 9] >>]", {4: "/RichMedia"})


@right_answer(TAKEN)
def a_jump_whose_kind_is_elsewhere() -> bytes:
    return with_catalogue("/OpenAction << /S 4 0 R /D [3 0 R /Fit] >>", {4: "/GoTo"})


@right_answer(TAKEN)
def a_plain_catalogue_in_the_trailer() -> bytes:
    return with_catalogue_in_trailer("/PageLayout /SinglePage")


@right_answer("form")
def a_form_of_a_catalogue_in_the_trailer() -> bytes:
    form = "/AcroForm << /Fields [] /XFA 4 0 R >>"
    return with_catalogue_in_trailer(form, {4: stream("", b"<template/>")})


@right_answer("launch")
def a_program_started_on_opening() -> bytes:
    return with_catalogue(f"/OpenAction {LAUNCH}")


@right_answer("launch")
def a_program_started_by_a_link() -> bytes:
    return with_page(f"/Annots [<< /Subtype /Link /Rect [0 0 9 9] /A {LAUNCH} >>]")


@right_answer("form")
def a_form_that_needs_an_engine() -> bytes:
    form = "/AcroForm << /Fields [] /XFA 4 0 R >>"
    return with_catalogue(form, {4: stream("", b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'/>")})


@right_answer("form")
def a_form_that_needs_an_engine_in_parts() -> bytes:
    form = "/AcroForm << /Fields [] /XFA [(template) 4 0 R] >>"
    return with_catalogue(form, {4: stream("", b"<template/>")})


@right_answer(TAKEN)
def a_plain_form() -> bytes:
    field = "<< /FT /Tx /T (Name) /V (Łódź) /Subtype /Widget /Rect [0 0 9 9] >>"
    return with_catalogue("/AcroForm << /Fields [4 0 R] >>", {4: field})


@right_answer(TAKEN)
def a_title_that_only_speaks_of_javascript() -> bytes:
    objects = {**PLAIN, 4: "<< /Title (/S /JavaScript /JS and /Launch, /XFA: a guide) >>"}
    return pdf_of(objects, trailer="/Info 4 0 R")


@right_answer(TAKEN)
def a_link_to_a_web_page() -> bytes:
    action = "<< /S /URI /URI (https://example.org/) >>"
    return with_page(f"/Annots [<< /Subtype /Link /Rect [0 0 9 9] /A {action} >>]")


def write_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, hostile in CORPUS.items():
        content = hostile.make()
        (folder / f"{name.replace(' ', '-')}.pdf").write_bytes(content)
        answers = " or ".join(hostile.answers)
        print(f"{len(content):>9} bytes  {name:52} {answers}")  # noqa: T201 -- the table


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
