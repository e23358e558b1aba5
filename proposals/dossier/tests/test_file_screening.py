"""Judging dossiers from files: what is read, what is refused and how, and what the command says."""

import dataclasses
import io
import json
import subprocess
import sys
import time
from copy import deepcopy
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from jsonschema import Draft202012Validator

from calls.conditions import change_rules
from calls.eligibility import Outcome, canonical
from proposals.dossier import file_screening
from proposals.dossier.document import Draft, dossier_of
from proposals.dossier.facts import Circumstances, facts_of
from proposals.dossier.file_format import FORMATS
from proposals.dossier.file_reader import UnusableDossier, read_dossier
from proposals.dossier.file_screening import conditions_in, dossiers_in, facts_from, judge_text
from proposals.dossier.json_schema import dossier_schema, verdict_schema
from proposals.management.commands.screen import OVERALL
from proposals.models import VerdictRecord
from proposals.tests.factories import make_draft, make_ready, reload, save, submit

EXAMPLES = sorted((settings.ROOT / "docs" / "examples").glob("*.json"))
LASER_GO = json.loads((settings.ROOT / "docs" / "examples" / "laser-go.json").read_text())


def changed(**places):
    """The LASER-GO dossier with values put at places such as `consortium__0__role`."""
    dossier = deepcopy(LASER_GO)
    for place, value in places.items():
        *way, last = place.split("__")
        part = dossier
        for name in way:
            part = part[int(name)] if name.isdigit() else part[name]
        part[int(last) if last.isdigit() else last] = value
    return dossier


def problems_of(dossier):
    text = dossier if isinstance(dossier, str | bytes) else json.dumps(dossier)
    with pytest.raises(UnusableDossier) as refusal:
        judge_text(text, conditions_in())
    return [
        (problem.pointer, problem.found, problem.expected) for problem in refusal.value.problems
    ]


def run(*files, monkeypatch=None, input_bytes=b"", **options):
    """What the command printed, what it complained of, and its exit status."""
    out, complaints, status = io.StringIO(), io.StringIO(), 0
    if monkeypatch:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(input_bytes)))
    try:
        call_command("screen", *map(str, files), stdout=out, stderr=complaints, **options)
    except SystemExit as end:
        status = end.code
    return out.getvalue(), complaints.getvalue(), status


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_keeps_to_both_schemas_and_is_not_rejected(file):
    dossier = json.loads(file.read_text())
    Draft202012Validator(dossier_schema(dossier["format"])).validate(dossier)
    verdict = judge_text(file.read_bytes(), conditions_in()).verdict
    Draft202012Validator(verdict_schema()).validate(verdict.as_json())
    assert verdict.outcome == "pass"


def test_the_schemas_are_schemas():
    for schema in (*map(dossier_schema, FORMATS), verdict_schema()):
        Draft202012Validator.check_schema(schema)


def test_the_generated_documents_are_up_to_date():
    call_command("generate_docs", "--check", stdout=io.StringIO())


@pytest.mark.parametrize("strand", ["3.1", "3.2"])
def test_every_dossier_of_the_portal_can_be_read_and_says_the_same(call, strand):
    empty, ready = make_draft(call, strand=strand), make_ready(call, strand=strand)
    half = make_draft(call, strand=strand)
    save(half, "vision", vision="", markets=[{"country": "", "region": "ASEAN", "reason": ""}])
    save(
        half,
        "activities",
        activities=[{"title": "", "objective": "", "description": "", "justification": "x"}],
    )
    for proposal in (empty, ready, half):
        dossier = dossier_of(Draft(reload(proposal)))
        Draft202012Validator(dossier_schema()).validate(dossier)
        conditions = conditions_in()[call.reference]
        read = facts_from(read_dossier(canonical(dossier)), conditions)
        assert read == facts_of(dossier, Circumstances(deadline=call.deadline))


def test_a_submitted_version_gets_the_same_verdict_from_its_file(call):
    version = submit(make_ready(call))
    received = version.received_at
    judged = judge_text(version.dossier, conditions_in(), received_at=received)
    stored = VerdictRecord.objects.get(version=version).verdict
    # Whether its partners apply elsewhere, a file alone cannot say.
    known = tuple(finding for finding in stored.findings if finding.rule != "one-application")
    assert len(known) < len(stored.findings)
    assert judged.verdict == dataclasses.replace(stored, findings=known)


