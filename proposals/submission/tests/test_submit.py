"""Handing in: frozen, in time, once for each click, and never changed again."""

import hashlib
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from applicants.organisations import join
from applicants.tests.factories import make_user
from calls import shared_clock
from calls.call_file import read_call_file
from calls.call_import import load_call
from calls.eligibility import canonical
from calls.extensions import extend_deadline
from calls.models import Call
from conftest import AFTERNOON, DEADLINE, NEXT_DAY
from cosme_portal.settings import ROOT
from foundation import clock
from proposals.consortium.drafts import NotOpen
from proposals.dossier.declarations import with_declaration
from proposals.dossier.document import Draft, dossier_of
from proposals.models import (
    IndividualExtension,
    OutboxMessage,
    Proposal,
    RefusedAttempt,
    VerdictRecord,
    Version,
)
from proposals.submission.submit import (
    Incomplete,
    NotAcknowledged,
    NothingToWithdraw,
    TooLate,
    differs_from_current,
    submit_draft,
    withdraw,
)
from proposals.tests.factories import (
    make_draft,
    make_ready,
    put_in_place_of_p2,
    reload,
    save,
    submit,
    submit_fields,
)

pytestmark = pytest.mark.django_db

MILLISECOND = timedelta(milliseconds=1)


def raw_version(proposal, received_at, **kwargs):
    """A version made past every function: only the database can object."""
    declaration = proposal.call.declaration_asked
    text = canonical(with_declaration(dossier_of(Draft(proposal)), declaration, at=received_at))
    values = {
        "number": 1,
        "dossier": text,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "circumstances": {},
        "received_at": received_at,
        "committed_at": received_at,
        "submitted_by": proposal.started_by,
        "idempotency_key": uuid4(),
    }
    return Version.objects.create(proposal=proposal, **values | kwargs)


def test_a_version_is_exactly_what_was_hashed(call):
    version = submit(make_ready(call))
    version.refresh_from_db()
    assert version.sha256 == hashlib.sha256(version.dossier.encode()).hexdigest()
    assert version.dossier == canonical(json.loads(version.dossier))
    assert (version.number, version.received_at, version.committed_at) == (1, AFTERNOON, AFTERNOON)


def test_verdict_receipt_and_mail_are_promised_in_the_same_transaction(call):
    version = submit(make_ready(call))
    assert VerdictRecord.objects.get(version=version).outcome == "pass"
    kinds = OutboxMessage.objects.filter(version=version).values_list("kind", flat=True)
    assert sorted(kinds) == ["proposal-pdf", "receipt", "submission-email"]


def test_the_dossier_holds_no_person(call):
    version = submit(make_ready(call))
    for word in ("Kim Contact", "contact_email", "@test.example", version.submitted_by.full_name):
        assert word not in version.dossier


@pytest.mark.parametrize(
    ("offset", "is_taken"), [(-MILLISECOND, True), (timedelta(), False), (MILLISECOND, False)]
)
def test_the_deadline_is_the_first_instant_that_is_late(call, offset, is_taken):
    proposal = make_ready(call)
    with clock.frozen_at(DEADLINE + timedelta(seconds=5)):
        if is_taken:
            assert submit(proposal, received_at=DEADLINE + offset).number == 1
        else:
            with pytest.raises(TooLate):
                submit(proposal, received_at=DEADLINE + offset)


def test_what_counts_is_when_it_arrived_not_when_it_was_worked_on(call):
    proposal = make_ready(call)
    with clock.frozen_at(DEADLINE + timedelta(seconds=27)):
        version = submit(proposal, received_at=DEADLINE - timedelta(seconds=8))
    assert (version.received_at < DEADLINE, version.committed_at > DEADLINE) == (True, True)


def test_a_late_attempt_is_recorded_and_changes_nothing(call):
    proposal = make_ready(call)
    first = submit(proposal)
    save(proposal, "summary", acronym="CHANGED")
    with clock.frozen_at(NEXT_DAY), pytest.raises(TooLate) as refusal:
        submit(reload(proposal))
    attempt = RefusedAttempt.objects.get()
    assert refusal.value.attempt == attempt
    assert (attempt.received_at, attempt.deadline) == (NEXT_DAY, DEADLINE)
    text = canonical(dossier_of(Draft(reload(proposal))))
    assert attempt.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert reload(proposal).current_version == first


