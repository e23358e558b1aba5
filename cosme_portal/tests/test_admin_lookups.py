"""What an address may ask the admin: the parameters of a list's own filters, and nothing else."""

import pytest
from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.test import Client, RequestFactory
from django.urls import reverse

from applicants.tests.factories import make_user
from calls import clock
from conftest import NEXT_DAY
from foundation.admin_site import PortalAdminSite, unguarded
from proposals.desk.rights import HELPDESK, RIGHTS
from proposals.models import SealedAccess
from proposals.tests.factories import make_officer, make_ready, submit

pytestmark = pytest.mark.django_db

DEPTH = 3
ADMINISTRATOR = "administrator"
PROBE = "call__strands__proposals__counting__dossier__contains"
REGISTRY = admin.site._registry  # noqa: SLF001 -- what is registered
ADMINS = sorted(REGISTRY.items(), key=lambda pair: pair[0]._meta.label)


def paths_from(model, depth=DEPTH):
    """Every field that can be reached, with every lookup that its type has."""
    for field in model._meta.get_fields(include_hidden=True):
        name = getattr(field, "name", None)
        if not name:
            continue
        try:
            model._meta.get_field(name)
        except FieldDoesNotExist:
            continue
        yield name
        lookups = field.get_lookups() if hasattr(field, "get_lookups") else ()
        yield from (f"{name}__{lookup}" for lookup in lookups)
        related = getattr(field, "related_model", None)
        if related and depth and related != "self":
            yield f"{name}__pk"
            yield from (f"{name}__{rest}" for rest in paths_from(related, depth - 1))


def client_of(role):
    administrator = {"is_staff": True, "is_superuser": True}
    person = make_user(**administrator) if role == ADMINISTRATOR else make_officer(role)
    client = Client()
    client.force_login(person)
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


@pytest.mark.parametrize("model", [model for model, _admin in ADMINS], ids=lambda one: one.__name__)
def test_no_path_of_the_model_graph_is_a_filter_that_is_not_listed(model):
    its_admin = REGISTRY[model]
    request = RequestFactory().get("/")
    request.user = make_user(is_staff=True, is_superuser=True)
    listed = its_admin.listed_lookups(request)
    allowed = {
        path for path in paths_from(model, 2) if its_admin.lookup_allowed(path, "1", request)
    }
    assert allowed <= listed
    assert not any(
        "__" in name.removesuffix("__exact").removesuffix("__isnull").removesuffix("__id")
        for name in listed
    )


@pytest.mark.parametrize("later", [False, True], ids=["before the deadline", "after it"])
@pytest.mark.parametrize("role", [*RIGHTS, ADMINISTRATOR])
def test_a_list_answers_400_to_any_lookup_that_is_not_listed(call, role, later):
    submit(make_ready(call))
    client = client_of(role)
    with clock.set_to(NEXT_DAY if later else clock.now()):
        for model, its_admin in ADMINS:
            if client.get(listing(model)).status_code == 403:
                continue
            paths = [path for path in paths_from(model, 1) if "__" in path]
            request = RequestFactory().get("/")
            request.user = make_user()
            listed = its_admin.listed_lookups(request)
            for path in [*paths[:: max(1, len(paths) // 2)][:2], "pk__gt"]:
                if path in listed:
                    continue
                answer = client.get(listing(model), {path: "password"})
                assert answer.status_code == 400, (model, path)


@pytest.mark.parametrize("name", ["partnershiprequest", "enquiry"])
def test_a_probe_of_sealed_data_is_refused_and_noted_without_its_value(call, name):
    submit(make_ready(call))
    client = client_of(HELPDESK)
    address = reverse(f"admin:proposals_{name}_changelist")
    answer = client.get(address, {PROBE: "LASER"})
    assert answer.status_code == 400
    noted = SealedAccess.objects.get()
    assert noted.proposal is None and noted.path == f"{address}?{PROBE}"


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
