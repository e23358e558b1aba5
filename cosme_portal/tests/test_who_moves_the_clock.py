"""What the database takes for the present: nobody who runs a portal in production can tell it."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from calls.models import ClockOffset
from calls.triggers import PORTAL_NOW
from conftest import database_owner
from foundation.database_roles import excess_privileges, guards_sql, roles_sql
from proposals.tests.factories import make_ready, submit

pytestmark = pytest.mark.django_db

CLOCK = "calls_clockoffset"


def test_the_run_time_role_of_production_neither_moves_nor_stops_the_clock(call):
    """A session that says what time it is would get a version in that came too late."""
    with database_owner():
        connection.cursor().execute(guards_sql(only_read=[CLOCK]))
    stop = "SELECT set_config('portal.now', '2015-04-21T14:59:59Z', true)"
    with connection.cursor() as cursor:
        assert excess_privileges(cursor, only_read=[CLOCK]) == []
        cursor.execute(f"{stop}, {PORTAL_NOW} > clock_timestamp() - interval '1 hour'")
        assert cursor.fetchone()[1]
        with pytest.raises(DatabaseError, match="permission denied"):
            with transaction.atomic():
                ClockOffset.objects.create(pk=1, offset=timedelta(days=-365))
    proposal = make_ready(call)
    with pytest.raises(IntegrityError, match="cannot have been received"), transaction.atomic():
        submit(proposal)


def test_a_role_that_may_move_the_clock_though_it_must_not_is_noticed():
    with connection.cursor() as cursor:
        assert excess_privileges(cursor, only_read=[CLOCK]) == [f"can write the table {CLOCK}"]
        sql = roles_sql(only_read=[CLOCK]).replace("BEGIN;", "", 1).replace("COMMIT;", "", 1)
        with database_owner():
            cursor.execute(sql)
        assert excess_privileges(cursor, only_read=[CLOCK]) == []
