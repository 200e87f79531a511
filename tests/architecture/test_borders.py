"""The import contract holds, and can fail: each rule is broken once on purpose, in a house of its own."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

pytestmark = pytest.mark.timeout(600)


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _LINT, "--no-cache"],
        cwd=folder,
        env={"PATH": "", "PYTHONPATH": f"{folder / 'src'}:{ROOT}", "COLUMNS": "300", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_house_keeps_its_contract() -> None:
    checked = _lint(ROOT)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "0 broken" in checked.stdout


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """An empty house of the same shape, under the same contract."""
    rooms = {
        "mekong": ["settings"],
        "mekong/foundation": ["errors"],
        "mekong/catalog": ["models", "queries", "rules", "contracts", "events", "errors", "commands"],
        "mekong/inventory": ["models", "queries", "rules", "contracts", "errors", "commands"],
        "mekong/orders": ["models", "queries", "rules", "contracts", "events", "errors", "commands"],
        "mekong/pricing": ["models", "queries", "rules", "contracts", "events", "errors", "commands"],
        "mekong/loyalty": ["models", "queries", "rules", "contracts", "events", "errors", "commands"],
        "mekong/channels": ["models", "queries", "rules", "contracts", "errors", "commands", "socket"],
        "mekong/insights": ["models", "queries", "rules", "contracts", "commands"],
        "mekong/partners": ["models", "queries", "rules", "contracts", "events", "errors", "commands"],
        "mekong/connectors": [],
        "mekong/connectors/shopee": ["client"],
        "mekong/connectors/lazada": ["client"],
        "mekong/faces": ["web"],
        "mekong_sandbox": ["world"],
    }
    for package, modules in rooms.items():
        folder = tmp_path / "src" / package
        folder.mkdir(parents=True)
        for name in ["__init__", *modules]:
            (folder / f"{name}.py").write_text("")
    table = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[tool.importlinter]", 1)[1]
    (tmp_path / "pyproject.toml").write_text(f"[tool.importlinter]{table}", encoding="utf-8")
    return tmp_path


def test_an_empty_house_is_in_order(house: Path) -> None:
    checked = _lint(house)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("room", "line", "rule"),
    [
        ("mekong/inventory/commands.py", "from mekong.orders import queries", "Calls go down"),
        ("mekong/foundation/errors.py", "import mekong.catalog.queries", "Calls go down"),
        ("mekong/catalog/models.py", "from mekong.catalog import commands", "Every module has the same rooms"),
        ("mekong/catalog/utils.py", "", "Every module has the same rooms"),
        ("mekong/orders/commands.py", "from mekong.inventory.models import x", "Modules are entered by their doors"),
        ("mekong/orders/commands.py", "from mekong.catalog import rules", "Modules are entered by their doors"),
        ("mekong/faces/web.py", "from mekong.orders import models", "Modules are entered by their doors"),
        ("mekong/channels/commands.py", "from mekong.partners import queries", "Calls go down"),
        ("mekong/orders/rules.py", "import django.db", "Decisions and shapes know no framework"),
        ("mekong/connectors/shopee/client.py", "from mekong.orders import queries", "Connectors know the socket"),
        ("mekong/connectors/shopee/client.py", "from mekong.connectors.lazada import client", "Connectors do not know"),
        ("mekong/faces/web.py", "import mekong.connectors.shopee.client", "The house does not name its connectors"),
        ("mekong_sandbox/world.py", "import mekong.foundation.errors", "The sandbox stands apart"),
    ],
)
def test_a_broken_rule_is_named(house: Path, room: str, line: str, rule: str) -> None:
    (house / "src" / room).write_text(f"{line}\n")

    checked = _lint(house)

    broken = [said for said in checked.stdout.splitlines() if said.rstrip().endswith("BROKEN")]
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert any(said.startswith(rule) for said in broken), checked.stdout


def test_a_door_may_be_entered_upwards_by_facts_alone(house: Path) -> None:
    (house / "src/mekong/inventory/commands.py").write_text("from mekong.orders.events import x\n")

    assert _lint(house).returncode == 0


def test_every_module_that_is_there_is_under_the_rule_of_rooms() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (rooms,) = [each for each in contracts if each["name"] == "Every module has the same rooms"]
    there = {f"mekong.{path.parent.name}" for path in (ROOT / "src/mekong").glob("*/apps.py")}

    assert there - {"mekong.foundation"} <= set(rooms["containers"])
