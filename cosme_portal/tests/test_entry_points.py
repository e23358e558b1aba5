"""Every way by which text comes into the portal, found by introspection, takes the same hostile texts.

A form, column or dossier field that is added later is found and tried without a change here.
"""

import pkgutil
import xml.etree.ElementTree as ET
from importlib import import_module
from xml.sax.saxutils import escape

import pytest
from django import forms
from django.apps import apps
from django.contrib.auth.forms import UsernameField
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, connection, models, transaction
from django.utils.feedgenerator import Atom1Feed

from applicants.models import User
from calls.call_file import BadCallFile, read_call_text
from foundation.form_rules import cleaned
from foundation.stored_texts import _texts_of, clean_before_saving
from foundation.tests.hostile_texts import HOSTILE
from foundation.text import unsafe_in, unsafe_places
from foundation.text_guards import MADE_OF_CHECKED_TEXTS
from proposals.csv_files import UnusableTable, rows_of
from proposals.models import PartnershipRequest
from proposals.views.watching import RequestFeed

OURS = ("applicants", "calls", "cosme_portal", "foundation", "proposals")
LIBRARIES = ("allauth.account.forms", "django.contrib.auth.forms", "django.contrib.admin.forms",
             "django.contrib.admin.views.main")  # fmt: skip

NO_FORMS = {
    "tests",
    "bench",
    "migrations",
    "demo",
    "__main__",
    "celery",
    "layout",
}  # programs of their own


def import_everything():
    for name in OURS:
        package = import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not set(module.name.split(".")) & NO_FORMS:
                import_module(module.name)
    for name in LIBRARIES:
        import_module(name)


def subclasses(kind):
    for found in kind.__subclasses__():
        yield found
        yield from subclasses(found)


def text_fields():
    """Each field of each form that reads text, by form and name."""
    import_everything()
    for form in set(subclasses(forms.BaseForm)):
        for name, field in getattr(form, "base_fields", {}).items():
            if isinstance(field, forms.CharField):
                yield f"{form.__module__}.{form.__qualname__}.{name}", field


def test_a_form_that_is_written_later_is_found():
    class LaterForm(forms.Form):
        remark = forms.CharField()

    assert any("LaterForm.remark" in name for name, _field in text_fields())


def test_every_form_field_takes_or_refuses_each_text_and_keeps_it_as_documented():
    fields = list(text_fields())
    assert len({name.rsplit(".", 1)[0] for name, _field in fields}) > 40
    # Fields of one kind answer alike: one of each class, widget and rule is tried with every text.
    kinds = {
        (type(field), type(field.widget), field.required, field.max_length): (name, field)
        for name, field in fields
    }
    for name, field in kinds.values():
        for hostile in HOSTILE:
            try:
                value = field.clean(hostile.text)
            except ValidationError:
                continue
            assert_safe(name, field, hostile, value)


def assert_safe(name, field, hostile, value):
    if not isinstance(value, str) or isinstance(field.widget, forms.PasswordInput):
        return
    assert unsafe_in(value) is None, (name, hostile.text)
    ET.fromstring(f"<a>{escape(value)}</a>")  # noqa: S314 -- our own
    # A URL is completed; a user name, which the portal does not use, is composed by Django.
    changes_more = isinstance(field, forms.URLField | UsernameField)
    if type(field).clean is forms.Field.clean and not changes_more:
        assert value == cleaned(field, hostile.text.strip()), (name, hostile.text)


@pytest.mark.django_db
def test_every_text_column_has_its_constraint():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
            " WHERE k.contype = 'c' AND k.conname LIKE '%%_has_no_unsafe_characters'"
        )
        guarded = set(cursor.fetchall())
    wanted = {
        (model._meta.db_table, f"{field.column[:36]}_has_no_unsafe_characters")
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_concrete_fields
        if isinstance(
            field, models.CharField | models.TextField | models.JSONField | models.FileField
        )
        and (model._meta.db_table, field.column) not in MADE_OF_CHECKED_TEXTS
    }
    assert len(wanted) > 100
    assert wanted <= guarded


@pytest.mark.django_db
@pytest.mark.parametrize("hostile", [one for one in HOSTILE if unsafe_in(one.text)], ids=str)
def test_the_database_refuses_what_no_text_may_contain(hostile):
    user = User.objects.create_user("a@example.eu", full_name="A")
    with pytest.raises((IntegrityError, DataError, ValueError)), transaction.atomic():
        User.objects.filter(pk=user.pk).update(full_name=hostile.text[:150])


@pytest.mark.parametrize(
    "value", ["a\\b", "\\u0001", "\\\\f", "tab\t", "line\n", "é😀\u200b\u202e"]
)
@pytest.mark.django_db
def test_typed_backslashes_are_no_control_characters(value):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT public.is_safe_json(to_jsonb(%s::text)::text), public.is_safe_text(%s)",
            [value] * 2,
        )
        assert cursor.fetchone() == (True, True)


@pytest.mark.parametrize("value", ["a\x0b", "\x08", "\x0c", "\\\x01", "\x01\x02", "\ufffe", "\x9f"])
@pytest.mark.django_db
def test_control_characters_in_json_are_found_whatever_escapes_them(value):
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.is_safe_json(to_jsonb(ARRAY[%s::text])::text)", [value])
        assert cursor.fetchone() == (False,)


def test_whatever_the_console_saves_is_clean():
    unsafe = [hostile for hostile in HOSTILE if unsafe_in(hostile.text)]
    for model in apps.get_models():
        for field_name, _clean in _texts_of(model):
            for hostile in unsafe:
                row = model(**{field_name: hostile.text})
                clean_before_saving(row)
                assert not list(unsafe_places(getattr(row, field_name))), (model, field_name)


@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
def test_every_table_takes_or_refuses_each_text(hostile):
    try:
        rows = rows_of(
            f'name;text\n"{hostile.text}";"{hostile.text}"\n',
            needed=["name"],
            known=["name", "text"],
            check=lambda row: None,
        )
    except UnusableTable:
        return
    assert not any(unsafe_in(cell) for row in rows for cell in row.cells.values())


@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
def test_a_call_file_refuses_unsafe_characters_with_the_line(hostile):
    with pytest.raises(BadCallFile):
        read_call_text(f"programme:\n  name: {hostile.text}\n")


def test_the_feed_shows_a_request_that_was_stored_before_there_were_rules():
    feed = Atom1Feed("Requests", "/", "")
    item = PartnershipRequest(title="a\x0bb\ufffe", text="\x01text")
    title, text = RequestFeed().item_title(item), RequestFeed().item_description(item)
    feed.add_item(title, "/1", text)
    assert (title, text) == ("ab", "text")
    ET.fromstring(feed.writeString("utf-8"))  # noqa: S314 -- our own
