import pgtrigger
from django.db import migrations, models

# Two workers could make the same verdict twice. All are kept; the later ones say that they are repeated.
REPEATED = """
    UPDATE proposals_storedverdict v
    SET cause = left(v.cause, 170) || ' (repeated: ' || v.id || ')'
    WHERE EXISTS (
        SELECT 1 FROM proposals_storedverdict w
        WHERE w.version_id = v.version_id AND w.audience = v.audience AND w.cause = v.cause
        AND w.id < v.id
    )
"""


def name_the_repeated(apps, schema_editor):
    with pgtrigger.ignore("proposals.StoredVerdict:verdicts_are_final"):
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(REPEATED)


class Migration(migrations.Migration):

    dependencies = [
        ("calls", "0006_partnership_requests"),
        ("proposals", "0024_who_controls"),
    ]

    operations = [
        migrations.RunPython(name_the_repeated, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name="storedverdict",
            constraint=models.UniqueConstraint(
                fields=("version", "audience", "cause"), name="one_verdict_for_each_cause"
            ),
        ),
    ]
