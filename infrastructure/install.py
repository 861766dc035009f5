"""Installs groups of requirements.txt into a virtual environment: `python3 infrastructure/install.py light test`.

Needs the standard library alone. A group that is there costs milliseconds. An interrupted installation is taken up
again: a group counts as installed when its stamp is there, and that is written last.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - said in a sentence, before anything newer is used
    sys.exit(
        f"Python 3.11 or later is needed, this is {sys.version.split()[0]}. Try: make run PYTHON=python3.11"
    )

PROJECT = Path(__file__).resolve().parents[1]
OWN_FOLDER = PROJECT / ".venv"
REQUIREMENTS = PROJECT / "requirements.txt"
CONSTRAINTS = PROJECT / "infrastructure" / "constraints.txt"

SIZES = {
    "light": "0.3 GB to download, 0.9 GB on disk",
    "xtts": "3 GB to download, 6 GB on disk, of which PyTorch's CUDA libraries are most",
    "fleet": "5 MB to download, 25 MB on disk",
    "agents": "15 MB to download, 45 MB on disk",
    "check": "0.3 GB to download, 0.4 GB on disk",
    "test": "0.1 GB to download, 0.5 GB on disk",
}
UNUSED_FILES = ("lib/python3*/site-packages/c2pa/libs/*.rlib",)
CPU_INDEX_URL = "https://download.pytorch.org/whl/cpu"


def read_groups(text: str) -> dict[str, list[str]]:
    """The requirements of each group; `# --- name: ...` begins one."""
    groups: dict[str, list[str]] = {}
    requirements: list[str] = []
    for line in text.splitlines():
        if heading := re.match(r"# --- (\w+):", line):
            requirements = groups.setdefault(heading[1], [])
        elif requirement := line.partition("#")[0].strip():
            requirements.append(requirement)
    return groups


def setting(name: str) -> str:
    """From the environment, else from `.env`: the same order as the server's settings."""
    if name in os.environ:
        return os.environ[name]
    file = PROJECT / ".env"
    lines = file.read_text().splitlines() if file.is_file() else []
    values = [line.partition("=")[2].strip().strip("'\"") for line in lines if line.startswith(f"{name}=")]
    return values[-1] if values else ""


class Environment:
    """A virtual environment and the groups that were installed into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"

    def create(self) -> None:
        """Also mends one whose creation was interrupted, or whose Python is gone."""
        if not self.python.exists() or subprocess.run(self.pip("--version"), capture_output=True).returncode:
            venv.create(self.folder, with_pip=True, symlinks=True)

    def pip(self, *arguments: str) -> list[str]:
        return [str(self.python), "-m", "pip", "--disable-pip-version-check", *arguments]

    def stamp(self, group: str) -> Path:
        return self.folder / f".installed-{group}"

    def is_stamped(self, group: str, digest: str) -> bool:
        stamp = self.stamp(group)
        return stamp.is_file() and stamp.read_text() == digest


def install(environment: Environment, requested: set[str], *, dry_run: bool) -> None:
    """Installs what is requested and brings along what was installed before, so that all of it fits together."""
    groups = read_groups(REQUIREMENTS.read_text())
    constraints = CONSTRAINTS.read_text()
    digests = {
        group: hashlib.sha256("\n".join([*requirements, constraints]).encode()).hexdigest()
        for group, requirements in groups.items()
    }
    wanted = [group for group in groups if group in requested or environment.stamp(group).exists()]
    due = [group for group in wanted if not environment.is_stamped(group, digests[group])]
    for group in due:
        announce(group, environment)
    if not due or dry_run:
        return
    environment.create()
    requirements = [requirement for group in wanted for requirement in groups[group]]
    index_url = setting("TORCH_INDEX_URL") if "xtts" in wanted else ""
    index = ["--extra-index-url", index_url] if index_url else []
    options = [*compiling(environment, wanted), "--constraint", str(CONSTRAINTS), *index]
    command = environment.pip("install", *options, *requirements)
    if subprocess.run(command).returncode:
        sys.exit("Not everything was installed. The same command goes on from here.")
    leave_out_unused(environment, wanted)
    for group in due:
        environment.stamp(group).write_text(digests[group])


def compiling(environment: Environment, wanted: list[str]) -> list[str]:
    """pip's option. Bytecode is written by whoever imports a module first, which is less than all by 50 MB.

    In an image nobody can write, and PyTorch's is waited for.
    """
    is_left_out = environment.folder == OWN_FOLDER and "xtts" not in wanted
    return ["--no-compile"] if is_left_out else []


def leave_out_unused(environment: Environment, wanted: list[str]) -> None:
    """40 MB that nothing of ours opens: what Rust programs are linked with, and, before Python 3.12, setuptools."""
    for pattern in UNUSED_FILES:
        for file in environment.folder.glob(pattern):
            file.unlink()
    if not {"xtts", "test"} & {*wanted}:
        subprocess.run(environment.pip("uninstall", "-qq", "--yes", "setuptools"), check=True)


def announce(group: str, environment: Environment) -> None:
    print(f"Packages of the group {group} for {environment.folder}: some {SIZES[group]}.", flush=True)
    if group == "xtts" and not setting("TORCH_INDEX_URL") and not shutil.which("nvidia-smi"):
        print(
            "No NVIDIA GPU was found here. With CPU-only PyTorch it is some 0.5 GB to download: set "
            f"TORCH_INDEX_URL={CPU_INDEX_URL} in .env, or before the command.",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("groups", nargs="+", choices=[*read_groups(REQUIREMENTS.read_text())])
    parser.add_argument("--into", type=Path, default=OWN_FOLDER, help="the virtual environment")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be installed")
    arguments = parser.parse_args()
    install(Environment(arguments.into), set(arguments.groups), dry_run=arguments.dry_run)


if __name__ == "__main__":
    main()
