"""What pages of the back office share: who may open them, and the one way to fetch a case."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy

from applicants.autosave import is_autosave
from applicants.web import current_user
from calls.admin import ReadOnlyAdmin
from foundation import clock
from foundation.identifiers import key_of
from foundation.query_batches import set_related
from foundation.sentences import gettext as _
from foundation.typed import SHORT, posted_texts
from proposals.audit.sealed_access import log_sealed_access_attempt
from proposals.models import ConflictOfInterest, Version
from proposals.officers.cases import InterestDeclared
from proposals.officers.queries import fetch_case

CLOSED_BY_INTEREST = gettext_lazy(
    "Not saved. You have declared a conflict of interest in this proposal and can no longer "
    "work on it."
)


class OfficerAdmin(ReadOnlyAdmin):
    """An admin with addresses of its own beside those that Django gives it."""

    def url(
        self, route: str, view: Callable[..., HttpResponseBase], name: str, right: str
    ) -> URLPattern:
        """An address for staff who hold a right when they ask, whatever page they came from; else 403."""

        def guarded(request: HttpRequest, **place: Any) -> HttpResponseBase:
            if not request.user.has_perm(right):
                raise PermissionDenied
            try:
                return view(request, **place)
            except InterestDeclared:
                if is_autosave(request):
                    return JsonResponse({"words": str(CLOSED_BY_INTEREST)}, status=409)
                return self._closed_meanwhile(request)
            except Http404:
                closed = (
                    self.conflict_page(request, place["pk"])
                    if self.model is Version and "pk" in place
                    else None
                )
                if closed is not None and request.method != "POST":
                    return closed
                if request.method != "POST" or is_autosave(request):
                    raise
                return self._closed_meanwhile(request)

        full_name = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        return path(route, self.admin_site.admin_view(guarded), name=full_name)

    def conflict_page(self, request: HttpRequest, pk: int | str) -> HttpResponse | None:
        """Says so where this officer has declared an interest in a case; None where that is not why."""
        if not is_id(str(pk)):
            return None
        own = ConflictOfInterest.objects.filter(
            officer=current_user(request), proposal__versions=int(pk)
        )
        declared = own.first()
        if declared is None:
            return None
        template = "admin/proposals/version/closed.html"
        title = _("You cannot open this case")
        return self.render(request, template, title=title, status=404, declared=declared)

    def _closed_meanwhile(self, request: HttpRequest) -> HttpResponse:
        """What was sent to a case that is not open (any more): said plainly, with what was typed."""
        typed = [value for _name, value in posted_texts(request) if len(value) > SHORT]
        template = "admin/proposals/version/closed_meanwhile.html"
        return self.render(
            request, template, title=_("You cannot open this case"), status=404, typed=typed
        )

    def render(
        self, request: HttpRequest, template: str, *, title: str, status: int = 200, **context: Any
    ) -> HttpResponse:
        shared = self.admin_site.each_context(request) | {"title": title, "opts": self.opts}
        return render(request, template, shared | context, status=status)


class DetailPageAdmin(OfficerAdmin):
    """An admin whose rows have a page of our own in place of Django's form."""

    change_permission = (
        ""  # the permission to submit the page's form; without one it can only be read
    )

    def detail_page(self, request: HttpRequest, result: Any) -> HttpResponse:
        """The page of a row that this person may see; where it was sent, this person may act."""
        raise NotImplementedError

    def may_act(self, request: HttpRequest) -> bool:
        return bool(self.change_permission) and request.user.has_perm(self.change_permission)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The row's page; Django's answers for what is not there, not to be seen, or not to be sent."""
        result = self.get_object(request, object_id)
        may_look = result is not None and self.has_view_permission(request, result)
        if not may_look or (request.method != "GET" and not self.may_act(request)):
            return super().change_view(request, object_id, form_url, extra_context)
        return self.detail_page(request, result)


def is_id(text: str) -> bool:
    return key_of(text) is not None


def get_case_or_404(request: HttpRequest, pk: int | str) -> Version:
    """A version that this officer may read. Whatever else is asked for gets 404, and is noted if it exists.

    Raises:
        Http404: sealed, of a case in which the officer has an interest, or not there.
    """
    version = find_case(request, pk)
    if version is None:
        raise Http404
    return version


def find_case(request: HttpRequest, pk: int | str) -> Version | None:
    """As `get_case_or_404`, but None instead of 404."""
    if not is_id(str(pk)):
        return None
    officer = current_user(request)
    rows = fetch_case(version=int(pk), officer=officer.pk, moment=clock.now())
    for version in rows["versions"]:
        (proposal,), (strand,), (call,) = rows["proposals"], rows["strands"], rows["calls"]
        (programme,), people = rows["programmes"], {user.pk: user for user in rows["people"]}
        assignment = next(iter(rows["assignments"]), None)
        if assignment is not None:
            set_related(assignment, officer=people[assignment.officer_id])
        set_related(call, programme=programme)
        set_related(strand, call=call)
        set_related(proposal, strand=strand, assignment=assignment)
        set_related(version, proposal=proposal, submitted_by=people[version.submitted_by_id])
        return version
    for proposal in rows["proposals"]:
        log_sealed_access_attempt(proposal, officer=officer, path=request.path)
    return None
