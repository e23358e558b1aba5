"""May we apply? The self-check of a call, without an account."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from calls.forms import SelfCheckForm
from calls.self_check import check
from calls.visibility import visible_calls
from foundation import clock


def self_check(request: HttpRequest, reference: str) -> HttpResponse:
    """The questions, and below them what the rules say to the answers in the address."""
    moment = clock.now()
    calls = visible_calls(request, moment).select_related("programme")
    call = get_object_or_404(calls.prefetch_related("strands"), reference=reference)
    form = SelfCheckForm(request.GET or None, call=call)
    context = {"call": call, "form": form, "is_open": call.is_open(moment)}
    if form.is_bound and form.is_valid():
        answers = form.answers()
        context |= {
            "answers": answers,
            "result": check(answers, call),
            "strand": next(
                strand for strand in call.strands.all() if strand.code == answers.strand
            ),
        }
    status = 400 if form.is_bound and not form.is_valid() else 200
    answer = render(request, "calls/self_check.html", context, status=status)
    answer["X-Robots-Tag"] = "noindex"
    return answer
