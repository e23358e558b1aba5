"""What officers take out: tables without formulas, ZIP files with hashes, a bundle that checks itself."""

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from calls.eligibility.countries import NAMES
from conftest import NEXT_DAY
from foundation import clock
from foundation.spreadsheets import escape_formula
from proposals import tasks
from proposals.models import CaseEvent, Export, Version
from proposals.officers import cases
from proposals.officers.rights import AUDITORS
from proposals.proof import signing_key
from proposals.proof.receipts import create_receipt
from proposals.reporting import audit_bundles, export_tables, exports
from proposals.reporting.export_tables import COLUMNS, export_rows
from proposals.screening import clarifications
from proposals.screening.automatic_check import screen_closed
from proposals.screening.decisions import notify_applicant, record_decision, review_decision
from proposals.tests.factories import make_officer, make_ready, reload, save, submit
from proposals.workspace.tests.test_uploads import pdf_bytes, upload

pytestmark = pytest.mark.django_db

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.fixture(autouse=True)
def files_of_its_own(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def versions(call):
    """Three versions, one with a hostile title and a file."""
    proposal = make_ready(call)
    save(proposal, "summary", acronym="=HYPERLINK(1)", title_text='=cmd|"/c calc"!A1')
    upload(reload(proposal), pdf_bytes(), name="the ../plan of Zoë & co.pdf".replace("../", ""))
    made = [submit(reload(proposal)), submit(make_ready(call)), submit(make_ready(call))]
    for version in made:
        create_receipt(version)
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        yield made


def officer_client(officer):
    client = Client()
    client.force_login(officer)
    return client


def exported(kind, versions, officer=None):
    officer = officer or make_officer()
    export = exports.request_export(kind, [version.pk for version in versions], by=officer)
    assert exports.make_exports() == 1
    export.refresh_from_db()
    with default_storage.open(export.path) as stored:
        content = stored.read()
    assert hashlib.sha256(content).hexdigest() == export.sha256 and len(content) == export.size
    return content


def test_a_table_is_the_same_in_all_three_formats(versions):
    record_decision(versions[1], outcome="eligible", reason="-Met", by=make_officer())
    rows = list(csv.DictReader(io.StringIO(exported("csv", versions).decode("utf-8-sig"))))
    assert list(rows[0]) == [str(column) for column in COLUMNS.values()]
    assert rows[0]["Title"] == '\'=cmd|"/c calc"!A1' and rows[0]["Acronym"] == "'=HYPERLINK(1)"
    assert (
        rows[1]["Reason"] == "'-Met"
        and rows[1]["Status of the decision"] == "waiting for a second officer"
    )
    assert rows[0]["Countries"] == "; ".join(NAMES[code] for code in ("AT", "FR", "LT"))
    plain = json.loads(exported("json", versions))
    assert plain[0]["title"] == '=cmd|"/c calc"!A1' and plain[0]["countries"] == ["AT", "FR", "LT"]
    assert plain[0]["received_at"] == "2015-04-21T14:20:00.000Z"
    assert [item["proposal"] for item in plain] == [row["Proposal"] for row in rows]
    with zipfile.ZipFile(io.BytesIO(exported("xlsx", versions))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "=cmd|" in sheet and "<hyperlink" not in sheet


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_a_formula(text):
    assert escape_formula(text) == "'" + text
    assert escape_formula(f"a{text}") == f"a{text}" and escape_formula("") == ""


def test_the_table_takes_the_same_number_of_queries_with_many(versions, django_assert_num_queries):
    for count in (1, 3):
        chosen = Version.objects.filter(pk__in=[version.pk for version in versions[:count]])
        with django_assert_num_queries(2):
            assert len(list(export_rows(chosen))) == count


def test_all_files_come_with_their_hashes_under_harmless_names(versions):
    with zipfile.ZipFile(io.BytesIO(exported("files", versions))) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("manifest.json"))["files"]
        for name, digest in manifest.items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == digest
        sums = archive.read("SHA256SUMS").decode()
    folder = f"versions/{versions[0].proposal.number}-v1"
    assert f"{folder}/dossier.json" in names and f"{folder}/receipt.pdf" in names
    [file] = [name for name in names if "/files/" in name]
    assert file.startswith(f"{folder}/files/") and file.endswith("-the-plan-of-Zo-co.pdf")
    assert set(names) == {*manifest, "manifest.json"} and file in sums


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\x.pdf", ".pdf", "a" * 300, "=x.pdf", "\u202egpj.pdf"]
)
def test_no_name_of_a_file_leads_out_of_the_archive(name):
    made = audit_bundles.safe_name("0" * 64, name)
    assert made.startswith("000000000000-") and made.endswith(".pdf")
    assert not set(made) & set("/\\:=\u202e") and ".." not in made and len(made) < 110


