"""Forms of partner search."""

import re
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from applicants import choices
from applicants.fields import NameField, SeveralField, TextField
from applicants.models import Organisation
from calls.eligibility.countries import choices_on
from calls.models import Call
from foundation import clock
from foundation.form_layout import grid_row
from foundation.form_rules import IdentifierField
from proposals.models import LANGUAGES, PartnershipRequest

# Kind (R&D requests are written RD), country, day, serial number: as the network numbers its profiles.
EEN_REFERENCE = re.compile(r"(?:BO|BR|TO|TR|RD)[A-Z]{2}(\d{4})(\d{2})(\d{2})\d{3}")
CORDIS_HOST = "cordis.europa.eu"


def _countries() -> Any:
    return choices_on(clock.now().date())


class RequestForm(forms.ModelForm):
    """A request, with the revision that its editor saw."""

    seen_revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)
    kind = forms.ChoiceField(
        label=_("Type of request"), choices=PartnershipRequest.Kind, widget=forms.RadioSelect
    )
    strands = SeveralField(label=_("Strands"), choices=())
    title = NameField(
        label=_("Title"),
        max_length=120,
        help_text=_("A short summary for readers who do not know you"),
    )
    text = TextField(
        label=_("Description"),
        max_length=6000,
        rows=8,
        help_text=_(
            "Describe the project and what you offer or need. Do not include email addresses "
            "or telephone numbers: people contact you through the portal."
        ),
    )
    sectors = SeveralField(label=_("Sectoral industries"), choices=choices.SECTORS, required=False)
    emerging_industries = SeveralField(
        label=_("Emerging industries"), choices=choices.EMERGING_INDUSTRIES, required=False
    )
    technologies = SeveralField(
        label=_("Technology fields"), choices=choices.TECHNOLOGIES, required=False
    )
    markets = forms.MultipleChoiceField(
        label=_("Target markets"),
        choices=_countries,
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text=_("Hold Ctrl (or Command) to select more than one."),
    )
    countries = forms.MultipleChoiceField(
        label=_("Countries of the partner"),
        choices=_countries,
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text=_("Select none to accept partners from any country"),
    )
    languages = SeveralField(label=_("Languages"), choices=list(LANGUAGES.items()))
    een_reference = IdentifierField(
        label=_("Reference of an Enterprise Europe Network profile"),
        required=False,
        max_length=20,
        help_text=_("For example, BOIT20150421001"),
    )
    cordis_link = forms.URLField(
        label=_("Link to CORDIS"),
        required=False,
        assume_scheme="https",
        max_length=200,
        help_text=_("If the same request is published there"),
    )

    class Meta:
        model = PartnershipRequest
        fields = (
            "kind",
            "role",
            "strands",
            "title",
            "text",
            "emerging_industries",
            "technologies",
            "sectors",
            "markets",
            "countries",
            "languages",
            "een_reference",
            "cordis_link",
            "shows_name",
        )
        help_texts = {
            "shows_name": _(
                "If you do not show it, readers see your country and type of organisation "
                "only. You can show the name later in a conversation."
            )
        }

    def __init__(self, *args: Any, call: Call, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        strands = [
            (strand.code, f"{strand.number}: {strand.title}") for strand in call.strands.all()
        ]
        self.fields["strands"].choices = strands  # type: ignore[attr-defined]
        if self.instance.pk:
            self.initial["seen_revision"] = self.instance.revision
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(
            "seen_revision",
            grid_row(kind=6, role=6),
            "strands",
            "title",
            "text",
            grid_row(emerging_industries=6, technologies=6),
            "sectors",
            grid_row(markets=6, countries=6),
            "languages",
            grid_row(een_reference=6, cordis_link=6),
            "shows_name",
        )

    def clean_een_reference(self) -> str:
        text = str(self.cleaned_data["een_reference"]).strip().upper()
        if text:
            check_een_reference(text)
        return text

    def clean_cordis_link(self) -> str:
        link = str(self.cleaned_data["cordis_link"] or "")
        check_cordis_link(link)
        return link

    def values_to_store(self) -> dict[str, Any]:
        """What to store; only of a valid form."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


def check_een_reference(text: str) -> None:
    """Refuse what is no reference of the Enterprise Europe Network, its day included.

    Raises:
        ValidationError: the sentence says what is wrong.
    """
    match = EEN_REFERENCE.fullmatch(text)
    if match is None:
        raise ValidationError(
            _(
                "Enter a reference in the correct format: BO, BR, TO, TR or RD, then a "
                "country code, a date and three digits, for example BOIT20150421001"
            )
        )
    year, month, day = (int(part) for part in match.groups())
    try:
        made_on = date(year, month, day)
    except ValueError:
        raise ValidationError(
            _("Check the reference: it contains a date that does not exist")
        ) from None
    if made_on > clock.now().date():
        raise ValidationError(_("Check the reference: it contains a date in the future"))


def check_cordis_link(link: str) -> None:
    """Refuse links that lead elsewhere.

    Raises:
        ValidationError: it is no https address of CORDIS.
    """
    parts = urlsplit(link)
    host = parts.hostname or ""
    if link and (
        parts.scheme != "https" or not (host == CORDIS_HOST or host.endswith("." + CORDIS_HOST))
    ):
        raise ValidationError(_("Enter a web address that begins with https://cordis.europa.eu/"))


class WhoForm(forms.Form):
    """For which of one's organisations a request is written."""

    organisation = forms.ModelChoiceField(
        label=_("Organisation"),
        queryset=Organisation.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
    )

    def __init__(self, *args: Any, organisations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = organisations  # type: ignore[attr-defined]
