"""A form that is sent twice by one sending of a person makes what it makes once.

A double click, or a browser that sends again, sends the same content from the same page. Django gives each
page that it renders a differently masked CSRF token, so every form has a mark of its page already and no
template can forget it. Who opens the form again, or sends something else from it, means another thing and
gets it.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from applicants.models import FormSubmission
from applicants.web import View
from foundation import clock

P = ParamSpec("P")

MARK = "csrfmiddlewaretoken"
RETENTION = timedelta(days=1)


def idempotent(view: "View[P]") -> "View[P]":
    """Answer a second sending as the first was answered: with its messages, leading to the row that it made.

    A second sending waits until the first has ended. An answer that leads nowhere has made nothing, and is
    given again. Innermost of a view's decorators: what it raises undoes everything within.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method != "POST" or not request.POST.get(MARK):
            return view(request, *args, **kwargs)
        return _answer(view, request, *args, **kwargs)

    return guarded


@transaction.atomic
def _answer(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
    request: HttpRequest,
    *args: P.args,
    **kwargs: P.kwargs,
) -> HttpResponseBase:
    sending, is_first = FormSubmission.objects.get_or_create(
        key=_key(request), defaults={"sent_at": clock.real_now()}
    )
    if not is_first:
        for level, text, tags in sending.messages:
            messages.add_message(request, level, text, extra_tags=tags)
        return redirect(sending.redirect_url)
    answer = view(request, *args, **kwargs)
    if isinstance(answer, HttpResponseRedirect):
        sending.redirect_url, sending.messages = answer.url, list(_queued_messages(request))
        sending.save(update_fields=["redirect_url", "messages"])
    else:
        sending.delete()
    return answer


def _key(request: HttpRequest) -> str:
    """A hash of who sent what to which address; nothing of it can be read from that."""
    files = {
        name: [hashlib.sha256(file.read()).hexdigest() for file in data]
        for name, data in request.FILES.lists()
    }
    for _name, uploaded_files in request.FILES.lists():
        for file in uploaded_files:
            file.seek(0)
    sent = [request.get_full_path(), request.user.pk, dict(request.POST.lists()), files]
    return hashlib.sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()


def _queued_messages(request: HttpRequest) -> Iterator[tuple[int, str, str]]:
    """The messages that wait for the next page; reading takes them out, so they are put back."""
    waiting = [
        (item.level, str(item.message), item.extra_tags or "")
        for item in messages.get_messages(request)
    ]
    for level, text, tags in waiting:
        messages.add_message(request, level, text, extra_tags=tags)
        yield level, text, tags


def delete_old_submissions() -> int:
    """Delete what is older than a day; returns how many rows."""
    return FormSubmission.objects.filter(sent_at__lt=clock.real_now() - RETENTION).delete()[0]