@pytest.mark.parametrize("late", [timedelta(), MILLISECOND, timedelta(days=1)])
def test_the_database_refuses_a_version_that_is_late(call, late):
    proposal = make_ready(call)
    with pytest.raises(IntegrityError, match="is not before the deadline"), transaction.atomic():
        raw_version(proposal, DEADLINE + late)
    raw_version(proposal, DEADLINE - MILLISECOND)


def test_the_database_refuses_a_hash_of_something_else(call):
    with pytest.raises(IntegrityError, match="hash is not that"), transaction.atomic():
        raw_version(make_ready(call), AFTERNOON, sha256="0" * 64)


def test_an_individual_extension_is_for_one_proposal_only(call):
    late, other = make_ready(call), make_ready(call)
    until = DEADLINE + timedelta(hours=2)
    IndividualExtension.objects.create(
        proposal=late, until=until, reason="Outage", granted_by=make_user(), granted_at=AFTERNOON
    )
    with clock.frozen_at(DEADLINE + timedelta(hours=1)):
        assert submit(reload(late)).number == 1
        with pytest.raises(TooLate):
            submit(reload(other))
    with clock.frozen_at(until), pytest.raises(TooLate):
        submit(reload(late))


def test_an_extension_for_all_lets_all_submit(call):
    proposal = make_ready(call)
    later = DEADLINE + timedelta(hours=24)
    extend_deadline(
        call, new_deadline=later, reason="Outage", decided_by="EASME", confirmed_by="A colleague"
    )
    with clock.frozen_at(NEXT_DAY):
        assert submit(reload(proposal)).number == 1


def test_an_incomplete_draft_is_not_taken_and_says_what_is_missing(call):
    proposal = make_draft(call)
    with pytest.raises(Incomplete) as refusal:
        submit(proposal)
    assert {f.rule for f in refusal.value.verdict.blocking} == {
        "description-present",
        "profile-complete",
    }
    assert not Version.objects.exists()


def test_an_ineligible_consortium_may_submit_after_acknowledging_by_name(call):
    proposal = make_ready(call, countries=("LT", "FR", "RS"))
    with pytest.raises(NotAcknowledged):
        submit(proposal, acknowledged=["min-organisations/consortium"])
    version = submit(proposal)
    assert version.acknowledged == [
        "established/p3",
        "min-organisations/consortium",
        "min-countries/consortium",
    ]
    assert version.verdicts.get().outcome == "ineligible"


def test_submitting_again_makes_the_next_version_which_counts(call):
    proposal = make_ready(call)
    first = submit(proposal)
    save(proposal, "summary", acronym="LASER-GO 2")
    assert differs_from_current(Draft(reload(proposal)))
    second = submit(reload(proposal))
    assert (first.number, second.number, reload(proposal).current_version) == (1, 2, second)
    assert not differs_from_current(Draft(reload(proposal)))


def test_the_same_key_twice_makes_one_version(call):
    proposal = make_ready(call)
    key = uuid4()
    versions = [submit(proposal, idempotency_key=key) for _click in range(2)]
    assert versions[0] == versions[1]
    assert Version.objects.count() == 1


def test_a_repeated_click_after_the_deadline_shows_what_was_received_before(call):
    proposal = make_ready(call)
    key = uuid4()
    version = submit(proposal, idempotency_key=key)
    with clock.frozen_at(NEXT_DAY):
        assert submit(reload(proposal), idempotency_key=key) == version
    assert not RefusedAttempt.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_identical_clicks_at_once_make_one_version(call):
    proposal = make_ready(call)
    key, made, gate = uuid4(), [], threading.Barrier(4)

    def click():
        try:
            gate.wait()
            with clock.frozen_at(AFTERNOON):
                made.append(
                    submit_draft(
                        reload(proposal),
                        by=proposal.started_by,
                        received_at=AFTERNOON,
                        idempotency_key=key,
                        declared=proposal.call.declaration_digest,
                    ).pk
                )
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _number in range(4)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert len(made) == 4
    assert set(made) == set(Version.objects.values_list("pk", flat=True))
    assert OutboxMessage.objects.count() == 3


