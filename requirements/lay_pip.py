"""Lay pip into the environment that runs this file, from the wheel that Python itself carries.

`python -m venv` installs pip by pip, which takes longer than all the packages of Mekong that it then installs. The wheel
is found where `ensurepip` has it: in its own folder, or where a Linux distribution keeps its wheels.
Exits with 1 when there is none; whoever asked then makes the environment with pip.
"""

import ensurepip
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

folders = [getattr(ensurepip, "_WHEEL_PKG_DIR", None), Path(ensurepip.__file__).parent / "_bundled"]
wheels = [wheel for folder in folders if folder for wheel in Path(folder).glob("pip-*.whl")]
if not wheels:
    sys.exit(1)
with ZipFile(wheels[0]) as wheel:
    wheel.extractall(sysconfig.get_path("purelib"))
