"""A call as a file: what is written can be read back without a difference."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from calls.call_export import call_content, call_text
from calls.call_file import read_call_file, read_call_text
from calls.call_import import load_call
from calls.models import Call, ConditionChange

FILES = sorted((Path(__file__).parent.parent / "data").glob("*.yaml"))


def stored(reference):
    return Call.objects.with_page_parts().get(reference=reference)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_call_is_stored_and_written_without_a_difference(db, file):
    content = read_call_file(file)
    call = load_call(content)

    text = call_text(stored(call.reference))

    assert read_call_text(text) == call_content(stored(call.reference))
    assert read_call_text(text)["call"] == content["call"]
    participation = content["programme"]["participation"]
    assert sorted(map(str, read_call_text(text)["programme"]["participation"])) == sorted(
        map(str, participation)
    )
    again = load_call(read_call_text(text))
    assert call_text(stored(again.reference)) == text


@pytest.mark.parametrize("checklist", [[], [{"code": "C1", "text": "A group.", "required": True}]])
def test_a_call_keeps_its_own_checklist(call, checklist):
    call.checklist = checklist
    call.save()
    text = call_text(stored(call.reference))
    load_call(read_call_text(text))
    assert stored(call.reference).checklist == checklist


def test_the_shipped_calls_agree_on_their_programme():
    programmes = [read_call_file(file)["programme"] for file in FILES]
    assert len(programmes) == 3
    assert all(programme == programmes[0] for programme in programmes)


def test_loading_what_was_exported_is_no_change_of_conditions(call):
    before = ConditionChange.objects.count()
    load_call(read_call_text(call_text(stored(call.reference))))
    assert ConditionChange.objects.count() == before


def test_the_command_writes_to_standard_output(call):
    out = StringIO()
    call_command("call_export", call.reference, stdout=out)
    assert out.getvalue() == call_text(stored(call.reference))


def test_an_unknown_call_is_named_with_those_that_are_known(call):
    with pytest.raises(CommandError, match=r"“NO” does not exist.*COS-CLUSTER-2014-3-03"):
        call_command("call_export", "NO")
