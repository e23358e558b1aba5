"""Who may do what in the back office: five roles, each a group with these rights and no others.

Nothing of it changes or deletes what is final. Which page asks for which right is tried out, role by role,
from the table in `docs/roles.md`.
"""

CALL_MANAGERS = "Call managers"
SCREENING_OFFICERS = "Screening officers"
AUDITORS = "Auditors"
HELPDESK = "Helpdesk"
OPERATORS = "Operators"

_READS_CALLS = ("calls.view_call", "calls.view_programme", "calls.view_conditionchange")

_READS_CASES = (
    "proposals.view_version",
    "proposals.view_decision",
    "proposals.view_clarificationrequest",
    "proposals.view_caseevent",
    "proposals.view_proposedchange",
    "proposals.view_refusedattempt",
    "proposals.view_sealedaccessattempt",
    "proposals.view_individualextension",
    "proposals.view_proposedextension",
    "applicants.view_organisation",
)

_TAKES_OUT = ("proposals.view_export", "proposals.add_export")

_ANSWERS = (
    "proposals.view_enquiry",
    "proposals.change_enquiry",
    *(f"proposals.{act}_faqentry" for act in ("view", "add", "change", "delete")),
    *(f"proposals.{act}_replytemplate" for act in ("view", "add", "change", "delete")),
)

RIGHTS: dict[str, tuple[str, ...]] = {
    # Sets calls up and sees to the work; screens and decides nothing.
    CALL_MANAGERS: (
        *_READS_CALLS,
        *_READS_CASES,
        *_TAKES_OUT,
        "calls.add_call",
        "calls.change_call",
        "calls.add_extension",
        "calls.add_incident",
        "proposals.add_individualextension",
        "proposals.change_proposedextension",
        "proposals.add_publicationrequest",
        "proposals.change_publicationrequest",
        "proposals.add_assignment",
        "proposals.add_casetag",
        "proposals.add_proposedchange",
        "proposals.change_proposedchange",
        "proposals.view_partnershiprequest",
        "proposals.change_partnershiprequest",
        *_ANSWERS,
    ),
    # Screens, requests clarification, decides with a colleague, notifies the applicant.
    SCREENING_OFFICERS: (
        *_READS_CALLS,
        *_READS_CASES,
        *_TAKES_OUT,
        "proposals.add_assignment",
        "proposals.add_casetag",
        "proposals.add_conflictofinterest",
        "proposals.add_screeninganswer",
        "proposals.add_casenote",
        "proposals.add_clarificationrequest",
        "proposals.add_decision",
        "proposals.add_decisionreview",
        "proposals.add_decisionnotice",
        "proposals.change_publicationrequest",
        "proposals.change_proposedextension",
        "proposals.view_outboxmessage",
        "proposals.add_proposedchange",
        "proposals.change_proposedchange",
    ),
    # Reads all and changes nothing; a bundle to check elsewhere is a way of reading.
    AUDITORS: (*_READS_CALLS, *_READS_CASES, *_TAKES_OUT, "proposals.view_outboxmessage"),
    # Accounts and organisations, never a proposal.
    HELPDESK: (
        "calls.view_call",
        "applicants.view_user",
        "applicants.view_organisation",
        "proposals.view_partnershiprequest",
        "proposals.view_abusereport",
        "proposals.change_abusereport",
        *(f"proposals.{act}_contactpoint" for act in ("view", "add", "change", "delete")),
        *_ANSWERS,
    ),
    # How work behind the pages goes, and having it done again; never a proposal.
    OPERATORS: (
        "proposals.view_outboxmessage",
        "proposals.change_outboxmessage",
        "proposals.view_queuedemail",
        "proposals.change_queuedemail",
        "proposals.view_jobfailure",
        "proposals.change_jobfailure",
        "proposals.view_documentreissue",
        "proposals.add_documentreissue",
    ),
}
