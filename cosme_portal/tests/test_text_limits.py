"""A limit on characters never cuts: every field that has one shows a counter, and the largest form fits."""

import importlib
import pkgutil

import pytest
from django import forms
from django.conf import settings
from django.test import Client
from django.urls import reverse

import applicants
import calls
import proposals
from applicants.forms import OrganisationForm
from applicants.profile import PROFILE_STEPS
from applicants.tests.factories import make_user
from applicants.three_way_merge import MAX_LIST_ROWS
from proposals.dossier.document import Draft
from proposals.models import Section
from proposals.steps.wizard import steps_of
from proposals.tests.factories import make_draft

BYTES_OF_A_CHARACTER = 12  # of the widest: four bytes, each as %XX


def all_forms():
    """Every form class of the portal, and those of the libraries whose pages it shows."""
    for package in (calls, applicants, proposals):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if (
                ".tests" not in module.name
                and ".migrations" not in module.name
                and ".management" not in module.name
            ):
                importlib.import_module(module.name)
    importlib.import_module("allauth.account.forms")
    waiting, known = [forms.BaseForm], set()
    while waiting:
        for form in waiting.pop().__subclasses__():
            if form not in known:
                known.add(form)
                waiting.append(form)
    return sorted((form for form in known if getattr(form, "base_fields", None)), key=str)


def limited_fields():
    for form in all_forms():
        for name, field in form.base_fields.items():
            if getattr(field, "max_length", None) and not field.widget.is_hidden:
                yield f"{form.__module__}.{form.__name__}.{name}", field


def test_every_limited_text_field_shows_a_counter_and_cuts_nothing():
    known = dict(limited_fields())
    assert len(known) > 60
    for place, field in known.items():
        html = field.widget.render("name", "", {"id": "id_name"})
        if isinstance(field.widget, forms.MultiWidget | forms.FileInput):
            continue
        assert "maxlength" not in html, place
        assert f'data-limit="{field.max_length}"' in html and "data-counter" in html, place


def test_no_template_cuts():
    results = [
        str(path)
        for path in (settings.ROOT / "templates").rglob("*.html")
        if "maxlength" in path.read_text()
    ]
    assert results == []


def test_no_number_or_day_is_typed_into_a_field_that_drops_what_it_cannot_read():
    for form in all_forms():
        if form.__module__.startswith(("calls", "applicants", "proposals", "cosme_portal")):
            for name, field in form.base_fields.items():
                kind = field.widget.attrs.get("type", getattr(field.widget, "input_type", ""))
                assert kind not in ("number", "date", "datetime-local"), f"{form.__name__}.{name}"


def largest(form):
    """Characters of the fields of a form that is filled to its limits, and how many fields it has."""
    sizes = []
    for name, field in form.fields.items():
        if isinstance(field, forms.MultipleChoiceField):
            sizes += [len(name) + len(str(code)) for code, _label in field.choices]
        elif isinstance(field, forms.ChoiceField):
            sizes.append(
                len(name) + max([len(str(code)) for code, _label in field.choices], default=0)
            )
        else:
            sizes.append(len(name) + (getattr(field, "max_length", None) or 60))
    return sum(sizes), len(sizes)


@pytest.mark.django_db
@pytest.mark.parametrize("strand", ["3.1", "3.2"])
def test_the_largest_form_of_each_step_fits(call, strand):
    draft = Draft(make_draft(call, strand=strand, countries=["LT"] + ["FR"] * 12))
    forms = [
        step.form(saved=Section(step=step.slug), draft=draft)
        for step in steps_of(draft.proposal.strand)
        if step.form
    ]
    forms += [form(saved=Section(step=form.slug)) for form in PROFILE_STEPS]
    for form in forms:
        size, count = largest(form)
        rows = getattr(form, "rows", None)
        if rows is not None:
            row_size, row_count = largest(rows.empty_form)
            size, count = (
                size + MAX_LIST_ROWS * (row_size + 20 * row_count),
                count + (MAX_LIST_ROWS + 5) * row_count,
            )
        assert size * BYTES_OF_A_CHARACTER < settings.MAX_STEP_SIZE, form.slug
        assert count + 10 < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS, form.slug


@pytest.mark.django_db
def test_sixty_activities_in_cyrillic_are_stored_whole(call):
    proposal = make_draft(call)
    text = "ж" * 3000
    row = {"title": "ж" * 200, "description": text, "justification": "ж" * 2000}
    sent = {"seen_version": "0", "activities-TOTAL_FORMS": "60", "activities-INITIAL_FORMS": "0"}
    sent |= {
        f"activities-{number}-{name}": value for number in range(60) for name, value in row.items()
    }
    body = "&".join(
        f"{name}={''.join(f'%{byte:02X}' for byte in value.encode())}"
        for name, value in sent.items()
    )
    client = Client()
    client.force_login(proposal.started_by)
    page = reverse("proposals:step", args=[proposal.number, "activities"])
    answer = client.post(page, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 302
    stored = Section.objects.get(proposal=proposal, step="activities").answers["activities"]
    assert len(stored) == 60 and all(item["description"] == text for item in stored)


@pytest.mark.django_db
def test_more_than_that_is_refused_in_a_sentence_and_the_page_stays(call):
    proposal = make_draft(call)
    client = Client()
    client.force_login(proposal.started_by)
    page = reverse("proposals:step", args=[proposal.number, "activities"])
    body = "x=" + "a" * settings.MAX_STEP_SIZE
    kind = "application/x-www-form-urlencoded"
    answer = client.post(page, body, content_type=kind, headers={"X-Autosave": "1"})
    assert (answer.status_code, answer.json()["state"]) == (413, "too-large")
    assert client.post(page, body, content_type=kind).status_code == 413
    assert (
        client.post("/", "x=" + "a" * settings.MAX_TEXT_SIZE, content_type=kind).status_code == 413
    )


@pytest.mark.django_db
def test_a_text_that_is_too_long_is_kept_whole_and_says_how_many_are_too_many(call):
    proposal = make_draft(call)
    client = Client()
    client.force_login(proposal.started_by)
    page = reverse("proposals:step", args=[proposal.number, "summary"])
    text = "ж\r\n" * 1600
    answer = client.post(page, {"seen_version": "0", "abstract": text}, headers={"X-Autosave": "1"})
    reply = answer.json()
    assert (
        reply["state"] == "saved"
        and reply["needs_correction"]
        and "199 characters too many" in reply["words"]
    )
    stored = Section.objects.get(proposal=proposal, step="summary").answers["abstract"]
    assert stored == text.replace("\r\n", "\n")
    html = client.get(reverse("proposals:check", args=[proposal.number])).content.decode()
    assert "characters too many" in html


def test_forms_of_models_count_too():
    html = str(OrganisationForm()["legal_name"])
    assert 'data-limit="200"' in html and "maxlength" not in html


@pytest.mark.django_db
def test_the_admin_counts_too(call):
    user = make_user(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    name = "admin:applicants_user_change"
    assert "maxlength" not in client.get(reverse(name, args=[user.pk])).content.decode()
