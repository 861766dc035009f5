"""infrastructure/install.py with a real pip, into real environments, from an index of tiny packages in a folder."""

import os
import shutil
import signal
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloning.tests.waiting import wait_until

PROJECT = Path(__file__).parents[3]
REQUIREMENTS = """
# --- light: the site ---
tiny-site==1.0  # with a reason
never; python_version < "3"

# --- xtts: the engine ---
torch==2.0
# --- test: tests ---
tiny-test==1.0
"""


@dataclass
class Checkout:
    """A project with nothing in it but requirements and the script."""

    folder: Path

    def install(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), env=self.variables(**environment), capture_output=True, text=True
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.folder / "infrastructure" / "install.py"), *arguments]

    def variables(self, **environment: str) -> dict[str, str]:
        index = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.folder / "index"),
            "PIP_CONFIG_FILE": os.devnull,
        }
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), **index, **environment}

    def installed(self) -> set[str]:
        site_packages = next((self.folder / ".venv" / "lib").glob("python3*")) / "site-packages"
        found = {path.name.removesuffix(".dist-info") for path in site_packages.glob("*.dist-info")}
        return {name for name in found if not name.startswith(("pip-", "setuptools-"))}

    def require(self, old: str, new: str) -> None:
        requirements = self.folder / "requirements.txt"
        requirements.write_text(requirements.read_text().replace(old, new))


def make_wheel(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture(scope="module")
def empty_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: copies of it serve as well, as long as only `python -m` is called in them."""
    folder = tmp_path_factory.mktemp("environment") / ".venv"
    venv.create(folder, with_pip=True, symlinks=True)
    return folder


@pytest.fixture
def checkout(tmp_path: Path, empty_environment: Path) -> Checkout:
    shutil.copytree(empty_environment, tmp_path / ".venv", symlinks=True)
    (tmp_path / "infrastructure").mkdir()
    shutil.copy(PROJECT / "infrastructure" / "install.py", tmp_path / "infrastructure")
    (tmp_path / "infrastructure" / "constraints.txt").write_text("")
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    for name, version in (("tiny_site", "1.0"), ("tiny_site", "2.0"), ("torch", "2.0"), ("tiny_test", "1.0")):
        make_wheel(tmp_path / "index", name, version)
    return Checkout(tmp_path)


def test_a_group_is_installed_alone_and_once(checkout: Checkout):
    first = checkout.install("light")
    assert first.returncode == 0, first.stderr
    assert "Packages of the group light" in first.stdout
    assert "Installing collected packages: tiny-site" in first.stdout  # progress
    assert checkout.installed() == {"tiny_site-1.0"}
    assert checkout.install("light").stdout == ""


def test_what_nothing_opens_is_left_out(checkout: Checkout):
    site_packages = next((checkout.folder / ".venv" / "lib").glob("python3*")) / "site-packages"
    libraries = site_packages / "c2pa" / "libs"
    libraries.mkdir(parents=True)
    for name in ("libc2pa_c.so", "libc2pa_c.rlib"):
        (libraries / name).touch()
    assert checkout.install("light").returncode == 0
    assert [path.name for path in libraries.iterdir()] == ["libc2pa_c.so"]
    assert not (site_packages / "setuptools").exists()


def test_what_was_set_up_before_is_kept_and_kept_up_to_date(checkout: Checkout):
    assert checkout.install("light", "xtts").returncode == 0
    assert checkout.install("light").stdout == ""
    make_wheel(checkout.folder / "index", "torch", "3.0")
    checkout.require("torch==2.0", "torch==3.0")
    assert checkout.install("light").returncode == 0
    assert checkout.installed() == {"tiny_site-1.0", "torch-3.0"}


def test_a_failed_installation_is_taken_up_again(checkout: Checkout):
    missing = checkout.folder / "index" / "tiny_test-1.0-py3-none-any.whl"
    aside = missing.rename(checkout.folder / missing.name)
    ended = checkout.install("light", "test")
    assert ended.returncode != 0
    assert "The same command goes on from here" in ended.stderr
    aside.rename(missing)
    assert checkout.install("light", "test").returncode == 0
    assert checkout.installed() == {"tiny_site-1.0", "tiny_test-1.0"}


@pytest.mark.parametrize("sign", ["pip", "tiny_site.py"])
def test_a_killed_installation_is_taken_up_again(checkout: Checkout, sign: str):
    """Killed once while the environment is made, once among the packages."""
    if sign == "pip":
        shutil.rmtree(checkout.folder / ".venv")
    process = subprocess.Popen(
        checkout.command("light", "xtts"),
        env=checkout.variables(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: any(checkout.folder.glob(f".venv/lib/*/site-packages/{sign}")))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not any(checkout.folder.glob(".venv/.installed-*"))
    ended = checkout.install("light", "xtts")
    assert ended.returncode == 0, ended.stderr
    assert checkout.installed() == {"tiny_site-1.0", "torch-2.0"}


def test_pytorch_comes_from_the_index_that_is_set(checkout: Checkout):
    make_wheel(checkout.folder / "cpu", "torch", "2.0+cpu")
    pages = checkout.folder / "pages" / "torch"
    pages.mkdir(parents=True)
    wheel = checkout.folder / "cpu" / "torch-2.0+cpu-py3-none-any.whl"
    (pages / "index.html").write_text(f'<a href="{wheel.as_uri()}">{wheel.name}</a>')
    (checkout.folder / ".env").write_text(f"#PORT=1\nTORCH_INDEX_URL={pages.parent.as_uri()}\n")
    # PIP_NO_INDEX would switch that index off too; one without a page stands for the usual index
    options = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": (checkout.folder / "nothing").as_uri()}
    ended = checkout.install("light", "xtts", **options)
    assert ended.returncode == 0, ended.stderr
    assert "torch-2.0+cpu" in checkout.installed()
    assert "No NVIDIA GPU" not in ended.stdout
    assert checkout.install("light", "test", **options).returncode == 0
    assert "torch-2.0+cpu" in checkout.installed()  # fits `torch==2.0`, and stays


def test_a_dry_run_says_how_much_it_is_and_where_cpu_only_pytorch_comes_from(checkout: Checkout):
    ended = checkout.install("xtts", "--dry-run")
    assert "GB to download" in ended.stdout
    assert "TORCH_INDEX_URL=https://download.pytorch.org/whl/cpu" in ended.stdout
    assert checkout.installed() == set()
    (checkout.folder / "nvidia-smi").touch(mode=0o755)
    assert "No NVIDIA GPU" not in checkout.install("xtts", "--dry-run", PATH=str(checkout.folder)).stdout
