"""Dossiers, verdicts and facts are stored as they are: compressing them takes a tenth of what a submission
costs PostgreSQL, and saves some twenty kilobytes of disk for each version."""

from django.db import migrations

DOCUMENTS = (
    ("proposals_version", "dossier"),
    ("proposals_storedverdict", "content"),
    ("proposals_storedverdict", "facts"),
)


def storage(kind):
    return [
        f'ALTER TABLE "{table}" ALTER COLUMN "{column}" SET STORAGE {kind}'
        for table, column in DOCUMENTS
    ]


class Migration(migrations.Migration):
    dependencies = [("proposals", "0018_the_last_version_counts")]

    operations = [migrations.RunSQL(storage("EXTERNAL"), storage("EXTENDED"))]
