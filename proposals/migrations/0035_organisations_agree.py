from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("proposals", "0034_whole_texts_of_what_is_noted"),
    ]

    operations = [
        migrations.AddField(
            model_name="participant",
            name="agreed_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When its people agreed to take part. Before that, only name and country are shown.",
                null=True,
            ),
        ),
    ]
