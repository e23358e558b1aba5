"""Triggers of this layer: what must never be false, guarded by PostgreSQL."""

from collections.abc import Iterable

import pgtrigger

# The moment at which this session has stopped the clock (`clock.set_to`), or NULL. Only a role that may move
# the clock for everybody may stop it for itself: in production the run-time role may do neither.
STOPPED_AT = """CASE
    WHEN coalesce(current_setting('portal.now', true), '') <> ''
        AND has_table_privilege('public.calls_clockoffset', 'UPDATE')
    THEN current_setting('portal.now')::timestamptz
END"""

# The portal's present instant by the database's own clock, with the offset that all processes share.
OFFSET = """coalesce((SELECT o."offset" FROM calls_clockoffset o WHERE o.id = 1), interval '0')"""
PORTAL_NOW = f"coalesce({STOPPED_AT}, clock_timestamp() + {OFFSET})"

MAX_ERROR_ON_ITS_LINE = 45  # characters: the text after a longer error goes on the next line


def refused_if(
    name: str, condition: str, error: str, *, operation: pgtrigger.Operation = pgtrigger.Insert
) -> pgtrigger.Trigger:
    """Refuse a row where a condition of SQL holds; `error` is a text in quotes, then its arguments."""
    gap = " " if len(error) <= MAX_ERROR_ON_ITS_LINE else "\n                "
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=operation,
        func=f"""
        IF {condition} THEN
            RAISE EXCEPTION {error}{gap}USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
    )


# The effective deadline of a call changes only together with the record that says why; that of a rehearsal
# also comes nearer, by as much as its clock goes on.
DEADLINE_MOVES_BY_EXTENSION_ONLY = pgtrigger.Trigger(
    name="deadline_moves_by_extension_only",
    when=pgtrigger.Before,
    operation=pgtrigger.Update | pgtrigger.Insert,
    func="""
        IF TG_OP = 'INSERT' THEN
            NEW.deadline := NEW.first_deadline;
        ELSIF OLD.rehearsal_of_id IS NOT NULL AND NEW.clock_offset > OLD.clock_offset
            AND OLD.deadline - NEW.deadline = NEW.clock_offset - OLD.clock_offset
            AND OLD.first_deadline - NEW.first_deadline = NEW.clock_offset - OLD.clock_offset THEN
            RETURN NEW;
        ELSIF OLD.published_at IS NULL AND OLD.rehearsal_of_id IS NULL
            AND NEW.first_deadline <> OLD.first_deadline
            AND NOT EXISTS (SELECT 1 FROM calls_extension WHERE call_id = NEW.id) THEN
            NEW.deadline := NEW.first_deadline;
        ELSIF NEW.deadline < OLD.deadline THEN
            RAISE EXCEPTION 'the deadline of call % only moves later', NEW.reference
                USING ERRCODE = 'check_violation';
        ELSIF NEW.deadline <> OLD.deadline AND NOT EXISTS (
            SELECT 1 FROM calls_extension WHERE call_id = NEW.id AND new_deadline = NEW.deadline
        ) THEN
            RAISE EXCEPTION 'only an extension moves the deadline of call %', NEW.reference
                USING ERRCODE = 'check_violation';
        ELSIF NEW.first_deadline <> OLD.first_deadline THEN
            RAISE EXCEPTION 'the first deadline of call % is final', NEW.reference
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

# A publication is never undone.
PUBLICATION_TIME_IS_FINAL = refused_if(
    "publication_time_is_final",
    "OLD.published_at IS NOT NULL AND NEW.published_at IS DISTINCT FROM OLD.published_at",
    "'the day of publication of call % is final', NEW.reference",
    operation=pgtrigger.Update,
)

# What was submitted in a strand was submitted to its call.
STRAND_CALL_IS_FINAL = pgtrigger.ReadOnly(name="strand_call_is_final", fields=["call"])

# Whatever was kept of a programme's countries is out of date when a row changes.
PARTICIPATION_CHANGES_PROGRAMME = pgtrigger.Trigger(
    name="participation_changes_programme",
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    func="""
        UPDATE calls_programme SET changed_at = clock_timestamp()
        WHERE id = COALESCE(NEW.programme_id, OLD.programme_id);
        RETURN NULL;
    """,
)

# An extension names the deadline that it replaces.
EXTENSION_STARTS_FROM_DEADLINE = refused_if(
    "extension_starts_from_deadline",
    """NOT EXISTS (
            SELECT 1 FROM calls_call WHERE id = NEW.call_id AND deadline = NEW.old_deadline
        )""",
    "'the extension does not start from the deadline in force'",
)

# What proposals are judged by changes only in a transaction that has first said why.
PARTICIPATION_CHANGES_FOR_A_REASON = pgtrigger.Trigger(
    name="participation_changes_for_a_reason",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    func="""
        IF NOT EXISTS (
            SELECT 1 FROM calls_conditionchange
            WHERE programme_id = COALESCE(NEW.programme_id, OLD.programme_id)
            AND transaction = pg_current_xact_id()::varchar
        ) THEN
            RAISE EXCEPTION 'countries of a programme change only with a recorded reason'
                USING ERRCODE = 'check_violation';
        END IF;
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        RETURN NEW;
    """,
)

