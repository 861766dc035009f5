from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cloning", "0005_voices")]

    operations = [
        migrations.AddField(
            model_name="generation",
            name="is_starred",
            field=models.BooleanField(default=False, verbose_name="starred"),
        ),
        migrations.AddField(
            model_name="generation",
            name="deleted_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="Hidden since then; deleted for good a few minutes later, unless that is undone.",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["deleted_at"],
                name="hidden_generations",
            ),
        ),
    ]
