"""People's text in emails, so that no mail program makes a link of it.

The portal's emails go to people who did not choose who writes to them. Only the portal's own links may be
pressed there. What mail programs take for an address is written as security bulletins write it, readable but
no link: `https[:]//evil[.]example`, `evil[.]example`, `who@evil[.]example`. Decimal numbers, dates and
abbreviations stay.
"""

import re

DOTS = ".\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH FULL STOP}\N{HALFWIDTH IDEOGRAPHIC FULL STOP}"
# Between two labels of a name: whatever is before it, a label with two letters in a row is behind it.
IN_A_NAME = re.compile(
    rf"(?<=[^\s{DOTS}])[{DOTS}](?=[\w-]*[^\W\d_]{{2}})(?!pdf(?![\w.]))", re.IGNORECASE
)
AFTER_A_SCHEME = re.compile(r":(?=[/\\]{2})")
SCHEME_ALONE = re.compile(r"(?i)\b(mailto|tel|sms|javascript|data|callto|skype):")
SHARED_FOLDER = re.compile(r"\\\\(?=\w)")


def without_links(text: str, *, own: str = "") -> str:
    """A text in which nothing is a link, except the portal's addresses, which begin with `own` and "/"."""
    if not own:
        return _broken(text)
    parts = re.split(rf"((?<!\S){re.escape(own)}/[\w./?=&%#:-]*)", text)
    return "".join(part if place % 2 else _broken(part) for place, part in enumerate(parts))


def _broken(text: str) -> str:
    text = AFTER_A_SCHEME.sub("[:]", text)
    text = SCHEME_ALONE.sub(r"\1[:]", text)
    text = SHARED_FOLDER.sub(lambda _found: "[\\\\]", text)
    return IN_A_NAME.sub("[.]", text)


def quoted(text: str) -> str:
    """Another person's words in a text/plain email: no line of theirs can pass for one of the portal's."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())
