"""Forms of proposals: those of the steps, and those beside them."""

from proposals.steps.forms.actions import (
    CommentForm,
    DeclarationForm,
    FileForm,
    WithdrawalForm,
)
from proposals.steps.forms.base import ProposalStepForm, RowForm, RowsFormSet
from proposals.steps.forms.consortium import (
    ConfirmationForm,
    DeclineForm,
    InvitationForm,
    InvitedPartnerForm,
    ParticipantForm,
    PersonalMessageForm,
)
from proposals.steps.forms.steps import (
    COST_LABELS,
    ActivitiesForm,
    ActivityRow,
    BudgetForm,
    DeliverablesForm,
    DescriptionForm,
    EstablishedSummaryForm,
    IndicatorRow,
    MarketRow,
    SummaryForm,
    VisionForm,
    cell_of,
    month_of,
    text_of,
)

__all__ = [
    "COST_LABELS",
    "ActivitiesForm",
    "ActivityRow",
    "BudgetForm",
    "CommentForm",
    "ConfirmationForm",
    "DeclarationForm",
    "DeclineForm",
    "DeliverablesForm",
    "DescriptionForm",
    "EstablishedSummaryForm",
    "FileForm",
    "IndicatorRow",
    "InvitationForm",
    "InvitedPartnerForm",
    "MarketRow",
    "ParticipantForm",
    "PersonalMessageForm",
    "ProposalStepForm",
    "RowForm",
    "RowsFormSet",
    "SummaryForm",
    "VisionForm",
    "WithdrawalForm",
    "cell_of",
    "month_of",
    "text_of",
]
