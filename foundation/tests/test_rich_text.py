"""Lists and bold are shown; every other sign of a text is shown as it was typed."""

from html.parser import HTMLParser

import pytest

from foundation.rich_text import as_html
from foundation.tests.hostile_texts import HOSTILE

ALLOWED = {"p", "br", "strong", "ul", "ol", "li"}


class Elements(HTMLParser):
    """The names of a fragment's elements, their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.names, self.attributes, self.text = set(), set(), ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _value in attrs}

    def handle_data(self, data):
        self.text += data


def words_of(text):
    return text.split()


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("One\nline", "<p>One<br>\nline</p>\n"),
        ("One\n\ntwo", "<p>One</p>\n<p>two</p>\n"),
        ("a **bold** word", "<p>a <strong>bold</strong> word</p>\n"),
        ("- a\n- b", '<ul class="dashes">\n<li>a</li>\n<li>b</li>\n</ul>\n'),
        ("+ 5 %", '<ul class="pluses">\n<li>5 %</li>\n</ul>\n'),
        ("3. c\n7. d", '<ol start="3">\n<li value="3">c</li>\n<li value="7">d</li>\n</ol>\n'),
    ],
)
def test_lists_and_bold_are_elements(text, html):
    assert as_html(text) == html


@pytest.mark.parametrize(
    "text",
    [
        "# a",
        "> a",
        "[a](http://b)",
        "![a](b)",
        "`a`",
        "_a_",
        "*a*",
        "__a__",
        "a\\*b",
        "&lt;",
        "---",
    ],
)
def test_other_signs_stay_signs(text):
    elements = Elements(as_html(text))
    assert elements.names == {"p"} and elements.text.strip() == text


@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
def test_no_text_makes_another_element_or_attribute(hostile):
    elements = Elements(as_html(f"- {hostile.text}\n\n**{hostile.text}**"))
    assert elements.names <= ALLOWED
    assert elements.attributes <= {"class", "start", "value"}


@pytest.mark.parametrize("text", ["- " * 50 + "deep", "1. " * 50 + "deep", "* a\n" * 400 + "deep"])
def test_no_word_is_left_out_however_lists_are_nested(text):
    assert "deep" in words_of(Elements(as_html(text)).text)
