"""Triggers of this layer: what must never be false, guarded by PostgreSQL.

An officer takes no part: a person who is staff, superuser, or in an officers' group is never of an
organisation (nor, in the layer above, in a proposal by invitation). Both directions lock the person's row
before they look, so that of two transactions at once only one can win. Foreign keys are looked at when a
transaction ends: a row that names a person who is not there yet is refused, since nothing is known of them.
"""

import pgtrigger

OFFICERS_TAKE_NO_PART = "officers_take_no_part"

_REFUSE = f"""
    RAISE EXCEPTION 'an officer cannot belong to an organisation or a proposal'
        USING ERRCODE = 'check_violation', CONSTRAINT = '{OFFICERS_TAKE_NO_PART}';
"""

# Of the row lock before it.
_REFUSE_UNKNOWN = """
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this person does not exist' USING ERRCODE = 'foreign_key_violation';
    END IF;
"""


def no_officer(
    name: str,
    *,
    person: str = "user_id",
    operation: pgtrigger.Operation = pgtrigger.Insert | pgtrigger.Update,
) -> pgtrigger.Trigger:
    """The person in a column of the row is no officer. The share lock waits for who makes it one."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=operation,
        func=f"""
            IF NEW.{person} IS NULL THEN
                RETURN NEW;
            END IF;
            PERFORM 1 FROM applicants_user WHERE id = NEW.{person} FOR SHARE;
            {_REFUSE_UNKNOWN}
            IF EXISTS (
                SELECT 1 FROM applicants_user u WHERE u.id = NEW.{person} AND (
                    u.is_staff OR u.is_superuser
                    OR EXISTS (SELECT 1 FROM applicants_user_groups g WHERE g.user_id = u.id)
                )
            ) THEN
                {_REFUSE}
            END IF;
            RETURN NEW;
        """,
    )


def made_officer(name: str, *, table: str) -> pgtrigger.Trigger:
    """Nobody becomes staff or superuser while a row of the table names them. The update holds the lock."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(
            "((NEW.is_staff AND NOT OLD.is_staff) OR (NEW.is_superuser AND NOT OLD.is_superuser))"
        ),
        func=f"""
            IF EXISTS (SELECT 1 FROM {table} WHERE user_id = NEW.id) THEN
                {_REFUSE}
            END IF;
            RETURN NEW;
        """,
    )


def added_to_group(name: str, *, table: str) -> pgtrigger.Trigger:
    """Nobody joins an officers' group while a row of the table names them."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func=f"""
            PERFORM 1 FROM applicants_user WHERE id = NEW.user_id FOR NO KEY UPDATE;
            {_REFUSE_UNKNOWN}
            IF EXISTS (SELECT 1 FROM {table} WHERE user_id = NEW.user_id) THEN
                {_REFUSE}
            END IF;
            RETURN NEW;
        """,
    )


# A link is used once: an invitation that was answered or cancelled is not opened again.
ANSWERED_INVITATIONS_ARE_FINAL = pgtrigger.Trigger(
    name="answered_invitations_are_not_reopened",
    when=pgtrigger.Before,
    operation=pgtrigger.Update,
    condition=pgtrigger.Condition(
        "OLD.state <> 'pending' AND (NEW.state <> OLD.state OR NEW.token_hash <> OLD.token_hash)"
    ),
    func="""
        RAISE EXCEPTION 'an invitation is closed only once' USING ERRCODE = 'check_violation';
    """,
)