@pytest.mark.parametrize(
    ("dossier", "pointer", "expected", "wanted"),
    [
        (changed(extra=1), "/extra", "an unknown field", "one of format, call, strand"),
        (changed(**{"consortium__0__a/b~c": 1}), "/consortium/0/a~1b~0c", "an unknown field", "one of key"),
        (changed(format="cosme-dossier/3"), "/format", "“cosme-dossier/3”", "one of cosme-dossier/1, cosme-dossier/2"),
        (changed(format=["cosme-dossier/1"]), "/format", "a list", "one of cosme-dossier/1, cosme-dossier/2"),
        (changed(declaration=None), "/declaration", "an unknown field", "one of format, call, strand"),
        (changed(call="COS-X"), "/call", "“COS-X”", "one of COS-CLUSINT-2016-03-01, "),
        (changed(strand="3.3"), "/strand", "“3.3”", "a strand of the call: 3.1, 3.2"),
        (changed(strand=3.1), "/strand", "3.1", "a text that is not empty"),
        (changed(consortium={}), "/consortium", "an object", "a list"),
        (changed(consortium__1__key="p1"), "/consortium", "the same key twice", "a different key"),
        (changed(consortium__0__role="boss"), "/consortium/0/role", "“boss”", "'coordinator', 'partner' or"),
        (changed(consortium__0__organisation__country=""), "/consortium/0/organisation/country", "“”", "FR or EL"),
        (changed(consortium__0__organisation__country="EU"), "/consortium/0/organisation/country", "“EU”", "FR or EL"),
        (changed(consortium__0__organisation__country="XX"), "/consortium/0/organisation/country", "“XX”", "FR or EL"),
        (changed(consortium__0__organisation__country=None), "/consortium/0/organisation/country", "null", "FR or EL"),
        (changed(consortium__0__organisation__pic="12"), "/consortium/0/organisation/pic", "“12”", "nine digits"),
        (changed(consortium__0__budget__grant=7500), "/consortium/0/budget/grant", "7500", "an amount in euro"),
        (changed(consortium__0__budget__grant="7,500"), "/consortium/0/budget/grant", "“7,500”", "an amount in euro"),
        (changed(consortium__0__budget__grant="-1"), "/consortium/0/budget/grant", "“-1”", "an amount in euro"),
        (changed(consortium__0__budget__grant="1e5"), "/consortium/0/budget/grant", "“1e5”", "an amount in euro"),
        (changed(consortium__0__budget__grant="٧"), "/consortium/0/budget/grant", "“٧”", "an amount in euro"),
        (changed(budget={"total_costs": "1.234"}), "/budget/total_costs", "“1.234”", "an amount in euro"),
        (changed(received_at="2015-04-21T16:59:59"), "/received_at", "“2015-04-21T16:59:59”", "an instant with its offset"),
        (changed(received_at="yesterday"), "/received_at", "“yesterday”", "an instant with its offset"),
        (changed(consortium__0__profile__members__smes=121), "/consortium/0/profile/members/smes", "121", "at most 120, the total"),
        (changed(consortium__0__profile__members__large=-1), "/consortium/0/profile/members/large", "-1", "at least 0"),
        (changed(consortium__0__profile__members__staff="-0.5"), "/consortium/0/profile/members/staff", "“-0.5”", "full-time"),
        (changed(consortium__0__profile__identity__founded=2016), "/consortium/0/profile/identity/founded", "2016", "a year up to 2015"),
        (changed(consortium__0__profile__registration__planned_on="1.6.2015"), "/consortium/0/profile/registration/planned_on", "“1.6.2015”", "a date"),
        (changed(consortium__0__profile__registration__status="maybe"), "/consortium/0/profile/registration/status", "“maybe”", "one of 'registered'"),
        (changed(markets__0={"reason": "x"}), "/markets/0", "an object", "a country, or the name of a region"),
        (changed(summary__duration_months="18"), "/summary/duration_months", "“18”", "a whole number"),
        (changed(summary__duration_months=True), "/summary/duration_months", "true", "a whole number"),
        (changed(files=[{"slot": "a", "name": "a.pdf", "pages": 1, "sha256": "AB"}]), "/files/0/sha256", "“AB”", "64 hexadecimal"),
        (changed(received_at="2015-W17-2T16:59:59Z"), "/received_at", "“2015-W17-2T16:59:59Z”", "an instant with its offset"),
        (changed(received_at="0001-01-01T00:00:00+14:00"), "/received_at", "“0001-01-01T00:00:00+14:00”", "an instant with its offset"),
        (changed(received_at="2015-04-21T16:59:59+02:00:00"), "/received_at", "“2015-04-21T16:59:59+02:00:00”", "an instant with its offset"),
        (changed(consortium__0__profile__registration__planned_on="20150601"), "/consortium/0/profile/registration/planned_on", "“20150601”", "a date"),
        (changed(consortium__0__profile__registration__profile_link="javascript:alert(1)"), "/consortium/0/profile/registration/profile_link", "“javascript:alert(1)”", "https://"),
        (changed(consortium__0__profile__services__offered=[" "]), "/consortium/0/profile/services/offered/0", "“ ”", "a text that is not empty"),
        (changed(consortium__0__key="submission"), "/consortium/0/key", "“submission”", "a key of up to 20"),
        (changed(deliverables=[{"code": "a"}, {"code": "a"}]), "/deliverables", "the same code twice", "each deliverable once"),
        (changed(files=[{"slot": "a", "name": "a.pdf", "pages": 1}] * 2), "/files", "the same slot twice", "one file for each slot"),
        (changed(consortium=[LASER_GO["consortium"][0] | {"key": f"p{n}"} for n in range(201)]), "/consortium", "a list", "a list of at most 200"),
        (changed(consortium__0__organisation__country="ß"), "/consortium/0/organisation/country", "“ß”", "FR or EL"),
        (changed(consortium__0__organisation__country="ﬁ"), "/consortium/0/organisation/country", "“ﬁ”", "FR or EL"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_dossier_is_named(dossier, pointer, expected, wanted):
    problems = problems_of(dossier)
    assert [(where, what) for where, what, _asked in problems] == [(pointer, expected)]
    assert wanted in problems[0][2]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "no", b"\xff\xfe", '{"call": "\\ud800"}'])
def test_what_is_no_json_object_is_refused_as_a_whole(text):
    (first, *_others) = problems_of(text)
    assert first[0] == ""


def test_all_problems_are_named_at_once():
    dossier = changed(call="", strand=1)
    del dossier["consortium"]
    assert [pointer for pointer, _found, _asked in problems_of(dossier)] == ["/call", "/strand", ""]


def test_what_was_found_is_shown_short_and_printable():
    ((_pointer, result, _asked),) = problems_of(changed(format="\x1b[31m" + "x" * 500))
    assert result == "“�[31m" + "x" * 55 + "…”"


@pytest.mark.parametrize(
    ("code", "stored"), [("el", "EL"), (" EL ", "EL"), ("GR", "EL"), ("gb", "UK"), ("RE", "FR")]
)
def test_codes_of_countries_are_normalised(code, stored):
    dossier = read_dossier(json.dumps(changed(consortium__0__organisation__country=code)))
    assert dossier["consortium"][0]["organisation"]["country"] == stored


@pytest.mark.parametrize(
    "instant",
    [
        "2015-04-21T14:59:59Z",
        "2015-04-21t14:59:59z",
        "2015-04-21T16:59+02:00",
        "2015-04-21T16:59:59.999999999+02:00",
        "2015-04-21T16:59:59.1+02:00",
    ],
)
def test_instants_are_read_as_rfc_3339_writes_them(instant):
    assert judge_text(json.dumps(changed(received_at=instant)), conditions_in()).verdict

    late = instant.replace("16:59:59.9", "17:00:00.0")
    expected = "inadmissible" if late != instant else "pass"
    judged = judge_text(json.dumps(changed(received_at=late)), conditions_in())
    assert judged.verdict.outcome == expected


def test_case_77_a_proposal_under_the_wrong_topic_is_for_an_officer():
    verdict = judge_text(json.dumps(changed(strand="3.2")), conditions_in()).verdict
    rules = {(f.rule, f.outcome.value) for f in verdict.findings if f.outcome == "officer"}
    assert verdict.outcome == "officer"
    assert {("deliverables", "officer"), ("activities-justified", "officer")} <= rules


def test_case_75_a_deliverable_that_the_file_does_not_list_is_missing():
    rest = [
        deliverable for deliverable in LASER_GO["deliverables"] if deliverable["code"] != "roadmap"
    ]
    verdict = judge_text(json.dumps(changed(deliverables=rest)), conditions_in()).verdict
    (finding,) = verdict.having("officer")
    assert (finding.rule, finding.subject) == ("deliverables", "deliverable:roadmap")


def test_an_empty_profile_is_not_taken_for_a_complete_one():
    verdict = judge_text(json.dumps(changed(consortium__0__profile={})), conditions_in()).verdict
    (finding,) = verdict.blocking
    assert (finding.rule, finding.subject) == ("profile-complete", "p1")
    assert "Identity: Legal form" in finding.evidence["missing"]


def test_the_rule_date_can_be_another_one():
    text = json.dumps(changed(consortium__2__organisation__country="MD"))
    outcomes = [
        judge_text(text, conditions_in(), rule_date=day).verdict.outcome
        for day in (date(2015, 4, 6), date(2015, 4, 7))
    ]
    assert outcomes == ["officer", "pass"]


def test_the_instant_that_is_given_goes_before_that_of_the_dossier():
    late = datetime(2015, 4, 21, 15, 0, tzinfo=UTC)
    text = json.dumps(LASER_GO)
    assert judge_text(text, conditions_in()).verdict.outcome == "pass"
    assert judge_text(text, conditions_in(), received_at=late).verdict.outcome == "inadmissible"


def test_many_files_give_a_verdict_each_in_their_order(tmp_path):
    serbia = tmp_path / "serbia.json"
    serbia.write_text(json.dumps(changed(consortium__2__organisation__country="RS")))
    out, complaints, status = run(EXAMPLES[0], serbia, EXAMPLES[1])
    outcomes = [json.loads(line)["outcome"] for line in out.splitlines()]
    assert (outcomes, complaints, status) == (["pass", "ineligible", "pass"], "", 1)


def test_only_passing_files_end_with_zero():
    out, _complaints, status = run(*EXAMPLES)
    assert (len(out.splitlines()), status) == (len(EXAMPLES), 0)


def test_one_bad_file_does_not_stop_the_others(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(changed(consortium__0__organisation__country="XX")))
    out, complaints, status = run(EXAMPLES[0], bad, tmp_path / "none.json", EXAMPLES[1])
    assert (len(out.splitlines()), status) == (2, 2)
    assert complaints.splitlines() == [
        f"{bad}: /consortium/0/organisation/country: found “XX”; expected the code of a country, such as FR or EL.",
        f"{tmp_path}/none.json cannot be read: No such file or directory.",
    ]


def test_standard_input_holds_one_dossier_on_each_line(monkeypatch):
    lines = [LASER_GO, changed(strand="9"), changed(consortium__2__organisation__country="FR")]
    content = "\n\n".join(json.dumps(line) for line in lines).encode()
    out, complaints, status = run("-", monkeypatch=monkeypatch, input_bytes=content)
    outcomes = [json.loads(line)["outcome"] for line in out.splitlines()]
    assert (outcomes, status) == (["pass", "ineligible"], 2)
    assert complaints.startswith("-, line 3: /strand: found “9”")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\xef\xbb\xbf" + json.dumps(LASER_GO).encode(), [None]),
        (json.dumps(LASER_GO, indent=1).encode(), [None]),
        (b"\n\n {}\n\n{}\n", [3, 5]),
        (b"\xef\xbb\xbf{}\n{}", [1, 2]),
        (b"{" + b"[" * 200_000 + b"}", [None]),
        (b"", [None]),
    ],
)
def test_what_a_file_holds_is_seen_by_its_first_line(value, expected):
    assert [line for line, _text in dossiers_in(io.BytesIO(value))] == expected


