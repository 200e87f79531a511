"""`python -m mekong.faces.cli.tether MODULE[:FUNCTION] …`: run what ends when its supervisor does, however that ended.

The supervisor holds the other end of this process's standard input. When it dies, even by `kill -9`, the kernel closes
that end, and the process asks itself to stop; nothing is left behind holding a port or a database connection.
"""

import importlib
import os
import runpy
import signal
import sys
import threading

_GRACE_S = 5.0


def hold() -> None:
    """Watch standard input in the background, and stop this process when it closes."""
    threading.Thread(target=_watch, name="tether", daemon=True).start()


def _watch() -> None:
    while os.read(0, 4096):
        pass
    last = threading.Timer(_GRACE_S, os._exit, (1,))
    last.daemon = True
    last.start()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    hold()
    sys.argv = sys.argv[1:]
    module, _, function = sys.argv[0].partition(":")
    if function:
        getattr(importlib.import_module(module), function)()
    else:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
