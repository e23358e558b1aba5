"""The definition of innovation clusters, as the checklist that applicants answer and officers read.

Source: Framework for State aid for research, development and innovation (2014/C 198/01), point
1.3(s). C12 comes from the call itself. "Such as" in the definition makes a mix of members expected,
but no single kind of member mandatory.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SOURCE = "Framework for State aid for research, development and innovation (2014/C 198/01), 1.3(s)"
SOURCE_URL = "https://eur-lex.europa.eu/legal-content/EN/ALL/?uri=CELEX:52014XC0627(01)"


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
