"""The states of cases become a table that triggers keep, with the columns that lists show; tags; shared views."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


# Gathers what a version's row says from the rows that it follows from. Whoever changes one of these calls it,
# by a trigger. The lock makes the later of two transactions see what the earlier one stored.
REFRESH = """
    CREATE FUNCTION proposals_refresh_case_state(case_version bigint) RETURNS void AS $$
    DECLARE
        checked record;
        answered bigint;
    BEGIN
        IF NOT EXISTS (SELECT FROM proposals_casestate WHERE version_id = case_version) THEN
            INSERT INTO proposals_casestate (
                version_id, is_decided, is_waiting, needs_letter, recorded_by, sent_back_to,
                decision, decision_step, outcome, rules, coordinator, applicants, partners,
                requested_grant, rate
            )
            SELECT
                v.id, false, false, false, '{}', '{}', '', '', '', '{}',
                coalesce(left(people.coordinator, 300), ''), people.applicants, people.partners,
                least(sums.requested, 1e17), least(100 * sums.requested / nullif(sums.costs, 0), 99999)
            FROM proposals_version v
            CROSS JOIN LATERAL (SELECT v.dossier::jsonb AS content OFFSET 0) AS dossier
            CROSS JOIN LATERAL (
                SELECT
                    min(p #>> '{organisation,legal_name}') FILTER (WHERE p ->> 'role' = 'coordinator')
                        AS coordinator,
                    count(*) FILTER (WHERE p ->> 'role' <> 'associated') AS applicants,
                    count(*) FILTER (WHERE p ->> 'role' <> 'coordinator') AS partners
                FROM jsonb_array_elements(dossier.content -> 'consortium') AS p
            ) AS people
            CROSS JOIN LATERAL (
                SELECT
                    (dossier.content #>> '{budget,total_grant}')::numeric AS requested,
                    (dossier.content #>> '{budget,total_costs}')::numeric AS costs
            ) AS sums
            WHERE v.id = case_version
            ON CONFLICT DO NOTHING;
        END IF;
        PERFORM FROM proposals_casestate WHERE version_id = case_version FOR UPDATE;

        SELECT r.outcome, r.rules_not_met, r.by_rule INTO checked
        FROM proposals_verdictrecord r
        WHERE r.version_id = case_version AND r.audience = 'officer'
        ORDER BY r.id DESC LIMIT 1;

        SELECT
            (
                SELECT count(*) FROM proposals_screeninganswer a
                WHERE a.version_id = case_version AND a.item LIKE 'rule:%'
                AND checked.by_rule ? substr(a.item, 6)
            ) + (
                SELECT count(*) FROM (
                    SELECT FROM proposals_screeninganswer a
                    WHERE a.version_id = case_version AND a.item LIKE 'element:%'
                    GROUP BY split_part(a.item, ':', 2) HAVING count(*) >= 12
                ) AS checklists
            )
        INTO answered;

        UPDATE proposals_casestate AS s SET
            is_decided = coalesce(d.is_decided, false),
            is_waiting = coalesce(d.is_waiting, false),
            needs_letter = coalesce(d.needs_letter, false),
            recorded_by = coalesce(d.recorded_by, '{}'),
            sent_back_to = coalesce(d.sent_back_to, '{}'),
            decision = coalesce(d.decision, ''),
            decision_step = coalesce(d.decision_step, ''),
            first_due_at = q.first_due_at,
            last_due_at = q.last_due_at,
            outcome = coalesce(checked.outcome, ''),
            rules = coalesce(checked.rules_not_met, '{}'),
            open_lines = CASE WHEN checked.by_rule IS NULL THEN NULL ELSE greatest(
                s.applicants + (SELECT count(*) FROM jsonb_object_keys(checked.by_rule)) - answered, 0
            ) END
        FROM (
            SELECT
                bool_or(r.answer = 'confirmed' AND d.outcome <> 'clarify') AS is_decided,
                bool_or(r.id IS NULL) AS is_waiting,
                (
                    array_agg(d.outcome <> 'clarify' AND n.id IS NULL ORDER BY d.id DESC)
                    FILTER (WHERE r.answer = 'confirmed')
                )[1] AS needs_letter,
                array_agg(d.decided_by_id) FILTER (WHERE r.id IS NULL) AS recorded_by,
                array_agg(d.decided_by_id) FILTER (WHERE r.answer = 'sent-back') AS sent_back_to,
                (array_agg(d.outcome ORDER BY d.id DESC))[1] AS decision,
                (array_agg(
                    CASE WHEN r.id IS NULL THEN 'waiting' WHEN r.answer = 'confirmed' THEN 'stands'
                    ELSE 'sent-back' END
                    ORDER BY d.id DESC
                ))[1] AS decision_step
            FROM proposals_decision d
            LEFT JOIN proposals_decisionreview r ON r.decision_id = d.id
            LEFT JOIN proposals_decisionnotice n ON n.decision_id = d.id
            WHERE d.version_id = case_version
        ) AS d, (
            SELECT min(q.due_at) AS first_due_at, max(q.due_at) AS last_due_at
            FROM proposals_clarificationrequest q
            WHERE q.version_id = case_version AND NOT EXISTS (
                SELECT FROM proposals_clarificationreply y WHERE y.clarification_request_id = q.id
            )
        ) AS q
        WHERE s.version_id = case_version;
    END
    $$ LANGUAGE plpgsql
"""
REFRESH_ALL = """
    SELECT proposals_refresh_case_state(v.id) FROM proposals_version v
    WHERE EXISTS (
        SELECT FROM proposals_verdictrecord r WHERE r.version_id = v.id AND r.audience = 'officer'
    )
    OR EXISTS (SELECT FROM proposals_decision d WHERE d.version_id = v.id)
    OR EXISTS (SELECT FROM proposals_clarificationrequest q WHERE q.version_id = v.id)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('proposals', '0006_a_personal_message_of_invitations'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CaseTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=30)),
                ('added_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['name'],
                'default_permissions': ('add',),
            },
        ),
        migrations.CreateModel(
            name='OfficerPreferences',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('columns', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RunSQL("DROP VIEW proposals_casestate"),
        migrations.DeleteModel(name="CaseState"),
        migrations.CreateModel(
            name='CaseState',
            fields=[
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='case_state', serialize=False, to='proposals.version')),
                ('is_decided', models.BooleanField(default=False, help_text='A confirmed decision closes the case.')),
                ('is_waiting', models.BooleanField(default=False, help_text='A decision is waiting for a second officer.')),
                ('needs_letter', models.BooleanField(default=False, help_text='The decision in force closes the case, and no letter has been sent.')),
                ('recorded_by', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, help_text='Officers who recorded the waiting decisions.', size=None)),
                ('sent_back_to', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, help_text='Officer who recorded the returned decision.', size=None)),
                ('first_due_at', models.DateTimeField(help_text='Of questions without a reply.', null=True)),
                ('last_due_at', models.DateTimeField(help_text='Of questions without a reply.', null=True)),
                ('decision', models.CharField(blank=True, help_text='The outcome of the newest decision.', max_length=12)),
                ('decision_step', models.CharField(blank=True, choices=[('', 'None'), ('waiting', 'Waiting for a second officer'), ('stands', 'Confirmed'), ('sent-back', 'Returned')], help_text='How far that decision is.', max_length=10)),
                ('outcome', models.CharField(blank=True, help_text='Of the newest automatic check for officers.', max_length=12)),
                ('rules', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, help_text='Rules of that check to review.', size=None)),
                ('open_lines', models.PositiveIntegerField(help_text='Lines of the screening sheet that no officer has answered.', null=True)),
                ('coordinator', models.TextField(blank=True, help_text='Its name in the dossier.')),
                ('applicants', models.PositiveIntegerField(default=0, help_text='Who apply, by the dossier.')),
                ('partners', models.PositiveIntegerField(default=0, help_text='All but the coordinator.')),
                ('requested_grant', models.DecimalField(decimal_places=2, max_digits=20, null=True)),
                ('rate', models.DecimalField(decimal_places=2, help_text='Grant as a share of costs, percent.', max_digits=7, null=True)),
            ],
            options={
                'db_table': 'proposals_casestate',
                'default_permissions': (),
                'indexes': [models.Index(fields=['requested_grant'], name='case_by_grant'), models.Index(fields=['rate'], name='case_by_rate'), models.Index(fields=['outcome'], name='case_by_outcome'), models.Index(fields=['open_lines'], name='case_by_open_lines'), models.Index(fields=['coordinator'], name='case_by_coordinator'), django.contrib.postgres.indexes.GinIndex(fields=['rules'], name='case_rules')],
            },
        ),
        migrations.RunSQL(REFRESH, "DROP FUNCTION proposals_refresh_case_state(bigint)"),
        migrations.RunSQL(REFRESH_ALL, migrations.RunSQL.noop),
        migrations.AddField(
            model_name='savedfilter',
            name='is_shared',
            field=models.BooleanField(default=False, help_text='Colleagues see it in their lists.'),
        ),
        migrations.AlterField(
            model_name='caseevent',
            name='kind',
            field=models.CharField(choices=[('read', 'opened the case'), ('assigned', 'assigned the case'), ('conflict', 'declared a conflict of interest'), ('answered', 'recorded a finding'), ('noted', 'added a note'), ('asked', 'requested clarification'), ('replied', 'replied to the officers'), ('decided', 'recorded a decision'), ('reviewed', "reviewed a colleague's decision"), ('informed', 'sent the letter'), ('exported', 'exported the version'), ('tagged', 'added a tag'), ('untagged', 'removed a tag')], max_length=10, verbose_name='action'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='clarificationreply',
            trigger=pgtrigger.compiler.Trigger(name='reply_refreshes_case_state', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            PERFORM proposals_refresh_case_state((SELECT version_id FROM proposals_clarificationrequest WHERE id = NEW.clarification_request_id));\n            RETURN NULL;\n        ', hash='bc6881b8e25bf558fe4d77e615b6234e0199292e', operation='INSERT', pgid='pgtrigger_reply_refreshes_case_state_4d024', table='proposals_clarificationreply', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='clarificationrequest',
            trigger=pgtrigger.compiler.Trigger(name='question_refreshes_case_state', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            PERFORM proposals_refresh_case_state(NEW.version_id);\n            RETURN NULL;\n        ', hash='046a10e804eb75e52ca0042c424ab8b883bc26ec', operation='INSERT', pgid='pgtrigger_question_refreshes_case_state_4ae51', table='proposals_clarificationrequest', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decision',
            trigger=pgtrigger.compiler.Trigger(name='decision_refreshes_case_state', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            PERFORM proposals_refresh_case_state(NEW.version_id);\n            RETURN NULL;\n        ', hash='f2c252aed0854de04d7e5c76e84623262304ba68', operation='INSERT', pgid='pgtrigger_decision_refreshes_case_state_90e68', table='proposals_decision', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decisionnotice',
            trigger=pgtrigger.compiler.Trigger(name='notice_refreshes_case_state', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            PERFORM proposals_refresh_case_state((SELECT version_id FROM proposals_decision WHERE id = NEW.decision_id));\n            RETURN NULL;\n        ', hash='5798175d83038bd764dde43cfb6b120748b2b133', operation='INSERT', pgid='pgtrigger_notice_refreshes_case_state_73648', table='proposals_decisionnotice', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decisionreview',
            trigger=pgtrigger.compiler.Trigger(name='review_refreshes_case_state', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            PERFORM proposals_refresh_case_state((SELECT version_id FROM proposals_decision WHERE id = NEW.decision_id));\n            RETURN NULL;\n        ', hash='d0bab8e485770ae530b0bdf8289f68f2ce860b37', operation='INSERT', pgid='pgtrigger_review_refreshes_case_state_44aa0', table='proposals_decisionreview', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='screeninganswer',
            trigger=pgtrigger.compiler.Trigger(name='answer_refreshes_case_state', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            PERFORM proposals_refresh_case_state(NEW.version_id);\n            RETURN NULL;\n        ', hash='aa68dc4d5fe0b83301081ab3cc6bab344a3d0580', operation='INSERT', pgid='pgtrigger_answer_refreshes_case_state_b5fd6', table='proposals_screeninganswer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='verdictrecord',
            trigger=pgtrigger.compiler.Trigger(name='verdict_refreshes_case_state', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (NEW.audience = 'officer')", func='\n            PERFORM proposals_refresh_case_state(NEW.version_id);\n            RETURN NULL;\n        ', hash='9b6d9cd4b1730d6584c3f88a670aeec1229df414', operation='INSERT', pgid='pgtrigger_verdict_refreshes_case_state_e5068', table='proposals_verdictrecord', when='AFTER')),
        ),
        migrations.AddField(
            model_name='casetag',
            name='added_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='casetag',
            name='proposal',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='case_tags', to='proposals.proposal'),
        ),
        migrations.AddField(
            model_name='officerpreferences',
            name='officer',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='officer_preferences', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='casetag',
            index=models.Index(fields=['name'], name='tag_by_name'),
        ),
        migrations.AddConstraint(
            model_name='casetag',
            constraint=models.UniqueConstraint(fields=('proposal', 'name'), name='a_tag_is_on_a_case_once'),
        ),
        migrations.AddConstraint(
            model_name='casetag',
            constraint=models.CheckConstraint(condition=models.Q(('name__regex', '^[a-z0-9][a-z0-9-]*$')), name='a_tag_is_one_word'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='casetag',
            trigger=pgtrigger.compiler.Trigger(name='tag_out_of_conflict', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            PERFORM 1 FROM proposals_proposal WHERE id = NEW.proposal_id FOR KEY SHARE;\n            IF NEW.proposal_id IS NULL OR EXISTS (\n                SELECT 1 FROM proposals_conflictofinterest c\n                WHERE c.proposal_id = NEW.proposal_id AND c.officer_id = NEW.added_by_id\n            ) THEN\n                RAISE EXCEPTION 'this officer has declared a conflict of interest'\n                    USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NEW;\n        ", hash='371f6e8190031ed15c21a23d1d03f40c307a2d22', operation='INSERT OR UPDATE', pgid='pgtrigger_tag_out_of_conflict_1db6c', table='proposals_casetag', when='BEFORE')),
        ),
    ]
