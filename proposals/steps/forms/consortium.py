"""Forms about who takes part: the role of a partner, invitations, confirmations."""

from collections.abc import Collection
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from applicants.fields import NameField, TextField
from applicants.models import Organisation
from applicants.steps import Text
from calls.eligibility.facts import Control, Role
from foundation.form_layout import grid_row
from proposals.dossier.document import Draft
from proposals.models import Invitation, Participant
from proposals.steps.forms.actions import Inside


class ParticipantForm(Inside, forms.ModelForm):
    """The part of an organisation in the consortium, and who controls it: a choice, not free text."""

    control = forms.ChoiceField(
        label=_("Which body controls this organisation?"),
        choices=[
            (Control.NOBODY.value, _("No other body")),
            (Control.PARTNER.value, _("Another partner in this proposal")),
            (Control.OTHER.value, _("Another body")),
        ],
        widget=forms.RadioSelect,
        required=False,
        help_text=_(
            "A body controls an organisation if it owns it or decides what it does. Partners "
            "must be independent of each other."
        ),
    )
    partner = forms.ChoiceField(label=_("Partner that controls it"), required=False)

    class Meta:
        model = Participant
        fields = ("role", "controlled_by")
        labels: ClassVar = {"controlled_by": _("Name of the other body")}

    layout = (
        grid_row(role=5),
        "control",
        grid_row(partner=6, controlled_by=6),
    )

    optional = ()  # each field depends on the choice above
    stays = False  # nothing was sent about it

    def __init__(self, data: Any = None, *, draft: Draft, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        own = self.instance
        self.others = {
            participant.key: participant.organisation
            for participant in draft.participants
            if participant.key != own.key
        }
        choices: list[tuple[str, Text]] = [("", _("Select a partner"))]
        choices += [(key, organisation.name) for key, organisation in self.others.items()]
        self.fields["partner"].choices = choices  # type: ignore[attr-defined]
        self.initial["control"] = own.control.value
        self.initial["partner"] = next(
            (
                key
                for key, organisation in self.others.items()
                if organisation.pk == own.controller_id
            ),
            "",
        )
        if (
            own.controller_id and not self.initial["partner"]
        ):  # it has left the consortium meanwhile
            self.initial["control"] = Control.OTHER.value
            self.initial["controlled_by"] = str(own.controller)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        partner, name = cleaned.get("partner"), cleaned.get("controlled_by", "")
        control = cleaned.get("control") or self._as_sent(partner, name)
        if control == Control.PARTNER.value and not partner and "partner" not in self.errors:
            self.add_error("partner", _("Select the partner that controls this organisation"))
        if control == Control.OTHER.value and not name and "controlled_by" not in self.errors:
            self.add_error("controlled_by", _("Enter the name of the other body"))
        if control != Control.OTHER.value and name:
            text = _("Select “Another body” above, or delete this name")
            self.add_error("controlled_by", text)
        if control != Control.PARTNER.value and partner:
            text = _("Select “Another partner in this proposal” above, or select no partner here")
            self.add_error("partner", text)
        return cleaned

    def _as_sent(self, partner: str | None, name: str) -> str:
        """Where none of the three was sent: what the other two fields say, else as it is stored."""
        if partner or name:
            return Control.PARTNER.value if partner else Control.OTHER.value
        if "control" not in self.data:
            self.stays = True
        return Control.NOBODY.value

    def _post_clean(self) -> None:
        """The draft stores the answer; the instance stays as it is."""

    @property
    def controller(self) -> tuple[Organisation | None, str]:
        if self.stays:
            return self.instance.controller, self.instance.controlled_by
        return self.others.get(self.cleaned_data["partner"]), self.cleaned_data["controlled_by"]


class InvitedPartnerForm(Inside, forms.Form):
    """How an organisation is invited into the consortium, and whom to write to there."""

    optional = ("email",)  # the role has a value in any case

    role = forms.ChoiceField(
        label=_("Role"), choices=Participant.RoleChoices.choices[1:], required=False
    )
    email = forms.EmailField(
        label=_("Email of your contact person"), max_length=254, required=False
    )

    @property
    def chosen_role(self) -> Role:
        """Coordination is only ever handed over, so everything else is a partner."""
        is_associated = self.cleaned_data.get("role") == Role.ASSOCIATED.value
        return Role.ASSOCIATED if is_associated else Role.PARTNER


class PersonalMessageForm(Inside, forms.Form):
    message = TextField(
        label=_("Personal message"),
        max_length=500,
        required=False,
        rows=2,
        help_text=_("It is part of the email that invites them."),
    )


class PartnerTableForm(Inside, forms.Form):
    """A table of partners, pasted or in a file."""

    optional = ()  # one of the two is needed

    text = TextField(
        label=_("Paste the table"),
        max_length=200_000,
        required=False,
        rows=8,
        help_text=_("Copied cells of a spreadsheet, or CSV. The first line names the columns."),
    )
    file = forms.FileField(
        label=_("Or select a file"),
        required=False,
        help_text=_("CSV in UTF-8, or an Excel workbook (.xlsx); up to 10 MB."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,text/csv"}),
        error_messages={"empty": _("The file is empty. Select another file")},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("text") and not cleaned.get("file"):
            self.add_error("text", _("Paste a table or select a file"))
        return cleaned


class InvitationForm(Inside, forms.Form):
    """Whom to ask for what. Partners are those of the draft."""

    optional = ()  # whether a partner is needed depends on what is asked

    layout = (
        grid_row(email=6, partner=6),
        "purpose",
    )

    email = forms.EmailField(label=_("Email address"), max_length=254)
    purpose = forms.ChoiceField(
        label=_("What are you asking them to do?"),
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
        label=_("Partner"),
        required=False,
        help_text=_("Not needed if the person will only read the proposal"),
    )

    def __init__(self, data: Any = None, *, draft: Draft, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.draft = draft
        choices: list[tuple[str, Text]] = [("", _("No partner"))]
        choices += [
            (participant.key, participant.organisation.name) for participant in draft.participants
        ]
        self.fields["partner"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        purpose, key = cleaned.get("purpose"), cleaned.get("partner")
        if purpose == Invitation.Purpose.READ:
            cleaned["partner"] = ""
        elif purpose and not key:
            self.add_error("partner", _("Select the partner"))
        if purpose == Invitation.Purpose.CONFIRM and key and key == self._coordinator():
            text = _("Select another partner: the coordinator confirms by submitting the proposal")
            self.add_error("partner", text)
        return cleaned

    def _coordinator(self) -> str:
        coordinator = self.draft.coordinator
        return coordinator.key if coordinator is not None else ""

    @property
    def participant(self) -> Participant | None:
        key = self.cleaned_data["partner"]
        return next(
            (participant for participant in self.draft.participants if participant.key == key), None
        )


class ConfirmationForm(Inside, forms.Form):
    """Who confirms for a partner, and what they declare."""

    name = NameField(label=_("Your name"), max_length=150)
    function = TextField(
        label=_("Your function in the organisation"),
        max_length=150,
        help_text=_("For example, director"),
    )
    shown = TextField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, data: Any = None, *, declarations: Collection[Text], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for number, text in enumerate(declarations, start=1):
            self.fields[f"declaration_{number}"] = forms.BooleanField(
                label=str(text),
                error_messages={"required": _("Confirm this statement, or decline below")},
            )


class DeclineForm(Inside, forms.Form):
    reason = TextField(
        label=_("Reason"),
        max_length=500,
        required=False,
        rows=2,
    )
