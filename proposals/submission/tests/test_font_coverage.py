"""PDFs use the portal's own fonts only, and what these cannot print is said before submission."""

import io

import pikepdf
import pytest
from django.test import Client
from django.urls import reverse
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from foundation import pdf as printing
from proposals.dossier.document import Draft
from proposals.submission.font_coverage import unprintable_in, without_glyph
from proposals.tests.factories import make_ready, reload, save, submit

HTML = "<html lang=en><head><title>T</title></head><body><p>Ab Łω Ж א ع 東 🚀 <b>Bold א</b></p></body></html>"
OWN_FONTS = {"L", "LX", "G", "C", "D"}  # families of the style sheet


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Łódź, Ørsted, Straße, Ștefan, İstanbul", ""),
        ("Ελλάδα, Ёлка, Ђорђе, Հայաստան, საქართველო", ""),
        ("שלום, عنقود, “quotes” – • € → ≤ ½ ☺", ""),
        ("می\u200cخواهم\u00a0\u00ad\u2060", ""),
        ("Go 🚀 to 東京", "京東🚀"),
        ({"a": ["x", {"b": "\ue000"}], "n": 3, "none": None}, "\ue000"),
    ],
)
def test_what_no_font_has_is_found(text, missing):
    assert without_glyph(text) == missing


@pytest.fixture
def server_with_a_font(tmp_path, monkeypatch):
    """A server whose system has a font for a character that ours lack."""
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "east"])
    builder.setupCharacterMap({ord("東"): "east"})
    pen = TTGlyphPen(None)
    for point, corner in enumerate([(0, 0), (0, 700), (700, 700), (700, 0)]):
        (pen.moveTo if not point else pen.lineTo)(corner)
    pen.closePath()
    glyph = pen.glyph()
    builder.setupGlyf({".notdef": glyph, "east": glyph})
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", "east"), (800, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Foreign", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "foreign.ttf")
    config = tmp_path / "fonts.conf"
    config.write_text(
        f"<fontconfig><dir>{tmp_path}</dir><cachedir>{tmp_path}</cachedir></fontconfig>"
    )
    monkeypatch.setenv("FONTCONFIG_FILE", str(config))


def test_a_document_uses_our_fonts_only_whatever_the_server_has(server_with_a_font):
    printing._layouter.end()  # noqa: SLF001 -- the next child starts with this server's fonts
    made = printing.render_pdf(HTML, sheet="receipt.css")
    printing._layouter.end()  # noqa: SLF001 -- and the one after it without
    with pikepdf.open(io.BytesIO(made)) as pdf:
        fonts = {
            str(result.BaseFont).partition("+")[2]
            for page in pdf.pages
            for result in page.Resources.Font.values()
        }
    assert fonts and {name.partition("-")[0] for name in fonts} <= OWN_FONTS


@pytest.mark.django_db
def test_the_check_names_part_and_characters_and_lets_it_be_submitted(call):
    proposal = make_ready(call)
    assert unprintable_in(Draft(reload(proposal))) == []
    save(proposal, "vision", vision="To the moon 🚀")
    (unprintable,) = unprintable_in(Draft(reload(proposal)))
    assert unprintable.characters == "🚀"
    client = Client()
    client.force_login(proposal.started_by)
    page = client.get(reverse("proposals:check", args=[proposal.number]))
    text = page.content.decode()
    assert "U+1F680" in text and f'href="{unprintable.url}"' in text
    assert "🚀" in submit(reload(proposal)).dossier
