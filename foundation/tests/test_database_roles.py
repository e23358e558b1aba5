"""The role that runs the portal reads and writes rows, and cannot get past the guards."""

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from conftest import database_owner
from foundation.database_roles import (
    OWNER,
    RUNTIME,
    BadRoleName,
    address_with_role,
    excess_privileges,
    guards_sql,
    is_incomplete,
    roles_sql,
)

pytestmark = pytest.mark.django_db


def run(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE proposals_version CASCADE",
        "TRUNCATE applicants_user CASCADE",
        "ALTER TABLE proposals_version DISABLE TRIGGER ALL",
        "ALTER TABLE proposals_version DISABLE TRIGGER USER",
        "ALTER TABLE proposals_version ADD COLUMN more integer",
        "DROP TABLE proposals_ledgerentry CASCADE",
        "DROP TRIGGER refuse_truncate ON proposals_version",
        "SET session_replication_role = replica",
        "CREATE TABLE public.mine (id integer)",
        "CREATE TEMPORARY TABLE calls_call (id integer)",
        "CREATE SCHEMA mine",
        "CREATE OR REPLACE FUNCTION public.refuse_truncate() RETURNS trigger"
        " AS 'BEGIN RETURN NULL; END' LANGUAGE plpgsql",
        "CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name NAME) RETURNS boolean"
        " AS 'SELECT true' LANGUAGE sql",
        "CREATE TRIGGER mine BEFORE INSERT ON proposals_version"
        " FOR EACH ROW EXECUTE FUNCTION public.refuse_truncate()",
        "CREATE RULE mine AS ON DELETE TO proposals_version DO INSTEAD NOTHING",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('proposals', '9999', now())",
        "DELETE FROM django_migrations",
        "CREATE ROLE mine",
        "COPY proposals_version TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/hostname')",
    ],
)
def test_the_run_time_role_cannot(statement):
    with pytest.raises(DatabaseError, match=r"permission denied|must be|only roles"):
        run(statement)


def test_every_table_can_be_read_and_written_by_the_run_time_role_and_no_more():
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, p.privilege
            FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                'REFERENCES', 'TRIGGER']) AS p(privilege)
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND c.relname <> 'django_migrations'
            AND has_table_privilege(c.oid, p.privilege)
                <> (p.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))
            """
        )
        assert cursor.fetchall() == []


def test_not_even_the_owner_truncates_a_table_by_mistake():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relkind = 'r'"
            " AND c.relnamespace = 'public'::regnamespace"
        )
        tables = [name for (name,) in cursor.fetchall()]
        assert "proposals_version" in tables and "applicants_user" in tables
        for table in tables:
            with pytest.raises(DatabaseError, match="cannot be truncated"):
                run(f'TRUNCATE "{table}" CASCADE')


def test_a_setting_does_not_switch_triggers_off_for_the_run_time_role():
    """pgtrigger would let any session ignore any trigger."""

    def is_ignored():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('pgtrigger.ignore', '{some_trigger}', true)")
            cursor.execute(
                "SELECT _pgtrigger_should_ignore('some_trigger'), _pgtrigger_should_ignore('other')"
            )
            return cursor.fetchone()

    assert is_ignored() == (False, False)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
    assert is_ignored() == (True, False)


def test_installing_the_guards_again_changes_nothing():
    with database_owner():
        run(guards_sql())
        run(guards_sql())


def test_what_a_role_may_do_too_much_is_listed():
    with connection.cursor() as cursor:
        assert excess_privileges(cursor) == []
        with database_owner():
            assert "is a superuser" in excess_privileges(cursor)
        cursor.execute(f"SET LOCAL ROLE {OWNER}")
        assert excess_privileges(cursor) == [
            "can create objects in the schema",
            "can create temporary tables",
            "owns tables, so it can ALTER them and disable their triggers",
            "can TRUNCATE tables",
            "can create triggers",
            "can write the table django_migrations",
        ]
        cursor.execute("RESET ROLE")


def test_a_table_of_another_owner_is_noticed_and_corrected():
    with connection.cursor() as cursor:
        assert not is_incomplete(cursor)
        with database_owner():
            cursor.execute("CREATE TABLE public.later (id integer)")
            assert is_incomplete(cursor)
            cursor.execute(roles_sql().replace("BEGIN;", "", 1).replace("COMMIT;", "", 1))
            assert not is_incomplete(cursor)


@pytest.mark.parametrize(
    ("owner", "runtime"),
    [("a b", RUNTIME), (OWNER, 'x"; DROP'), (OWNER, OWNER), ("Owner", RUNTIME), ("", RUNTIME)],
)
def test_names_that_would_need_quoting_are_refused(owner, runtime):
    with pytest.raises(BadRoleName):
        roles_sql(owner=owner, runtime=runtime)
    with pytest.raises(CommandError):
        call_command("database_roles", owner=owner, runtime=runtime)


def test_the_command_prints_what_it_would_apply(capsys):
    call_command("database_roles", owner="mine", runtime="less")
    assert capsys.readouterr().out == roles_sql(owner="mine", runtime="less")


def test_applying_needs_the_owners_address(settings):
    settings.DATABASE_OWNER_URL = ""
    with pytest.raises(CommandError, match="DATABASE_OWNER_URL"):
        call_command("database_roles", apply=True)


def test_an_address_takes_on_a_role():
    assert address_with_role("postgres://a@/b?host=/tmp", "r") == (
        "postgres://a@/b?host=/tmp&options=-c%20role%3Dr"
    )
