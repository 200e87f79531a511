"""`python -m benchmarks.scene NAME --data DIR --out FILE`: one scenario, in a process of its own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from benchmarks.installation import CannotRun, opened
from benchmarks.scenarios import ALL


def main() -> int:
    """Measure one scenario on the installation in DIR, and leave its result in FILE; 3 when it could not run."""
    parser = argparse.ArgumentParser(prog="benchmarks.scene")
    parser.add_argument("name", choices=list(ALL))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        with opened(options.data) as installation:
            result = ALL[options.name].load()(installation)
    except CannotRun as reason:
        print(reason, file=sys.stderr)
        return 3
    options.out.write_bytes(msgspec.json.encode(result.as_json()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
