"""Forms by which a call is set up: lists as lines of text, instants in Brussels time."""

from collections import Counter
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from applicants.fields import TextField
from calls.declaration import Declaration
from calls.innovation_clusters import is_code
from calls.models import Call, CallSection, Contact, Incident, Programme, Strand
from foundation.fields import AmountField, MomentField, WholeNumberField
from foundation.legal_periods import PATTERN
from foundation.sentences import gettext as _
from proposals.conditions.call_administration import WRITTEN

MAX_POSITION = 32_000
REQUIRED, EVIDENCE = "required", "evidence"  # how much an element of the checklist weighs
LONG = forms.Textarea(attrs={"rows": 6})


class LinesField(forms.CharField):
    """A list of texts, one in each line."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"class": "vLargeTextField", "rows": 5}))
        kwargs.setdefault("required", False)
        kwargs.setdefault("help_text", gettext_lazy("Enter one per line."))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(self.as_line(item) for item in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        lines = [line.strip() for line in str(super().clean(value)).splitlines()]
        return [self.from_line(line) for line in lines if line]

    def as_line(self, item: Any) -> str:
        return str(item)

    def from_line(self, line: str) -> Any:
        return line

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial or []), data))


class ObjectivesField(LinesField):
    """What activities of a strand are tied to: a code and a text."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["help_text"] = gettext_lazy("Enter one per line, as “code: text”.")
        super().__init__(**kwargs)

    def as_line(self, item: Any) -> str:
        return f"{item['code']}: {item['text']}"

    def from_line(self, line: str) -> Any:
        code, colon, text = (part.strip() for part in line.partition(":"))
        if not (code and colon and text):
            raise ValidationError(
                _("“%(line)s” must be a code, a colon and a text.") % {"line": line}
            )
        return {"code": code, "text": text}


class RemediesField(LinesField):
    """How a decision can be contested."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["help_text"] = gettext_lazy(
            "Enter one per line, as “title | period | text”. For example, a period is “30 "
            "days”, “1 month” or “2 years”."
        )
        super().__init__(**kwargs)

    def as_line(self, item: Any) -> str:
        return f"{item['title']} | {item['within']} | {item['text']}"

    def from_line(self, line: str) -> Any:
        parts = [part.strip() for part in line.split("|", 2)]
        if len(parts) != len(("title", "within", "text")) or not all(parts):
            raise ValidationError(
                _("“%(line)s” must be a title, a period and a text, separated by “|”.")
                % {"line": line}
            )
        if PATTERN.fullmatch(parts[1]) is None:
            raise ValidationError(
                _("“%(period)s” is not a period. Enter a period such as “30 days” or “1 month”.")
                % {"period": parts[1]}
            )
        return dict(zip(("title", "within", "text"), parts, strict=True))


class ChecklistField(LinesField):
    """The elements of the definition that officers check of each applicant."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["help_text"] = gettext_lazy(
            "Enter one element per line, as “code | required | text”, or “code | evidence | text” "
            "where the element only gives evidence. Applicants claim the elements C1 to C12 in their "
            "profile. Leave empty if officers do not check a definition."
        )
        super().__init__(**kwargs)

    def as_line(self, item: Any) -> str:
        weight = REQUIRED if item["required"] else EVIDENCE
        return f"{item['code']} | {weight} | {item['text']}"

    def from_line(self, line: str) -> Any:
        code, weight, text = ([part.strip() for part in line.split("|", 2)] + ["", ""])[:3]
        if not is_code(code) or weight not in {REQUIRED, EVIDENCE} or not text:
            raise ValidationError(
                _(
                    "“%(line)s” must be a code of letters and digits, “required” or “evidence”, "
                    "and a text, separated by “|”."
                )
                % {"line": line}
            )
        return {"code": code, "text": text, "required": weight == REQUIRED}

    def clean(self, value: Any) -> Any:
        elements = super().clean(value)
        codes = Counter(element["code"] for element in elements)
        twice = [code for code, count in codes.items() if count > 1]
        if twice:
            raise ValidationError(
                _("The code %(code)s is used twice. Give each element its own code.")
                % {"code": twice[0]}
            )
        return elements


