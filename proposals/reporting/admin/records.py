"""Records that officers and auditors read: late attempts, attempts to look before, extensions, events."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from applicants.web import current_user
from calls.admin import ReadOnlyAdmin
from foundation import clock
from proposals.models import (
    CaseEvent,
    ClarificationRequest,
    IndividualExtension,
    RefusedAttempt,
    SealedAccessAttempt,
    Version,
)
from proposals.officers.admin_pages import is_id


def opened_proposals(request: HttpRequest) -> QuerySet[Version]:
    """Versions of proposals of which this officer may know that they were submitted."""
    return Version.objects.open_to(current_user(request), clock.now()).filter(
        proposal=OuterRef("proposal")
    )


class OfOpenedProposals(ReadOnlyAdmin):
    """Records of proposals: of sealed ones only that there is one, and when."""

    list_select_related = ["proposal"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(is_open=Exists(opened_proposals(request)))

    @admin.display(description=_("proposal"))
    def number(self, record: Any) -> str:
        if record.proposal_id is None:
            return str(_("not shown"))
        return str(record.proposal) if record.is_open else str(_("sealed"))


@admin.register(RefusedAttempt)
class RefusedAttemptAdmin(OfOpenedProposals):
    """Submissions that came too late, by number, time and hash only."""

    list_display = ["number", "received_at", "deadline"]
    fields = ("number", "received_at", "deadline", "hash_of_it", "who")
    readonly_fields = ("number", "received_at", "deadline", "hash_of_it", "who")

    @admin.display(description="SHA-256")
    def hash_of_it(self, attempt: Any) -> str:
        return str(attempt.sha256) if attempt.is_open else "–"

    @admin.display(description=_("attempted by"))
    def who(self, attempt: Any) -> str:
        return str(attempt.attempted_by) if attempt.is_open else "–"


@admin.register(SealedAccessAttempt)
class SealedAccessAdmin(OfOpenedProposals):
    """Attempts of officers to open a proposal before its deadline, or one in which they have an interest."""

    list_display = ["officer", "number", "tried_at"]
    list_select_related = ["proposal", "officer"]
    fields = ("officer", "number", "where", "tried_at")
    readonly_fields = ("officer", "number", "where", "tried_at")

    @admin.display(description=_("address"))
    def where(self, access: Any) -> str:
        names_none = access.proposal_id is None
        return str(access.path) if access.is_open or names_none else "–"


@admin.register(IndividualExtension)
class IndividualExtensionAdmin(OfOpenedProposals):
    """Later deadlines for one proposal each: who, why, until when."""

    list_display = ["number", "until", "reason", "granted_by", "granted_at"]
    list_select_related = ["proposal", "granted_by"]
    fields = ("number", "until", "reason", "granted_by", "granted_at")
    readonly_fields = ("number", "until", "reason", "granted_by", "granted_at")


class WhoFilter(admin.SimpleListFilter):
    """People who did something to a case, and nobody else."""

    title = _("person")
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        seen = model_admin.get_queryset(request).order_by().values("by")
        return [(str(user.pk), str(user)) for user in User.objects.filter(pk__in=seen)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CaseEvent]) -> QuerySet[CaseEvent]:
        value = self.value() or ""
        return queryset.filter(by=int(value)) if is_id(value) else queryset


@admin.register(CaseEvent)
class CaseEventAdmin(ReadOnlyAdmin):
    """Who looked at a case or did something to it: of one case on its page, of one person by the filter."""

    list_display = ["at", "proposal", "kind", "summary", "by"]
    list_filter = ["kind", WhoFilter]
    list_select_related = ["proposal", "by"]
    search_fields = ["proposal__number", "by__full_name"]
    search_help_text = _("Proposal number or name of a person")
    fields = ["proposal", "kind", "summary", "details", "by", "at"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[CaseEvent]:
        opened = Version.objects.open_to(current_user(request), clock.now())
        mine = Exists(opened.filter(proposal=OuterRef("proposal")))
        return super().get_queryset(request).filter(mine)


class ReplyFilter(admin.SimpleListFilter):
    title = _("reply")
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("waiting", _("Waiting for the applicant")),
            ("overdue", _("No reply by the deadline")),
            ("answered", _("Reply received")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        moment, value = clock.now(), self.value()
        if value == "answered":
            return queryset.exclude(reply=None)
        named = {"waiting": queryset.waiting, "overdue": queryset.overdue}
        return named[value](moment) if value in named else queryset


@admin.register(ClarificationRequest)
class QuestionAdmin(ReadOnlyAdmin):
    """Clarification requests and their state; the reply is on the sheet of the version."""

    list_display = ["version", "text_in_short", "requested_by", "due_at", "replied_at"]
    list_filter = [ReplyFilter]
    list_select_related = ["version__proposal", "requested_by", "reply"]
    fields = ["version", "item", "text", "due_at", "requested_by", "requested_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClarificationRequest]:
        readable = Version.objects.open_to(current_user(request), clock.now())
        return super().get_queryset(request).filter(version__in=readable)

    @admin.display(description=_("clarification request"))
    def text_in_short(self, question: ClarificationRequest) -> str:
        text = question.text
        return text if len(text) <= SHORT else f"{text[:SHORT]}…"

    @admin.display(description=_("replied"))
    def replied_at(self, question: ClarificationRequest) -> Any:
        return question.answered.replied_at if question.answered else None


SHORT = 80  # characters