FINAL = ["version", "verdictrecord", "refusedattempt", "withdrawal", "individualextension"]


@pytest.mark.parametrize("table", FINAL)
def test_what_is_final_cannot_be_changed_or_deleted_by_sql(call, table):
    proposal = make_ready(call)
    version = submit(proposal)
    withdraw(reload(proposal), reason="Mistake", by=proposal.started_by, received_at=AFTERNOON)
    IndividualExtension.objects.create(
        proposal=proposal,
        until=DEADLINE,
        reason="x",
        granted_by=proposal.started_by,
        granted_at=AFTERNOON,
    )
    with clock.frozen_at(NEXT_DAY), pytest.raises(TooLate):
        submit(reload(proposal))
    assert version.pk
    for statement in (f"UPDATE proposals_{table} SET id = id", f"DELETE FROM proposals_{table}"):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)


def test_withdrawing_needs_a_reason_and_is_undone_by_submitting_again(call):
    proposal = make_ready(call)
    submit(proposal)
    with pytest.raises(IntegrityError), transaction.atomic():
        withdraw(reload(proposal), reason="  ", by=proposal.started_by, received_at=AFTERNOON)
    withdraw(reload(proposal), reason="A slip", by=proposal.started_by, received_at=AFTERNOON)
    assert reload(proposal).current_version is None
    with pytest.raises(NothingToWithdraw):
        withdraw(reload(proposal), reason="Again", by=proposal.started_by, received_at=AFTERNOON)
    assert submit(reload(proposal)).number == 2
    assert reload(proposal).current_version.number == 2


def test_a_withdrawn_version_cannot_be_made_to_count(call):
    proposal = make_ready(call)
    version = submit(proposal)
    withdraw(reload(proposal), reason="A slip", by=proposal.started_by, received_at=AFTERNOON)
    with pytest.raises(IntegrityError, match="not withdrawn"), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(current_version=version)


def test_the_last_version_counts_whoever_stored_it(call):
    proposal = make_ready(call)
    for number in (1, 2):
        version = raw_version(proposal, AFTERNOON, number=number)
        assert reload(proposal).current_version == version
    withdraw(reload(proposal), reason="A slip", by=proposal.started_by, received_at=AFTERNOON)
    version = raw_version(proposal, AFTERNOON, number=3)
    assert reload(proposal).current_version == version


def test_nothing_is_withdrawn_after_the_deadline(call):
    proposal = make_ready(call)
    version = submit(proposal)
    with pytest.raises(NotOpen):
        withdraw(reload(proposal), reason="Late", by=proposal.started_by, received_at=DEADLINE)
    assert reload(proposal).current_version == version


def test_a_proposal_counts_by_its_own_version_and_stays_in_its_strand(call):
    first, second = make_ready(call), make_ready(call)
    version = submit(first)
    with pytest.raises(IntegrityError, match="current_version_is_its_own"), transaction.atomic():
        Proposal.objects.filter(pk=second.pk).update(current_version=version)
    other = call.strands.get(code="3.2")
    with pytest.raises(IntegrityError, match="current_version_is_its_own"), transaction.atomic():
        Proposal.objects.filter(pk=first.pk).update(strand=other)


def test_an_organisation_in_two_proposals_is_a_warning_to_the_applicant(call):
    lead = make_user()
    first, second = make_ready(call, lead=lead), make_ready(call, lead=lead)
    shared = first.participants.get(key="p2").organisation
    put_in_place_of_p2(second, shared)
    submit(first)
    version = submit(reload(second))
    findings = [f for f in version.verdicts.get().verdict.findings if f.rule == "one-application"]
    assert {f.subject: f.outcome for f in findings} == {"p1": "pass", "p2": "warn", "p3": "pass"}
    assert first.number not in json.dumps(version.verdicts.get().content)


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(offset=st.integers(-3_600_000_000, 3_600_000_000))
def test_no_version_exists_that_was_not_received_before_the_deadline(call, offset):
    """Whatever the microsecond: domain and database say the same."""
    received_at = DEADLINE + timedelta(microseconds=offset)
    with transaction.atomic():
        proposal = make_draft(call)
        try:
            with transaction.atomic():
                raw_version(proposal, received_at)
        except IntegrityError:
            assert not proposal.is_open(received_at)
        else:
            assert proposal.is_open(received_at)
        transaction.set_rollback(True)


