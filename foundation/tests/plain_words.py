"""A pytest plugin that fails a test which renders a banned word in a page, an email or a PDF.

Django's template backend renders pages, emails and the HTML of PDFs, so one hook sees every text.
"""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.template.backends.django import Template

BANNED = re.compile(
    r"""(?<![\w@./:=#?&%-])(?:
        mend(?:s|ed|ing)? | anew | owe[sd]? | told | tells | stands
      | (?:take|takes|taken|taking|took)\ (?:it\ |access\ )?back
      | (?:bring|brings|brought)\ (?:it\ |them\ )?in
      | (?:\d+\ )signs | signs\ that | for\ good | for\ ever | at\ own\ cost | the\ machine | machine\ says
      | people\ of\ the\ coordinator | coordinator's\ people
      | mails? | mailed | e-mails? | log(?:ged)?\ (?:in|out) | given\ up
      | this\ field\ is\ required | can\ not
    )(?![\w@/:=-])""",
    re.VERBOSE | re.IGNORECASE,
)
MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)

_found: list[str] = []
_render = Template.render


def banned_in(text: str) -> list[str]:
    """Each banned word with what is around it; markup does not count."""
    if not BANNED.search(text):
        return []
    plain = " ".join(unescape(MARKUP.sub(" ", text)).split())
    return [
        plain[max(0, match.start() - 40) : match.end() + 40] for match in BANNED.finditer(plain)
    ]


def _render_and_check(self: Template, *args: object, **kwargs: object) -> object:
    text = _render(self, *args, **kwargs)
    _found.extend(f"{self.origin.name}: …{message}…" for message in banned_in(str(text)))
    return text


def pytest_configure(config: pytest.Config) -> None:
    Template.render = _render_and_check  # type: ignore[method-assign]
    config.addinivalue_line(
        "markers", "any_words: the test stores or quotes texts with banned words"
    )


@pytest.fixture(autouse=True)
def plain_words(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail where the test rendered a banned word."""
    _found.clear()
    yield
    if _found and "any_words" not in request.keywords:
        pytest.fail(
            "Banned words were rendered:\n" + "\n".join(dict.fromkeys(_found)), pytrace=False
        )
