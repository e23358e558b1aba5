"""The forms of a case: a finding, a note, a conflict of interest, a question, a decision."""

from django import forms
from django.utils.translation import gettext_lazy

from applicants.fields import TextField
from foundation.fields import MomentField
from proposals.models import Decision, ScreeningAnswer


class AnswerForm(forms.Form):
    item = forms.CharField(max_length=60)
    answer = forms.ChoiceField(choices=ScreeningAnswer.Answer)
    reason = TextField(max_length=5000, required=False)
    revision = forms.IntegerField(min_value=0, max_value=1_000_000, widget=forms.HiddenInput)


class NoteForm(forms.Form):
    text = TextField(
        label=gettext_lazy("Note for colleagues"),
        max_length=5000,
        rows=3,
        help_text=gettext_lazy(
            "Applicants cannot see notes. You cannot change a note after adding it."
        ),
    )


class ConflictForm(forms.Form):
    reason = TextField(
        label=gettext_lazy("Nature of the conflict of interest"),
        max_length=2000,
        rows=3,
    )


class QuestionForm(forms.Form):
    text = TextField(
        label=gettext_lazy("Clarification request"),
        max_length=5000,
        rows=8,
    )
    due_at = MomentField(
        label=gettext_lazy("Reply due before (Brussels time)"),
        help_text=gettext_lazy(
            "For example, 21.4.2015 17:00. Replies are then accepted until 16:59:59; 17:00:00 is "
            "too late."
        ),
    )
    item = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)


class DecisionForm(forms.Form):
    """An outcome and why."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=Decision.OutcomeChoices,
        widget=forms.RadioSelect,
    )
    reason = TextField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy(
            "Shown to the applicant in the letter. State what was found and the passage of the "
            "call text that applies."
        ),
        rows=10,
    )
