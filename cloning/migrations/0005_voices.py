"""Voices with a home: names of their own, a language, notes, a sample, and deletion that can be undone."""

import unicodedata

import cloning.models.conditioning
import django.db.models.deletion
from django.db import migrations, models


def fold(name):
    return unicodedata.normalize("NFC", name).casefold()


def number_names(apps, schema_editor):
    """Of voices with one name the oldest keeps it."""
    taken = set()
    for voice in apps.get_model("cloning", "Voice").objects.order_by("created_at"):
        name, number = voice.name, 1
        while fold(name) in taken:
            number += 1
            ending = f" {number}"
            name = voice.name[: 80 - len(ending)] + ending
        taken.add(fold(name))
        voice.name, voice.name_key = name, fold(name)
        voice.save(update_fields=["name", "name_key"])


class Migration(migrations.Migration):
    dependencies = [("cloning", "0004_generations_of_before")]

    operations = [
        migrations.AlterModelOptions(name="voice", options={"ordering": ["name_key", "created_at"]}),
        migrations.AddField(
            model_name="voice",
            name="name_key",
            field=models.TextField(default="", editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="voice",
            name="language",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What it speaks where nothing else is chosen.",
                max_length=5,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="voice",
            name="notes",
            field=models.TextField(blank=True, default="", max_length=2000),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="voice",
            name="deleted_at",
            field=models.DateTimeField(
                blank=True,
                db_index=True,
                editable=False,
                help_text="Hidden since, and gone for good soon after.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="generation",
            name="stock_voice",
            field=models.CharField(
                blank=True,
                default="",
                help_text="The key of a voice of the engine's own; there are no references then.",
                max_length=64,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="generation",
            name="sample_of",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                help_text="The voice that has this to be heard by; none has what somebody asked for.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="sample",
                to="cloning.voice",
            ),
        ),
        migrations.AlterField(
            model_name="storedconditioning",
            name="file",
            field=models.FileField(blank=True, upload_to=cloning.models.conditioning.conditioning_file),
        ),
        migrations.RunPython(number_names, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="voice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at", None)),
                fields=("name_key",),
                name="one_voice_a_name",
            ),
        ),
    ]
