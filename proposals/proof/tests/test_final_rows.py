"""What was written once stays as it was, whatever statement asks: every column, not only the text."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from applicants.invitations import invite_colleague
from applicants.models import ColleagueInvitation, Membership, OrganisationChange
from applicants.tests.factories import make_user
from conftest import AFTERNOON, NEXT_DAY, database_owner
from foundation import clock
from foundation.database_roles import guards_sql
from proposals.consortium.confirmations import confirm, confirmation_content
from proposals.consortium.invitations import accept, invite
from proposals.dossier.document import Draft
from proposals.models import (
    ClarificationReply,
    Collaborator,
    Comment,
    Confirmation,
    Conversation,
    Decision,
    DraftChange,
    Invitation,
    Message,
    OutboxMessage,
    Participant,
    Proposal,
    ProposalActivity,
    ProposedChange,
    QueuedEmail,
    ScreeningAnswer,
    SectionChange,
    Withdrawal,
)
from proposals.partnering import conversations
from proposals.screening import clarifications, sheet
from proposals.screening.automatic_check import screen_closed
from proposals.submission.submit import withdraw
from proposals.tests.factories import make_officer, make_ready, member_of, reload, save, submit
from proposals.tests.partners import make_owner, make_request
from proposals.workspace import comments
from proposals.workspace.deletion import DELETED_DRAFT_RETENTION, delete_draft, purge_deleted

pytestmark = pytest.mark.django_db


def another(field, row):
    """A value of the column's type that is not the row's."""
    value = getattr(row, field.attname)
    match field:
        case models.ForeignKey() | models.AutoField() | models.IntegerField():
            return (value or 0) + 1
        case models.BooleanField():
            return not value
        case models.DateTimeField():
            return (value or NEXT_DAY) + timedelta(days=1)
        case models.JSONField():
            return '{"another": 1}'
        case _:
            return f"{value}x"[-6:]


def refuses(row, field, *, words="cannot"):
    sql = f'UPDATE "{row._meta.db_table}" SET "{field.column}" = %s WHERE id = %s'
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [another(field, row), row.pk])
            transaction.set_rollback(True)
    except DatabaseError as error:
        return words in str(error).lower()
    return False


def written(call):
    proposal = make_ready(call)
    save(proposal, "summary", abstract="NEW")
    comments.add_comment(proposal, step="summary", key="", text="Look", by=proposal.started_by)
    request = make_request(call, owner=make_owner("FR"), shows_name=False)
    asker, organisation = make_owner("LT")
    conversations.start(request, "We would join.", organisation=organisation, by=asker, shows=False)
    return proposal


@pytest.mark.parametrize(
    ("model", "changing"),
    [
        (Message, set()),
        (Comment, {"participant_key", "done_at", "done_by"}),
        (SectionChange, set()),
        (ProposalActivity, set()),
    ],
)
def test_no_column_of_what_was_written_can_be_changed(call, model, changing):
    written(call)
    row = model.objects.earliest("pk")
    open_to_change = {
        field.name for field in model._meta.concrete_fields if not refuses(row, field)
    }
    assert open_to_change == changing


STAY = {
    Proposal: {"number", "strand", "started_at", "started_by"},
    Participant: {"proposal", "organisation", "key"},
    Invitation: {"proposal", "participant", "purpose", "email", "invited_at"},
    Collaborator: {"proposal", "user", "participant"},
    Membership: {"user", "organisation"},
    ColleagueInvitation: {"organisation", "email"},
    Conversation: {"number", "request", "addressee", "organisation", "started_at"},
    OutboxMessage: {"kind", "version", "reissue", "decision"},
    QueuedEmail: {"key", "proposal", "to", "subject"},
    ScreeningAnswer: {"version", "item"},
    ProposedChange: {"call", "conditions", "base", "reason", "proposed_by", "proposed_at"},
    DraftChange: {"kind", "owner", "row", "before", "at"},
    OrganisationChange: {"kind", "owner", "row", "before", "at"},
}


@pytest.fixture
def filled(call):
    """A row of each of these kinds."""
    proposal = written(call)
    partner = proposal.participants.select_related("organisation").get(key="p2")
    asked = invite(
        proposal,
        email="x@y.example",
        purpose=Invitation.Purpose.WRITE,
        participant=partner,
        by=proposal.started_by,
    )
    accept(asked, user=make_user())
    confirm_as(partner, by=member_of(partner.organisation))
    invite_colleague(
        partner.organisation, email="z@y.example", by=partner.organisation.members.first()
    )
    version = submit(reload(proposal))
    rules = [rule | {"parameters": {}} for rule in call.rules]
    ProposedChange.objects.create(
        call=call,
        conditions=rules,
        base="sha256:",
        reason="Why",
        proposed_by=make_officer(),
        proposed_at=clock.now(),
    )
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        sheet.confirm_met_rules(version, by=make_officer())
    return proposal


def confirm_as(participant, *, by):
    draft = Draft(reload(participant.proposal))
    shown = confirmation_content(draft, participant)
    confirm(participant, name="Somebody", function="Director", by=by, shown=shown)


def test_no_row_becomes_a_row_of_somebody_else(filled):
    """Nor what somebody else had written, asked or promised."""
    open_to_change = {
        f"{model.__name__}.{name}"
        for model, names in STAY.items()
        for row in [model.objects.latest("pk")]
        for name in names
        if not refuses(row, model._meta.get_field(name), words="")
    }
    assert open_to_change == set()


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (SectionChange, "never deleted"),
        (ProposalActivity, "never deleted"),
        (Comment, "never deleted"),
        (Confirmation, "never deleted"),
        (OutboxMessage, "Cannot delete"),
        (ProposedChange, "Cannot delete"),
        (DraftChange, "not deleted before"),
        (OrganisationChange, "not deleted before"),
    ],
)
def test_what_happened_is_not_deleted(filled, model, text):
    sql = f'DELETE FROM "{model._meta.db_table}"'
    with pytest.raises(DatabaseError, match=text), connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_deleted_draft_goes_with_its_history(call):
    proposal = written(call)
    purge(proposal)
    assert not Proposal.objects.filter(pk=proposal.pk).exists()
    assert not SectionChange.objects.filter(proposal=proposal.pk).exists()


def purge(proposal):
    delete_draft(proposal, by=proposal.started_by)
    assert purge_deleted(clock.now() + DELETED_DRAFT_RETENTION) == 1


@pytest.mark.parametrize("model", [SectionChange, DraftChange, OrganisationChange])
def test_nobody_makes_up_a_history(filled, model):
    """A version is frozen, and a partner's text brought back, by these rows."""
    row = model.objects.earliest("pk")
    row.pk = None
    with pytest.raises(DatabaseError, match="by hand"):
        row.save(force_insert=True)


