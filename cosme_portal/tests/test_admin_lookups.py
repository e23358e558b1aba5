"""What an address may ask the admin: the parameters of a list's own filters, and nothing else."""

import re
from functools import cache
from random import Random

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.test import Client, RequestFactory
from django.urls import reverse

from applicants.tests.factories import make_user
from conftest import AFTERNOON, NEXT_DAY
from foundation import clock
from foundation.admin_site import DATE_PARTS, PortalAdminSite, unguarded
from proposals.models import SealedAccessAttempt
from proposals.officers.rights import HELPDESK, RIGHTS
from proposals.tests.factories import make_officer, make_ready, reload, save, submit

pytestmark = pytest.mark.django_db

DEPTH = 3
ADMINISTRATOR = "administrator"
PROBE = "call__strands__proposals__current_version__dossier__contains"
REGISTRY = admin.site._registry  # noqa: SLF001 -- what is registered
WORD, NO_WORD = "ZWINKELWORD", "QXINKELWORD"
# Tokens, and the ages of what waits, differ from one answer to the next.
CHANGING = re.compile(
    r'csrfmiddlewaretoken" value="[^"]*"|nonce="[^"]*"|data-request="[^"]*"|\d+ seconds?|>\d+\.\d<'
)
EVERYONE = [*RIGHTS, ADMINISTRATOR]
ADMINS = sorted(REGISTRY.items(), key=lambda pair: pair[0]._meta.label)
MODELS = [model for model, _admin in ADMINS]


@cache
def steps_of(model):
    """Names of the fields of a model, each with its lookups and the model that it leads to."""
    steps = []
    for field in model._meta.get_fields(include_hidden=True):
        name = getattr(field, "name", None)
        try:
            model._meta.get_field(name or "")
        except FieldDoesNotExist:
            continue
        lookups = field.get_lookups() if hasattr(field, "get_lookups") else ()
        related = getattr(field, "related_model", None)
        steps.append((name, tuple(lookups), related if related != "self" else model))
    return steps


def paths_from(model, depth):
    """Every field that can be reached over so many relations, with every lookup that its type has."""
    for name, lookups, related in steps_of(model):
        yield name
        yield from (f"{name}__{lookup}" for lookup in lookups)
        if related and depth:
            yield f"{name}__pk"
            yield from (f"{name}__{rest}" for rest in paths_from(related, depth - 1))


def any_path(model, chance, depth=DEPTH):
    """A path over so many relations where there are so many; the longest are the likeliest."""
    name, lookups, related = chance.choice(steps_of(model))
    ways_on = [step for step in steps_of(model) if step[2]]
    if depth and ways_on:
        name, _lookups, related = chance.choice(ways_on)
        return f"{name}__{any_path(related, chance, depth - 1)}"
    return f"{name}__{chance.choice(lookups)}" if lookups else name


def person_of(role):
    administrator = {"is_staff": True, "is_superuser": True}
    return make_user(**administrator) if role == ADMINISTRATOR else make_officer(role)


def client_of(role):
    client = Client()
    client.force_login(person_of(role))
    return client


