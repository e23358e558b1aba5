"""What operators see: jobs and emails that wait or failed, and how the queue moves."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from calls.admin import ReadOnlyAdmin
from calls.models import ClockReading
from foundation import clock
from foundation.sentences import ngettext
from proposals.delivery import outbox
from proposals.delivery.scheduler_lease import beat_status
from proposals.models import (
    JobFailure,
    OutboxMessage,
    Proposal,
    QueuedEmail,
    Version,
)


class RetriableAdmin(ReadOnlyAdmin):
    """What workers do; somebody who may change such rows can retry those that failed."""

    actions = ["try_again"]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"proposals.change_{self.opts.model_name}")

    @admin.action(description=_("Retry failed items"), permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        count = outbox.retry(queryset)
        text = ngettext(
            "%(count)s item will be retried.", "%(count)s items will be retried.", count
        )
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(RetriableAdmin):
    """Work that is queued; shows no content of a proposal."""

    change_list_template = "admin/proposals/outboxmessage/change_list.html"
    list_display = [
        "kind",
        "proposal_number",
        "state",
        "last_error",
        "attempts",
        "due_at",
        "done_at",
    ]
    list_filter = ["state", "kind"]
    show_full_result_count = False
    fields = ["kind", "state", "attempts", "due_at", "claimed_at", "done_at", "last_error"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxMessage]:
        proposals = Proposal.objects.with_deadline().select_related("strand__call")
        versions = Version.objects.defer("dossier", "circumstances")
        versions = versions.prefetch_related(Prefetch("proposal", proposals))
        return super().get_queryset(request).prefetch_related(Prefetch("version", versions))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, below the state of each kind of work."""
        can_reissue = request.user.has_perm("proposals.add_documentreissue")
        context = {
            "queues": outbox.queues(),
            "can_reissue": can_reissue,
            "clocks": list(ClockReading.objects.all()),
            "beat": beat_status(),
        }
        return super().changelist_view(request, context | (extra_context or {}))

    @admin.display(description=_("proposal"))
    def proposal_number(self, message: OutboxMessage) -> str:
        """Who has submitted is sealed until the deadline."""
        proposal = message.version.proposal
        return proposal.number if proposal.deadline <= clock.now() else str(_("sealed"))


@admin.register(QueuedEmail)
class QueuedEmailAdmin(RetriableAdmin):
    """Delivery of emails: cause and state, never recipient, proposal or text."""

    list_display = ["cause", "state", "attempts", "due_at", "done_at", "last_error"]
    list_filter = ["state"]
    fields = ["cause", "state", "attempts", "due_at", "claimed_at", "done_at", "last_error"]
    readonly_fields = ["cause"]

    @admin.display(description=_("cause"))
    def cause(self, mail: QueuedEmail) -> str:
        return mail.key.partition(":")[0]


@admin.register(JobFailure)
class JobFailureAdmin(RetriableAdmin):
    """What failed of periodic work, until it succeeds: which row, never what it says."""

    list_display = ["job", "row", "state", "attempts", "due_at", "last_error"]
    list_filter = ["state", "job"]
    fields = ["job", "row", "state", "attempts", "made_at", "due_at", "last_error"]
