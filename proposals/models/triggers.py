"""Triggers of this layer: what must never be false, guarded by PostgreSQL.

Foreign keys are looked at when a transaction ends, so what a row names may come after it. Where a trigger
asks that other row, one that is not there yet is a refusal.
"""

import pgtrigger

from calls.triggers import PORTAL_NOW, STOPPED_AT, refused_if

_EFFECTIVE_DEADLINE = """
    SELECT greatest(
        c.deadline,
        (SELECT max(e.until) FROM proposals_individualextension e WHERE e.proposal_id = p.id)
    )
    FROM proposals_proposal p
    JOIN calls_strand s ON s.id = p.strand_id
    JOIN calls_call c ON c.id = s.call_id
"""

_OF_ITS_VERSION = """JOIN proposals_version v ON v.proposal_id = p.id
            WHERE v.id = NEW.version_id"""


def _select_deadline(of: str) -> str:
    """SQL that fetches the effective deadline of a proposal; `of` says of which."""
    return f"""SELECT d INTO effective_deadline FROM ({_EFFECTIVE_DEADLINE}
            {of}) AS deadlines(d);"""


def _in_time(name: str, *, of: str, column: str, what: str) -> pgtrigger.Trigger:
    """It was received before the effective deadline."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("effective_deadline", "timestamptz")],
        func=f"""
        {_select_deadline(of)}
        IF effective_deadline IS NULL OR NEW.{column} >= effective_deadline THEN
            RAISE EXCEPTION '{what} received at % is not before the deadline %',
                NEW.{column}, effective_deadline USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
    )


# No version exists whose received_at is at or after the effective deadline.
VERSION_IS_IN_TIME = _in_time(
    "version_is_in_time",
    of="WHERE p.id = NEW.proposal_id",
    column="received_at",
    what="a version",
)


def received_by_the_clock(name: str, *, column: str, what: str) -> pgtrigger.Trigger:
    """It was received a moment ago by the database's clock, whatever the clock of a web machine says.

    Where the clock is stopped (tests, seeding of a demonstration) nothing can be said about that.
    """
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("present", "timestamptz")],
        func=f"""
            present := {PORTAL_NOW};
            IF ({STOPPED_AT}) IS NULL AND (
                NEW.{column} > present + interval '1 second'
                OR NEW.{column} < present - interval '15 minutes'
            ) THEN
                RAISE EXCEPTION '{what} cannot have been received at %, it is %', NEW.{column}, present
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )


VERSION_IS_RECEIVED_BY_THE_CLOCK = received_by_the_clock(
    "version_is_received_by_the_clock", column="received_at", what="a version"
)
REPLY_IS_RECEIVED_BY_THE_CLOCK = received_by_the_clock(
    "reply_is_received_by_the_clock", column="replied_at", what="a reply"
)

WITHDRAWAL_IS_RECEIVED_BY_THE_CLOCK = received_by_the_clock(
    "withdrawal_is_received_by_the_clock", column="withdrawn_at", what="a withdrawal"
)

# After its deadline nothing changes any more by which version a proposal counts.
WITHDRAWAL_IS_IN_TIME = _in_time(
    "withdrawal_is_in_time", of=_OF_ITS_VERSION, column="withdrawn_at", what="a withdrawal"
)

# The stored hash is the hash of the stored bytes.
VERSION_MATCHES_ITS_HASH = refused_if(
    "version_matches_its_hash",
    "NEW.sha256 <> encode(sha256(convert_to(NEW.dossier, 'UTF8')), 'hex')",
    "'the hash is not that of the dossier'",
)

# A version of a call that asks for a declaration says, in the call's words, that the coordinator made it when
# the version was received; one of a call that asks for none says nothing.
VERSION_HAS_THE_DECLARATION = pgtrigger.Trigger(
    name="version_names_what_was_declared",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    declare=[("asked", "jsonb"), ("dossier", "jsonb"), ("declared", "jsonb")],
    func="""
        SELECT c.declaration INTO asked FROM proposals_proposal p
        JOIN calls_strand s ON s.id = p.strand_id JOIN calls_call c ON c.id = s.call_id
        WHERE p.id = NEW.proposal_id;
        dossier := NEW.dossier::jsonb;
        declared := nullif(dossier -> 'declaration', 'null'::jsonb);
        IF asked IS DISTINCT FROM
            coalesce(declared - ARRAY['digest', 'declared_by', 'declared_at'], '{}') THEN
            RAISE EXCEPTION 'a version carries the declaration that its call asks for'
                USING ERRCODE = 'check_violation';
        END IF;
        IF declared IS NOT NULL AND (
            (declared ->> 'declared_at')::timestamptz IS DISTINCT FROM NEW.received_at
            OR NOT EXISTS (
                SELECT 1 FROM jsonb_array_elements(dossier -> 'consortium') AS participant
                WHERE participant ->> 'key' = declared ->> 'declared_by'
                AND participant ->> 'role' = 'coordinator'
            )
        ) THEN
            RAISE EXCEPTION 'the coordinator declares when the version is received'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

