"""The helpdesk's pages: enquiries with their answers, texts to answer with, questions on calls' pages."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from applicants.fields import TextField
from applicants.once import idempotent
from applicants.web import current_user
from foundation import clock
from foundation.fields import WholeNumberField
from foundation.identifiers import key_of
from foundation.sentences import gettext as _
from proposals.delivery import wakeup
from proposals.helpdesk import enquiries
from proposals.models import Enquiry, FaqEntry, ReplyTemplate
from proposals.officers.admin_pages import DetailPageAdmin

CHANGE = "proposals.change_enquiry"


class AnswerForm(forms.Form):
    text = TextField(
        label=gettext_lazy("Reply"),
        max_length=10_000,
        rows=10,
        help_text=gettext_lazy(
            "Sent by email to the person who asked. You cannot change it afterwards."
        ),
    )


@admin.register(Enquiry)
class EnquiryAdmin(DetailPageAdmin):
    """What people ask; answered by mail."""

    list_display = ["number", "subject", "name", "call", "state", "officer", "received_at"]
    list_filter = ["state", "call"]
    list_select_related = ["call", "officer"]
    search_fields = ["number", "subject", "message", "name", "email", "organisation"]
    search_help_text = gettext_lazy(
        "Number, words from the message, name, email address or organisation"
    )
    fields = ["number", "subject"]

    def get_urls(self) -> list[Any]:
        own = [
            self.url("<int:pk>/answer/", require_POST(self._answer), "answer", CHANGE),
            self.url("<int:pk>/close/", require_POST(self._close), "close", CHANGE),
        ]
        return own + super().get_urls()

    def detail_page(self, request: HttpRequest, enquiry: Enquiry) -> HttpResponse:
        return self._page(request, enquiry, AnswerForm())

    def _page(self, request: HttpRequest, enquiry: Enquiry, form: forms.Form) -> HttpResponse:
        answers = list(enquiry.answers.select_related("answered_by"))
        return self.render(
            request,
            "admin/proposals/enquiry/enquiry.html",
            title=f"{enquiry.number}: {enquiry.subject}",
            status=422 if form.errors else 200,
            enquiry=enquiry,
            answers=answers,
            form=form,
            snippets=list(ReplyTemplate.objects.all()),
            may_answer=request.user.has_perm(CHANGE),
            publish_url=_publish_url(enquiry, answers[-1].text if answers else ""),
            is_published=FaqEntry.objects.filter(
                call=enquiry.call_id or 0, question=enquiry.subject
            ).exists(),
        )

    def _answer(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send the answer; or put a ready text into it first."""
        enquiry = get_object_or_404(Enquiry.objects.select_related("call"), pk=pk)
        if "add" in request.POST:
            ready = ReplyTemplate.objects.filter(name=request.POST["add"]).first()
            parts = [request.POST.get("text", "").strip(), ready.text if ready else ""]
            text = "\n\n".join(part for part in parts if part)
            return self._page(request, enquiry, AnswerForm(initial={"text": text}))
        form = AnswerForm(request.POST)
        if form.is_valid():
            try:
                enquiries.reply(
                    enquiry,
                    form.cleaned_data["text"],
                    seen=key_of(request.POST.get("seen", "")) or 0,
                    by=current_user(request),
                )
            except enquiries.CannotAnswer as refusal:
                form.add_error(None, str(refusal))
                enquiry.refresh_from_db(fields=["state", "officer"])
            else:
                wakeup.wake_worker()
                message = _("The reply is being sent to %(address)s.") % {"address": enquiry.email}
                messages.success(request, message)
                return redirect("admin:proposals_enquiry_change", pk)
        return self._page(request, enquiry, form)

    def _close(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Close it, or open it again."""
        enquiry = get_object_or_404(Enquiry, pk=pk)
        if request.POST.get("do") == "reopen":
            enquiries.reopen(enquiry, by=current_user(request))
            messages.success(request, _("Enquiry reopened."))
        else:
            enquiries.close(enquiry, by=current_user(request))
            messages.success(request, _("Enquiry closed. It will be erased in one year."))
        return redirect("admin:proposals_enquiry_changelist")


def _publish_url(enquiry: Enquiry, answer: str) -> str:
    """The form for the call's page, filled in; who asked is left out."""
    if not answer or enquiry.call_id is None:
        return ""
    filled = urlencode(
        {
            "call": enquiry.call_id,
            "question": enquiry.subject,
            "answer": answer,
            "enquiry": enquiry.number,
        }
    )
    return reverse("admin:proposals_faqentry_add") + "?" + filled


class PublishedAnswerForm(forms.ModelForm):
    """A question with its answer; who asked is not named in it."""

    enquiry = forms.CharField(required=False, widget=forms.HiddenInput)
    position = WholeNumberField(
        label=gettext_lazy("Position"), min_value=0, max_value=32_000, initial=0
    )

    class Meta:
        model = FaqEntry
        fields = ["call", "question", "answer", "position"]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        asked = Enquiry.objects.filter(number=values.get("enquiry", "")).first()
        results = (
            enquiries.names_in(f"{values.get('question')} {values.get('answer')}", asked)
            if asked
            else []
        )
        if results:
            text = _(
                "This text would be public and identifies the person who asked: %(names)s. "
                "Remove these details."
            )
            raise forms.ValidationError(text % {"names": ", ".join(results)})
        return values


@admin.register(FaqEntry)
class PublishedAnswerAdmin(admin.ModelAdmin):
    """Questions and answers on the pages of calls."""

    list_display = ["question", "call", "position", "published_by", "published_at"]
    list_filter = ["call"]
    list_select_related = ["call", "published_by"]
    form = PublishedAnswerForm
    fields = ["call", "question", "answer", "position", "enquiry"]

    add_view = method_decorator(idempotent)(admin.ModelAdmin.add_view)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.published_by, obj.published_at = current_user(request), clock.now()
        obj.save()
        enquiries.show_on_call_page(obj.call_id)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        obj.delete()
        enquiries.show_on_call_page(obj.call_id)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[FaqEntry]) -> None:
        calls = set(queryset.values_list("call", flat=True))
        queryset.delete()
        for call in calls:
            enquiries.show_on_call_page(call)


@admin.register(ReplyTemplate)
class AnswerSnippetAdmin(admin.ModelAdmin):
    """Texts that the helpdesk answers with."""

    list_display = ["name"]
    fields = ["name", "text"]
