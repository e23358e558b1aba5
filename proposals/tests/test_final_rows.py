"""What was written once stays as it was, whatever statement asks: every column, not only the text."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from applicants.tests.factories import make_user
from calls import clock
from conftest import AFTERNOON, NEXT_DAY, database_owner
from foundation.database_roles import guards_sql
from proposals import commenting
from proposals.desk import asking
from proposals.models import Comment, Decision, Happening, Message, Reply, SectionChange
from proposals.partnering import talking
from proposals.tests.factories import make_officer, make_ready, save, submit
from proposals.tests.partners import make_owner, make_request

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


def refuses(row, field):
    sql = f'UPDATE "{row._meta.db_table}" SET "{field.column}" = %s WHERE id = %s'
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [another(field, row), row.pk])
            transaction.set_rollback(True)
    except DatabaseError as error:
        return "cannot" in str(error).lower()
    return False


def written(call):
    proposal = make_ready(call)
    save(proposal, "summary", abstract="NEW")
    commenting.comment(proposal, step="summary", key="", text="Look", by=proposal.started_by)
    request = make_request(call, owner=make_owner("FR"), shows_name=False)
    asker, organisation = make_owner("LT")
    talking.begin(request, "We would join.", organisation=organisation, by=asker, shows=False)
    return proposal


@pytest.mark.parametrize(
    ("model", "changing"),
    [
        (Message, set()),
        (Comment, {"participant_key", "done_at", "done_by"}),
        (SectionChange, set()),
        (Happening, set()),
    ],
)
def test_no_column_of_what_was_written_can_be_changed(call, model, changing):
    written(call)
    row = model.objects.earliest("pk")
    open_to_change = {one.name for one in model._meta.concrete_fields if not refuses(row, one)}
    assert open_to_change == changing


def test_no_row_of_any_table_takes_another_key(call):
    """An officer who takes the key of an applicant would be in the consortium."""
    written(call)
    open_tables = [
        model._meta.label
        for model in apps.get_models()
        if (row := model.objects.order_by("pk").first()) is not None
        and isinstance(model._meta.pk, models.AutoField)
        and not refuses(row, model._meta.pk)
    ]
    assert open_tables == []


def test_nobody_decides_by_a_time_that_they_make_up(call):
    version, officer = submit(make_ready(call)), make_officer()
    with pytest.raises(DatabaseError, match="sealed until its deadline"), transaction.atomic():
        Decision.objects.create(
            version=version, outcome="eligible", reason="So", decided_by=officer,
            decided_at=NEXT_DAY,
        )  # fmt: skip


@pytest.mark.real_clock
def test_no_answer_comes_in_by_a_time_that_was_made_up(call):
    """The database's own clock, which is not stopped here, is years later."""
    with clock.set_to(AFTERNOON):
        version, officer = submit(make_ready(call)), make_officer()
    with clock.set_to(NEXT_DAY):
        due = NEXT_DAY + timedelta(days=7)
        question = asking.ask(version, "Why?", due_at=due, by=officer)
    with pytest.raises(DatabaseError, match="cannot have been received"), transaction.atomic():
        Reply.objects.create(
            question=question, text="So", replied_at=NEXT_DAY, replied_by=version.submitted_by
        )


def test_the_guards_of_keys_are_installed_once(call):
    with database_owner(), connection.cursor() as cursor:
        cursor.execute(guards_sql())
    assert refuses(make_user(), make_user()._meta.pk)
