"""Organisations that have taken part by an act of their own have agreed; of the others nothing stays printed."""

from django.db import migrations

# In this order, each only where nothing better is known. `started_at` stands for an instant that nobody kept.
HAVE_AGREED = """
UPDATE proposals_participant p SET agreed_at = found.at
FROM (
    SELECT one.id, min(acts.at) AS at
    FROM proposals_participant one
    JOIN proposals_proposal proposal ON proposal.id = one.proposal_id
    CROSS JOIN LATERAL (
        SELECT proposal.started_at AS at WHERE one.role = 'coordinator'
        UNION ALL
        SELECT c.confirmed_at FROM proposals_confirmation c
        WHERE c.proposal_id = one.proposal_id AND c.organisation_id = one.organisation_id
          AND c.participant_key = one.key
          AND EXISTS (
            SELECT 1 FROM applicants_membership m
            LEFT JOIN proposals_invitation i ON i.id = c.invitation_id
            LEFT JOIN account_emailaddress e ON e.user_id = m.user_id AND e.verified
            WHERE m.organisation_id = c.organisation_id
              AND (m.user_id = c.confirmed_by_id OR lower(e.email) = lower(i.email))
            UNION ALL
            SELECT 1 FROM applicants_profilesection s
            JOIN proposals_invitation i ON i.id = c.invitation_id
            WHERE s.organisation_id = c.organisation_id AND s.step = 'contact'
              AND lower(s.answers ->> 'contact_email') = lower(i.email)
          )
        UNION ALL
        SELECT h.saved_at FROM proposals_sectionchange h
        JOIN applicants_membership m ON m.user_id = h.saved_by_id
        WHERE h.proposal_id = one.proposal_id AND h.participant_key = one.key
          AND m.organisation_id = one.organisation_id
        UNION ALL
        SELECT l.joined_at FROM proposals_collaborator l
        JOIN applicants_membership m ON m.user_id = l.user_id
        WHERE l.participant_id = one.id AND m.organisation_id = one.organisation_id
        UNION ALL
        SELECT proposal.started_at FROM applicants_membership m
        WHERE m.organisation_id = one.organisation_id AND m.user_id = proposal.started_by_id
        UNION ALL
        SELECT proposal.started_at FROM applicants_organisation o
        JOIN proposals_participant lead
          ON lead.proposal_id = one.proposal_id AND lead.organisation_id = o.steward_id
        WHERE o.id = one.organisation_id AND lead.role = 'coordinator'
          AND NOT EXISTS (
            SELECT 1 FROM applicants_membership m WHERE m.organisation_id = o.id
          )
        UNION ALL
        SELECT proposal.started_at WHERE proposal.is_demonstration
    ) acts
    GROUP BY one.id
) found
WHERE found.id = p.id
"""

# Whoever needs one asks for it again; it then shows what may be shown.
NO_OLD_PRINTS = "DELETE FROM proposals_draftprint"


class Migration(migrations.Migration):
    dependencies = [
        ("proposals", "0035_organisations_agree"),
        ("applicants", "0010_who_moves_the_clock_stops_it"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [
        migrations.RunSQL(HAVE_AGREED, migrations.RunSQL.noop),
        migrations.RunSQL(NO_OLD_PRINTS, migrations.RunSQL.noop),
    ]
