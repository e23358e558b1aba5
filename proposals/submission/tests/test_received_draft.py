"""A version freezes what the draft was when it was received, though it was changed while the click waited."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from applicants.models import OrganisationChange, ProfileSection
from applicants.organisations import save_record
from applicants.step_storage import save_step
from applicants.tests.factories import make_organisation
from calls.eligibility import canonical
from calls.eligibility.facts import Role
from conftest import DEADLINE
from foundation import clock
from proposals.consortium import participants
from proposals.dossier.document import Draft, dossier_of
from proposals.models import DraftChange, RefusedAttempt, Section
from proposals.submission import received_draft
from proposals.submission.submit import Incomplete, TooLate, sha256_hex
from proposals.tests.factories import make_ready, reload, save, submit
from proposals.workspace.tests.test_uploads import pdf_bytes
from proposals.workspace.uploads import store_file

pytestmark = pytest.mark.django_db

RECEIVED = DEADLINE - timedelta(seconds=4)
MEANWHILE = DEADLINE - timedelta(seconds=2)
AFTER = DEADLINE + timedelta(seconds=4)


def seen_version(proposal):
    return Section.objects.get(proposal=proposal, step="consortium").version


def write_text(proposal):
    save(proposal, "summary", acronym="LATER")


def write_description(proposal):
    save(proposal, "descriptions", of=proposal.participants.get(key="p2"), description="Later.")


def save_profile(proposal):
    organisation = proposal.participants.get(key="p2").organisation
    row = ProfileSection.objects.get(organisation=organisation, step="services")
    answers = row.answers | {"definition": "2006"}
    save_step(row, answers=answers, seen_version=row.version, by=proposal.started_by)


def first_profile_step(proposal):
    ProfileSection.objects.filter(step="members").delete()


def change_record(proposal):
    organisation = proposal.participants.get(key="p2").organisation
    organisation.legal_name, organisation.country = "Later ltd", "MT"
    save_record(organisation, seen_version=organisation.record_version)


def add_partner(proposal):
    invited = participants.NewParticipant(make_organisation(country="MT"), Role.PARTNER)
    participants.add_participant(
        proposal, invited, seen_version=seen_version(proposal), by=proposal.started_by
    )


def remove_partner(proposal):
    participants.remove_participant(
        proposal.participants.get(key="p2"),
        seen_version=seen_version(proposal),
        by=proposal.started_by,
    )


def remove_and_change_it(proposal):
    organisation = proposal.participants.get(key="p2").organisation
    remove_partner(proposal)
    organisation.legal_name = "Later ltd"
    save_record(organisation, seen_version=organisation.record_version)


def write_twice(proposal):
    write_text(proposal)
    save(reload(proposal), "summary", acronym="LATER STILL")


CHANGES = [
    write_text,
    write_twice,
    write_description,
    save_profile,
    first_profile_step,
    change_record,
    add_partner,
    remove_partner,
    remove_and_change_it,
]


def undeclared(document):
    """What a version says, without the declaration, which a draft does not have yet."""
    return canonical(document | {"declaration": None})


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_while_a_click_waits_is_not_in_its_version(call, change):
    proposal = make_ready(call)
    before = canonical(dossier_of(Draft(reload(proposal))))
    with clock.frozen_at(MEANWHILE):
        change(reload(proposal))
    now = canonical(dossier_of(Draft(reload(proposal))))
    with clock.frozen_at(AFTER):
        version = submit(reload(proposal), received_at=RECEIVED)
    assert now != before
    assert undeclared(version.document) == before
    assert canonical(dossier_of(Draft(reload(proposal)))) == now, "the draft keeps what was written"


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_before_a_click_is_in_its_version(call, change):
    proposal = make_ready(call)
    with clock.frozen_at(RECEIVED - timedelta(milliseconds=1)):
        change(reload(proposal))
    now = canonical(dossier_of(Draft(reload(proposal))))
    with clock.frozen_at(AFTER):
        try:
            version = submit(reload(proposal), received_at=RECEIVED)
            assert undeclared(version.document) == now
        except Incomplete:
            assert change in (first_profile_step, add_partner)


def test_a_file_that_is_put_in_while_a_click_waits_is_not_in_its_version(call):
    proposal = make_ready(call)
    slot = proposal.strand.deliverables.first().code
    upload = SimpleUploadedFile("first.pdf", pdf_bytes())
    stored = store_file(proposal, slot, upload, seen="", by=proposal.started_by)
    with clock.frozen_at(MEANWHILE):
        later = SimpleUploadedFile("later.pdf", pdf_bytes(3))
        store_file(reload(proposal), slot, later, seen=stored.sha256, by=proposal.started_by)
    with clock.frozen_at(AFTER):
        version = submit(reload(proposal), received_at=RECEIVED)
    assert [file["name"] for file in version.document["files"]] == ["first.pdf"]


def test_of_a_late_click_that_is_noted_what_there_was_when_it_came(call):
    proposal = make_ready(call)
    before = sha256_hex(canonical(dossier_of(Draft(reload(proposal)))))
    with clock.frozen_at(AFTER):
        change_record(reload(proposal))
    with clock.frozen_at(AFTER + timedelta(seconds=5)), pytest.raises(TooLate):
        submit(reload(proposal), received_at=DEADLINE + timedelta(seconds=1))
    assert RefusedAttempt.objects.get().sha256 == before


def test_a_clock_that_was_put_back_undoes_nothing(call):
    proposal = make_ready(call)
    with clock.frozen_at(MEANWHILE):
        write_text(proposal)
    with clock.frozen_at(DEADLINE - timedelta(hours=1)):
        assert submit(reload(proposal)).document["summary"]["acronym"] == "LATER"


def test_what_rows_were_is_forgotten_after_a_day(call):
    make_ready(call)
    assert received_draft.delete_old_changes(DEADLINE) == 0
    with clock.frozen_at(DEADLINE + timedelta(days=2)):
        assert received_draft.delete_old_changes(clock.now()) > 0
    assert not DraftChange.objects.exists() and not OrganisationChange.objects.exists()
