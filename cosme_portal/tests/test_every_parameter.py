"""Each page with rows that exist: every parameter that it reads and every field of its forms gets nonsense.

What a page reads is noted while it is asked, so a parameter that is added later is tried too.
"""

from collections import defaultdict
from contextlib import contextmanager
from html.parser import HTMLParser

import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse

from applicants.tests.factories import make_user
from conftest import NEXT_DAY
from cosme_portal.middleware import RefuseUnreadableValues
from foundation import clock
from proposals.dossier.document import Draft
from proposals.models import Version
from proposals.officers.tests.test_rights import objects, world
from proposals.submission.receipt_links import contacts_by_key, receipt_link

# Django itself shows a form for a new row in place of a change, if somebody sends “_saveasnew”.
pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]

__all__ = ["world"]
NONSENSE = "9" * 5000
SERVER_ERRORS = 500


class Fields(HTMLParser):
    """The fields of a page's forms that are sent by POST, with what they hold."""

    def __init__(self):
        super().__init__()
        self.forms, self.current = [], None

    def handle_starttag(self, tag, attributes):
        results = dict(attributes)
        if tag == "form":
            is_post = (results.get("method") or "").lower() == "post"
            self.current = {} if is_post else None
            if is_post:
                self.forms.append((results.get("action") or "", self.current))
        name = results.get("name")
        if self.current is None or not name or name == "csrfmiddlewaretoken":
            return
        if tag in {"input", "textarea", "button"}:
            self.current.setdefault(name, results.get("value") or "1")
        if tag == "select":
            self.current.setdefault(name, "1")

    def handle_endtag(self, tag):
        if tag == "form":
            self.current = None


@pytest.fixture
def reads(monkeypatch):
    """Names that views ask requests for."""
    names_read = set()

    def noting(original):
        def asked(self, name, *args):
            if isinstance(name, str):
                names_read.add(name)
            return original(self, name, *args)

        return asked

    for method in ("__getitem__", "get", "getlist", "__contains__"):
        original = getattr(QueryDict, method)
        monkeypatch.setattr(QueryDict, method, noting(original))
    return names_read


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def routes(patterns=None, namespaces=(), start=""):
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = start + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from routes(entry.url_patterns, inner, route)
        elif entry.name and "logout" not in entry.name:
            names = entry.pattern.regex.groupindex
            yield ":".join((*namespaces, entry.name)), tuple(names), route


def arguments(name, route, rows, version):
    model = "_".join(name.removeprefix("admin:").split("_")[:2])
    row = rows.get(model)
    known = {
        "number": version.proposal.number,
        "version": 1,
        "key": "p2",
        "slug": "summary",
        "slot": "roadmap",
        "reference": version.proposal.call.reference,
        "object_id": row.pk if row else 1,
        "pk": row.pk if row else version.pk,
        "task": "decide",
        "sha256": version.sha256,
        "code": "LT",
        "token": token_of(version),
    }
    return lambda argument: known.get(argument, 1)


def token_of(version):
    """Of a link to the proof of submission, as the email to a contact person holds it."""
    address = contacts_by_key(Draft(version.proposal))["p2"]
    return receipt_link(version, key="p2", address=address).split("/")[-2]


def addresses(version):
    rows = objects()
    for name, names, route in routes():
        data = arguments(name, route, rows, version)
        try:
            yield reverse(name, kwargs={name: data(name) for name in names})
        except NoReverseMatch:
            continue


class Asker:
    """Asks pages and notes which failed, and which refused without a word; nothing that they did stays."""

    def __init__(self, version):
        self.lead, self.officer = (Client(raise_request_exception=False) for _client in range(2))
        self.lead.force_login(version.submitted_by)
        self.officer.force_login(make_user(is_staff=True, is_superuser=True))
        self.failed = []

    def ask(self, method, path, sent):
        client = self.officer if path.startswith("/admin/") else self.lead
        with undone():
            answer = getattr(client, method)(path, sent)
        is_silent = answer.status_code in {400, 403, 404} and not answer.content
        if answer.status_code >= SERVER_ERRORS or is_silent:
            wrong = sorted(name for name, value in sent.items() if value == NONSENSE)
            self.failed.append((method, path, wrong, answer.status_code))
        return answer


def forms_in(page, path):
    """Address and fields of each form; those of one address together."""
    forms = defaultdict(dict)
    if page.headers.get("Content-Type", "").startswith("text/html") and not page.streaming:
        parser = Fields()
        parser.feed(page.content.decode())
        for action, fields in parser.forms:
            if "logout" not in action and "clock" not in action:
                forms[action or path].update(fields)
    return forms


def test_no_page_fails_at_nonsense_in_any_parameter(world, reads, monkeypatch, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Views refuse it themselves: what catches the rest has no sentence about the field.
    monkeypatch.setattr(RefuseUnreadableValues, "process_exception", lambda *_args: None)
    version = Version.objects.get(pk=world["version"].pk)
    asker, tried = Asker(version), set()
    with clock.frozen_at(NEXT_DAY):
        for path in dict.fromkeys(addresses(version)):
            reads.clear()
            page = asker.ask("get", path, {})
            for name in sorted(reads):
                asker.ask("get", path, {name: NONSENSE})
            for target, fields in forms_in(page, path).items():
                for name in fields:
                    if (target, name) not in tried:
                        tried.add((target, name))
                        asker.ask("post", target, fields | {name: NONSENSE})
            reads.clear()
            asker.ask("post", path, {})
            for name in sorted(reads - {"csrfmiddlewaretoken"}):
                asker.ask("post", path, {name: NONSENSE})
    assert not asker.failed, asker.failed
