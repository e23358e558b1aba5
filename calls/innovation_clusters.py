"""The definition of innovation clusters, as the checklist that applicants answer and officers read.

What officers of one call check is stored with the call; `ELEMENTS` is where it begins.

Source: Framework for State aid for research, development and innovation (2014/C 198/01), point
1.3(s). C12 comes from the call itself. "Such as" in the definition makes a mix of members expected,
but no single kind of member mandatory.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SOURCE = "Framework for State aid for research, development and innovation (2014/C 198/01), 1.3(s)"
SOURCE_URL = "https://eur-lex.europa.eu/legal-content/EN/ALL/?uri=CELEX:52014XC0627(01)"


CODE = re.compile(r"[A-Za-z0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class Element:
    """`is_required` is False for what only gives evidence of the required elements."""

    code: str
    text: str | Promise
    is_required: bool


ELEMENTS = (
    Element(
        "C1", _("Is a structure or an organised group (legal form, statutes, governance)."), True
    ),
    Element("C2", _("Consists of parties that are independent of each other."), True),
    Element(
        "C3",
        _(
            "Has members such as start-ups, small, medium and large enterprises, research "
            "organisations, non-profit organisations and other economic actors. No single "
            "kind is required."
        ),
        True,
    ),
    Element("C4", _("Aims to stimulate innovative activity."), True),
    Element("C5", _("Promotes innovation through promotional activities."), False),
    Element("C6", _("Promotes innovation by sharing facilities."), False),
    Element("C7", _("Promotes innovation by exchanging knowledge and expertise."), False),
    Element("C8", _("Contributes to knowledge transfer."), False),
    Element("C9", _("Contributes to networking."), False),
    Element("C10", _("Contributes to the dissemination of information."), False),
    Element("C11", _("Contributes to collaboration among its members."), False),
    Element(
        "C12",
        _("Offers cluster and network support services to businesses, or channels them."),
        True,
    ),
)


def is_code(text: str) -> bool:
    """Whether an element can be called this; answers to it are stored under its code."""
    return CODE.fullmatch(text) is not None


def standard_checklist() -> list[dict[str, Any]]:
    """The whole definition as a call stores it, in English whatever the reader speaks."""
    with translation.override(None):
        return [
            {"code": element.code, "text": str(element.text), "required": element.is_required}
            for element in ELEMENTS
        ]


def elements_in(data: Iterable[Mapping[str, Any]]) -> tuple[Element, ...]:
    """The elements of a stored checklist; a text of the definition itself is shown in translation."""
    return tuple(Element(row["code"], _(row["text"]), row["required"]) for row in data)
