"""Two PostgreSQL roles: one owns the tables and migrates them, one runs the portal and can do no more.

Triggers guard what must never change. Whoever owns a table can disable its triggers or TRUNCATE it,
so the portal must not run as the owner. The run-time role reads and writes rows; it cannot TRUNCATE,
ALTER, CREATE (not even temporary tables, which would hide the tables that triggers read), and
`session_replication_role` is for superusers only.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

OWNER = "portal_owner"
RUNTIME = "portal_runtime"

_ROLE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

_ROLES_SQL = """\
-- Run this in the portal's database as a superuser, or as a role that may create roles and owns the
-- database. It can run again at any time. Passwords are yours to set:
--     ALTER ROLE {owner} PASSWORD '...';   ALTER ROLE {runtime} PASSWORD '...';
BEGIN;
SELECT pg_advisory_xact_lock(7413009261);
DO $roles$
DECLARE
    item record;
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['{owner}', '{runtime}'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I LOGIN', role_name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- created by another session meanwhile
            END;
        END IF;
    END LOOP;
    IF EXISTS (
        SELECT FROM pg_roles WHERE rolname = '{runtime}'
        AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
    ) THEN
        RAISE EXCEPTION 'the role {runtime} has attributes that it must not have: choose another name';
    END IF;
    IF EXISTS (
        SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = '{runtime}'
    ) THEN
        RAISE EXCEPTION 'the role {runtime} is a member of another role: revoke that first';
    END IF;
    IF NOT pg_has_role(current_user, '{owner}', 'MEMBER') THEN
        EXECUTE format('GRANT {owner} TO %I', current_user);
    END IF;

    -- Everything belongs to the owner.
    EXECUTE format('ALTER DATABASE %I OWNER TO {owner}', current_database());
    ALTER SCHEMA public OWNER TO {owner};
    FOR item IN
        SELECT c.oid::regclass AS name FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        AND c.relowner <> '{owner}'::regrole
        AND NOT EXISTS (  -- what belongs to a table or an extension follows it
            SELECT FROM pg_depend d
            WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i', 'e')
            AND (c.relkind = 'S' OR d.deptype = 'e')
        )
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO {owner}', item.name);
    END LOOP;
    FOR item IN
        SELECT p.oid::regprocedure AS name FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proowner <> '{owner}'::regrole
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('ALTER ROUTINE %s OWNER TO {owner}', item.name);
    END LOOP;

    -- The run-time role reads and writes rows.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC, {runtime}', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO {runtime}', current_database());
    REVOKE ALL ON SCHEMA public FROM PUBLIC, {runtime};
    GRANT USAGE ON SCHEMA public TO {runtime};
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {runtime};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {runtime};
    REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, {runtime};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {runtime};
{only_read}
    -- What later migrations create.
    ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {runtime};
    ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public
        GRANT USAGE, SELECT ON SEQUENCES TO {runtime};
END
$roles$;
COMMIT;
"""

# Whether something is not as `_ROLES_SQL` leaves it: an object of another owner, a missing privilege.
_INCOMPLETE_SQL = """
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %(owner)s)
    OR NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %(runtime)s)
    OR EXISTS (
        SELECT FROM pg_class c LEFT JOIN pg_roles o ON o.oid = c.relowner
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
        AND (o.rolname IS DISTINCT FROM %(owner)s OR NOT EXISTS (
            SELECT FROM aclexplode(c.relacl) a JOIN pg_roles g ON g.oid = a.grantee
            WHERE g.rolname = %(runtime)s AND a.privilege_type = 'SELECT'
        ))
    )
"""

# The guards that belong to every table, whatever migration made it. pgtrigger lets any session ignore
# any trigger by a setting; here that is for the owner of the tables (and superusers) only.
_GUARDS_SQL = """
CREATE OR REPLACE FUNCTION public.may_ignore_trigger(trigger_name NAME) RETURNS boolean AS $$
BEGIN
    RETURN trigger_name::text = ANY(current_setting('pgtrigger.ignore')::text[])
        AND pg_has_role(current_user, (
            SELECT relowner FROM pg_class WHERE oid = 'public.django_migrations'::regclass
        ), 'MEMBER');
END;
$$ LANGUAGE plpgsql STABLE;

-- Each trigger asks this first. PostgreSQL inlines it: one expression in SQL, without a subquery.
CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name NAME) RETURNS boolean AS $$
    SELECT CASE WHEN coalesce(current_setting('pgtrigger.ignore', true), '') = '' THEN FALSE
        ELSE public.may_ignore_trigger(trigger_name) END
$$ LANGUAGE sql STABLE;

CREATE OR REPLACE FUNCTION public.refuse_truncate() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'the table % cannot be truncated', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END;
$$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION public.refuse_new_key() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'the key of a row of % cannot be changed', TG_TABLE_NAME
        USING ERRCODE = 'check_violation';
END;
$$ LANGUAGE plpgsql;

DO $guards$
DECLARE
    item record;
