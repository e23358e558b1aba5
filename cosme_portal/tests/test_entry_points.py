"""Every way by which text comes into the portal, found by introspection, takes the same hostile texts.

A form, column or dossier field that is added later is found and tried without a change here.
"""

import io
import json
import pkgutil
import re
import xml.etree.ElementTree as ET
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import get_args
from xml.sax.saxutils import escape

import pytest
from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib.auth.forms import UsernameField
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.db import DataError, IntegrityError, connection, models, transaction
from django.utils.feedgenerator import Atom1Feed
from pydantic import BaseModel

from applicants.models import User
from calls.call_file import BadCallFile, read_call_text
from calls.models import Programme
from foundation.csv_import import InvalidCsv, read_rows
from foundation.form_rules import cleaned
from foundation.stored_texts import _texts_of, clean_before_saving
from foundation.tests.hostile_texts import HOSTILE
from foundation.text import unsafe_in, unsafe_places
from foundation.text_guards import MADE_OF_CHECKED_TEXTS
from proposals.dossier.file_reader import UnusableDossier, read_dossier
from proposals.models import ContactPoint, PartnershipRequest
from proposals.partnering.views.saved_searches import RequestFeed

OURS = ("applicants", "calls", "cosme_portal", "foundation", "proposals")
LIBRARIES = (
    "allauth.account.forms",
    "django.contrib.auth.forms",
    "django.contrib.admin.forms",
    "django.contrib.admin.views.main",
)

CALL_FILE = (settings.ROOT / "calls" / "data" / "cos-cluster-2014-3-03.yaml").read_text()
PROGRAMME = (
    "Programme for the Competitiveness of Enterprises and Small and Medium-sized Enterprises"
)

NO_FORMS = {
    "tests",
    "bench",
    "migrations",
    "demo",
    "__main__",
    "celery",
    "pdf_layout",
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
    for result in kind.__subclasses__():
        yield result
        yield from subclasses(result)


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
    for name, field in fields:
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
@pytest.mark.parametrize(
    "hostile", [hostile for hostile in HOSTILE if unsafe_in(hostile.text)], ids=str
)
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
        rows = read_rows(
            f'name;text\n"{hostile.text}";"{hostile.text}"\n',
            needed=["name"],
            known=["name", "text"],
            check=lambda row: None,
        )
    except InvalidCsv:
        return
    assert not any(unsafe_in(cell) for row in rows for cell in row.cells.values())


def escaped(text):
    """A text in YAML that its reader understands without a look at the characters."""
    return '"' + "".join(rf"\U{ord(sign):08x}" for sign in text) + '"'


def call_file_with(text):
    """A call file that can be used, but for the name of its programme."""
    return CALL_FILE.replace(PROGRAMME, text, 1)


@pytest.mark.parametrize("write", [str, escaped], ids=["as it is", "escaped"])
@pytest.mark.parametrize(
    "hostile", [hostile for hostile in HOSTILE if unsafe_in(hostile.text)], ids=str
)
def test_a_call_file_refuses_unsafe_characters_with_the_line(hostile, write):
    with pytest.raises(BadCallFile) as refusal:
        read_call_text(call_file_with(write(hostile.text)))
    assert refusal.value.line == CALL_FILE[: CALL_FILE.index(PROGRAMME)].count("\n") + 1
    assert unsafe_in(hostile.text).code_point in str(refusal.value)


def test_the_feed_shows_a_request_that_was_stored_before_there_were_rules():
    feed = Atom1Feed("Requests", "/", "")
    item = PartnershipRequest(title="a\x0bb\ufffe", text="\x01text")
    title, text = RequestFeed().item_title(item), RequestFeed().item_description(item)
    feed.add_item(title, "/1", text)
    assert (title, text) == ("ab", "text")
    ET.fromstring(feed.writeString("utf-8"))  # noqa: S314 -- our own


# --- What reads files and programs' data ---------------------------------------------------------

# Every command that reads a file, with one that holds the text. Each says so, and shows nothing unsafe.
FILES_OF_COMMANDS = {
    "call_import": lambda text: call_file_with(escaped(text)),
    "contact_points": lambda text: f"kind;name;email\nhelpdesk;{text};a@example.eu\n",
    "screen": lambda text: json.dumps({"summary": {"acronym": text}, text: text}),
    "verify_ledger": lambda text: json.dumps({"size": text, "root": text}),
    "verify_receipt": lambda text: f"%PDF-1.7\n{text}",
}
READS_NO_PEOPLES_FILE = {"database_roles", "seed_demo", "backup", "restore", "new_seal_key"}
# Every form field that takes a file, with the function that reads it.
FILES_OF_FORMS = {
    "proposals.steps.forms.actions.FileForm.file": "PDFs: proposals/workspace/tests/test_uploads.py, test_hostile_pdfs.py",
    "proposals.screening.views.ReplyForm.pdfs": "PDFs, as above",
    "proposals.helpdesk.admin.contact_points.FileForm.file": "rows_of, above",
    "proposals.partnering.views.saved_searches.FileForm.file": "rows_of, above",
    "proposals.steps.forms.consortium.PartnerTableForm.file": "rows_of, above; proposals/consortium/tests/test_partner_table.py",
    "cosme_portal.design_views.SpecimenForm.document": "shown, never sent: the page only reads",
}
# What data of programs is parsed into: everything else must be a part of these.
ROOTS = {"proposals.dossier.file_format.Dossier", "proposals.dossier.file_reader._Format"}


def commands_with_files():
    """Commands of ours with an argument that names a file."""
    for name, app in get_commands().items():
        if app not in OURS:
            continue
        parser = load_command_class(app, name).create_parser("manage.py", name)
        known = {"settings", "pythonpath"}
        own = [action for action in parser._actions if action.dest not in known]  # noqa: SLF001 -- argparse shows them nowhere else
        if any(
            action.type is Path or "file" in f"{action.dest} {action.metavar}".lower()
            for action in own
        ):
            yield name


def test_every_command_that_reads_a_file_is_tried():
    assert set(commands_with_files()) - READS_NO_PEOPLES_FILE == set(FILES_OF_COMMANDS)


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(FILES_OF_COMMANDS))
def test_no_command_takes_or_shows_an_unsafe_text(name, tmp_path, capfd):
    for number, hostile in enumerate(hostile for hostile in HOSTILE if unsafe_in(hostile.text)):
        file = tmp_path / str(number)
        file.write_bytes(FILES_OF_COMMANDS[name](hostile.text).encode("utf-8", "surrogatepass"))
        data = ["--head", str(file)] if name == "verify_ledger" else [str(file)]
        out, err, refused = io.StringIO(), io.StringIO(), ""
        try:
            call_command(name, *data, stdout=out, stderr=err)
        except (CommandError, SystemExit) as error:
            refused = str(error)
        printed = capfd.readouterr()
        output = f"{out.getvalue()}{err.getvalue()}{printed.out}{printed.err}{refused}"
        assert unsafe_in(re.sub(r"\x1b\[[0-9;]*m", "", output)) is None, (name, hostile.text)
    stored = [row for model in (ContactPoint, Programme) for row in model.objects.values()]
    assert not list(unsafe_places([str(value) for row in stored for value in row.values()]))


