"""Forms beside the steps: the part of a partner, invitations, confirmations, comments, files, withdrawals."""

from collections.abc import Collection
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from applicants.fields import TextField
from applicants.steps import Text
from proposals.dossier import Draft
from proposals.models import Invitation, Participant


class Inside:
    """A form that stands within a form element of the page, which also brings the token."""

    layout: ClassVar[tuple[Any, ...]] = ()

    @cached_property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        if self.layout:
            helper.layout = Layout(*self.layout)
        return helper


class ParticipantForm(Inside, forms.ModelForm):
    """The part of an organisation in the consortium."""

    class Meta:
        model = Participant
        fields = ("role", "controlled_by")

    layout = (
        Row(Column("role", css_class="col-md-5"), Column("controlled_by", css_class="col-md-7")),
    )


class InvitationForm(Inside, forms.Form):
    """Whom to ask for what. Partners are those of the draft."""

    layout = (
        Row(Column("email", css_class="col-md-6"), Column("partner", css_class="col-md-6")),
        "purpose",
    )

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    purpose = forms.ChoiceField(
        label=_("What do you ask for?"),
        choices=[
            (
                Invitation.Purpose.CONFIRM,
                _("Confirm that the partner takes part (no account needed)"),
            ),
            (Invitation.Purpose.WRITE, _("Write for the partner")),
            (Invitation.Purpose.READ, _("Read and comment on the whole proposal")),
        ],
    )
    partner = forms.ChoiceField(
        label=_("Partner"), required=False, help_text=_("Not needed for a person who only reads.")
    )

    def __init__(self, data: Any = None, *, draft: Draft, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.draft = draft
        choices: list[tuple[str, Text]] = [("", _("no partner"))]
        choices += [(one.key, one.organisation.name) for one in draft.participants]
        self.fields["partner"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        purpose, key = cleaned.get("purpose"), cleaned.get("partner")
        if purpose == Invitation.Purpose.READ:
            cleaned["partner"] = ""
        elif purpose and not key:
            self.add_error("partner", _("Choose for which partner."))
        if purpose == Invitation.Purpose.CONFIRM and key and key == self._coordinator():
            text = _("The coordinator confirms by submitting. Choose another partner.")
            self.add_error("partner", text)
        return cleaned

    def _coordinator(self) -> str:
        coordinator = self.draft.coordinator
        return coordinator.key if coordinator is not None else ""

    @property
    def participant(self) -> Participant | None:
        key = self.cleaned_data["partner"]
        return next((one for one in self.draft.participants if one.key == key), None)


class ConfirmationForm(Inside, forms.Form):
    """Who confirms for a partner, and what they declare."""

    name = TextField(label=_("Your name"), max_length=150)
    function = TextField(
        label=_("Your function in the organisation"),
        max_length=150,
        help_text=_("Such as director."),
    )
    shown = TextField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, data: Any = None, *, declarations: Collection[Text], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for number, text in enumerate(declarations, start=1):
            self.fields[f"declaration_{number}"] = forms.BooleanField(
                label=str(text),
                error_messages={"required": _("Tick this if it is so; otherwise decline below.")},
            )


class DeclineForm(Inside, forms.Form):
    reason = TextField(
        label=_("Why? (if you want to say)"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class CommentForm(Inside, forms.Form):
    text = TextField(
        label=_("Your comment"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Write @ and a full name to tell somebody by mail."),
    )


class FileForm(forms.Form):
    """A PDF for one deliverable; what makes it readable is checked in `uploads`."""

    file = forms.FileField(
        label=_("PDF file"),
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        error_messages={"empty": _("This file is empty. Choose the PDF again.")},
    )


class WithdrawalForm(Inside, forms.Form):
    reason = TextField(
        label=_("Why do you withdraw the proposal?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
