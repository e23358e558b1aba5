"""Pages of the project: errors that help, guide, accessibility, privacy."""

from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from applicants.autosave import is_autosave, not_stored_response
from applicants.reading import too_long
from applicants.web import bad_request_page
from calls.visibility import visible_calls
from cosme_portal.site_search import MAX_LENGTH, SiteResults, search_site
from foundation import clock
from foundation.public_pages import public_page
from foundation.rich_text import as_html
from foundation.sentences import gettext as _
from foundation.text import clean_line, clean_text
from foundation.typed import posted_texts, repost_form
from proposals.consortium.access import why_refused

MAX_PREVIEW = 20_000  # characters; the longest text that the portal takes has 6,000


@public_page
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "accessibility.html")


@public_page
def guide(request: HttpRequest) -> HttpResponse:
    """How to apply, for people who do so for the first time."""
    return render(request, "guide.html")


@public_page
def search(request: HttpRequest) -> HttpResponse:
    """Everything on the site that anybody may read and that contains the words `q`."""
    text = clean_line(request.GET.get("q", ""))
    if len(text) > MAX_LENGTH:
        results = SiteResults(left_out=str(too_long(text, MAX_LENGTH)))
    else:
        moment = clock.now()
        results = search_site(text, visible_calls(request, moment), moment)
    groups = (
        ("calls", _("Calls"), results.calls),
        ("guide", _("Guide for applicants"), results.guide),
        ("questions", _("Questions and answers"), results.questions),
        ("requests", _("Partnership requests"), results.requests),
    )
    context = {"text": text, "results": results, "groups": groups}
    return render(request, "site_search.html", context)


@public_page
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "privacy.html")


@login_required
@require_POST
def text_preview(request: HttpRequest) -> HttpResponse:
    """How `text` of the form is shown: HTML for a part of a page. Nothing is stored."""
    text = request.POST.get("text", "")
    if len(text) > MAX_PREVIEW:
        message = _("This text is too long for a preview. Shorten it first. Nothing was changed.")
        return HttpResponse(format_html("<p>{}</p>", message), status=422)
    return HttpResponse(as_html(clean_text(text)))


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token no longer fits comes back filled, if it came from our own page.

    From anywhere else nothing is offered: sending it again would be what the token guards against.
    """
    if request.method == "POST" and _came_from_here(request):
        return repost_form(request, login_url=None, status=403)
    return render(request, "403_csrf.html", status=403)


def _came_from_here(request: HttpRequest) -> bool:
    fetched_from = request.headers.get("Sec-Fetch-Site")
    if fetched_from is not None:
        return fetched_from == "same-origin"
    source = request.headers.get("Origin") or request.headers.get("Referer") or ""
    try:
        return urlsplit(source).netloc == request.get_host()
    except ValueError:  # it is no address
        return False


def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    raise Http404


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return bad_request_page(request)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _refused(request, "403.html", 403, why=str(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _refused(request, "404.html", 404, why=why_refused(exception))


def _refused(request: HttpRequest, template: str, status: int, *, why: str) -> HttpResponse:
    """A page with the reason, and with what was typed; a sentence for a page that saves by itself."""
    if is_autosave(request):
        return not_stored_response(why, status)
    context = {"why": why, "typed": posted_texts(request)}
    return render(request, template, context, status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the request: whatever failed may fail again. What was typed stands in it."""
    page = loader.render_to_string("500.html", {"typed": posted_texts(request)})
    return HttpResponse(page, status=500)
