"""The check of words that pages, emails and PDFs may not contain."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.tests.plain_words import banned_in

ROOT = Path(__file__).resolve().parents[2]
APPS = ("applicants", "calls", "cosme_portal", "foundation", "proposals")
GETTEXT = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
IN_TEMPLATES = re.compile(
    r"""\{%\ translate\ (?:"([^"]*)"|'([^']*)')|\{%\ blocktranslate[^%]*%\}(.*?)\{%\ endblocktranslate""",
    re.VERBOSE | re.DOTALL,
)


@pytest.mark.parametrize(
    "text",
    [
        "<p>3 things to mend</p>",
        "<p>The name is longer than 120 signs.</p>",
        "<p>The invitation was taken back.</p>",
        "<p>You get a mail.</p>",
        "<p>Log in</p>",
        "<p>This field is required.</p>",
        "<p>The machine advises.</p>",
        "<p>What stands against it</p>",
    ],
)
def test_a_banned_word_is_found(text):
    assert banned_in(text)


@pytest.mark.parametrize(
    "text",
    [
        '<a href="mailto:ada@mail.example">Email us</a>',
        "<script>let told = 1;</script>",
        "<p>Sign in with your email address; you understand the amendment.</p>",
        "<p>signed by the coordinator</p>",
    ],
)
def test_markup_addresses_and_other_words_are_not(text):
    assert banned_in(text) == []


def texts_of_templates() -> Iterator[tuple[Path, str]]:
    for path in (ROOT / "templates").rglob("*.*"):
        for result in IN_TEMPLATES.finditer(path.read_text("utf-8")):
            yield path, "".join(filter(None, result.groups()))


def texts_of_code() -> Iterator[tuple[Path, str]]:
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "tests" not in path.parts:
                yield from ((path, text) for text in marked_in(path.read_text("utf-8")))


def marked_in(source: str) -> Iterator[str]:
    """The texts that are marked for translation."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in GETTEXT
        ):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


@pytest.mark.parametrize("texts", [texts_of_templates, texts_of_code])
def test_no_text_has_a_banned_word_whether_a_test_renders_it_or_not(texts):
    pairs = list(texts())
    assert len(pairs) > 1000
    assert [(str(path), message) for path, text in pairs for message in banned_in(text)] == []
