"""One view that says how far each version is with its officers."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

VIEW = """
    CREATE VIEW proposals_casestate AS
    WITH decided AS (
        SELECT
            d.version_id,
            coalesce(bool_or(r.answer = 'confirmed' AND d.outcome <> 'clarify'), false) AS is_decided,
            bool_or(r.id IS NULL) AS is_waiting,
            coalesce((
                array_agg(d.outcome <> 'clarify' AND i.id IS NULL ORDER BY d.id DESC)
                FILTER (WHERE r.answer = 'confirmed')
            )[1], false) AS is_to_be_told,
            coalesce(array_agg(d.decided_by_id) FILTER (WHERE r.id IS NULL), '{}') AS recorded_by,
            coalesce(array_agg(d.decided_by_id) FILTER (WHERE r.answer = 'sent-back'), '{}')
                AS sent_back_to
        FROM proposals_decision d
        LEFT JOIN proposals_decisionreview r ON r.decision_id = d.id
        LEFT JOIN proposals_information i ON i.decision_id = d.id
        GROUP BY d.version_id
    ), asked AS (
        SELECT q.version_id, min(q.due_at) AS first_due_at, max(q.due_at) AS last_due_at
        FROM proposals_question q
        WHERE NOT EXISTS (SELECT 1 FROM proposals_reply y WHERE y.question_id = q.id)
        GROUP BY q.version_id
    )
    SELECT
        version_id,
        coalesce(is_decided, false) AS is_decided,
        coalesce(is_waiting, false) AS is_waiting,
        coalesce(is_to_be_told, false) AS is_to_be_told,
        coalesce(recorded_by, '{}') AS recorded_by,
        coalesce(sent_back_to, '{}') AS sent_back_to,
        first_due_at,
        last_due_at
    FROM decided FULL JOIN asked USING (version_id)
"""


class Migration(migrations.Migration):
    dependencies = [("proposals", "0015_partner_search")]

    operations = [
        migrations.RunSQL(VIEW, "DROP VIEW proposals_casestate"),
        migrations.CreateModel(
            name="CaseState",
            fields=[
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="case_state",
                        serialize=False,
                        to="proposals.version",
                    ),
                ),
                ("is_decided", models.BooleanField(help_text="A confirmed decision closes the case.")),
                ("is_waiting", models.BooleanField(help_text="A decision is waiting for a second officer.")),
                (
                    "is_to_be_told",
                    models.BooleanField(help_text="The decision in force closes the case, and no letter has been sent."),
                ),
                (
                    "recorded_by",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        help_text="Officers who recorded the waiting decisions.",
                        size=None,
                    ),
                ),
                (
                    "sent_back_to",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        help_text="Officer who recorded the returned decision.",
                        size=None,
                    ),
                ),
                (
                    "first_due_at",
                    models.DateTimeField(help_text="Of questions without a reply.", null=True),
                ),
                (
                    "last_due_at",
                    models.DateTimeField(help_text="Of questions without a reply.", null=True),
                ),
            ],
            options={
                "db_table": "proposals_casestate",
                "managed": False,
                "default_permissions": (),
            },
        ),
        # The newest verdict of each version is found by an index alone, which serves for all of them too.
        migrations.AlterField(
            model_name="storedverdict",
            name="version",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="verdicts",
                to="proposals.version",
            ),
        ),
        migrations.AddIndex(
            model_name="storedverdict",
            index=models.Index(
                models.F("version"),
                models.OrderBy(models.F("id"), descending=True),
                include=["outcome"],
                name="newest_verdict",
            ),
        ),
    ]
