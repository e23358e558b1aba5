"""Forms in which officers say what rules or countries should be: one field for each parameter, no code."""

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_type_hints

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from calls.eligibility import RuleSet
from calls.eligibility.countries import Participation, overlapping
from calls.eligibility.facts import OrganisationKind, Registration
from calls.eligibility.rules import CATALOGUE, UnusableRule, parameters_of
from calls.fields import CountryField
from calls.models import Call, CountryParticipation
from foundation import clock
from foundation.fields import DayField, NumberTextField, WholeNumberField, plain_number
from foundation.identifiers import key_of
from foundation.sentences import gettext as _
from proposals.dossier.evidence_words import (
    KIND_WORDS,
    REGISTRATION_WORDS,
    condition_label,
    condition_text,
)

MAX_RULES = 60


class ReasonForm(forms.Form):
    """Why something is changed: kept in the history and shown with the change."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=1000,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        help_text=gettext_lazy(
            "Which legal text is the change based on? The reason is kept in the history and "
            "shown to everyone, so do not name any person."
        ),
    )


AS_A_DAY = gettext_lazy("For example, 21.4.2015.")


class CountryRowForm(forms.Form):
    """One legal basis on which a country counts, or the wish to remove it."""

    country = CountryField(label=gettext_lazy("Country"), required=True)
    gate = forms.ChoiceField(
        label=gettext_lazy("Legal basis"), choices=CountryParticipation.LegalBasis.choices
    )
    signed_on = DayField(
        label=gettext_lazy("Signed on"),
        required=False,
        help_text=AS_A_DAY,
    )
    in_force_on = DayField(
        label=gettext_lazy("In force from"),
        required=False,
        help_text=AS_A_DAY,
    )
    counts_until = DayField(
        label=gettext_lazy("Last day in force"),
        required=False,
        help_text=AS_A_DAY,
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=300,
        widget=forms.TextInput(attrs={"size": 80}),
        help_text=gettext_lazy("The legal act or agreement and where to find it."),
    )
    remove = forms.BooleanField(
        label=gettext_lazy("Remove this entry because it was never correct"), required=False
    )

    def __init__(
        self, *args: Any, rows: list[Participation], row: Participation | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.rows, self.row = rows, row
        if row is None:
            del self.fields["remove"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("remove") or self.errors:
            return cleaned
        signed, begins = cleaned.get("signed_on"), cleaned.get("in_force_on")
        until = cleaned.get("counts_until")
        if not signed and not begins:
            self.add_error(
                "signed_on",
                _("Enter the date of signature, the date of entry into force, or both."),
            )
        if signed and begins and signed > begins:
            self.add_error(
                "signed_on", _("The date of signature must not be after the entry into force.")
            )
        if begins and until and until < begins:
            self.add_error("counts_until", _("The last day must not be before the first day."))
        others = [row for row in self.rows if row != self.row]
        if any(
            (other.country, other.in_force_on) == (cleaned["country"], begins) for other in others
        ):
            self.add_error(
                "in_force_on", _("This country already has an entry that starts on this day.")
            )
        elif not self.errors and overlapping([*others, self._entry(cleaned)]):
            self.add_error(
                "in_force_on",
                _(
                    "Another entry for this country is in force at that time. Change the dates so "
                    "that they do not overlap."
                ),
            )
        return cleaned

    def _entry(self, cleaned: dict[str, Any]) -> Participation:
        names = [field.name for field in dataclasses.fields(Participation)]
        return Participation(**{name: cleaned[name] for name in names})

    def proposed(self) -> list[dict[str, Any]]:
        """All entries as they would be."""
        remaining = [row for row in self.rows if row != self.row]
        if not self.cleaned_data.get("remove"):
            remaining.append(self._entry(self.cleaned_data))
        return [participation.as_json() for participation in remaining]


class RuleEntryForm(forms.Form):
    """One entry of a call's list of rules: a field for each parameter that the rule has.

    What is not touched stays as it was written, also where it only repeats the rule's own default.
    """

    rule = forms.CharField(widget=forms.HiddenInput)
    was = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(self, *args: Any, call: Call, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.call = call
        data = self.data.get(self.add_prefix("rule")) if self.is_bound else None
        self.rule_class = CATALOGUE.get(data or self.initial.get("rule", ""))
        self.original = self._original()
        if self.rule_class is None:
            return
        types = get_type_hints(self.rule_class)
        for name, means, form, must in parameters_of(self.rule_class):
            kind = types[name]
            field = _field_for(kind, call)
            field.label, field.required = capfirst(condition_label(name)), must
            field.help_text = f"{means} {_how(form)}" if kind in TYPED_KINDS else means
            self.fields[name] = field
            if name in self.original:
                self.initial[name] = _shown(kind, self.original[name])

    def _original(self) -> dict[str, Any]:
        was = self.data.get(self.add_prefix("was")) if self.is_bound else self.initial.get("was")
        rules = self.call.rules
        place = key_of(was)
        if place is None or place >= len(rules):
            return {}
        results: dict[str, Any] = rules[place]
        return results

    @property
    def title(self) -> str:
        return self.rule_class.title if self.rule_class else ""

    @property
    def summary(self) -> str:
        """What the call has set, in one line: the closed entry shows it."""
        hidden = {"rule", "citation", "link"}
        today = clock.now().date()
        return " · ".join(
            f"{condition_label(name)}: {condition_text(name, value, today)}"
            for name, value in self.original.items()
            if name not in hidden
        )

    @property
    def asks(self) -> str:
        return self.rule_class.asks if self.rule_class else ""

    def clean_rule(self) -> str:
        if self.rule_class is None:
            raise forms.ValidationError(_("This rule does not exist. Choose a rule from the list."))
        return str(self.cleaned_data["rule"])

    def entry(self) -> dict[str, Any]:
        entry = {"rule": self.cleaned_data["rule"]} | self.original
        assert self.rule_class is not None  # noqa: S101 -- the form is valid
        types = get_type_hints(self.rule_class)
        for name, *_rest in parameters_of(self.rule_class):
            if name in self.original and name not in self.changed_data:
                continue
            value = _stored(types[name], self.cleaned_data.get(name))
            if value in (None, "", [], {}):
                entry.pop(name, None)
            else:
                entry[name] = value
        return entry


TYPED_KINDS = (Decimal, Mapping[str, Decimal])  # a person must know how to type them


def _how(form: str) -> str:
    return _("Format: %(form)s.") % {"form": form}


CODES: tuple[tuple[type[StrEnum], Mapping[Any, Any]], ...] = (
    (OrganisationKind, KIND_WORDS),
    (Registration, REGISTRATION_WORDS),
)


def _field_for(kind: Any, call: Call) -> forms.Field:
    several = forms.CheckboxSelectMultiple
    if kind in (int, int | None):
        return WholeNumberField(min_value=1)
    if kind == tuple[str, ...]:
        strands = [(strand.code, str(strand.code)) for strand in call.strands.all()]
        return forms.MultipleChoiceField(choices=strands, widget=several)
    for codes, words in CODES:
        if kind == tuple[codes, ...]:  # type: ignore[valid-type]
            options = [(code.value, words[code]) for code in codes]
            return forms.MultipleChoiceField(choices=options, widget=several)
    if kind == Mapping[str, Decimal]:
        return AmountsField()
    if kind is Decimal:
        return NumberTextField(max_length=40, widget=forms.TextInput(attrs={"size": 12}))
    return forms.CharField(max_length=500, widget=forms.TextInput(attrs={"size": 90}))


class AmountsField(forms.CharField):
    """An amount for each strand, one on a line: “3.1: 187500.00”."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 30})

    def clean(self, value: Any) -> Any:
        amounts: dict[str, str] = {}
        for line in super().clean(value).splitlines():
            code, colon, amount = line.partition(":")
            if line.strip() and not colon:
                raise forms.ValidationError(
                    _("“%(line)s” must be a strand and its amount, such as “3.1: 187500.00”.")
                    % {"line": line.strip()}
                )
            if line.strip():
                amounts[code.strip()] = plain_number(amount)
        return amounts


