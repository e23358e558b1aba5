"""Forms of people and organisations; the steps of the profile are in `profile`."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from applicants.fields import NameField
from applicants.models import Organisation, User
from applicants.steps import in_words
from applicants.three_way_merge import Difference
from calls.fields import CountryField
from foundation.form_layout import grid_row
from foundation.form_rules import IdentifierField


def one_line(text: str) -> str:
    """A name is used in subjects and greetings of emails: no line breaks, no runs of blanks."""
    return " ".join(text.split())


class SignupNameForm(forms.Form):
    """What sign-up asks beside address and password."""

    full_name = NameField(
        label=_("Your full name"),
        max_length=150,
        help_text=_("As it will appear on proofs of submission"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("full_name", "email", "password1")

    def signup(self, request: Any, user: User) -> None:
        user.full_name = one_line(self.cleaned_data["full_name"])
        user.save(update_fields=["full_name"])


NAMING = {"legal_name", "cluster_name", "country", "pic"}
MAX_SIMILAR = 5


class OrganisationForm(forms.ModelForm):
    """An organisation as the registry knows it."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)
    country = CountryField(label=_("Country of the legal seat"))
    website = forms.URLField(label=_("Website"), required=False, assume_scheme="https")
    legal_name = NameField(label=_("Legal name"), max_length=200)
    cluster_name = NameField(
        label=_("Cluster name"),
        max_length=200,
        required=False,
        help_text=_("If the organisation runs a cluster with a different name"),
    )
    acronym = NameField(label=_("Short name"), max_length=40, required=False)
    pic = IdentifierField(
        label=_("PIC (Participant Identification Code)"),
        required=False,
        help_text=_("Nine digits, for example 999988877"),
    )

    is_another = forms.BooleanField(
        label=_("This is a different organisation. Register it"), required=False
    )

    class Meta:
        model = Organisation
        fields = (
            "legal_name",
            "cluster_name",
            "acronym",
            "kind",
            "country",
            "region",
            "town",
            "website",
            "pic",
            "is_findable",
        )
        help_texts = {
            "country": _("The country where the organisation is legally registered"),
            "is_findable": _(
                "Everyone can then see its name, country, website, description, sectors and "
                "markets, but not who works there."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.similar: list[Organisation] = []
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.record_version
        kinds = [("", _("Select a type")), *Organisation.Kind.choices]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(
            "seen_version",
            "legal_name",
            grid_row(cluster_name=8, acronym=4),
            grid_row(kind=6, country=6),
            grid_row(region=6, town=6),
            grid_row(website=6, pic=6),
            "is_findable",
        )

    @property
    def seen(self) -> int:
        return int(self.cleaned_data["seen_version"] or 0)

    def differences(self, current: Organisation) -> list[Difference]:
        """Each field in which the typed and the stored record differ."""
        result = []
        for name in self.Meta.fields:
            mine, stored = self.cleaned_data[name], getattr(current, name)
            if mine != stored:
                field = self.fields[name]
                texts = in_words(field, mine), in_words(field, stored)
                result.append(Difference(name, field.label or name, *texts))
        return result

    def clean_legal_name(self) -> str:
        return one_line(self.cleaned_data["legal_name"])

    def clean_cluster_name(self) -> str:
        return one_line(self.cleaned_data["cluster_name"])

    def clean_pic(self) -> str:
        typed = "".join(str(self.cleaned_data["pic"]).split())
        return typed.upper().removeprefix("PIC").strip(":.-")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        runs_a_cluster = cleaned.get("kind") == Organisation.Kind.RUNS_CLUSTER
        if runs_a_cluster and not cleaned.get("cluster_name"):
            self.add_error(
                "cluster_name", _("Enter the name of the cluster that the organisation runs")
            )
        return cleaned

    def _post_clean(self) -> None:
        """Say that an organisation may be here already; whoever enters it decides."""
        super()._post_clean()  # type: ignore[misc]  # the stubs do not know it
        if self.errors or not NAMING & set(self.changed_data):
            return
        self.similar = Organisation.objects.all().similar_to(self.instance)
        if self.similar:
            self.helper.layout.append("is_another")
        if self.similar and not self.cleaned_data["is_another"]:
            self.add_error(None, self._is_here_already())

    def _is_here_already(self) -> str:
        """Name and country, which everybody may know, and nothing else."""
        names = "; ".join(
            f"{organisation.name} ({organisation.country_name})"
            for organisation in self.similar[:MAX_SIMILAR]
        )
        text = _(
            "This organisation may already be registered: %(names)s. If it is the same one, "
            "use that record: its people can invite you, and a coordinator can add it to a "
            "consortium. If it is a different one, confirm this below."
        )
        return text % {"names": names}


class ColleagueForm(forms.Form):
    """Whom to invite into an organisation."""

    email = forms.EmailField(
        label=_("Email address of your colleague"),
        help_text=_("We will send a link that works for seven days."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
