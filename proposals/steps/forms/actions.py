"""Forms of single actions in a proposal: a comment, a file, a withdrawal."""

from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from applicants.fields import SeveralField, TextField
from calls.declaration import Declaration


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


class CommentForm(Inside, forms.Form):
    text = TextField(
        label=_("Your comment"),
        max_length=4000,
        rows=3,
        help_text=_("To notify someone by email, type @ followed by their full name."),
    )


class FileForm(forms.Form):
    """A PDF for one deliverable; what makes it readable is checked in `uploads`."""

    file = forms.FileField(
        label=_("PDF file"),
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        error_messages={"empty": _("The file is empty. Select another PDF")},
    )


class WithdrawalForm(Inside, forms.Form):
    reason = TextField(
        label=_("Reason for withdrawing the proposal"),
        max_length=2000,
        rows=4,
    )


class DeclarationForm(Inside, forms.Form):
    """The tick by which the coordinator makes the call's declaration; its value is the hash of the text.

    So what was ticked on a page that was opened before the text changed counts for nothing.
    """

    declared = SeveralField(
        label=_("Your declaration"),
        choices=(),
        error_messages={
            "required": _("Read the declaration and tick the box to make it"),
            "invalid_choice": _(
                "The text of the declaration has changed since you opened this page. Read it "
                "again and tick the box"
            ),
        },
    )

    def __init__(
        self, data: Any = None, *, declaration: Declaration, coordinator: str, **kwargs: Any
    ) -> None:
        """`coordinator` is the name of the organisation for which it is made."""
        super().__init__(data, **kwargs)
        field = self.fields["declared"]
        text = _("I declare this on behalf of %(name)s, the coordinator")
        field.choices = [(declaration.digest, text % {"name": coordinator})]  # type: ignore[attr-defined]
        field.widget.attrs["form"] = "submit-form"