# A proposal counts by the last of its own versions, unless that one is withdrawn; then by none.
CURRENT_VERSION_IS_ITS_OWN = pgtrigger.Trigger(
    name="current_version_is_its_own",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update,
    func="""
        IF NEW.current_version_id IS NOT NULL AND (
            NEW.current_version_id IS DISTINCT FROM (
                SELECT id FROM proposals_version
                WHERE proposal_id = NEW.id ORDER BY number DESC LIMIT 1
            )
            OR EXISTS (SELECT 1 FROM proposals_withdrawal WHERE version_id = NEW.current_version_id)
        ) THEN
            RAISE EXCEPTION 'the current version must be the last one, and not withdrawn'
                USING ERRCODE = 'check_violation';
        END IF;
        IF TG_OP = 'UPDATE' AND NEW.current_version_id IS NULL
            AND OLD.current_version_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM proposals_withdrawal WHERE version_id = OLD.current_version_id
        ) THEN
            RAISE EXCEPTION 'only a withdrawal clears the current version' USING ERRCODE = 'check_violation';
        END IF;
        IF TG_OP = 'UPDATE' AND NEW.strand_id <> OLD.strand_id THEN
            RAISE EXCEPTION 'the strand of a proposal is final'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

# Of several versions the last one submitted is current, also after a withdrawal.
LAST_VERSION_BECOMES_CURRENT = pgtrigger.Trigger(
    name="last_version_becomes_current",
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    func="""
        UPDATE proposals_proposal SET current_version_id = NEW.id WHERE id = NEW.proposal_id;
        RETURN NULL;
    """,
)

# Nobody decides on what is still sealed, whatever time they say it is.
DECISION_AFTER_DEADLINE = pgtrigger.Trigger(
    name="decision_after_deadline",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    declare=[("effective_deadline", "timestamptz")],
    func=f"""
        {_select_deadline(_OF_ITS_VERSION)}
        IF effective_deadline IS NULL
            OR least(NEW.decided_at, {PORTAL_NOW}) < effective_deadline THEN
            RAISE EXCEPTION 'a proposal is sealed until its deadline'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

# Two officers for each decision, about the version that still counts; the lock keeps it counting meanwhile.
# Where two disagreed and the same outcome is recorded again, a third one looks at it.
REVIEWED_BY_ANOTHER = pgtrigger.Trigger(
    name="decision_is_reviewed_by_another_officer",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    declare=[
        ("decided_by", "bigint"),
        ("current_version", "bigint"),
        ("version", "bigint"),
        ("recorded_outcome", "text"),
    ],
    func="""
        SELECT d.decided_by_id, p.current_version_id, d.version_id, d.outcome
        INTO decided_by, current_version, version, recorded_outcome
        FROM proposals_decision d
        JOIN proposals_version v ON v.id = d.version_id
        JOIN proposals_proposal p ON p.id = v.proposal_id
        WHERE d.id = NEW.decision_id FOR SHARE OF p;
        IF decided_by IS NULL OR decided_by = NEW.reviewed_by_id THEN
            RAISE EXCEPTION 'a decision needs two different officers'
                USING ERRCODE = 'check_violation';
        END IF;
        IF EXISTS (
            SELECT 1 FROM proposals_decision d
            JOIN proposals_decisionreview r ON r.decision_id = d.id AND r.answer = 'sent-back'
            WHERE d.version_id = version AND d.outcome = recorded_outcome
            AND NEW.reviewed_by_id IN (d.decided_by_id, r.reviewed_by_id)
        ) THEN
            RAISE EXCEPTION 'after two officers disagree, a third one must review'
                USING ERRCODE = 'check_violation';
        END IF;
        IF current_version IS DISTINCT FROM version THEN
            RAISE EXCEPTION 'the version of this decision is no longer current'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

PROPOSAL_OF_DECISION = (
    "(SELECT v.proposal_id FROM proposals_decision d"
    " JOIN proposals_version v ON v.id = d.version_id WHERE d.id = NEW.decision_id)"
)
PROPOSAL_OF_VERSION = "(SELECT v.proposal_id FROM proposals_version v WHERE v.id = NEW.version_id)"


def out_of_conflict(name: str, *, officer: str, proposal: str) -> pgtrigger.Trigger:
    """No officer with a conflict of interest does anything to a case; `proposal` is an SQL expression.

    The lock goes with that of `CONFLICT_WAITS_FOR_OPEN_TRANSACTIONS`: of a declaration and an act at once,
    the later sees the earlier.
    """
    return pgtrigger.Trigger(
        name=f"{name}_out_of_conflict",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func=f"""
            PERFORM 1 FROM proposals_proposal WHERE id = {proposal} FOR KEY SHARE;
            IF {proposal} IS NULL OR EXISTS (
                SELECT 1 FROM proposals_conflictofinterest c
                WHERE c.proposal_id = {proposal} AND c.officer_id = NEW.{officer}
            ) THEN
                RAISE EXCEPTION 'this officer has declared a conflict of interest'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )


# A conflict of interest is declared after open transactions on the case have ended.
CONFLICT_WAITS_FOR_OPEN_TRANSACTIONS = pgtrigger.Trigger(
    name="conflict_waits_for_open_transactions",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    func="""
        PERFORM 1 FROM proposals_proposal WHERE id = NEW.proposal_id FOR UPDATE;
        RETURN NEW;
    """,
)

# Two officers who record outcomes at once do not both leave one to a second officer.
ONE_PENDING_DECISION = pgtrigger.Trigger(
    name="one_decision_of_a_version_is_pending",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    func=f"""
        PERFORM 1 FROM proposals_proposal WHERE id = {PROPOSAL_OF_VERSION} FOR UPDATE;
        IF EXISTS (
            SELECT 1 FROM proposals_decision d
            LEFT JOIN proposals_decisionreview r ON r.decision_id = d.id
            WHERE d.version_id = NEW.version_id AND r.id IS NULL
        ) THEN
            RAISE EXCEPTION 'a decision on this version waits for a second officer'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

VERSION_OF_DECISION = "(SELECT version_id FROM proposals_decision WHERE id = NEW.decision_id)"
VERSION_OF_REQUEST = (
    "(SELECT version_id FROM proposals_clarificationrequest"
    " WHERE id = NEW.clarification_request_id)"
)


def refreshes_case_state(
    name: str,
    *,
    version: str = "NEW.version_id",
    condition: str | None = None,
    operation: pgtrigger.Operation = pgtrigger.Insert,
) -> pgtrigger.Trigger:
    """What the list of cases shows of a version is gathered again; `version` is an expression."""
    return pgtrigger.Trigger(
        name=f"{name}_refreshes_case_state",
        when=pgtrigger.After,
        operation=operation,
        condition=pgtrigger.Condition(condition) if condition else None,
        func=f"""
            PERFORM proposals_refresh_case_state({version});
            RETURN NULL;
        """,
    )


# No letter is sent about a decision that a second officer has not confirmed.
NOTICE_OF_CONFIRMED_DECISION = refused_if(
    "notice_is_of_confirmed_decision",
    """NOT EXISTS (
            SELECT 1 FROM proposals_decisionreview r
            WHERE r.decision_id = NEW.decision_id AND r.answer = 'confirmed'
        )""",
    "'a notice requires a confirmed decision'",
)

# What was once submitted is withdrawn, never deleted; and a deleted draft gets no version.
ONLY_DRAFTS_ARE_DELETED = refused_if(
    "only_drafts_are_deleted",
    """NEW.deleted_at IS NOT NULL AND EXISTS (
            SELECT 1 FROM proposals_version v WHERE v.proposal_id = NEW.id
        )""",
    "'a proposal that was submitted cannot be deleted'",
    operation=pgtrigger.Update,
)


def goes_with_a_deleted_draft(name: str, *, what: str) -> pgtrigger.Trigger:
    """It goes only together with a deleted draft that was never submitted."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Delete,
        func=f"""
            IF NOT EXISTS (
                SELECT 1 FROM proposals_proposal p
                WHERE p.id = OLD.proposal_id AND p.deleted_at IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM proposals_version v WHERE v.proposal_id = p.id)
            ) THEN
                RAISE EXCEPTION '{what} of a proposal are never deleted' USING ERRCODE = 'check_violation';
            END IF;
            RETURN OLD;
        """,
    )


FILES_ARE_NOT_DELETED = goes_with_a_deleted_draft("files_are_not_deleted", what="files")

# Whoever saves a section, by whatever way, its text is in the history.
SAVED_TEXTS_ARE_LOGGED = pgtrigger.Trigger(
    name="saved_sections_are_logged",
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.Update,
    condition=pgtrigger.Condition("NEW.version > 0 OR NEW.answers <> '{}'::jsonb"),
    func="""
        INSERT INTO proposals_sectionchange
            (proposal_id, step, participant_key, organisation_id, version, answers, saved_at, saved_by_id)
        SELECT NEW.proposal_id, NEW.step, coalesce(p.key, ''), p.organisation_id, NEW.version,
            NEW.answers, NEW.saved_at, NEW.saved_by_id
        FROM (SELECT 1) AS once
        LEFT JOIN proposals_participant p ON p.id = NEW.participant_id;
        RETURN NULL;
    """,
)

# An invitation is accepted, declined or revoked once.
ANSWERED_INVITATIONS_ARE_FINAL = pgtrigger.Trigger(
    name="answered_invitations_are_final",
    when=pgtrigger.Before,
    operation=pgtrigger.Update,
    condition=pgtrigger.Condition("OLD.state IS DISTINCT FROM NEW.state"),
    func="""
        IF OLD.state = 'accepted' AND NEW.state = 'revoked' THEN
            RETURN NEW;
        END IF;
        IF OLD.state <> 'pending' THEN
            RAISE EXCEPTION 'an invitation is closed only once' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

# A reply to officers is received before the instant at which it is due.
REPLY_IS_IN_TIME = refused_if(
    "reply_is_in_time",
    """NOT EXISTS (
            SELECT 1 FROM proposals_clarificationrequest
            WHERE id = NEW.clarification_request_id AND due_at > NEW.replied_at
        )""",
    "'the reply was received after it was due'",
)

# A rehearsal is kept apart from everything that the public sees.
REQUEST_IS_OF_NO_REHEARSAL = refused_if(
    "request_is_of_no_rehearsal",
    "NOT EXISTS (SELECT 1 FROM calls_call WHERE id = NEW.call_id AND rehearsal_of_id IS NULL)",
    "'a partnership request is for a real call'",
    operation=pgtrigger.Insert | pgtrigger.Update,
)