def is_of_the_portal(module):
    """Whether a module belongs to the portal itself and not to its tests, which other tests may have imported."""
    names = module.split(".")
    return names[0] in OURS and "tests" not in names


def test_every_form_that_takes_a_file_is_known():
    import_everything()
    results = {
        f"{form.__module__}.{form.__qualname__}.{name}"
        for form in set(subclasses(forms.BaseForm))
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field, forms.FileField) and is_of_the_portal(form.__module__)
    }
    assert results == set(FILES_OF_FORMS)


def parts_of(model, known=()):
    """A parsed model and every model inside it."""
    yield model
    for field in model.model_fields.values():
        for inside in models_in(field.annotation):
            if inside not in known:
                yield from parts_of(inside, (*known, model))


def models_in(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)


def test_every_parsed_model_is_a_part_of_what_is_tried():
    import_everything()
    ours = [
        subclass
        for subclass in set(subclasses(BaseModel))
        if subclass.__module__.split(".")[0] in OURS
    ]
    names = {f"{item.__module__}.{item.__name__}": item for item in ours}
    tried = {part for root in ROOTS for part in parts_of(names[root])}
    bases = {base for part in tried for base in part.__mro__}
    assert [name for name, item in names.items() if item not in tried | bases] == []


def texts_in(value, place=()):
    if isinstance(value, str):
        yield place
    elif isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from texts_in(inner, (*place, key))


def with_text(value, place, text):
    made = deepcopy(value)
    part = made
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = text
    return made


def test_every_text_of_a_dossier_refuses_unsafe_characters_with_the_place():
    example = json.loads((settings.ROOT / "docs" / "examples" / "laser-go.json").read_text())
    places = list(texts_in(example))
    assert len(places) > 30
    for place in places:
        for text in ("a\x0bb", "a\ufffeb"):
            with pytest.raises(UnusableDossier):
                read_dossier(json.dumps(with_text(example, place, text)))