BEGIN
    FOR item IN  -- with another key a row would be what others say of that key
        SELECT c.oid::regclass AS name, quote_ident(a.attname) AS key
        FROM pg_class c
        JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'refuse_new_key')
    LOOP
        EXECUTE format(
            'CREATE TRIGGER refuse_new_key BEFORE UPDATE OF %1$s ON %2$s FOR EACH ROW'
            ' WHEN (OLD.%1$s IS DISTINCT FROM NEW.%1$s) EXECUTE FUNCTION public.refuse_new_key()',
            item.key, item.name
        );
    END LOOP;
    FOR item IN
        SELECT c.oid::regclass AS name FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'refuse_truncate')
    LOOP
        EXECUTE format(
            'CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s EXECUTE FUNCTION public.refuse_truncate()',
            item.name
        );
    END LOOP;
{only_read}
END
$guards$;
"""

# Some tables are written by the owner only: who runs the portal must not say which migrations have run.
_ONLY_READ = """\
    FOR item IN
        SELECT c.oid::regclass AS name, a.grantee::regrole AS grantee
        FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname IN ({tables})
        AND a.grantee NOT IN (0, c.relowner) AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE')
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s FROM %s', item.name, item.grantee);
    END LOOP;"""

_EXCESS_SQL = """
SELECT current_user, r.rolsuper, r.rolcreaterole, r.rolbypassrls, r.rolreplication,
    has_schema_privilege(current_user, 'public', 'CREATE') AS creates,
    has_database_privilege(current_user, current_database(), 'TEMPORARY') AS makes_temporary,
    EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) AS is_member,
    EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p') AND pg_has_role(current_user, c.relowner, 'MEMBER')) AS owns,
    EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p') AND has_table_privilege(current_user, c.oid, 'TRUNCATE')) AS truncates,
    EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p') AND has_table_privilege(current_user, c.oid, 'TRIGGER')) AS triggers
FROM pg_roles r WHERE r.rolname = current_user
"""

_WRITTEN_SQL = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p') AND c.relname = ANY (%s)
    AND has_table_privilege(current_user, c.oid, 'INSERT, UPDATE, DELETE') ORDER BY c.relname
"""

_EXCESS = {
    "rolsuper": "is a superuser",
    "rolcreaterole": "can create roles",
    "rolbypassrls": "bypasses row security",
    "rolreplication": "can replicate",
    "creates": "can create objects in the schema",
    "makes_temporary": "can create temporary tables",
    "is_member": "is a member of another role",
    "owns": "owns tables, so it can ALTER them and disable their triggers",
    "truncates": "can TRUNCATE tables",
    "triggers": "can create triggers",
}


class BadRoleName(ValueError):
    """A role's name is lower case letters, digits and underscores, at most 63, and no digit first."""


def roles_sql(*, owner: str = OWNER, runtime: str = RUNTIME, only_read: Iterable[str] = ()) -> str:
    """The SQL that creates both roles and gives each what it needs in the current database.

    The run-time role does not write the tables `only_read`. The SQL works in psql and over one
    connection, and is safe to repeat while the portal runs.

    Raises:
        BadRoleName: a name that would need quoting, or both names are the same.
    """
    for name in (owner, runtime):
        if not _ROLE_NAME.fullmatch(name):
            raise BadRoleName(name)
    if owner == runtime:
        raise BadRoleName(runtime)
    return _ROLES_SQL.format(owner=owner, runtime=runtime, only_read=_only_read_sql(only_read))


def guards_sql(*, only_read: Iterable[str] = ()) -> str:
    """The guards that belong to every table, whatever migration made it; safe to repeat."""
    return _GUARDS_SQL.replace("{only_read}", _only_read_sql(only_read))


def _only_read_sql(tables: Iterable[str]) -> str:
    return _ONLY_READ.format(tables=", ".join(f"'{name}'" for name in _never_written(tables)))


def _never_written(tables: Iterable[str]) -> list[str]:
    return ["django_migrations", *tables]


def is_incomplete(cursor: Any, *, owner: str = OWNER, runtime: str = RUNTIME) -> bool:
    """Whether the roles are missing, or some table is not as `roles_sql` leaves it. Cheap."""
    cursor.execute(_INCOMPLETE_SQL, {"owner": owner, "runtime": runtime})
    return bool(cursor.fetchone()[0])


def excess_privileges(cursor: Any, *, only_read: Iterable[str] = ()) -> list[str]:
    """What the role of this connection can do although the portal must not; empty if all is well.

    It must not write the tables `only_read`, either.
    """
    cursor.execute(_EXCESS_SQL)
    names = [column[0] for column in cursor.description or ()]
    row = dict(zip(names, cursor.fetchone(), strict=True))
    excess = [sentence for name, sentence in _EXCESS.items() if row[name]]
    cursor.execute(_WRITTEN_SQL, [_never_written(only_read)])
    return excess + [f"can write the table {table}" for (table,) in cursor.fetchall()]


def address_with_role(address: str, role: str) -> str:
    """A connection address whose sessions take on `role` at once, as SET ROLE would."""
    parts = urlsplit(address)
    option = f"options={quote(f'-c role={role}')}"
    return urlunsplit(parts._replace(query=f"{parts.query}&{option}" if parts.query else option))
