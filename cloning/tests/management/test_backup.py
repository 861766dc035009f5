"""`manage.py backup` and `restore`."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from cloning.jobs import backups
from cloning.jobs.cleanup import delete_generation, delete_voice
from cloning.models import AuditEntry, Generation, Pronunciation, Reference, Voice, Worker
from cloning.tests.performing import perform

pytestmark = pytest.mark.django_db(transaction=True)


def rows() -> dict[str, list[dict[str, object]]]:
    return {
        model.__name__: list(model._base_manager.order_by("pk").values()) for model in backups.kept_models()
    }


def contents(names: list[str]) -> dict[str, bytes]:
    return {name: default_storage.open(name).read() for name in names}


def empty() -> None:
    for generation in Generation.objects.all():
        delete_generation(generation.pk)
    for voice in Voice.objects.all():
        delete_voice(voice.pk)
    for model in (User, Group, Pronunciation, Reference, AuditEntry):
        model.objects.all().delete()


@pytest.fixture
def site(make_generation) -> Generation:
    """A site with some of everything."""
    group = Group.objects.create(name="operators")
    group.permissions.set(Permission.objects.filter(content_type__app_label="cloning")[:3])
    user = User.objects.create_user("anna", password="a password")
    user.groups.add(group)
    generation = perform(make_generation(owner=user))
    voice = Voice.objects.create(name="Grandma", language="en")
    voice.references.set(generation.references.all())
    make_generation(voice=voice, text="Not yet spoken. [pause 1s] Nor this.")
    Pronunciation.objects.create(language="en", word="Nguyen", spelling="win")
    Worker.objects.create(host="here", pid=1)
    return generation


@pytest.fixture
def backup(site, tmp_path) -> Path:
    call_command("backup", tmp_path / "site.tar", stdout=io.StringIO())
    return tmp_path / "site.tar"


def test_what_is_restored_is_what_was_there(backup, site, stored_files, capsys) -> None:
    names = stored_files()
    before, files = rows(), contents(names)
    permissions = set(Group.objects.get().permissions.values_list("codename", flat=True))
    assert len(files) >= 4 and backup.stat().st_mode & 0o777 == 0o600
    empty()
    assert stored_files() == []
    call_command("restore", backup)
    assert f"and {len(files)} files restored." in capsys.readouterr().out
    assert rows() == before
    assert contents(stored_files()) == files
    restored = Generation.objects.get(pk=site.pk)
    assert restored.owner.check_password("a password")
    assert restored.segments.get().chosen_take.audio.open().read(4) == b"RIFF"
    assert set(restored.owner.groups.get().permissions.values_list("codename", flat=True)) == permissions
    assert Voice.objects.get().references.get() == restored.references.get()
    unspoken = perform(Generation.objects.exclude(pk=site.pk).get())
    assert unspoken.status == "succeeded"
    User.objects.create_user("next")  # its number is a new one


def test_a_backup_goes_into_an_empty_site_alone(backup, stored_files) -> None:
    before = stored_files()
    with pytest.raises(CommandError, match=r"not empty: it has .*groups, users, .*references"):
        call_command("restore", backup)
    assert stored_files() == before


def test_a_backup_overwrites_nothing(site, tmp_path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", tmp_path / "there")
    assert (tmp_path / "there").read_text() == "mine"


def test_files_that_are_gone_are_named(site, tmp_path, capsys) -> None:
    default_storage.delete(site.audio.name)
    call_command("backup", tmp_path / "site.tar")
    assert site.audio.name in capsys.readouterr().err
    empty()
    call_command("restore", tmp_path / "site.tar")
    assert site.audio.name in capsys.readouterr().err
    assert Generation.objects.filter(pk=site.pk).exists()


def change(
    backup: Path, edit: Callable[[tarfile.TarInfo, bytes], tuple[str, bytes] | None], *more: tarfile.TarInfo
) -> Path:
    changed = backup.with_name("changed.tar")
    with tarfile.open(backup) as source, tarfile.open(changed, "w") as target:
        for member in source:
            if (kept := edit(member, source.extractfile(member).read())) is not None:
                backups.add(target, *kept)
        for member in more:
            target.addfile(member)
    return changed


def with_migration(member: tarfile.TarInfo, content: bytes) -> tuple[str, bytes]:
    if member.name == "manifest.json":
        manifest = json.loads(content)
        content = json.dumps(
            {**manifest, "migrations": [*manifest["migrations"], "cloning.9999_later"]}
        ).encode()
    return member.name, content


def with_other_path(member: tarfile.TarInfo, content: bytes) -> tuple[str, bytes]:
    is_file = member.name.startswith("files/generated/")
    return ("files/../../outside" if is_file else member.name), content


def with_broken_rows(member: tarfile.TarInfo, content: bytes) -> tuple[str, bytes]:
    return member.name, content[:-20] if member.name.startswith("rows/cloning.take") else content


def without_manifest(member: tarfile.TarInfo, content: bytes) -> tuple[str, bytes] | None:
    return None if member.name == "manifest.json" else (member.name, content)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (with_migration, "of another version"),
        (with_other_path, r"files/\.\./\.\./outside belongs to no row"),
        (with_broken_rows, "is no whole backup"),
        (without_manifest, "does not begin with a manifest"),
    ],
)
def test_what_is_no_backup_of_this_version_leaves_nothing(edit, message, backup, nothing_kept) -> None:
    changed = change(backup, edit)
    empty()
    with pytest.raises(CommandError, match=message):
        call_command("restore", changed)
    assert nothing_kept() and not User.objects.exists()


def test_a_link_in_a_backup_is_refused(backup, nothing_kept) -> None:
    link = tarfile.TarInfo("files/generated/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    changed = change(backup, lambda member, content: (member.name, content), link)
    empty()
    with pytest.raises(CommandError, match=r"is not a plain file|belongs to no row|no whole backup"):
        call_command("restore", changed)
    assert nothing_kept()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_half_a_backup_leaves_nothing(share, backup, nothing_kept) -> None:
    content = backup.read_bytes()
    end = len(content.rstrip(b"\0"))
    (half := backup.with_name("half.tar")).write_bytes(content[: int(end * share)])
    empty()
    with pytest.raises(CommandError, match=r"no whole backup|no backup|could not be restored"):
        call_command("restore", half)
    assert nothing_kept()
