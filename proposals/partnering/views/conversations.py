"""Pages of conversations about partnership requests."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from applicants.fields import TextField
from applicants.models import Organisation
from applicants.once import idempotent
from applicants.web import current_user, login_required_keep_post
from foundation import clock
from foundation.sentences import gettext as _
from proposals.consortium.drafts import NotOpen
from proposals.delivery import wakeup
from proposals.models import Conversation, PartnershipRequest
from proposals.partnering import conversations


class MessageForm(forms.Form):
    text = TextField(
        label=gettext_lazy("Message"),
        max_length=conversations.LONGEST,
        rows=6,
        help_text=gettext_lazy("Plain text only. Your email address is not shown."),
    )


class FirstMessageForm(MessageForm):
    organisation = forms.ModelChoiceField(
        label=gettext_lazy("Your organisation"),
        queryset=Organisation.objects.none(),
        empty_label=None,
    )
    shows = forms.BooleanField(
        label=gettext_lazy("email me when new requests match"), required=False
    )

    field_order = ("organisation", "text", "shows")

    def __init__(self, *args: Any, organisations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = organisations  # type: ignore[attr-defined]


class ReportForm(forms.Form):
    reason = TextField(
        label=gettext_lazy("Reason for the report"),
        max_length=2000,
        rows=4,
        help_text=gettext_lazy("The helpdesk will read what you report."),
    )


MAX_CONVERSATIONS = 200

NO_FILES = gettext_lazy("You cannot send files here. Nothing was sent; your text is below.")


@login_required_keep_post
@idempotent
def message_request(request: HttpRequest, number: str) -> HttpResponse:
    """The first message to who wrote a request."""
    rows = PartnershipRequest.objects.ever_published().select_related("organisation", "call")
    partnership_request = get_object_or_404(rows, number=number.upper())
    context = {"request_": partnership_request, "is_open": partnership_request.is_open(clock.now())}
    return _first_message(
        request,
        partial(conversations.start, partnership_request),
        partnership_request.organisation_id,
        context,
    )


@login_required_keep_post
@idempotent
def message_organisation(request: HttpRequest, pk: int) -> HttpResponse:
    """The first message to an organisation that was found by its profile."""
    organisation = get_object_or_404(Organisation.objects.filter(is_findable=True), pk=pk)
    context = {"addressee": organisation, "is_open": True}
    return _first_message(
        request,
        partial(conversations.start_with_organisation, organisation),
        organisation.pk,
        context,
    )


def _first_message(
    request: HttpRequest,
    send: Callable[..., Conversation],
    addressee: int | None,
    context: dict[str, Any],
) -> HttpResponse:
    """The form and what becomes of it; nobody writes to their own organisation."""
    mine = Organisation.objects.with_member(current_user(request))
    own = mine.exclude(pk=addressee or 0)
    initial = {"organisation": own.first(), "shows": True}
    form = FirstMessageForm(request.POST or None, organisations=own, initial=initial)
    if request.method == "POST" and form.is_valid() and _without_files(request, form):
        try:
            made = send(by=current_user(request), **form.cleaned_data)
        except conversations.CannotSend as refusal:
            form.add_error(None, str(refusal))
        else:
            wakeup.wake_worker()
            text = _("Message sent. You will receive an email when there is a reply.")
            messages.success(request, text)
            return redirect(made)
    status = 422 if form.errors else 200
    is_own = not own and mine.exists()
    context |= {"form": form, "own": own, "is_own": is_own}
    return render(request, "partnering/begin.html", context, status=status)


def _without_files(request: HttpRequest, form: forms.Form) -> bool:
    if request.FILES:
        form.add_error(None, str(NO_FILES))
    return not request.FILES


@login_required_keep_post
@idempotent
def report_request(request: HttpRequest, number: str) -> HttpResponse:
    """Tell the helpdesk that a request is not what partner search is for."""
    rows = PartnershipRequest.objects.ever_published()
    partnership_request = get_object_or_404(rows, number=number.upper())
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        conversations.report_abuse(
            partnership_request, form.cleaned_data["reason"], by=current_user(request)
        )
        messages.success(request, _("Thank you. The helpdesk will review your report."))
        return redirect(partnership_request)
    context = {"form": form, "request_": partnership_request}
    status = 422 if form.errors else 200
    return render(request, "partnering/report.html", context, status=status)


@login_required_keep_post
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """All conversations of a person's organisations, the newest message first."""
    user = current_user(request)
    rows = conversations.inbox(
        user, Organisation.objects.with_member(user), at_most=MAX_CONVERSATIONS
    )
    return render(request, "partnering/conversations.html", {"rows": rows})


