"""One call is sealed, another is over: nothing that goes out by any way tells of the sealed proposal.

Every address is opened by everybody, every kind of export is made, every command is run, every mail is read.
An address, an export or a command that is added later is found, and must keep to it.
"""

import io
import json
import re
import zipfile
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import product

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command, get_commands
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

from applicants.models import Organisation
from applicants.tests.factories import make_organisation, make_user
from calls.call_import import load_call
from conftest import AFTERNOON
from foundation import clock
from foundation.folding import fold
from proposals import tasks
from proposals.dossier.document import Draft
from proposals.dossier.file_screening import SHIPPED
from proposals.dossier.tests.test_another_call import OPEN, content_of
from proposals.models import Export, LedgerEntry, QueuedEmail, Receipt
from proposals.officers.rights import RIGHTS
from proposals.proof.ledger import sequence
from proposals.proof.receipts import create_receipt
from proposals.reporting import exports
from proposals.screening.automatic_check import screen_closed
from proposals.submission.notifications import submission_details
from proposals.submission.receipt_links import contacts_by_key, receipt_link
from proposals.tests.factories import make_officer, make_ready, reload, save, submit
from proposals.workspace.tests.test_uploads import pdf_bytes, upload

pytestmark = pytest.mark.django_db

WORD, BODY, PERSON = "Zwinkelword", "Quaxkluster", "Plimsollperson"
SUMS = {"staff": "31415.92", "travel": "27182.81", "grant": "16180.33"}
RECEIVED = OPEN + timedelta(minutes=7, seconds=37)
LATER = OPEN + timedelta(hours=2)
ADMINISTRATOR, NOBODY, APPLICANT = "administrator", "nobody", "applicant"
EVERYONE = [*RIGHTS, ADMINISTRATOR, APPLICANT, NOBODY]
# That an account or an organisation exists is no secret from whoever manages accounts.
OF_ACCOUNTS = re.compile(r"/admin/(applicants|account|auth|calls/clock)/|/partners/organisations/")
# What each command is given; None where it takes nothing out of the database.
COMMANDS = {
    "call_export": [["COS-CLUSTER-2014-3-03"], ["OTHER-2015-1"]],
    "call_import": [[str(SHIPPED / "cos-cluster-2014-3-03.yaml")]],
    "countries": [[], ["--format", "json"]],
    "contact_points": None,
    "personal_data": [["stranger@test.example"], ["submitter@test.example"]],
    "replay": [[]],
    "screen": None,
    "verify_ledger": [[]],
    "verify_receipt": None,
    "generate_docs": None,
    "make_proposals": None,
    "database_roles": None,
    "seed_demo": None,
    "verify_files": [[]],
    "collect_orphans": [[]],
    "backup": None,
    "restore": None,
    "check": None,
    "create_first_admin": None,
    "new_seal_key": None,
    "send_test_mail": None,
}


@pytest.fixture
def world(call, settings, tmp_path):
    """A version of a call that is over, and one of a call that is open, with a word in all that it says."""
    settings.MEDIA_ROOT = tmp_path / "files"
    with clock.frozen_at(AFTERNOON):
        known = submit(make_ready(call))
        create_receipt(known)
    with clock.frozen_at(OPEN):
        sealed = _sealed(load_call(content_of()))
    with clock.frozen_at(LATER):
        sequence()
        screen_closed(LATER)
        yield known, sealed


