"""Text of strangers is never a link in an email."""

import re

import pytest
from django.utils.html import urlize
from hypothesis import given
from hypothesis import strategies as st

from foundation.unlinked import quoted, without_links


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("https://evil.example/x", "https[:]//evil[.]example/x"),
        ("see http://10.0.0.1/a", "see http[:]//10.0.0.1/a"),
        ("www.evil.com", "www[.]evil[.]com"),
        ("evil.com/pay", "evil[.]com/pay"),
        ("who@evil.example", "who@evil[.]example"),
        ("EVIL.COM", "EVIL[.]COM"),
        ("bücher.рф", "bücher[.]рф"),
        ("evil。com", "evil[.]com"),
        ("evil．com", "evil[.]com"),
        ("mailto:x@y.eu", "mailto[:]x@y[.]eu"),
        (r"\\server\share", "[\\\\]server\\share"),
        ("1。1aa", "1[.]1aa"),
        ("plan.pdf.zip", "plan[.]pdf[.]zip"),
        # What is none stays as it was typed.
        ("Costs of 1.250,50 EUR on 21.04.2015, e.g. for 3.5 days.", None),
        ("The end. The beginning.", None),
        ("Part B: plan.pdf", None),
        ("Time: 17:00 (UTC+2)", None),
        ("S.p.A. and G.m.b.H.", None),
    ],
)
def test_what_mail_programs_take_for_an_address_is_written_otherwise(typed, written):
    assert without_links(typed) == (written or typed)


@given(st.text("abc.:/@\\w ws。-[]1", max_size=60))
def test_no_text_leaves_something_to_press(text):
    safe = without_links(text)
    assert "://" not in safe and not re.search(r"\w[.。]\w*[a-z]{2}", safe.replace("[.]", "[]"))
    assert 'href="http' not in urlize(safe)
    assert without_links(safe) == safe


def test_the_portals_own_addresses_stay_and_look_alikes_do_not():
    own = "https://portal.example"
    assert without_links("See https://portal.example/proposals/A/.", own=own) == (
        "See https://portal.example/proposals/A/."
    )
    for trick in (
        "https://portal.example.evil.example/",
        "https://portal.example@evil.example/",
        "xhttps://portal.example/",
    ):
        assert "://" not in without_links(trick, own=own)


def test_each_line_of_another_persons_words_is_marked():
    assert quoted("Hello\n\nWhat to do: pay") == "> Hello\n>\n> What to do: pay"
