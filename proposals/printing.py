"""HTML to PDF as every document of the portal is made: archival, accessible, and from our own files only.

PDF/A-3a and PDF/UA-1 in one. Laying out reads nothing from a network and no file but our styles and fonts.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

STATIC = Path(settings.ROOT / "static")
UA_IDENTIFICATION = STATIC / "xmp" / "pdfua.xml"
VARIANT = "pdf/a-3a"  # archival, with attachments, tagged in reading order


class OwnFilesOnly(URLFetcher):
    """Fetches nothing but files of the portal's own static folder, whatever a text contains."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=["file", "data"], fail_on_errors=True)

    def fetch(self, url: str, headers: Any = None) -> Any:
        folder = STATIC.as_uri() + "/"
        if not url.startswith("data:") and not (url.startswith(folder) and ".." not in url):
            raise ValueError("A document uses nothing from outside.")
        return super().fetch(url, headers)


def pdf_from(html: str, *, sheet: str, attachments: Sequence[Attachment] = ()) -> bytes:
    """A document as PDF, by a style sheet of `static/css/` such as "receipt.css"."""
    page = HTML(string=html, base_url=base_url(), url_fetcher=OwnFilesOnly())
    pdf: bytes = page.write_pdf(
        finisher=_say_that_it_is_accessible,
        font_config=_fonts(),
        stylesheets=[_style_sheet(sheet)],
        pdf_variant=VARIANT,
        attachments=list(attachments),
    )
    return pdf


def base_url() -> str:
    return (STATIC / "css").as_uri() + "/"


def _say_that_it_is_accessible(_document: Any, pdf: Any) -> None:
    """Add the identification of PDF/UA-1 to that of PDF/A: WeasyPrint writes one of the two by itself.

    It must stand in the same RDF element, and PDF/A wants metadata that are not compressed.
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
        filename=str(STATIC / "css" / name), font_config=_fonts(), url_fetcher=OwnFilesOnly()
    )