def _sealed(other):
    lead = make_user(email="submitter@test.example", full_name=PERSON)
    body = make_organisation(by=lead, legal_name=BODY, cluster_name=BODY, country="LT")
    proposal = make_ready(other, strand="A", lead=lead, coordinator=body)
    save(proposal, "summary", acronym=WORD, title_text=WORD, abstract=WORD)
    save(proposal, "vision", vision=WORD, goals=WORD)
    for participant in proposal.participants.all():
        Organisation.objects.filter(pk=participant.organisation_id).update(
            legal_name=f"{BODY} {participant.pk}"
        )
        save(proposal, "descriptions", of=participant, description=WORD, task=WORD)
        save(
            proposal,
            "budget",
            **{f"{kind}_{participant.key}": value for kind, value in SUMS.items()},
        )
    upload(reload(proposal), pdf_bytes(), name=f"{WORD}.pdf")
    with clock.frozen_at(RECEIVED):
        version = submit(reload(proposal))
    with clock.frozen_at(
        RECEIVED + timedelta(minutes=1)
    ):  # heads of the log tell when they were signed
        create_receipt(version)
    return version


def secrets_of(version):
    """What nobody may read, in every way of writing that the portal has."""
    sums = {value for text in SUMS.values() for value in (text, f"{float(text):,.2f}")}
    sums |= {value.replace(",", "\u202f") for value in sums} | {
        value.replace(",", " ") for value in sums
    }
    moments = {"11:07:37", "12:07:37", "13:07:37"}
    named = {WORD, WORD.upper(), fold(WORD), BODY, fold(BODY), PERSON, version.proposal.number}
    receipt = Receipt.objects.newest_of(version)
    return named | sums | moments | {version.sha256, receipt.sha256}


def leaks_in(text, version, *, of_accounts=False):
    allowed = {BODY, fold(BODY), PERSON} if of_accounts else set()
    return sorted(secret for secret in secrets_of(version) - allowed if secret in text)


def client_of(kind):
    client = Client()
    if kind == NOBODY:
        return client
    if kind == APPLICANT:
        person = make_user()
    elif kind == ADMINISTRATOR:
        person = make_user(is_staff=True, is_superuser=True)
    else:
        person = make_officer(kind)
    client.force_login(person)
    return client


def every_pattern(patterns, names=()):
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield ":".join((*names, pattern.name)), pattern
        else:
            inside = (*names, pattern.namespace) if pattern.namespace else names
            yield from every_pattern(pattern.url_patterns, inside)


def arguments_of(version):
    """What stands in addresses, by the names that the routes give it."""
    file = version.document["files"]
    return {
        "number": version.proposal.number,
        "version": version.number,
        "pk": version.pk,
        "object_id": version.pk,
        "reference": version.proposal.call.reference,
        "strand": version.proposal.strand.code,
        "programme": version.proposal.call.programme.code,
        "sha256": file[0]["sha256"] if file else "0" * 64,
        "position": LedgerEntry.objects.count() - 1,
        "key": "p1",
        "slug": "summary",
        "slot": "roadmap",
        "task": "decide",
        "app_label": "proposals",
    }


def addresses(version):
    """Each route of the portal that can be opened, as an address about this version."""
    arguments = arguments_of(version)
    for name, pattern in every_pattern(get_resolver().url_patterns):
        wanted = list(pattern.pattern.regex.groupindex)
        values = {item: arguments.get(item, "1") for item in wanted}
        try:
            yield reverse(name, kwargs=values)
        except NoReverseMatch:
            try:
                yield reverse(name, args=list(values.values()) or ["1"])
            except NoReverseMatch:
                continue


def text_of(answer):
    if getattr(answer, "streaming", False):
        return b"".join(answer.streaming_content).decode("latin-1")
    return answer.content.decode(errors="replace") + str(answer.headers)


@pytest.mark.parametrize("who", EVERYONE)
def test_no_address_tells_of_a_sealed_proposal(world, who):
    known, sealed = world
    client = client_of(who)
    tried = 0
    for about in (known, sealed):
        for path in addresses(about):
            text = text_of(client.get(path))
            # Whoever typed a number or a hash gets it back, and nothing beside it.
            result = leaks_in(text, sealed, of_accounts=bool(OF_ACCOUNTS.search(path)))
            assert [item for item in result if item not in path] == [], path
            tried += 1
    assert tried > 300