def _shown(kind: Any, value: Any) -> Any:
    if kind == Mapping[str, Decimal]:
        return "\n".join(f"{code}: {amount}" for code, amount in sorted(value.items()))
    return value


def _stored(kind: Any, value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


class RuleListFormSet(BaseFormSet):
    """A call's list of rules, in its order."""

    def entries(self) -> list[dict[str, Any]]:
        return [form.entry() for form in self.ordered_forms]

    def clean(self) -> None:
        if any(self.errors):
            return
        remaining = self.ordered_forms
        try:
            RuleSet.from_json([form.entry() for form in remaining])
        except UnusableRule as problem:
            form = remaining[problem.index]
            field = problem.parameter if problem.parameter in form.fields else None
            form.add_error(field if field != "rule" else None, str(problem))
            raise forms.ValidationError(str(problem)) from None


def rule_list(call: Call, data: Any = None) -> RuleListFormSet:
    """The form of a call's rules; `data` may ask for one more, which is then put at the end."""
    factory = formset_factory(
        RuleEntryForm,
        formset=RuleListFormSet,
        extra=0,
        can_order=True,
        can_delete=True,
        max_num=MAX_RULES,
        absolute_max=MAX_RULES,
    )
    initial = [{"rule": entry["rule"], "was": place} for place, entry in enumerate(call.rules)]
    formset: RuleListFormSet = factory(  # type: ignore[assignment]
        data, initial=initial, prefix="rules", form_kwargs={"call": call}
    )
    return formset


def with_one_more(data: Any, rule_id: str) -> Any:
    """The same form data with an empty entry of this rule at the end."""
    more = data.copy()
    count = key_of(more.get("rules-TOTAL_FORMS")) or 0
    more["rules-TOTAL_FORMS"] = str(count + 1)
    more[f"rules-{count}-rule"] = rule_id
    more[f"rules-{count}-ORDER"] = str(count + 1)
    return more
