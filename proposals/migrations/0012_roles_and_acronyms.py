"""The roles of the desk as groups, and the acronym of each version that is there already."""

from django.db import migrations

ROLES = ("Call managers", "Screening officers", "Auditors", "Helpdesk", "Operators")


def make_roles(apps, schema_editor):
    """What was the one group of officers keeps its people; rights follow once they exist."""
    Group = apps.get_model("auth", "Group")
    if not Group.objects.filter(name="Screening officers").exists():
        Group.objects.filter(name="Officers").update(name="Screening officers")
    for name in ROLES:
        Group.objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("proposals", "0011_officers_desk"),
    ]

    operations = [
        migrations.RunPython(make_roles, migrations.RunPython.noop),
        migrations.RunSQL(
            # Versions are final; this adds what their own dossier says.
            """
            ALTER TABLE proposals_version DISABLE TRIGGER USER;
            UPDATE proposals_version SET acronym = left(coalesce(
                nullif(dossier::jsonb #>> '{summary,acronym}', ''),
                dossier::jsonb #>> '{summary,title}', ''
            ), 200);
            ALTER TABLE proposals_version ENABLE TRIGGER USER;
            """,
            migrations.RunSQL.noop,
        ),
    ]
