"""One PostgreSQL for the whole test run, and Django set up against it.

The server is the embedded one, in a folder of its own that goes away afterwards; with DATABASE_URL it is the server
named there, where a database `test_<name>` is made. With xdist every worker has a database of its own on the one
server.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import hypothesis
import pytest
import pytest_django
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Before anything imports Django: its settings are read from here, and a developer's own installation is left alone.
_DATA = Path(os.environ.get("MEKONG_TEST_DATA") or tempfile.mkdtemp(prefix="mekong-test-"))
os.environ.update(
    MEKONG_TEST_DATA=str(_DATA),
    MEKONG_DATA=str(_DATA),
    MEKONG_PROCESS="test",
    MEKONG_SECRET_KEY="only-for-tests",
    # 32 zero bytes: a Fernet key that protects nothing.
    MEKONG_FIELD_KEYS="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    DJANGO_SETTINGS_MODULE="mekong.settings",
)
for _name in ("MEKONG_HOST", "MEKONG_PORT", "MEKONG_LANG", "MEKONG_LANGUAGE", "MEKONG_DEBUG", "MEKONG_PUBLIC_URL"):
    os.environ.pop(_name, None)

from mekong.foundation.postgres import EmbeddedServer  # noqa: E402 - after the environment is set
from tests.support import wiping  # noqa: E402 - as above

# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile(
    "house",
    hypothesis.settings(),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("house")

# A test's data need not survive a power cut, and fsync is most of a small transaction's time. Races of several workers at
# once open more connections than an installation does.
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "300",
}
_server = EmbeddedServer(_DATA, settings=_FAST)


def _owns_server(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput") and "DATABASE_URL" not in os.environ


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if _owns_server(config) and not config.option.collectonly:
        # A run that is told to end (by a time limit, say) ends like one that is interrupted: without leaving a server.
        signal.signal(signal.SIGTERM, _interrupt)
        _server.start()
    # pytest-django read its options before this file set the environment, and leaves the set-up to us.
    django.setup()
    wiping.install()


def _interrupt(_sign: int, _frame: object) -> None:
    raise KeyboardInterrupt


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    if _owns_server(config):
        _server.stop()
    shutil.rmtree(_DATA, ignore_errors=True)


class _FilesTogether(LoadScopeScheduling):
    """Tests that share an installation of their file stay on one worker; all others go wherever there is time.

    xdist's own groups are lost on pytest 9.2, which no longer takes a node's changed name.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return file if file.startswith("tests/e2e/") or file in _SHARING else nodeid


_SHARING = frozenset({"tests/cli/test_up.py"})


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _FilesTogether:
    return _FilesTogether(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("MEKONG_E2E") == "0":
        skip = pytest.mark.skip(reason="NO BROWSER TESTS: MEKONG_E2E=0, or Chromium is missing")
        for item in items:
            if "e2e" in item.keywords:
                item.add_marker(skip)


@pytest.fixture
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder for an installation of its own, short enough for a socket's path."""
    folder = Path(tempfile.mkdtemp(prefix="mk-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[None]:
    """The database is dropped at the end: the engines' threads end before, and threads of pools lose their sessions."""
    from django.db import connection

    from mekong.inventory.engine import engine
    from mekong.orders.book import book
    from mekong.pricing.redeeming import redeemer

    yield
    engine().stop()
    book().stop()
    redeemer().stop()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
