"""What can be set, and where it comes from: the environment first, then `<data>/mekong.toml`, then the default.

Every setting has one name. In the file it stands as written here (`port = 8080`); in the environment it is upper case
with `MEKONG_` before it (`MEKONG_PORT=8080`). The one exception is `DATABASE_URL`, which has that name everywhere it
is known. Imports neither Django nor psycopg: the supervisor reads it too.
"""

import base64
import contextlib
import json
import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from mekong.foundation import postgres

FILE = "mekong.toml"
SECRETS_FILE = "secrets.json"


class BadSetting(Exception):
    """A setting has a value that cannot be used; `vi` and `en` name it and say what may stand there."""

    def __init__(self, name: str, vi: str, en: str) -> None:
        self.vi, self.en = f"{name}: {vi}", f"{name}: {en}"
        super().__init__(f"{self.vi} / {en}")


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one installation. `docs/reference/settings.md` says what each is for.

    Attributes:
        data: the folder that holds everything of the installation.
        database_url: a PostgreSQL server of one's own (15 or newer); empty for the embedded one.
        host, port: where the web process listens.
        public_url: how people reach it from outside, for links, cookies and call-backs; empty: http://host:port.
        allowed_hosts: names requests may be addressed to; empty: this machine's, or any when `host` is not loopback.
        behind_proxy: trust X-Forwarded-Proto and X-Forwarded-For of the proxy in front.
        language: of messages and pages for people who chose none: vi or en.
        log_level: debug, info, warning or error.
        debug: Django's debug pages. Never where strangers can reach.
        web_connections: most database connections of one web process.
        worker_concurrency: jobs that a worker runs at the same time.
        upload_limit_bytes: largest request with files; a body of JSON has at most 10 MiB.
        webhooks_private: outgoing webhooks may go to plain http and to addresses of this machine and network.
    """

    data: Path
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    behind_proxy: bool = False
    language: str = "vi"
    log_level: str = "info"
    debug: bool = False
    web_connections: int = 16
    worker_concurrency: int = 8
    upload_limit_bytes: int = 50 * 1024 * 1024
    webhooks_private: bool = False

    @property
    def is_embedded(self) -> bool:
        """Whether the database is Mekong's own server in the data folder."""
        return not self.database_url

    @property
    def effective_database_url(self) -> str:
        """Where the database is, whether or not its server runs."""
        return self.database_url or postgres.url(self.data)

    @property
    def base_url(self) -> str:
        """How people reach the installation, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def hosts(self) -> list[str]:
        """Names that requests may be addressed to; the guard against DNS rebinding."""
        if self.allowed_hosts:
            return list(self.allowed_hosts)
        own = ["localhost", "127.0.0.1", "[::1]"]
        return own if self.host in {*own, "::1"} else ["*"]


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys made at the first start.

    Attributes:
        secret_key: signs sessions and links.
        field_keys: Fernet keys, newest first, that encrypt the credentials of channels at rest.
    """

    secret_key: str
    field_keys: tuple[str, ...]


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the installation: MEKONG_DATA, else `data` in the current folder."""
    return Path(environment.get("MEKONG_DATA") or "data").expanduser().absolute()


def load(environment: Mapping[str, str] = os.environ) -> Config:
    """Read all settings. Raises: BadSetting."""
    data = data_folder(environment)
    written = _read_file(data / FILE)
    values: dict[str, Any] = {}
    for field in fields(Config):
        if field.name == "data":
            continue
        variable = "DATABASE_URL" if field.name == "database_url" else f"MEKONG_{field.name.upper()}"
        if variable in environment:
            values[field.name] = _convert(variable, field.type, environment[variable])
        elif field.name in written:
            values[field.name] = _convert(f"{data / FILE}: {field.name}", field.type, written[field.name])
    unknown = sorted(set(written) - {field.name for field in fields(Config)})
    if unknown:
        names = ", ".join(unknown)
        raise BadSetting(str(data / FILE), f"không có thiết lập tên {names}.", f"there is no setting named {names}.")
    config = Config(data=data, **values)
    _check(config)
    return config


def load_secrets(config: Config, environment: Mapping[str, str] = os.environ) -> Secrets:
    """Read the keys, making them at the first start in a file that only its owner may read.

    MEKONG_SECRET_KEY and MEKONG_FIELD_KEYS (comma separated, newest first) replace those of the file.
    """
    given = environment.get("MEKONG_SECRET_KEY"), environment.get("MEKONG_FIELD_KEYS")
    if given[0] and given[1]:
        return Secrets(given[0], tuple(given[1].split(",")))
    kept = _kept_secrets(config.data / SECRETS_FILE)
    keys = given[1].split(",") if given[1] else kept["field_keys"]
    return Secrets(given[0] or kept["secret_key"], tuple(keys))


def _kept_secrets(path: Path) -> dict[str, Any]:
    with contextlib.suppress(FileNotFoundError):
        return dict(json.loads(path.read_text(encoding="utf-8")))
    postgres.make_data_folder(path.parent)
    fresh = {
        "secret_key": secrets.token_urlsafe(48),
        "field_keys": [base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()],
    }
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(fresh, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # fails when another process was first; its keys count then
    except FileExistsError:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    finally:
        draft.unlink()
    return fresh


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(str(path), f"không đọc được: {error}", f"cannot be read: {error}") from error


def _convert(name: str, kind: Any, value: Any) -> Any:
    if kind is bool:
        words = {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
            "": False,
        }
        if str(value).lower() not in words:
            raise BadSetting(f"{name}={value}", "phải là true hoặc false.", "must be true or false.")
        return words[str(value).lower()]
    if kind is int:
        try:
            return int(value)
        except (TypeError, ValueError):
            raise BadSetting(f"{name}={value}", "phải là số nguyên.", "must be a whole number.") from None
    if kind is str:
        return str(value)
    parts = value.split(",") if isinstance(value, str) else value
    return tuple(part for part in (str(part).strip() for part in parts) if part)


def _check(config: Config) -> None:
    if not 0 < config.port < 65536:
        raise BadSetting(f"port={config.port}", "phải từ 1 đến 65535.", "must be between 1 and 65535.")
    if config.language not in {"vi", "en"}:
        raise BadSetting(f"language={config.language}", "phải là vi hoặc en.", "must be vi or en.")
    if config.log_level not in {"debug", "info", "warning", "error"}:
        raise BadSetting(
            f"log_level={config.log_level}",
            "phải là debug, info, warning hoặc error.",
            "must be debug, info, warning or error.",
        )
    if config.database_url and not config.database_url.startswith(("postgresql://", "postgres://")):
        raise BadSetting("DATABASE_URL", "phải bắt đầu bằng postgresql://.", "must begin with postgresql://.")
