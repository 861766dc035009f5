import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import cloning.models.encoding


class Migration(migrations.Migration):
    dependencies = [("cloning", "0006_stars_and_undo")]

    operations = [
        migrations.CreateModel(
            name="Encoding",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "audio_format",
                    models.CharField(
                        choices=[("wav", "WAV"), ("mp3", "MP3"), ("opus", "Opus"), ("flac", "FLAC")],
                        max_length=4,
                        verbose_name="format",
                    ),
                ),
                ("source", models.CharField(help_text="The joined file that it was made of.", max_length=100)),
                ("audio", models.FileField(upload_to=cloning.models.encoding.encoding_file)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "generation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="encodings",
                        to="cloning.generation",
                    ),
                ),
            ],
            options={"ordering": ["-created_at"]},
        ),
        migrations.AddConstraint(
            model_name="encoding",
            constraint=models.UniqueConstraint(
                fields=("generation", "audio_format"), name="one_encoding_a_format"
            ),
        ),
    ]
