"""Asking the helpdesk, with an account or without."""

import re
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout
from django import forms
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from applicants.fields import NameField, TextField
from applicants.forms import one_line
from applicants.models import User
from applicants.once import idempotent
from applicants.web import current_user, login_required_keep_post
from calls.models import Call
from foundation import clock
from foundation.form_layout import grid_row
from foundation.sentences import gettext as _
from proposals.delivery import wakeup
from proposals.helpdesk import enquiries, personal_data
from proposals.models import Enquiry

ARRIVED_SALT = "proposals.enquiry-arrived"


class AskForm(forms.Form):
    """What the helpdesk needs; only telephone and organisation may stay empty."""

    name = NameField(
        label=gettext_lazy("Your name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=gettext_lazy("Email address"),
        max_length=254,
        help_text=gettext_lazy(
            "We will send the reply and a copy of your question to this address."
        ),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    telephone = TextField(
        label=gettext_lazy("Telephone"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
    )
    organisation = TextField(
        label=gettext_lazy("Organisation"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    call = forms.ModelChoiceField(
        label=gettext_lazy("Call"),
        queryset=Call.objects.none(),
        required=False,
        empty_label=gettext_lazy("No call, or another subject"),
        to_field_name="reference",
    )
    subject = NameField(label=gettext_lazy("Subject"), max_length=150)
    message = TextField(
        label=gettext_lazy("Your question"),
        max_length=5000,
        rows=7,
    )
    consent = forms.BooleanField(
        label=gettext_lazy("I agree that the helpdesk uses this information to reply to me"),
        help_text=gettext_lazy("It is deleted one year after the question is closed."),
    )
    # People do not see this field; what fills every field does.
    homepage = forms.CharField(required=False, label=gettext_lazy("Leave this field empty"))
    opened = forms.CharField(widget=forms.HiddenInput, required=False)
    page = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, initial: Any = None) -> None:
        super().__init__(
            data, initial=initial, auto_id="ask_%s"
        )  # it may stand beside another form
        calls = Call.objects.published_at_moment(clock.now())
        self.fields["call"].queryset = calls  # type: ignore[attr-defined]
        self.fields["homepage"].widget.attrs |= {"tabindex": "-1", "autocomplete": "off"}
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(
            "opened",
            "page",
            grid_row(name=6, email=6),
            grid_row(organisation=6, telephone=6),
            "call",
            "subject",
            "message",
            "consent",
            Div("homepage", css_class="not-for-people", aria_hidden="true"),
        )

    def clean_homepage(self) -> str:
        if self.cleaned_data["homepage"]:
            raise forms.ValidationError(
                _("A hidden field was filled in. Empty it and send your question again.")
            )
        return ""

    def asked(self) -> enquiries.NewEnquiry:
        """What was written; only of a valid form."""
        values = self.cleaned_data
        return enquiries.NewEnquiry(
            name=one_line(values["name"]),
            email=values["email"].strip().lower(),
            subject=one_line(values["subject"]),
            message=values["message"],
            telephone=values["telephone"],
            organisation=one_line(values["organisation"]),
        )


@idempotent
def ask(request: HttpRequest) -> HttpResponse:
    """The form, or its part alone for the foot of a page; a sent enquiry leads to its number."""
    if request.method != "POST":
        form = AskForm(initial=_known(request))
        part = request.headers.get("X-Part") == "1"
        template = "helpdesk/part.html" if part else "helpdesk/ask.html"
        answer = render(request, template, {"form": form})
        answer["X-Robots-Tag"] = "noindex"
        return answer
    form = AskForm(request.POST)
    if form.is_valid():
        try:
            enquiry = _take(request, form)
        except enquiries.CannotAsk as refusal:
            form.add_error(None, str(refusal))
            if not isinstance(refusal, enquiries.TooFast):
                form = _reopened(form)
        else:
            wakeup.wake_worker()
            token = signing.dumps(enquiry.number, salt=ARRIVED_SALT)
            return redirect("enquiries:received", token)
    return render(request, "helpdesk/ask.html", {"form": form}, status=422)


def _take(request: HttpRequest, form: AskForm) -> Any:
    enquiries.check_writing_time(form.cleaned_data["opened"])
    asked = form.asked()
    user = request.user if isinstance(request.user, User) else None
    return enquiries.submit_enquiry(
        asked, call=form.cleaned_data["call"], user=user, page=form.cleaned_data["page"]
    )


def _reopened(form: AskForm) -> AskForm:
    """The same form as if it were opened now, so that sending it again is slow enough and not too late."""
    data: Any = form.data
    typed = data.copy()
    typed["opened"] = enquiries.opened_at(clock.real_now())
    form.data = typed
    return form


def _known(request: HttpRequest) -> dict[str, Any]:
    """What needs not be typed: who is signed in, the call of the page one came from."""
    known: dict[str, Any] = {"opened": enquiries.opened_at(clock.real_now())}
    if isinstance(request.user, User):
        own = request.user.organisations.first()
        known |= {
            "name": request.user.full_name,
            "email": request.user.email,
            "organisation": own.name if own else "",
        }
    known["page"] = page = request.GET.get("page", "")
    on_call_page = re.match(r"/calls/([^/]+)/", page)
    call = request.GET.get("call", "") or (on_call_page[1] if on_call_page else "")
    known["call"] = Call.objects.published_at_moment(clock.now()).filter(reference=call).first()
    about = request.GET.get("about", "")[:9]
    if about:
        known["subject"] = _("Follow-up to %(number)s") % {"number": about}
    return known


@require_safe
def received(request: HttpRequest, token: str) -> HttpResponse:
    """The number under which a question is kept. Whoever guesses an address finds nothing."""
    try:
        number = signing.loads(token, salt=ARRIVED_SALT, max_age=7 * 24 * 3600)
    except signing.BadSignature:
        raise Http404 from None
    return render(request, "helpdesk/received.html", {"number": number})


@login_required_keep_post
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """What a person asked while signed in, with the answers."""
    asked = Enquiry.objects.filter(user=current_user(request))
    rows = asked.prefetch_related("answers").select_related("call")
    return render(request, "helpdesk/mine.html", {"enquiries": rows})


@login_required_keep_post
def my_data(request: HttpRequest) -> HttpResponse:
    """What partner search and the helpdesk keep of a person: taken out as JSON, or erased."""
    address = current_user(request).email
    if request.method == "GET" and request.GET.get("as") == "json":
        answer = JsonResponse(
            personal_data.export_of(address), json_dumps_params={"ensure_ascii": False}
        )
        answer["Content-Disposition"] = 'attachment; filename="my-data.json"'
        return answer
    context: dict[str, Any] = {"erased": None, "not_sure": False}
    if request.method == "POST":
        context["not_sure"] = "sure" not in request.POST
        if not context["not_sure"]:
            context["erased"] = personal_data.erase(address)
    return render(request, "helpdesk/my_data.html", context)