def test_no_text_comes_into_a_draft_without_being_kept(call):
    proposal = written(call)
    section = proposal.sections.get(step="summary")
    section.answers, section.version = {"abstract": "SLIPPED IN"}, 0
    section.save()
    stored = proposal.section_changes.filter(step="summary").latest("pk")
    assert stored.answers == {"abstract": "SLIPPED IN"}


def test_a_proposal_counts_by_its_last_version_until_that_is_withdrawn(call):
    first = submit(make_ready(call))
    proposal = reload(first.proposal)
    save(proposal, "summary", acronym="AGAIN")
    second = submit(reload(proposal))
    for counting in (first, None):
        with pytest.raises(DatabaseError, match="current_version_is_its_own"), transaction.atomic():
            Proposal.objects.filter(pk=proposal.pk).update(current_version=counting)
    withdraw(proposal, reason="Why", by=proposal.started_by, received_at=clock.now())
    with pytest.raises(DatabaseError, match="current_version_is_its_own"), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(current_version=first)
    assert second.withdrawal and reload(proposal).current_version is None


def test_nothing_is_withdrawn_after_the_deadline(call):
    version = submit(make_ready(call))
    with pytest.raises(DatabaseError, match="not before the deadline"):
        Withdrawal.objects.create(
            version=version, reason="So", withdrawn_by=version.submitted_by, withdrawn_at=NEXT_DAY
        )


@pytest.mark.real_clock
def test_nothing_is_withdrawn_by_a_time_that_was_made_up(call):
    """The database's own clock, which is not stopped here, is years later."""
    with clock.frozen_at(AFTERNOON):
        version = submit(make_ready(call))
    with pytest.raises(DatabaseError, match="cannot have been received"):
        Withdrawal.objects.create(
            version=version, reason="So", withdrawn_by=version.submitted_by, withdrawn_at=AFTERNOON
        )


REFUSALS = ("cannot", "only with a recorded reason")  # not: that the key is taken


def test_no_row_of_any_table_takes_another_key(call):
    """An officer who takes the key of an applicant would be in the consortium."""
    written(call)
    open_tables = [
        model._meta.label
        for model in apps.get_models()
        if (row := model.objects.order_by("pk").first()) is not None
        and isinstance(model._meta.pk, models.AutoField)
        and not any(refuses(row, model._meta.pk, words=words) for words in REFUSALS)
    ]
    assert open_tables == []


def test_nobody_decides_by_a_time_that_they_make_up(call):
    version, officer = submit(make_ready(call)), make_officer()
    with pytest.raises(DatabaseError, match="sealed until its deadline"), transaction.atomic():
        Decision.objects.create(
            version=version,
            outcome="eligible",
            reason="So",
            decided_by=officer,
            decided_at=NEXT_DAY,
        )


@pytest.mark.real_clock
def test_no_answer_comes_in_by_a_time_that_was_made_up(call):
    """The database's own clock, which is not stopped here, is years later."""
    with clock.frozen_at(AFTERNOON):
        version, officer = submit(make_ready(call)), make_officer()
    with clock.frozen_at(NEXT_DAY):
        due = NEXT_DAY + timedelta(days=7)
        question = clarifications.request_clarification(version, "Why?", due_at=due, by=officer)
    with pytest.raises(DatabaseError, match="cannot have been received"), transaction.atomic():
        ClarificationReply.objects.create(
            clarification_request=question,
            text="So",
            replied_at=NEXT_DAY,
            replied_by=version.submitted_by,
        )


def test_the_guards_of_keys_are_installed_once(call):
    with database_owner(), connection.cursor() as cursor:
        cursor.execute(guards_sql())
    assert refuses(make_user(), make_user()._meta.pk)