def test_a_line_that_is_too_long_is_one_problem_at_its_place(monkeypatch):
    monkeypatch.setattr(file_screening, "LARGEST", 10)
    content = b'{"a": 1}\n{"b": "' + b"x" * 100 + b'"}\n{"c": 1}\n'
    results = list(dossiers_in(io.BytesIO(content)))
    assert results == [(1, b'{"a": 1}\n'), (2, b'{"b": "xxx'), (3, b'{"c": 1}\n')]


def test_deep_nesting_is_a_problem_and_no_crash():
    assert problems_of('{"summary": ' + "[" * 100_000)[0][0] == ""


def test_the_text_holds_nothing_that_steers_a_terminal(tmp_path):
    hostile = tmp_path / "hostile.json"
    text = changed(
        summary__acronym="A\x1b[2JB", consortium__0__organisation__cluster_name="C\x1b]0;x\x07"
    )
    hostile.write_text(json.dumps(text))
    out, complaints, status = run(hostile, format="text")
    assert status != 0
    assert "U+001B" in out + complaints
    assert not set("\x1b\x07") & set(out + complaints)


def test_a_partner_that_names_no_service_is_for_an_officer():
    for services in ({}, {"other_service": "  "}, {"offered": [], "channelled": []}):
        dossier = changed(
            consortium__0__profile__services=services | {"independent": "yes", "how": "So"}
        )
        verdict = judge_text(json.dumps(dossier), conditions_in()).verdict
        assert {f.subject for f in verdict.having("officer")} == {"p1", "consortium"}
        assert verdict.outcome == "officer"


