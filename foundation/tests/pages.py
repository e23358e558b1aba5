"""What a page holds, whatever white space its template is laid out with."""

import re


def compact(html: str) -> str:
    """The source without the white space inside and around tags that a browser does not show."""
    return re.sub(r"(?<=>) | (?=<)", "", " ".join(html.split()))
