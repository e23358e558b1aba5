"""HTML to PDF: runs in the child process that `printing` asks, so it imports nothing of the portal.

PDF/A-3a and PDF/UA-1 in one. Laying out reads nothing from a network and no file but our styles and fonts.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from weasyprint import CSS, HTML, Attachment
from weasyprint.document import Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

STATIC = Path(__file__).resolve().parent.parent / "static"
UA_IDENTIFICATION = STATIC / "xmp" / "pdfua.xml"
VARIANT = "pdf/a-3a"  # archival, with attachments, tagged in reading order


class StaticFilesOnly(URLFetcher):
    """Fetches nothing but files of the portal's own static folder, whatever a text contains."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=["file", "data"], fail_on_errors=True)

    def fetch(self, url: str, headers: Any = None) -> Any:
        folder = STATIC.as_uri() + "/"
        if not url.startswith("data:") and not (url.startswith(folder) and ".." not in url):
            raise ValueError("A document uses nothing from outside.")
        return super().fetch(url, headers)


def pdf(
    html: bytes,
    *,
    sheet: str,
    attachments: Sequence[Mapping[str, str]] = (),
    compact_sheet: str = "",
    compact_over: int = 0,
) -> bytes:
    """A document as PDF, by a style sheet of `static/css/`; attachments as `printing.Attached` has them.

    One of more than `compact_over` pages is laid out again with the compact sheet as well.
    """
    page = HTML(string=html.decode(), base_url=base_url(), url_fetcher=StaticFilesOnly())
    document = _laid_out(page, sheet)
    if compact_sheet and len(document.pages) > compact_over:
        document = _laid_out(page, sheet, compact_sheet)
    content: bytes = document.write_pdf(
        finisher=_mark_accessible,
        pdf_variant=VARIANT,
        attachments=[_attachment(**attached) for attached in attachments],
    )
    return content


def _laid_out(page: HTML, *sheets: str) -> Document:
    stylesheets = [_style_sheet(sheet) for sheet in sheets]
    return page.render(font_config=_fonts(), stylesheets=stylesheets, pdf_variant=VARIANT)


def _attachment(name: str, text: str, description: str, relationship: str, at: str) -> Attachment:
    moment = datetime.fromisoformat(at)
    return Attachment(
        string=text,
        name=name,
        description=description,
        relationship=relationship,
        created=moment,
        modified=moment,
    )


def base_url() -> str:
    return (STATIC / "css").as_uri() + "/"


def _mark_accessible(_document: Any, pdf: Any) -> None:
    """Add the identification of PDF/UA-1 to that of PDF/A: WeasyPrint writes one of the two by itself.

    It must be in the same RDF element, and PDF/A wants metadata that are not compressed.
    """
    number = int(pdf.catalog["Metadata"].split()[0])
    metadata: Any = pdf.objects[number]
    [text] = metadata.stream
    identification = UA_IDENTIFICATION.read_bytes()
    metadata.stream = [text.replace(b"</rdf:RDF>", identification + b"</rdf:RDF>")]
    metadata.compress = False


@cache
def _fonts() -> FontConfiguration:
    """Shared by all documents of a process: fonts are read once."""
    return FontConfiguration()


@cache
def _style_sheet(name: str) -> CSS:
    return CSS(
        filename=str(STATIC / "css" / name), font_config=_fonts(), url_fetcher=StaticFilesOnly()
    )