def listing(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def test_every_registered_admin_is_guarded():
    assert unguarded(admin.site) == []

    class Open(admin.ModelAdmin):
        def lookup_allowed(self, *_args, **_kwargs):
            return True

    site = PortalAdminSite()
    model = ADMINS[0][0]
    site.register(model, Open)
    assert unguarded(site) == [] and not site.get_model_admin(model).lookup_allowed("id__gt", "1")


def listed_for_everyone(its_admin):
    """What the filters of a list take, whoever reads it and whenever."""
    listed = set()
    for role in EVERYONE:
        request = RequestFactory().get("/")
        request.user = person_of(role)
        for moment in (AFTERNOON, NEXT_DAY):
            with clock.frozen_at(moment):
                listed |= its_admin.listed_lookups(request)
    return listed


@pytest.mark.parametrize("model", MODELS, ids=lambda item: item.__name__)
def test_no_path_over_three_relations_is_a_filter_that_is_not_listed(model, monkeypatch):
    its_admin = REGISTRY[model]
    listed = listed_for_everyone(its_admin)
    assert not any(
        "__" in name.removesuffix("__exact").removesuffix("__isnull").removesuffix("__id")
        for name in listed - dates_of(its_admin)
    )
    # Worked out once: there are seven million paths.
    monkeypatch.setattr(its_admin, "listed_lookups", lambda _request: listed)
    request = RequestFactory().get("/")
    allowed = {
        path for path in paths_from(model, DEPTH) if its_admin.lookup_allowed(path, "1", request)
    }
    assert allowed <= listed


def dates_of(its_admin):
    return {f"{its_admin.date_hierarchy}__{part}" for part in DATE_PARTS}


@pytest.mark.parametrize("later", [False, True], ids=["before the deadline", "after it"])
@pytest.mark.parametrize("role", EVERYONE)
def test_a_list_answers_400_to_any_lookup_that_is_not_listed(call, role, later):
    submit(make_ready(call))
    client, chance = client_of(role), Random(f"{role} {later}")
    with clock.frozen_at(NEXT_DAY if later else AFTERNOON):
        for model, its_admin in ADMINS:
            page = client.get(listing(model))
            if page.status_code == 403:
                continue
            listed = its_admin.listed_lookups(page.wsgi_request)
            paths = {any_path(model, chance, depth) for depth in (0, 1, 2, 3, 3, 3)}
            for path in sorted({*paths, "pk__gt"} - listed):
                if path.startswith("_"):  # a table of its own between two others, which has no name
                    continue
                answer = client.get(listing(model), {path: "password"})
                assert answer.status_code == 400, (model, path)


def questions_to(its_admin, word):
    """What an address can ask of any list besides its filters."""
    columns = range(1, len(its_admin.list_display) + 1)
    yield from ({"o": order} for column in columns for order in (str(column), f"-{column}"))
    yield from ({"o": order} for order in ("99", "x", "1.-2.3", "dossier", "proposal__number"))
    yield from ({"q": term} for term in (word, word[:3], f'"{word}"', f"{word} {word}"))
    fields = ("pk", "id", "number", "dossier", "password", "proposal", "proposal__number")
    yield from ({"_to_field": name} for name in fields)
    yield from ({"_popup": "1", "_to_field": name} for name in fields)
    yield from ({"_popup": value, "q": word} for value in ("1", "x"))
    yield from ({"e": value} for value in ("", "1", PROBE))
    yield from ({"p": page} for page in ("0", "1", "2", "999999", "x", "-1"))
    yield from ({"all": value, "q": word} for value in ("", "1"))
    yield from ({"_facets": value, "q": word} for value in ("", "True"))
    for name in ("received_at", "at", "tried_at", "made_at", its_admin.date_hierarchy or "pk"):
        yield {f"{name}__year": "2015"}
        yield {f"{name}__year": "2015", f"{name}__month": "4", f"{name}__day": "21"}
    for asked in (f"{PROBE}={word}", f"q={word}", "proposal__number__contains=1", "%00=%ff"):
        yield {"_changelist_filters": asked}


@pytest.mark.parametrize("role", EVERYONE)
def test_no_question_to_a_list_tells_anything_of_a_sealed_proposal(call, role):
    version = sealed_with(call, WORD)
    client = client_of(role)
    for model, its_admin in ADMINS:
        if client.get(listing(model)).status_code == 403:
            continue
        true = list(questions_to(its_admin, WORD))
        wrong = list(questions_to(its_admin, NO_WORD))
        for asked, other in zip(true, wrong, strict=True):
            answer = client.get(listing(model), asked)
            assert answer.status_code in {200, 302, 400}, (model, asked)
            shown = text_of(answer)
            assert version.proposal.number not in shown and version.sha256 not in shown, (
                model,
                asked,
            )
            if asked != other:
                # What is not there is answered in the same words.
                same = text_of(client.get(listing(model), other)).replace(NO_WORD, WORD)
                assert shown == same.replace(NO_WORD[:3], WORD[:3]), (model, asked)


@pytest.mark.parametrize("role", EVERYONE)
def test_no_form_and_no_autocompletion_tells_anything_of_a_sealed_proposal(call, role):
    version = sealed_with(call, WORD)
    client = client_of(role)
    for model, _admin in ADMINS:
        label, name = model._meta.app_label, model._meta.model_name
        for part, data in (("add", []), ("change", [version.pk]), ("history", [version.pk])):
            page = reverse(f"admin:{label}_{name}_{part}", args=data)
            for asked in (
                "",
                f"?_changelist_filters={PROBE}%3D{NO_WORD}",
                "?_to_field=password",
                "?_popup=1&_to_field=dossier",
                f"?proposal={version.proposal_id}",
            ):
                answer = client.get(page + asked)
                shown = text_of(answer)
                assert answer.status_code < 500, page + asked
                assert WORD not in shown and version.proposal.number not in shown, page + asked
        for field, _lookups, _related in steps_of(model):
            asked = {"app_label": label, "model_name": name, "field_name": field, "term": ""}
            answer = client.get(reverse("admin:autocomplete"), asked)
            assert version.proposal.number not in text_of(answer), asked


def sealed_with(call, word):
    proposal = make_ready(call)
    save(proposal, "summary", acronym=word, title_text=word, abstract=word)
    return submit(reload(proposal))


def text_of(answer):
    text = answer.content.decode() + answer.headers.get("Location", "")
    return CHANGING.sub("", text)


@pytest.mark.parametrize("name", ["partnershiprequest", "enquiry"])
def test_a_probe_of_sealed_data_is_refused_and_noted_without_its_value(call, name):
    submit(make_ready(call))
    client = client_of(HELPDESK)
    address = reverse(f"admin:proposals_{name}_changelist")
    assert apps.get_model("proposals", name).objects.filter(**{PROBE: "LASER"}).exists() is False
    answer = client.get(address, {PROBE: "LASER"})
    assert answer.status_code == 400
    attempt = SealedAccessAttempt.objects.get()
    assert attempt.proposal is None and attempt.path == f"{address}?{PROBE}"


def test_the_filters_of_a_list_still_work(call):
    client = client_of(ADMINISTRATOR)
    for model, its_admin in ADMINS:
        request = client.get(listing(model)).wsgi_request
        for name in its_admin.listed_lookups(request):
            assert client.get(listing(model), {name: "1"}).status_code in {200, 302}, name


def test_deleting_an_account_does_not_name_what_it_submitted(call):
    version = submit(make_ready(call))
    client = client_of(ADMINISTRATOR)
    page = client.get(reverse("admin:applicants_user_delete", args=[version.submitted_by.pk]))
    assert page.status_code in {200, 403} and version.proposal.number not in page.content.decode()


def test_autocompletion_answers_only_for_fields_that_offer_it():
    client = client_of(ADMINISTRATOR)
    asked = {"app_label": "proposals", "model_name": "version", "field_name": "proposal"}
    assert client.get(reverse("admin:autocomplete"), asked).status_code == 403


@pytest.mark.parametrize("path", ["/admin/", "/admin/proposals/version/", "/admin/nothing/"])
def test_an_applicant_at_the_officers_pages_gets_403_and_a_way_out(path):
    client = Client()
    client.force_login(make_user())
    answer = client.get(path)
    assert answer.status_code == 403 and reverse("proposals:mine") in answer.content.decode()


def test_an_applicant_who_signs_in_towards_the_officers_pages_is_not_sent_round():
    client = Client()
    client.force_login(make_user())
    answer = client.get("/admin/login/?next=/admin/", follow=True)
    assert answer.status_code == 403 and len(answer.redirect_chain) <= 2


def test_signing_out_of_the_back_office_leads_to_the_calls():
    answer = client_of(ADMINISTRATOR).post(reverse("admin:logout"))
    assert answer.status_code == 302 and answer.url == reverse("calls:list")
