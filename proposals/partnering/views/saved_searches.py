"""Saved searches, the feed of a search, and requests as tables."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from applicants.models import Organisation
from applicants.once import idempotent
from applicants.reading import too_long
from applicants.web import current_user, login_required_keep_post
from calls.models import Call
from foundation import clock
from foundation.csv_import import InvalidCsv, RowAction, text_of
from foundation.downloads import JSON, download
from foundation.identifiers import key_of
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from foundation.text import safe_in_xml
from proposals.models import PartnershipRequest, SavedSearch
from proposals.partnering import saved_searches, tables
from proposals.partnering.search import rows_for
from proposals.partnering.search_query import parse_query

MAX_NAME_LENGTH = 60
MAX_IN_FEED = 50
MAX_EXPORTED = 2000


@login_required_keep_post
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the question that is shown under a name."""
    query_dict = request.POST.copy()
    name = " ".join(query_dict.pop("name", [""])[-1].split())
    question = parse_query(query_dict).for_everybody
    if not name:
        messages.error(request, _("The search was not saved. Enter a name for it."))
    elif len(name) > MAX_NAME_LENGTH:
        messages.error(request, too_long(name, MAX_NAME_LENGTH))
    else:
        try:
            saved_searches.save_search(current_user(request), name=name, question=question)
        except saved_searches.TooMany:
            messages.error(request, _("You already have twenty saved searches. Delete one first."))
        else:
            messages.success(
                request, _("Search saved. You will receive an email when new requests match.")
            )
    return redirect(_search_page(question.address()))


def _search_page(query: str) -> str:
    page = reverse("partners:search")
    return f"{page}?{query}" if query else page


@login_required_keep_post
def searches(request: HttpRequest) -> HttpResponse:
    """The searches that a person keeps; emails on or off, or forgotten."""
    own = SavedSearch.objects.filter(user=current_user(request))
    if request.method == "POST":
        chosen = own.filter(pk=key_of(request.POST.get("search", "")) or 0)
        does = request.POST.get("do")
        if does == "forget":
            chosen.delete()
            messages.success(request, _("Search deleted."))
        elif not chosen.update(sends_emails=does == "mails"):
            messages.warning(request, _("This search has already been deleted."))
        elif does == "mails":
            messages.success(request, _("You will receive emails about this search again."))
        else:
            messages.success(request, _("You will no longer receive emails about this search."))
        return redirect("partners:saved-searches")
    return render(request, "partnering/searches.html", {"searches": own})


def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End the emails of a search by the link in one of them; asked first, so that no scanner does it."""
    saved = saved_searches.search_of_token(token)
    if saved is not None and request.method == "POST":
        saved_searches.stop_emails(saved)
    context = {"search": saved, "done": request.method == "POST"}
    return render(request, "partnering/unsubscribe.html", context, status=200 if saved else 404)


class RequestFeed(Feed):
    """The newest requests that fit a question, as Atom."""

    feed_type = Atom1Feed
    title = gettext_lazy("Partnership requests on the COSME portal")
    subtitle = gettext_lazy("Organisations looking for partners for a call, or offering to join")

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return parse_query(request.GET).for_everybody

    def link(self, obj: Any) -> str:
        return _search_page(obj.address())

    def feed_url(self, obj: Any) -> str:
        return reverse("partners:feed") + f"?{obj.address()}"

    def items(self, obj: Any) -> Any:
        rows = (
            rows_for(obj, clock.now()).with_page_parts().defer("searchable_text", "search_vector")
        )
        return rows.order_by("-published_at", "-pk")[:MAX_IN_FEED]

    def item_title(self, item: PartnershipRequest) -> str:
        return safe_in_xml(item.title)

    def item_description(self, item: PartnershipRequest) -> str:
        return safe_in_xml(item.text)

    def item_link(self, item: PartnershipRequest) -> str:
        return item.get_absolute_url()

    def item_pubdate(self, item: PartnershipRequest) -> Any:
        return item.published_at

    def item_updateddate(self, item: PartnershipRequest) -> Any:
        return max(item.changed_at, item.published_at or item.changed_at)

    def item_author_name(self, item: PartnershipRequest) -> str:
        if item.organisation is None or not item.shows_name:
            return str(_("An organisation"))
        return safe_in_xml(item.organisation.name)

    def item_categories(self, item: PartnershipRequest) -> list[str]:
        return [item.call.reference, str(item.get_kind_display())]


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """What a question finds, as CSV or JSON; at most 2,000 requests, the newest."""
    rows = (
        rows_for(parse_query(request.GET), clock.now())
        .with_page_parts()
        .defer("searchable_text", "search_vector")
    )
    partnership_requests = rows.order_by("-published_at", "-pk")[:MAX_EXPORTED]
    text, media = (
        (tables.as_json(partnership_requests), JSON)
        if kind == "json"
        else (tables.as_csv(partnership_requests), "text/csv; charset=utf-8")
    )
    return download(text, name=f"partnership-requests.{kind}", content_type=media)


class FileForm(forms.Form):
    """A table, for one of a person's organisations and an open call."""

    optional = ()  # the file is needed, unless its text was shown before

    organisation = forms.ModelChoiceField(
        label=gettext_lazy("Organisation"),
        queryset=Organisation.objects.none(),
        empty_label=None,
    )
    call = forms.ModelChoiceField(
        label=gettext_lazy("Call"),
        queryset=Call.objects.none(),
        to_field_name="reference",
        empty_label=None,
    )
    file = forms.FileField(label=gettext_lazy("CSV file"), required=False)
    text = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, organisations: Any, calls: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = organisations  # type: ignore[attr-defined]
        self.fields["call"].queryset = calls  # type: ignore[attr-defined]

    def table(self) -> str:
        """The text that was shown before, or that of the file. Raises InvalidCsv."""
        if self.cleaned_data["text"]:
            return str(self.cleaned_data["text"])
        file = self.cleaned_data["file"]
        if file is None:
            raise InvalidCsv(_("Select a CSV file"))
        return text_of(file.read())


@login_required_keep_post
@idempotent
def import_requests(request: HttpRequest) -> HttpResponse:
    """Requests from a table: first what would happen, row by row; then, with a yes, drafts."""
    moment = clock.now()
    own = Organisation.objects.with_member(current_user(request))
    calls = Call.objects.published_at_moment(moment).filter(deadline__gt=moment)
    is_sent = request.method == "POST"
    form = FileForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        organisations=own,
        calls=calls,
    )
    context: dict[str, Any] = {
        "form": form,
        "rows": None,
        "known": tables.KNOWN,
        "needed": tables.NEEDED,
        "own": own,
        "calls": calls,
    }
    if is_sent and form.is_valid():
        values = form.cleaned_data
        try:
            text = form.table()
            rows = tables.read_requests(
                text, organisation=values["organisation"], call=values["call"]
            )
        except InvalidCsv as refusal:
            form.add_error("file", str(refusal))
        else:
            if "do" in request.POST:
                made = tables.store_requests(
                    rows,
                    organisation=values["organisation"],
                    call=values["call"],
                    by=current_user(request),
                )
                message = ngettext("%(count)s draft created.", "%(count)s drafts created.", made)
                messages.success(
                    request,
                    message % {"count": made} + " " + _("Publish each one when it is ready."),
                )
                return redirect("partners:mine")
            usable = sum(row.action == RowAction.NEW for row in rows)
            context |= {"rows": rows, "text": text, "usable": usable, "chosen": values}
    return render(request, "partnering/import.html", context, status=422 if form.errors else 200)
