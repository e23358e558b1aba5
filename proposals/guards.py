"""Triggers of this floor: what must never be false, seen to by PostgreSQL."""

import pgtrigger

_EFFECTIVE_DEADLINE = """
    SELECT greatest(
        c.deadline,
        (SELECT max(e.until) FROM proposals_individualextension e WHERE e.proposal_id = p.id)
    )
    FROM proposals_proposal p
    JOIN calls_strand s ON s.id = p.strand_id
    JOIN calls_call c ON c.id = s.call_id
"""

# No version exists whose received_at is at or after the effective deadline.
VERSION_IS_IN_TIME = pgtrigger.Trigger(
    name="version_is_in_time",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    declare=[("effective_deadline", "timestamptz")],
    func=f"""
        SELECT d INTO effective_deadline FROM ({_EFFECTIVE_DEADLINE}
            WHERE p.id = NEW.proposal_id) AS deadlines(d);
        IF effective_deadline IS NULL OR NEW.received_at >= effective_deadline THEN
            RAISE EXCEPTION 'a version received at % is not before the deadline %',
                NEW.received_at, effective_deadline USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

# The stored hash is the hash of the stored bytes.
VERSION_IS_WHAT_WAS_HASHED = pgtrigger.Trigger(
    name="version_is_what_was_hashed",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    func="""
        IF NEW.sha256 <> encode(sha256(convert_to(NEW.dossier, 'UTF8')), 'hex') THEN
            RAISE EXCEPTION 'the hash is not that of the dossier' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

# A proposal counts by one of its own versions, and that one is not withdrawn.
COUNTING_VERSION_IS_ITS_OWN = pgtrigger.Trigger(
    name="counting_version_is_its_own",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update,
    func="""
        IF NEW.counting_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM proposals_version v
            WHERE v.id = NEW.counting_id AND v.proposal_id = NEW.id
            AND NOT EXISTS (SELECT 1 FROM proposals_withdrawal w WHERE w.version_id = v.id)
        ) THEN
            RAISE EXCEPTION 'a proposal counts by a version of its own that is not withdrawn'
                USING ERRCODE = 'check_violation';
        END IF;
        IF TG_OP = 'UPDATE' AND NEW.strand_id <> OLD.strand_id THEN
            RAISE EXCEPTION 'a proposal belongs to one strand for ever'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

# Nobody decides on what is still sealed.
DECISION_AFTER_DEADLINE = pgtrigger.Trigger(
    name="decision_after_deadline",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    declare=[("effective_deadline", "timestamptz")],
    func=f"""
        SELECT d INTO effective_deadline FROM ({_EFFECTIVE_DEADLINE}
            JOIN proposals_version v ON v.proposal_id = p.id
            WHERE v.id = NEW.version_id) AS deadlines(d);
        IF NEW.decided_at < effective_deadline THEN
            RAISE EXCEPTION 'a proposal is sealed until its deadline'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)