@login_required_keep_post
@idempotent
def conversation(request: HttpRequest, number: str) -> HttpResponse:
    """What was written, and the next message."""
    conversation, side = _own(request, number)
    form = MessageForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _without_files(request, form):
        try:
            conversations.send_message(
                conversation, form.cleaned_data["text"], side=side, by=current_user(request)
            )
        except conversations.CannotSend as refusal:
            form.add_error(None, str(refusal))
        else:
            wakeup.wake_worker()
            messages.success(request, _("Message sent."))
            return redirect(conversation)
    conversations.mark_read(conversation, side)
    return _page(request, conversation, side, form)


def _page(
    request: HttpRequest,
    conversation: Conversation,
    side: conversations.Side,
    form: forms.Form,
    **more: Any,
) -> HttpResponse:
    context = {
        "conversation": conversation,
        "request_": conversation.request,
        "who": conversations.name_for_other(conversation, side.other),
        "other": conversations.organisation_on(conversation, side.other)
        if conversations.is_shown(conversation, side.other)
        else None,
        "is_shown": conversations.is_shown(conversation, side),
        "has_blocked": conversations.has_blocked(conversation, side),
        "letters": [
            (message, message.is_from_owner == (side == conversations.Side.OWNER))
            for message in conversation.messages.all()
        ],
        "drafts": conversations.drafts_to_invite_into(
            conversation, current_user(request), side=side
        ),
        "form": form,
        "report_form": ReportForm(),
        **more,
    }
    status = 422 if form.errors else 200
    return render(request, "partnering/conversation.html", context, status=status)


def _own(request: HttpRequest, number: str) -> tuple[Conversation, conversations.Side]:
    rows = Conversation.objects.of(current_user(request)).with_page_parts()
    conversation = get_object_or_404(rows, number=number.upper())
    return conversation, conversations.side_of(conversation, current_user(request))


@login_required_keep_post
@require_POST
def reveal(request: HttpRequest, number: str) -> HttpResponse:
    conversation, side = _own(request, number)
    try:
        conversations.reveal_identity(conversation, side=side, by=current_user(request))
    except conversations.CannotSend as refusal:
        messages.error(request, str(refusal))
    else:
        wakeup.wake_worker()
        messages.success(
            request, _("The other organisation can now see the name of your organisation.")
        )
    return redirect(conversation)


@login_required_keep_post
@require_POST
def block(request: HttpRequest, number: str) -> HttpResponse:
    conversation, side = _own(request, number)
    if request.POST.get("do") == "unblock":
        conversations.unblock(conversation, side=side)
        messages.success(request, _("Organisation unblocked. It can send you messages again."))
    else:
        conversations.block(conversation, side=side)
        messages.success(request, _("Organisation blocked. It can no longer send you messages."))
    return redirect(conversation)


@login_required_keep_post
@require_POST
@idempotent
def report(request: HttpRequest, number: str) -> HttpResponse:
    conversation, side = _own(request, number)
    form = ReportForm(request.POST)
    if not form.is_valid():
        return _page(request, conversation, side, MessageForm(), report_form=form)
    reason = form.cleaned_data["reason"]
    conversations.report_abuse(
        conversation.request, reason, by=current_user(request), conversation=conversation
    )
    messages.success(request, _("Thank you. The helpdesk will review your report."))
    return redirect(conversation)


@login_required_keep_post
@require_POST
def invite(request: HttpRequest, number: str) -> HttpResponse:
    """One click: the other organisation is added to the draft and asked to confirm."""
    conversation, side = _own(request, number)
    drafts = conversations.drafts_to_invite_into(conversation, current_user(request), side=side)
    wanted = request.POST.get("draft", "")
    draft = next((draft for draft in drafts if draft.number == wanted), None)
    if draft is None and conversations.takes_part(
        conversation, wanted, current_user(request), side=side
    ):
        messages.info(request, _("This organisation is already in the draft."))
        return redirect("proposals:consortium", wanted)
    if draft is None:
        messages.error(
            request,
            _("Select an open draft for the same call that your organisation coordinates."),
        )
        return redirect(conversation)
    try:
        conversations.invite_to_consortium(conversation, draft, side=side, by=current_user(request))
    except (conversations.CannotInvite, conversations.CannotSend) as refusal:
        messages.error(request, str(refusal))
        return redirect(conversation)
    except NotOpen:
        messages.error(
            request, _("The deadline has passed. No organisations can be added to the draft.")
        )
        return redirect(conversation)
    wakeup.wake_worker()
    messages.success(
        request, _("The organisation is invited to your consortium and has been asked to confirm.")
    )
    return redirect("proposals:consortium", draft.number)