class DeclarationField(LinesField):
    """The declaration on honour: title and text on the first two lines, then its points."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["help_text"] = gettext_lazy(
            "First line: the title. Second line: the text. Then enter one point per line. "
            "Leave this empty if applicants declare nothing when they submit."
        )
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        asked = Declaration.from_json(value)
        return "\n".join([asked.title, asked.text, *asked.points]) if asked else ""

    def clean(self, value: Any) -> Any:
        lines = super().clean(value)
        if not lines:
            return {}
        title, *rest = lines
        if not rest:
            raise ValidationError(_("Enter the text of the declaration on the second line."))
        return Declaration(title, rest[0], tuple(rest[1:])).as_json()


def instant_field(label: Any, **kwargs: Any) -> MomentField:
    kwargs.setdefault("help_text", gettext_lazy("Brussels time. For example, 21.4.2015 17:00."))
    return MomentField(label=label, **kwargs)


def _place() -> WholeNumberField:
    return WholeNumberField(label=gettext_lazy("Position"), min_value=0, max_value=MAX_POSITION)


class CallForm(forms.ModelForm):
    """What of a call is written here; its rules are proposed changes, its deadline moves by extensions."""

    budget = AmountField(label=gettext_lazy("Budget (EUR)"), min_value=1, max_digits=14)
    opens_at = instant_field(gettext_lazy("Opens"), required=False)
    first_deadline = instant_field(
        gettext_lazy("Deadline"),
        help_text=gettext_lazy(
            "Brussels time. If you enter 17:00, proposals are accepted until 16:59:59; 17:00:00 is "
            "too late."
        ),
    )
    open_points = LinesField(
        label=gettext_lazy("Notes on gaps in this call's text (shown to applicants)")
    )
    remedies = RemediesField(label=gettext_lazy("How to contest a decision"))
    checklist = ChecklistField(label=gettext_lazy("Checklist for each applicant"))
    declaration = DeclarationField(label=gettext_lazy("Declaration on honour"))

    class Meta:
        model = Call
        fields = WRITTEN

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if getattr(self.instance, "is_stale", False):
            self.add_error(
                None,
                _(
                    "Another officer changed this call after you opened this page. Your "
                    "changes, shown below, were not saved. Open the call in another window to "
                    "see the other changes, then save yours again to replace them."
                ),
            )
        opens_at, deadline = values.get("opens_at"), values.get("first_deadline")
        if opens_at and deadline and opens_at >= deadline:
            self.add_error("opens_at", _("The opening time must be before the deadline."))
        return values


class SectionForm(forms.ModelForm):
    position = _place()
    points = LinesField(label=gettext_lazy("Bullet points"))

    class Meta:
        model = CallSection
        fields = ["position", "slug", "title", "text", "points"]


class StrandForm(forms.ModelForm):
    number = WholeNumberField(label=gettext_lazy("Number"), min_value=1, max_value=MAX_POSITION)
    budget = AmountField(
        label=gettext_lazy("Budget (EUR)"), min_value=0, max_digits=14, required=False
    )
    objectives = ObjectivesField(label=gettext_lazy("Objectives"))

    class Meta:
        model = Strand
        fields = [
            "number",
            "code",
            "topic",
            "title",
            "budget",
            "purpose",
            "objectives",
            "needs_established_partnership",
        ]


class ContactForm(forms.ModelForm):
    position = _place()
    url = forms.URLField(label=gettext_lazy("Address"), required=False, assume_scheme="https")

    class Meta:
        model = Contact
        fields = ["position", "kind", "name", "text", "url", "email", "telephone"]


class CloneForm(forms.Form):
    reference = forms.RegexField(
        label=gettext_lazy("Reference of the new call"),
        regex=r"^[A-Z0-9][A-Z0-9-]{2,39}$",
        error_messages={
            "invalid": gettext_lazy(
                "Use capital letters, digits and hyphens. For example, COS-CLUSTER-2016-1."
            )
        },
    )
    title = forms.CharField(label=gettext_lazy("Title"), max_length=200)
    first_deadline = instant_field(gettext_lazy("Deadline"))


class RehearsalForm(forms.Form):
    starts_at = instant_field(
        gettext_lazy("Start the rehearsal clock at"),
        help_text=gettext_lazy(
            "Brussels time, before the deadline. The rehearsal clock runs from this time."
        ),
    )


class RehearsalClockForm(forms.Form):
    to = instant_field(
        gettext_lazy("Set the rehearsal clock to"),
        help_text=gettext_lazy(
            "Brussels time, later than the rehearsal clock shows now, and no later than the "
            "deadline. Setting it to the deadline closes the call."
        ),
    )


class BeginForm(CloneForm):
    programme = forms.ModelChoiceField(
        label=gettext_lazy("Programme"), queryset=Programme.objects.all()
    )
    summary = TextField(label=gettext_lazy("Summary"), widget=LONG)
    budget = AmountField(label=gettext_lazy("Budget (EUR)"), min_value=1, max_digits=14)


class IncidentForm(forms.Form):
    began_at = instant_field(gettext_lazy("From"))
    ended_at = instant_field(gettext_lazy("To"))
    text = TextField(
        label=gettext_lazy("What did not work"),
        widget=LONG,
        help_text=gettext_lazy("Shown to applicants if an extension refers to this incident."),
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        began_at, ended_at = values.get("began_at"), values.get("ended_at")
        if began_at and ended_at and ended_at <= began_at:
            self.add_error("ended_at", _("The end must be after the start."))
        return values


class ExtensionForm(forms.Form):
    until = instant_field(
        gettext_lazy("New deadline"),
        help_text=gettext_lazy(
            "Brussels time. If you enter 17:00, proposals are accepted until 16:59:59; 17:00:00 is "
            "too late."
        ),
    )
    reason = TextField(
        label=gettext_lazy("Reason"),
        widget=LONG,
        help_text=gettext_lazy("Shown to applicants."),
    )
    incident = forms.ModelChoiceField(
        label=gettext_lazy("Incident that caused the extension"),
        queryset=Incident.objects.none(),
        required=False,
        empty_label=gettext_lazy("None"),
    )

    def __init__(self, *args: Any, call: Call, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["incident"].queryset = call.incidents.all()  # type: ignore[attr-defined]


class IndividualExtensionForm(ExtensionForm):
    number = forms.CharField(
        label=gettext_lazy("Proposal number"),
        max_length=9,
        help_text=gettext_lazy("The consortium can give you this number. For example, K7QM-2XTP."),
    )
    field_order = ["number", "until", "reason", "incident"]