def test_the_call_is_for_ever_the_one_it_was_started_in(call):
    proposal = make_ready(call)
    assert isinstance(proposal.call, Call)
    assert json.loads(submit(proposal).dossier)["call"] == call.reference


@pytest.mark.django_db(transaction=True)
def test_two_leads_who_submit_at_the_same_instant_make_two_versions(call):
    proposal = make_ready(call)
    other = make_user()
    join(proposal.participants.get(key="p1").organisation, user=other)
    made, gate = [], threading.Barrier(2)

    def click(person):
        try:
            with clock.frozen_at(AFTERNOON):
                gate.wait()
                made.append(submit(reload(proposal), by=person).number)
        finally:
            connection.close()

    clicks = [threading.Thread(target=click, args=(user,)) for user in (proposal.started_by, other)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert sorted(made) == [1, 2]
    assert reload(proposal).current_version.number == 2


@pytest.mark.django_db
@pytest.mark.real_clock
@pytest.mark.parametrize("stamped", [False, True])
def test_a_slow_clock_of_a_web_machine_makes_no_late_submission_early(
    client, settings, monkeypatch, stamped
):
    """Ten seconds late by the database; by the machine's clock, ten seconds early."""
    proposal, key = _at_the_last_moment(settings, seconds_after=10)
    stamp = {"HTTP_X_REQUEST_ARRIVED": str(time.time() - 12)} if stamped else {}
    settings.TRUSTED_PROXIES = frozenset({"127.0.0.1"})
    monkeypatch.setattr(clock, "behind", timedelta())
    monkeypatch.setattr(clock, "real_now", lambda: datetime.now(UTC) - timedelta(seconds=20))
    client.force_login(proposal.started_by)
    address = reverse("proposals:check", args=[proposal.number])
    form = "application/x-www-form-urlencoded"
    fields = urlencode(submit_fields(proposal, idempotency_key=key))
    answer = client.post(address, fields, content_type=form, **stamp)
    assert answer.status_code == (200 if stamped else 409)
    for version in Version.objects.all():
        early = DEADLINE - version.received_at
        assert timedelta(seconds=1) < early < timedelta(seconds=2.5)
        assert version.committed_at > DEADLINE


def _at_the_last_moment(settings, *, seconds_after):
    """A ready proposal, and the clock of all so many seconds after the deadline."""
    settings.CLOCK_IS_MOVABLE = True
    with clock.frozen_at(AFTERNOON):
        path = ROOT / "calls" / "data" / "cos-cluster-2014-3-03.yaml"
        proposal = make_ready(load_call(read_call_file(path)))
    shared_clock.set_shared_offset(DEADLINE + timedelta(seconds=seconds_after))
    return proposal, uuid4()


@pytest.mark.django_db
@pytest.mark.real_clock
@pytest.mark.parametrize("wrong", [timedelta(seconds=5), -timedelta(minutes=20)])
def test_the_database_takes_no_version_received_at_another_time_than_now(settings, wrong):
    proposal, _key = _at_the_last_moment(settings, seconds_after=-60)
    present = DEADLINE - timedelta(seconds=60)
    with pytest.raises(IntegrityError, match="cannot have been received"), transaction.atomic():
        raw_version(proposal, present + wrong)
    assert raw_version(proposal, present)


def test_a_deadline_that_was_extended_while_a_click_waited_is_the_one_that_counts(call):
    proposal = make_ready(call)  # fetched with the deadline of then
    IndividualExtension.objects.create(
        proposal=proposal,
        until=NEXT_DAY,
        reason="Outage",
        granted_by=make_user(),
        granted_at=AFTERNOON,
    )
    with clock.frozen_at(DEADLINE + timedelta(seconds=1)):
        assert submit(proposal).number == 1