RULES_CHANGE_FOR_A_REASON = refused_if(
    "rules_change_for_a_reason",
    """NEW.rules IS DISTINCT FROM OLD.rules AND NOT EXISTS (
            SELECT 1 FROM calls_conditionchange
            WHERE call_id = NEW.id AND transaction = pg_current_xact_id()::varchar
        )""",
    "'the rules of call % change only with a recorded reason', NEW.reference",
    operation=pgtrigger.Update,
)

# The stored hash is the hash of the stored text.
CONDITIONS_MATCH_THEIR_HASH = refused_if(
    "conditions_match_their_hash",
    "NEW.digest <> 'sha256:' || encode(sha256(convert_to(NEW.content, 'UTF8')), 'hex')",
    "'the hash is not that of the content'",
)

# Whoever answers a call that is published relies on its conditions: one person alone does not change them.
# The first conditions of a call or programme are no change.
PUBLISHED_CONDITIONS_NEED_TWO_PEOPLE = refused_if(
    "published_conditions_need_two_people",
    """(NEW.confirmed_by !~ '\\S' OR NEW.confirmed_by = NEW.made_by) AND EXISTS (
            SELECT 1 FROM calls_conditionchange c
            WHERE c.call_id = NEW.call_id OR c.programme_id = NEW.programme_id
        ) AND EXISTS (
            SELECT 1 FROM calls_call
            WHERE published_at IS NOT NULL AND rehearsal_of_id IS NULL
            AND (id = NEW.call_id OR programme_id = NEW.programme_id)
        )""",
    "'two people must change the conditions of a published call'",
)

PUBLISHED_DEADLINE_NEEDS_TWO_PEOPLE = refused_if(
    "published_deadline_needs_two_people",
    """(NEW.confirmed_by !~ '\\S' OR NEW.confirmed_by = NEW.decided_by) AND EXISTS (
            SELECT 1 FROM calls_call
            WHERE id = NEW.call_id AND published_at IS NOT NULL AND rehearsal_of_id IS NULL
        )""",
    "'two people must change the deadline of a published call'",
)


def final(name: str) -> pgtrigger.Protect:
    """A row is neither changed nor deleted."""
    return pgtrigger.Protect(name=name, operation=pgtrigger.Update | pgtrigger.Delete)


def final_but(
    name: str, *, changing: Iterable[str] = (), forgotten: Iterable[str] = ()
) -> pgtrigger.Protect:
    """No value of a row changes except those of the columns `changing`; `forgotten` may become NULL."""
    names = ", ".join(f"'{column}'" for column in (*changing, *forgotten))
    rest = f"- ARRAY[{names}]::text[]"
    refused = [f"to_jsonb(OLD) {rest} IS DISTINCT FROM to_jsonb(NEW) {rest}"]
    refused += [
        f"(NEW.{column} IS NOT NULL AND NEW.{column} IS DISTINCT FROM OLD.{column})"
        for column in forgotten
    ]
    condition = pgtrigger.Condition(" OR ".join(refused))
    return pgtrigger.Protect(name=name, operation=pgtrigger.Update, condition=condition)


def log_row_before_change(
    table: str, *, kind: str, owner: str, operation: pgtrigger.Operation, condition: str = ""
) -> pgtrigger.Trigger:
    """Keep what a row was before each change, by the database's clock, in `table`: nothing for a new row.

    `owner` is the column by which such changes are looked for later. A version freezes what its draft
    was when it was received, though a row was changed while the request waited.
    """

    def insert(row: str, before: str) -> str:
        return f"""
            INSERT INTO {table} (kind, owner, row, before, at)
            VALUES ('{kind}', {row}.{owner}, {row}.id, {before}, {PORTAL_NOW});
        """  # noqa: S608 -- names of ours, in the text of a trigger

    return pgtrigger.Trigger(
        name="logged_before_change",
        when=pgtrigger.After,
        operation=operation,
        func=f"""
            IF TG_OP = 'INSERT' THEN {insert("NEW", "NULL")}
            ELSIF TG_OP = 'DELETE' THEN {insert("OLD", "to_jsonb(OLD)")}
            ELSIF {condition or "OLD IS DISTINCT FROM NEW"} THEN {insert("OLD", "to_jsonb(OLD)")}
            END IF;
            RETURN NULL;
        """,
    )


def written_by_triggers_only(name: str) -> pgtrigger.Trigger:
    """No statement adds a row by itself: other triggers do, as they keep what somebody changes."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        condition=pgtrigger.Condition("pg_trigger_depth() = 0"),
        func="""
            RAISE EXCEPTION 'cannot write rows of % by hand', TG_TABLE_NAME
                USING ERRCODE = 'check_violation';
        """,
    )


# A version is frozen by these rows: they stay as they are for as long as a submission can have waited.
NOT_DELETED_FOR_A_DAY = pgtrigger.Trigger(
    name="not_deleted_for_a_day",
    when=pgtrigger.Before,
    operation=pgtrigger.Delete,
    func=f"""
        IF OLD.at > {PORTAL_NOW} - interval '23 hours' THEN
            RAISE EXCEPTION 'a change is not deleted before 23 hours have passed'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN OLD;
    """,
)
