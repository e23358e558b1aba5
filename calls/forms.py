"""Forms of this layer: a day, and the questions of the self-check."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Fieldset, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from calls.eligibility.facts import OrganisationKind, Registration
from calls.fields import CountryField
from calls.models import Call
from calls.self_check import MAX_PARTNERS, Answers, Partner
from foundation.fields import DayField


class DayForm(forms.Form):
    """On which day somebody wants to know who counted."""

    on = DayField(
        label=_("Date"),
        widget=forms.TextInput(attrs={"class": "form-control", "size": 18}),
        help_text=_("For example, 21.4.2015."),
    )


YES_NO = (("yes", _("Yes")), ("no", _("No")), ("open", _("Not sure yet")))
TRUTH = {"yes": True, "no": False, "open": None}


class SelfCheckForm(forms.Form):
    """A few plain questions about an organisation and the partners that it has in mind."""

    strand = forms.ChoiceField(
        label=_("Which strand would you apply for?"), widget=forms.RadioSelect
    )
    kind = forms.ChoiceField(
        label=_("What type of organisation are you?"),
        widget=forms.RadioSelect,
        choices=(
            (OrganisationKind.CLUSTER.value, _("A cluster organisation")),
            (OrganisationKind.NETWORK.value, _("A business network organisation")),
            (OrganisationKind.RUNS_CLUSTER.value, _("An organisation that runs a cluster")),
            (
                OrganisationKind.RESEARCH_AS_CLUSTER.value,
                _("A research organisation that acts as a cluster organisation"),
            ),
            (OrganisationKind.COMPANY.value, _("A company")),
            (OrganisationKind.OTHER.value, _("Another type of organisation")),
        ),
    )
    country = CountryField(
        label=_("In which country is your legal seat?"),
        help_text=_("The country where your organisation is legally registered"),
    )
    registration = forms.ChoiceField(
        label=_("Is your organisation registered on the European cluster platform?"),
        widget=forms.RadioSelect,
        choices=(
            (Registration.REGISTERED.value, _("Yes, we have a profile there")),
            (Registration.APPLIED.value, _("We have applied for registration")),
            (Registration.PLANNED.value, _("We plan to register")),
            (Registration.NEITHER.value, _("No, and we do not plan to register")),
        ),
    )
    services = forms.ChoiceField(
        label=_("Do you offer support services to businesses, or channel them from others?"),
        widget=forms.RadioSelect,
        choices=YES_NO,
        help_text=_(
            "For example matchmaking, training, market intelligence or help with "
            "internationalisation"
        ),
    )
    independent = forms.ChoiceField(
        label=_("Are your members independent of each other?"),
        widget=forms.RadioSelect,
        choices=YES_NO,
        help_text=_("Members that all belong to the same group are not independent."),
    )

    def __init__(self, data: Any = None, *, call: Call) -> None:
        super().__init__(data)
        text = _("Strand %(number)s: %(title)s")
        strands = [
            (strand.code, text % {"number": strand.label, "title": strand.title})
            for strand in call.strands.all()
        ]
        self.fields["strand"].choices = strands  # type: ignore[attr-defined]
        for number in range(1, MAX_PARTNERS + 1):
            self.fields[f"partner_{number}"] = CountryField(
                label=_("Country of partner %(number)s") % {"number": number}, required=False
            )
            self.fields[f"fits_{number}"] = forms.ChoiceField(
                label=_("Cluster or network organisation"), choices=YES_NO, required=False
            )
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(
            Fieldset(
                _("Your organisation"),
                "kind",
                "country",
                "registration",
                "services",
                "independent",
            ),
            Fieldset(_("Your proposal"), "strand"),
            Fieldset(
                _("Partners you are considering"),
                *(
                    Row(
                        Column(f"partner_{number}", css_class="col-md-7"),
                        Column(f"fits_{number}", css_class="col-md-5"),
                    )
                    for number in range(1, MAX_PARTNERS + 1)
                ),
            ),
        )

    def answers(self) -> Answers:
        """What was answered; only of a valid form."""
        values = self.cleaned_data
        partners = tuple(
            Partner(values[f"partner_{number}"], TRUTH[values[f"fits_{number}"] or "yes"])
            for number in range(1, MAX_PARTNERS + 1)
            if values[f"partner_{number}"]
        )
        return Answers(
            strand=values["strand"],
            kind=OrganisationKind(values["kind"]),
            country=values["country"],
            registration=Registration(values["registration"]),
            has_services=TRUTH[values["services"]],
            is_independent=TRUTH[values["independent"]],
            partners=partners,
        )
