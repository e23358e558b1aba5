"""Records that officers and auditors read: late attempts, attempts to look before, extensions, events."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from applicants.web import person
from calls import clock
from calls.admin import ReadOnlyAdmin
from proposals.models import (
    CaseEvent,
    IndividualExtension,
    Question,
    RefusedAttempt,
    SealedAccess,
    Version,
)


@admin.register(RefusedAttempt)
class RefusedAttemptAdmin(ReadOnlyAdmin):
    """Submissions that came too late, by number, time and hash only."""

    list_display = ["proposal", "received_at", "deadline", "attempted_by"]
    list_select_related = ["proposal", "attempted_by"]
    fields = ["proposal", "received_at", "deadline", "sha256", "attempted_by"]


@admin.register(SealedAccess)
class SealedAccessAdmin(ReadOnlyAdmin):
    """Attempts of officers to open a proposal before its deadline."""

    list_display = ["officer", "proposal", "path", "tried_at"]
    list_select_related = ["proposal", "officer"]
    fields = ["officer", "proposal", "path", "tried_at"]


@admin.register(IndividualExtension)
class IndividualExtensionAdmin(ReadOnlyAdmin):
    list_display = ["proposal", "until", "reason", "granted_by", "granted_at"]
    list_select_related = ["proposal", "granted_by"]


@admin.register(CaseEvent)
class CaseEventAdmin(ReadOnlyAdmin):
    """Who looked at a case or did something to it: of one case on its page, of one person by the filter."""

    list_display = ["at", "proposal", "kind", "words", "by"]
    list_filter = ["kind", "by"]
    list_select_related = ["proposal", "by"]
    search_fields = ["proposal__number", "by__full_name"]
    search_help_text = _("Number of a proposal, or name of a person")
    fields = ["proposal", "kind", "words", "details", "by", "at"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[CaseEvent]:
        opened = Version.objects.open_to(person(request), clock.now())
        mine = Exists(opened.filter(proposal=OuterRef("proposal")))
        return super().get_queryset(request).filter(mine)


class ReplyFilter(admin.SimpleListFilter):
    title = _("answer")
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("waiting", _("Waits for the applicant")),
            ("overdue", _("Not answered in time")),
            ("answered", _("Answered")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        moment, value = clock.now(), self.value()
        if value == "answered":
            return queryset.exclude(reply=None)
        named = {"waiting": queryset.waiting, "overdue": queryset.overdue}
        return named[value](moment) if value in named else queryset


@admin.register(Question)
class QuestionAdmin(ReadOnlyAdmin):
    """Questions to applicants and what became of them; the answer stands on the sheet of the version."""

    list_display = ["version", "text_in_short", "asked_by", "due_at", "replied_at"]
    list_filter = [ReplyFilter]
    list_select_related = ["version__proposal", "asked_by", "reply"]
    fields = ["version", "item", "text", "due_at", "asked_by", "asked_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        readable = Version.objects.open_to(person(request), clock.now())
        return super().get_queryset(request).filter(version__in=readable)

    @admin.display(description=_("question"))
    def text_in_short(self, question: Question) -> str:
        text = question.text
        return text if len(text) <= SHORT else f"{text[:SHORT]}…"

    @admin.display(description=_("answered"))
    def replied_at(self, question: Question) -> Any:
        return question.answered.replied_at if question.answered else None


SHORT = 80  # signs
