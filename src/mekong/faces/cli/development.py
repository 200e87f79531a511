"""`mekong check`, `mekong test`, `mekong bench`: for those who change Mekong. They need its checkout."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mekong.faces.cli.words import say, stop, words

_SOURCES = ("src", "tests", "benchmarks", "checks", "requirements")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def check() -> int:
    """Format, lint, types, borders, migrations, unit and property tests; returns 0 when all of them pass."""
    home = _home()
    sources = [name for name in _SOURCES if (home / name).exists()]
    python = sys.executable
    pytest = [python, "-m", "pytest", "-q", "--no-header"]
    steps: list[tuple[str, list[str]]] = [
        (words("định dạng", "format"), [python, "-m", "ruff", "format", "--check", "--quiet", *sources]),
        (words("lỗi thường gặp", "lint"), [python, "-m", "ruff", "check", "--quiet", *sources]),
        (words("kiểu", "types"), [python, "-m", "mypy"]),
        (words("ranh giới", "borders"), [python, "-c", _LINT_IMPORTS]),
    ]
    if not os.environ.get("MEKONG_CHECK_QUICK"):
        # Set where the whole suite runs next and would only repeat these.
        steps += [
            (words("kiến trúc", "architecture"), [*pytest, "tests/architecture"]),
            (words("đơn vị", "unit"), [*pytest, "-m", "not slow", "tests/unit", "tests/property"]),
        ]
    failed = 0
    for name, command in steps:
        began = time.monotonic()
        done = subprocess.run(command, cwd=home, env=_environment(home), stdin=subprocess.DEVNULL, check=False)
        failed += done.returncode != 0
        print(f"{'✓' if done.returncode == 0 else '✗'} {name} ({time.monotonic() - began:.1f} s)", flush=True)
    return 1 if failed else 0


_LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def test(arguments: Sequence[str]) -> int:
    """Run pytest, with a browser when there is or can be one; returns its exit status."""
    home = _home()
    environment = _environment(home)
    if environment.get("MEKONG_E2E") != "0" and not any(map(shutil.which, _BROWSERS)) and not _install_browser():
        if environment.get("CI"):
            stop(
                "Không cài được Chromium, mà CI không bỏ qua kiểm thử nào.",
                "Chromium could not be installed, and CI skips no test.",
            )
        say(
            "!! Không có Chromium: BỎ QUA các kiểm thử trình duyệt. Cài bằng: sudo apt-get install chromium",
            "!! No Chromium: browser tests are SKIPPED. Install it: sudo apt-get install chromium",
        )
        environment["MEKONG_E2E"] = "0"
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], cwd=home, env=environment, check=False
    ).returncode


def bench(scenarios: Sequence[str], json_file: Path | None, data: Path | None = None, *, strict: bool = False) -> int:
    """Run the benchmarks; returns their exit status."""
    home = _home()
    extra = [
        *(["--json", str(json_file.absolute())] if json_file else []),
        *(["--data", str(data.absolute())] if data else []),
        *(["--strict"] if strict else []),
    ]
    command = [sys.executable, "-m", "benchmarks", *scenarios, *extra]
    return subprocess.run(command, cwd=home, env=_environment(home), check=False).returncode


def _install_browser() -> bool:
    """Install Debian's Chromium, where this user may; returns whether it is there now."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    say("Đang cài Chromium cho kiểm thử trình duyệt…", "Installing Chromium for the browser tests…")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-qy", "--no-install-recommends", "chromium"]):
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
            return False
    return True


def _home() -> Path:
    home = Path(os.environ.get("MEKONG_HOME") or Path(__file__).resolve().parents[4])
    if not (home / "tests").is_dir():
        stop("Lệnh này cần mã nguồn đầy đủ của Mekong.", "This command needs a checkout of Mekong.")
    return home


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "MEKONG_HOME": str(home)}