@pytest.fixture
def bundle(versions, tmp_path):
    """An auditor's bundle with a question, an answer and a letter, unpacked."""
    question = clarifications.request_clarification(
        versions[0], "Who?", due_at=NEXT_DAY.replace(day=29), by=make_officer()
    )
    clarifications.store_reply(question, "We.", by=versions[0].submitted_by, received_at=NEXT_DAY)
    decision = record_decision(
        versions[0], outcome="ineligible", reason="Not met.", by=make_officer()
    )
    review_decision(decision, answer="confirmed", reason="", by=make_officer())
    notify_applicant(decision, by=make_officer())
    tasks.process_outbox()
    tasks.sequence_ledger()
    content = exported("bundle", versions, make_officer(AUDITORS))
    folder = tmp_path / "bundle"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder


def check(bundle, *certificates):
    """As an auditor runs it: another process, without the portal on its path."""
    data = certificates or (published(bundle),)
    trust = [part for item in data if item for part in ("--trust", str(item))]
    done = subprocess.run(
        [sys.executable, "check_bundle.py", *trust],
        cwd=bundle,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def published(bundle):
    """The portal's certificate, from the portal and not from the bundle."""
    path = bundle.parent / "published.pem"
    path.write_text(signing_key.load_signing_key().pem)
    return path


def test_the_auditors_bundle_checks_itself(bundle, versions):
    status, output = check(bundle)
    assert status == 0, output
    for part in (
        "dossiers match their hashes",
        "signed roots",
        "roots have valid signatures",
        "sets of rules and countries",
        "All 6 recomputed verdicts are identical byte for byte",
        "All checks passed.",
    ):
        assert part in output, output
    own = bundle / "versions" / f"{versions[0].proposal.number}-v1"
    decision = json.loads((own / "decisions.json").read_text())[0]
    assert decision["outcome"] == "ineligible" and decision["answer"] == "confirmed"
    assert json.loads((own / "questions.json").read_text())[0]["reply"] == "We."
    assert (own / "letter-1.pdf").read_bytes()[:5] == b"%PDF-"


def test_a_bundle_names_nothing_of_what_is_still_sealed_and_checks_all_the_same(versions, tmp_path):
    sealed = versions[2].proposal
    later = NEXT_DAY + timedelta(days=30)
    sealed.extensions.create(
        until=later, reason="Outage", granted_by=make_officer(), granted_at=clock.now()
    )
    tasks.process_outbox()
    tasks.sequence_ledger()
    folder = tmp_path / "bundle"
    content = exported("bundle", versions[:2], make_officer(AUDITORS))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    log = (folder / "log" / "entries.ndjson").read_text()
    assert sealed.number not in log and versions[2].sha256 not in log
    assert versions[0].proposal.number in log
    status, output = check(folder)
    assert status == 0, output


def test_with_python_alone_it_says_what_it_could_not_check(bundle):
    done = subprocess.run(
        [sys.executable, "-I", "-S", "check_bundle.py"],
        cwd=bundle,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "All checks passed." not in done.stdout
    assert "Signatures of the log were NOT checked" in done.stdout
    assert "Verdicts were NOT recomputed" in done.stdout


def test_without_a_trusted_certificate_a_bundle_never_holds(bundle):
    status, output = check(bundle, None)
    assert status == 3 and "Their origin was NOT checked" in output


def test_a_bundle_of_another_portal_is_found(bundle, settings, tmp_path):
    settings.SEAL_FILE = str(tmp_path / "other.pem")
    signing_key.load_signing_key.cache_clear()
    try:
        status, output = check(bundle)
    finally:
        signing_key.load_signing_key.cache_clear()
    assert status == 1 and "not one of the certificates that you trust" in output


def test_a_certificate_under_the_name_of_the_portals_signs_nothing(bundle, settings, tmp_path):
    """Who makes up a log can name the file of a certificate as the portal's is named."""
    trusted = published(bundle)
    (own,) = (bundle / "log" / "certificates").glob("*.pem")
    settings.SEAL_FILE = str(tmp_path / "other.pem")
    signing_key.load_signing_key.cache_clear()
    try:
        own.write_text(signing_key.load_signing_key().pem)
    finally:
        signing_key.load_signing_key.cache_clear()
    status, output = check(bundle, trusted)
    assert status == 1 and "was not signed with a certificate in this bundle" in output


def test_entries_behind_the_last_signed_root_are_found(bundle):
    with (bundle / "log" / "entries.ndjson").open("a") as log:
        log.write('{"position": 99, "entry": "{\\"kind\\": \\"withdrawal\\"}"}\n')
    status, output = check(bundle)
    assert status == 1 and "No signed root covers the entries" in output


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_cannot_be_read_is_said(bundle, tmp_path, content):
    path = tmp_path / "wrong.pem"
    if content:
        path.write_text(content)
    status, output = check(bundle, path)
    assert status == 2 and str(path) in output


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


BREAKS = {
    "a dossier": (
        "versions/*-v1/dossier.json", "LASER", "LASEL", "the dossier does not match its hash in the log",
    ),
    "a verdict": (
        "versions/*-v1/verdict-1.json", '"outcome":"pass"', '"outcome":"warn"', "differs from the stored one",
    ),
    "the facts": ("versions/*-v1/verdict-1.json", '"country":"LT"', '"country":"CH"', "differs from the stored one"),
    "the rules": ("conditions/*.json", '"minimum":3', '"minimum":2', "does not match its hash"),
    "the log": ("log/entries.ndjson", "submission", "submissiom", "do not match the root that was signed"),
    "a head": ("log/heads.json", '"size": 1', '"size": 2', "FAILS"),
    "a signature": ("log/heads.json", '"signature": "M', '"signature": "N', "was not signed with a certificate"),
    "the code": ("calls/eligibility/verdict.py", '"pass"', '"past"', "FAILS"),
    "a receipt": ("versions/*-v1/decisions.json", "Not met.", "Met.....", "Changed: versions/"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_whatever_is_changed_in_a_bundle_is_found(bundle, name):
    pattern, old, new, sentence = BREAKS[name]
    path = next(item for item in sorted(bundle.glob(pattern)) if old in item.read_text("utf-8"))
    edit(path, old, new)
    status, output = check(bundle)
    assert status == 1 and sentence in output, output


def test_what_is_missing_or_slipped_in_is_named(bundle, versions):
    next(bundle.glob("versions/*/receipt.pdf")).unlink()
    (bundle / "versions" / "extra.txt").write_text("x")
    status, output = check(bundle)
    assert (
        status == 1
        and "Missing: versions/" in output
        and "Not in the manifest: versions/extra.txt" in output
    )
    (bundle / "manifest.json").unlink()
    assert check(bundle)[0] == 2


def test_it_is_asked_for_in_the_list_and_fetched_by_who_asked(versions):
    officer = make_officer()
    client = officer_client(officer)
    chosen = {"action": "as_csv", "_selected_action": [version.pk for version in versions]}
    answer = client.post(reverse("admin:proposals_version_changelist"), chosen)
    export = Export.objects.get()
    page = reverse("admin:proposals_export_change", args=[export.pk])
    assert answer["Location"] == page
    assert "0 of 3 versions exported" in client.get(page).content.decode()
    file = reverse("admin:proposals_export_file", args=[export.pk])
    assert client.get(file).status_code == 302
    tasks.make_exports()
    assert "Download" in client.get(page).content.decode()
    fetched = client.get(file)
    assert b"LASER-GO" in b"".join(fetched.streaming_content)
    assert fetched.headers["Content-Disposition"] == 'attachment; filename="csv-20150422-0700.csv"'
    other = officer_client(make_officer())
    assert other.get(file).status_code == 404
    assert export not in list(
        other.get(reverse("admin:proposals_export_changelist")).context["cl"].queryset
    )
    assert CaseEvent.objects.filter(kind="exported", by=officer).count() == 3
    with clock.frozen_at(NEXT_DAY + timedelta(days=2)):
        assert client.get(file).status_code == 302
        assert exports.delete_old_exports() == 1
        assert "This export has expired" in client.get(page).content.decode()
    export.refresh_from_db()
    assert not default_storage.exists(export.path)


def test_an_export_that_is_cancelled_half_way_leaves_nothing(versions, monkeypatch):
    monkeypatch.setattr(exports, "PROGRESS_INTERVAL", 1)
    officer = make_officer()
    export = exports.request_export("files", [version.pk for version in versions], by=officer)
    written = []
    add = audit_bundles._add_documents  # noqa: SLF001 -- to cancel while it runs

    def cancelling(archive, version, folder):
        written.append(version)
        officer_client(officer).post(reverse("admin:proposals_export_cancel", args=[export.pk]))
        add(archive, version, folder)

    monkeypatch.setattr(audit_bundles, "_add_documents", cancelling)
    assert exports.make_exports() == 0
    export.refresh_from_db()
    assert (export.state, export.path, len(written)) == ("cancelled", "", 1)
    assert not (default_storage.exists("exports") and default_storage.listdir("exports")[1])
    page = officer_client(officer).get(reverse("admin:proposals_export_change", args=[export.pk]))
    assert "No file was kept" in page.content.decode()


def test_cancelling_in_the_last_moment_leaves_no_file(versions, monkeypatch):
    export = exports.request_export("csv", [versions[0].pk], by=make_officer())

    def cancelled_then_read(rows, out):
        list(rows)
        exports.cancel(export)

    monkeypatch.setattr(export_tables, "write_csv", cancelled_then_read)
    assert exports.make_exports() == 0
    assert not default_storage.listdir("exports")[1]


def test_what_a_dead_worker_had_begun_is_made_by_another(versions):
    export = exports.request_export("csv", [versions[0].pk], by=make_officer())
    hour = clock.real_now() - timedelta(hours=1)
    Export.objects.filter(pk=export.pk).update(state="running", claimed_at=hour)
    assert exports.make_exports() == 1


def test_one_that_fails_says_so_and_keeps_no_text(versions, monkeypatch):
    def broken(rows, out):
        raise ValueError("SECRET of a proposal")

    monkeypatch.setattr(export_tables, "write_csv", broken)
    officer = make_officer()
    export = exports.request_export("csv", [versions[0].pk], by=officer)
    assert exports.make_exports() == 0
    page = (
        officer_client(officer)
        .get(reverse("admin:proposals_export_change", args=[export.pk]))
        .content.decode()
    )
    assert "The export failed (ValueError)" in page and "SECRET" not in page


@pytest.mark.parametrize("how", ["role", "interest", "inactive"])
def test_who_lost_the_right_meanwhile_gets_nothing_of_it(versions, how):
    officer = make_officer()
    exports.request_export("json", [item.pk for item in versions], by=officer)
    if how == "role":
        officer.groups.clear()
    elif how == "inactive":
        officer.is_active = False
        officer.save()
    else:
        for version in versions:
            cases.declare_conflict(version.proposal, reason="A friend", by=officer)
    assert exports.make_exports() == 1
    with default_storage.open(Export.objects.get().path) as stored:
        assert json.loads(stored.read()) == []


def test_nothing_sealed_is_taken_out(call):
    version = submit(make_ready(call))
    with pytest.raises(exports.NothingToExport):
        exports.request_export("csv", [version.pk], by=make_officer())
    chosen = {"action": "as_bundle", "_selected_action": [version.pk]}
    officer_client(make_officer()).post(reverse("admin:proposals_version_changelist"), chosen)
    assert not Export.objects.exists()
