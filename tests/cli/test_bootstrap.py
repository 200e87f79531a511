"""`./mekong`, the front door: run in a small checkout of its own, whose lock names one tiny package."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.installations import clean_environment

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The bootstrap's own files, a lock of one package, and a command line that says what it was told."""
    home = tmp_path / "a checkout"
    cli = home / "src" / "mekong" / "faces" / "cli"
    cli.mkdir(parents=True)
    (home / "requirements").mkdir()
    shutil.copy2(ROOT / "mekong", home / "mekong")
    shutil.copy2(ROOT / "pyproject.toml", home / "pyproject.toml")
    for script in ("lay_pip.py", "link.py"):
        shutil.copy2(ROOT / "requirements" / script, home / "requirements" / script)
    lock = (ROOT / "requirements" / "dev.txt").read_text()
    one = re.search(r"^iniconfig==.*?(?=^\w)", lock, re.MULTILINE | re.DOTALL)
    assert one
    (home / "requirements" / "runtime.txt").write_text(one[0])
    (home / "requirements" / "dev.txt").write_text(one[0])
    for package in (home / "src/mekong", home / "src/mekong/faces", cli):
        (package / "__init__.py").write_text('__version__ = "9.9.9"\n')
    (cli / "__main__.py").write_text(
        "import sys, iniconfig, importlib.metadata as m\nprint(m.version('mekong'), *sys.argv[1:])\n"
    )
    return home


def _start(home: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(home / "mekong"), *arguments],
        cwd="/", env=clean_environment(**environment), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_first_runs_at_once_make_one_environment_and_later_ones_use_it(checkout: Path) -> None:
    together = [_start(checkout, "up", str(number)) for number in range(3)]
    answers = [each.communicate(timeout=600) for each in together]

    assert [each.returncode for each in together] == [0, 0, 0], answers
    assert sorted(out for out, _ in answers) == [f"9.9.9 up {number}\n" for number in range(3)]
    assert sum("Making the Python environment" in err for _, err in answers) == 1
    assert not (checkout / ".venv.lock").exists()

    began = time.monotonic()
    out, err = _start(checkout, "doctor").communicate(timeout=300)
    assert (out, err) == ("9.9.9 doctor\n", "")
    assert time.monotonic() - began < 3

    # A broken environment is made anew.
    (checkout / ".venv" / "bin" / "python").unlink()
    out, err = _start(checkout, "doctor").communicate(timeout=600)
    assert out == "9.9.9 doctor\n"
    assert "Making the Python environment" in err


def test_a_package_whose_hash_is_wrong_is_not_installed(checkout: Path) -> None:
    lock = checkout / "requirements" / "runtime.txt"
    lock.write_text(re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", lock.read_text()))

    started = _start(checkout, "up")
    out, err = started.communicate(timeout=600)

    assert started.returncode == 1
    assert out == ""
    assert "could not be installed" in err
    assert "HASH" in err.upper()


def test_a_lock_left_by_a_dead_process_is_taken_over(checkout: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    (checkout / ".venv.lock").mkdir()
    (checkout / ".venv.lock" / "pid").write_text(str(gone.pid))

    out, _ = _start(checkout, "up").communicate(timeout=600)

    assert out == "9.9.9 up\n"


def test_where_python_carries_no_wheel_of_pip_the_environment_is_made_with_pip(checkout: Path) -> None:
    (checkout / "requirements" / "lay_pip.py").write_text("raise SystemExit(1)\n")

    out, _ = _start(checkout, "up").communicate(timeout=600)

    assert out == "9.9.9 up\n"
    assert (checkout / ".venv" / "bin" / "pip").exists()


def test_a_python_that_is_none_is_named(checkout: Path) -> None:
    started = _start(checkout, "up", MEKONG_PYTHON=os.devnull)
    _, err = started.communicate(timeout=300)

    assert started.returncode == 1
    assert f"MEKONG_PYTHON={os.devnull}" in err
    assert not (checkout / ".venv").exists()