def test_a_document_that_cannot_be_read_describes_no_deliverable():
    rest = [
        deliverable | {"text": ""} if deliverable["code"] == "roadmap" else deliverable
        for deliverable in LASER_GO["deliverables"]
    ]
    file = {"slot": "roadmap", "name": "r.pdf", "pages": 0, "problem": "It is locked."}
    verdict = judge_text(
        json.dumps(changed(deliverables=rest, files=[file])), conditions_in()
    ).verdict
    assert {f.subject for f in verdict.having("officer")} == {"deliverable:roadmap"}
    assert "cannot be read: It is locked. Every file" in verdict.blocking[0].message


def test_the_text_is_for_people(tmp_path):
    serbia = tmp_path / "serbia.json"
    serbia.write_text(json.dumps(changed(consortium__2__organisation__country="RS")))
    out, _complaints, _status = run(serbia, format="text")
    printed = " ".join(out.split())
    assert printed.startswith(f"LASER-GO · strand 3.1 {OVERALL[Outcome.INELIGIBLE]}")
    assert "At most 2 countries can count (France and Lithuania); at least 3 are needed." in printed
    assert (
        "To fix it: Add a partner from a participating country other than France or Lithuania."
        in printed
    )
    assert "Source: Call text, consortium: at least three different countries" in printed
    coloured, _complaints, _status = run(serbia, format="text", force_color=True)
    assert "\x1b[" in coloured


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"received_at": "2015-04-21T17:00:00"},
            "--received-at: found “2015-04-21T17:00:00”; expected an instant",
        ),
        ({"rule_date": "21.4.2015"}, "--rule-date: found “21.4.2015”; expected a date"),
        ({"rule_date": "2015-W17-2"}, "--rule-date: found “2015-W17-2”; expected a date"),
        ({"rule_date": ""}, "--rule-date: found “”; expected a date"),
        ({"received_at": ""}, "--received-at: found “”; expected an instant"),
        ({"call": [settings.ROOT / "none.yaml"]}, "none.yaml cannot be read"),
        ({"call": [settings.ROOT / "README.md"]}, "README.md, line 4: this is not YAML"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options, text):
    with pytest.raises(CommandError, match=text) as refusal:
        run(EXAMPLES[0], **options)
    assert refusal.value.returncode == 2


