"""Make the package of this checkout known to the environment that runs this file, without a build step.

A path file puts `src` on the import path. A small distribution record beside it carries the version and the entry
points of pyproject.toml, so that connectors are found the same way whether Mekong was installed from a wheel or runs
from here.
"""

import re
import shutil
import sysconfig
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent


def link() -> None:
    """Write the path file and the distribution record, replacing those of an earlier version."""
    site = Path(sysconfig.get_path("purelib"))
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = re.search(
        r'^__version__ = "(.+)"$', (HERE / "src/mekong/__init__.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    if found is None:
        raise SystemExit("src/mekong/__init__.py names no __version__")
    for old in site.glob("mekong-*.dist-info"):
        shutil.rmtree(old)
    record = site / f"mekong-{found[1]}.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: mekong\nVersion: {found[1]}\n", encoding="utf-8")
    (record / "INSTALLER").write_text("mekong\n", encoding="utf-8")
    groups = {"console_scripts": project.get("scripts", {}), **project.get("entry-points", {})}
    lines = [
        line for group, names in groups.items() for line in (f"[{group}]", *(f"{k} = {v}" for k, v in names.items()))
    ]
    (record / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (site / "mekong.pth").write_text(f"{HERE / 'src'}\n", encoding="utf-8")


if __name__ == "__main__":
    link()