@pytest.mark.parametrize("who", [ADMINISTRATOR, *RIGHTS])
def test_no_link_of_a_contact_person_opens_a_sealed_proposal_to_an_officer(world, who):
    _known, sealed = world
    [(key, address), *_others] = contacts_by_key(Draft(sealed.proposal)).items()
    link = receipt_link(sealed, key=key, address=address)
    client = client_of(who)
    for path in (link, f"{link}pdf/"):
        answer = client.get(path)
        assert (answer.status_code, leaks_in(text_of(answer), sealed)) == (403, [])
    assert client_of(NOBODY).get(f"{link}pdf/").status_code == 200


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_no_export_tells_of_a_sealed_proposal(world, subtests):
    known, sealed = world
    kinds_read = set()
    for role, kind in product(RIGHTS, Export.Kind.values):
        with subtests.test(kind=kind, role=role), undone():
            content = export_of_both(kind, known, sealed, by=make_officer(role))
            if content:
                assert leaks_in(unpacked(content), sealed) == []
                kinds_read.add(kind)
    assert kinds_read == set(Export.Kind.values)


def export_of_both(kind, known, sealed, *, by):
    """The file of an export that was asked for with both versions; nothing where the officer may have none."""
    chosen = [known.pk, sealed.pk]
    try:
        export = exports.request_export(kind, chosen, by=by)
    except exports.NothingToExport:
        return b""
    assert export.versions == [known.pk]
    Export.objects.filter(pk=export.pk).update(versions=chosen)  # as if it had been asked for later
    exports.make_exports()
    export.refresh_from_db()
    if not export.path:
        return b""
    with default_storage.open(export.path) as stored:
        return stored.read()


def unpacked(content):
    """The texts of a file, and of the files in it."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content.decode("latin-1")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = [(name, archive.read(name)) for name in archive.namelist()]
    return "\n".join(f"{name}\n{content.decode('latin-1')}" for name, content in inside)


def test_every_command_is_listed_here():
    ours = {"applicants", "calls", "cosme_portal", "foundation", "proposals"}
    assert {name for name, app in get_commands().items() if app in ours} == set(COMMANDS)


def test_no_command_tells_of_a_sealed_proposal(world, capfd, subtests):
    _known, sealed = world
    for name, calls in COMMANDS.items():
        for command in calls or ():
            with subtests.test(name, command=command):
                text = printed_by(name, command, capfd)
                own = name == "personal_data" and PERSON in text
                assert leaks_in(text, sealed, of_accounts=own) == []


def printed_by(name, command, capfd):
    out, err = io.StringIO(), io.StringIO()
    with suppress(SystemExit):
        call_command(name, *command, stdout=out, stderr=err)
    printed = capfd.readouterr()
    return out.getvalue() + err.getvalue() + printed.out + printed.err


def test_no_mail_tells_others_of_a_sealed_proposal(world):
    _known, sealed = world
    make_officer("Auditors")
    for task in vars(tasks).values():
        if hasattr(task, "delay") and task.__module__ == tasks.__name__:
            task()
    consortium = {
        *sealed.proposal.participants.values_list("organisation__members__email", flat=True),
        *(profile["contact"]["contact_email"] for profile in _profiles(sealed)),
    }
    others = QueuedEmail.objects.exclude(to__in=consortium)
    text = json.dumps(list(others.values()), default=str)
    assert leaks_in(text, sealed) == []


def _profiles(version):
    for participant in version.proposal.participants.all():
        yield {"contact": participant.organisation.profile_sections.get(step="contact").answers}


def test_the_seeded_words_are_really_in_the_sealed_proposal(world):
    _known, sealed = world
    assert WORD in sealed.dossier and BODY in sealed.dossier and SUMS["grant"] in sealed.dossier
    details = leaks_in(
        str(submission_details(sealed)), sealed
    )  # what the mail to its own people says
    assert {sealed.proposal.number, sealed.sha256, "12:07:37", PERSON} <= set(details)