def test_the_calls_of_the_database_are_asked_only_where_that_is_wanted(call, tmp_path):
    without = [entry for entry in call.rules if entry["rule"] != "min-countries"]
    change_rules(call, without, reason="A test", made_by="A test", confirmed_by="A colleague")
    file = tmp_path / "two-countries.json"
    file.write_text(json.dumps(changed(consortium__2__organisation__country="FR")))
    assert run(file)[2] == 1
    assert run(file, stored=True)[2] == 0


@pytest.mark.parametrize(
    "twice",
    [
        '{"format": "cosme-dossier/1", "format": "cosme-dossier/1", ',
        '{"vision": {"vision": "a", "vision": "b"}, ',
    ],
)
def test_a_field_that_is_there_twice_is_refused(twice):
    ((pointer, result, asked),) = problems_of(json.dumps(LASER_GO).replace("{", twice, 1))
    assert pointer == "" and "twice" in result and asked == "each field once"


@pytest.mark.parametrize("offset", ["+02:60", "+25:00", "-24:00", "+2:00", "+0200", "CEST", ""])
def test_an_offset_that_no_clock_has_is_refused(offset, tmp_path):
    ((pointer, _found, asked),) = problems_of(changed(received_at=f"2015-04-21T16:59:59{offset}"))
    assert pointer == "/received_at" and "offset" in asked
    file = tmp_path / "a.json"
    file.write_text(json.dumps(LASER_GO))
    with pytest.raises(CommandError) as refusal:
        call_command("screen", str(file), received_at=f"2015-04-21T16:59:59{offset}")
    assert refusal.value.returncode == 2


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "1.5", "9" * 5000])
def test_a_number_that_cannot_be_is_refused_at_its_place(number):
    text = json.dumps(changed(summary__duration_months=777)).replace("777", number)
    problems = problems_of(text)
    assert [pointer for pointer, _found, _asked in problems] in (["/summary/duration_months"], [""])


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("form", ["json", "text"])
def test_a_terminal_of_another_encoding_gets_utf_8(encoding, form, tmp_path):
    file = tmp_path / "łódź.json"
    text = json.dumps(changed(consortium__0__organisation__legal_name="Łódź → нет"))
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "manage.py", "screen", str(file), "--format", form]
    environment = {"PYTHONIOENCODING": encoding, "PORTAL_MODE": "development"}
    done = subprocess.run(
        command, cwd=settings.ROOT, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode()


def test_what_nobody_foresaw_does_not_end_as_if_some_did_not_pass(monkeypatch):
    def fail(*_args, **_kwargs):
        raise LookupError("nobody foresaw this")

    monkeypatch.setattr("proposals.management.commands.screen.judge_text", fail)
    out, errors, status = run(EXAMPLES[0])
    assert (out, status) == ("", 2)
    assert "nobody foresaw this" in errors


def test_it_runs_where_no_database_is(tmp_path):
    command = [sys.executable, "manage.py", "screen", str(EXAMPLES[0])]
    environment = {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "PORTAL_MODE": "development",
    }
    done = subprocess.run(
        command, cwd=settings.ROOT, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["outcome"] == "pass"


HOSTILE = {
    "brackets": "[" * 50_000,
    "objects": '{"a":' * 50_000,
    "brackets in a field": '{"activities":' + "[" * 50_000,
    "values": '{"activities":[' + "1," * 1_000_000 + "1]}",
    "objects without end": '{"consortium":[' + "{}, " * 1_000_000 + "{}]}",
    "unknown fields": "{" + ",".join(f'"k{number}":1' for number in range(200_000)) + "}",
    "wrong fields": "{" + ",".join(f'"k{number}":1' for number in range(20_000)) + "}",
    "digits": '{"call":' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused_at_once_in_a_few_lines(name):
    begun = time.process_time()
    with pytest.raises(UnusableDossier) as refusal:
        read_dossier(HOSTILE[name])
    assert len(refusal.value.problems) <= 100
    assert time.process_time() - begun < 3


def test_every_list_of_a_dossier_has_an_end():
    def lists_in(schema, place=""):
        if isinstance(schema, dict):
            if schema.get("type") == "array" and "maxItems" not in schema:
                yield place
            for name, part in schema.items():
                yield from lists_in(part, f"{place}/{name}")
        if isinstance(schema, list):
            for number, part in enumerate(schema):
                yield from lists_in(part, f"{place}/{number}")

    assert [list(lists_in(dossier_schema(version))) for version in FORMATS] == [[], []]
