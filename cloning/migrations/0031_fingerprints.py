"""Nothing of before gets a fingerprint: its sound is not read again."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cloning", "0030_revocation")]

    operations = [
        migrations.CreateModel(
            name="Fingerprint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", models.BinaryField(help_text="Of 32 bits, little-endian, one every 32 ms.")),
                (
                    "take",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fingerprint",
                        to="cloning.take",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="FingerprintKey",
            fields=[
                ("key", models.IntegerField(help_text="The 32 bits as a signed number.")),
                ("place", models.PositiveIntegerField(help_text="Among the words.")),
                (
                    "fingerprint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="keys",
                        to="cloning.fingerprint",
                    ),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "key",
                        "fingerprint",
                        "place",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
        ),
        *(
            migrations.AddField(
                model_name=model,
                name="audio_sha256",
                field=models.CharField(blank=True, editable=False, max_length=64, default=""),
            )
            for model in ("take", "generation", "encoding")
        ),
        migrations.AddIndex(
            model_name="take", index=models.Index(fields=["audio_sha256"], name="takes_by_content")
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(fields=["audio_sha256"], name="generations_by_content"),
        ),
        migrations.AddIndex(
            model_name="encoding", index=models.Index(fields=["audio_sha256"], name="encodings_by_content")
        ),
    ]
