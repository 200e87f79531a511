"""Which connectors there are: packages of ours with a manifest, and those that others ship as entry points."""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import entry_points
from importlib.resources import files

from mekong.channels import socket
from mekong.channels.errors import KindUnknown
from mekong.channels.socket import Account, Connector, Manifest, Transport
from mekong.channels.socket.listing_needs import Need, read_listing_needs
from mekong.channels.socket.order_files import OrderFileLayout, read_order_file_layout

GROUP = "mekong.connectors"
"""Entry point group, and the package that holds our own."""

Factory = Callable[[Account, Transport], Connector]


@dataclass(frozen=True)
class Plug:
    """One connector as found: its manifest, how to make it for an account, the fields of its form, its order export, and
    what it asks of a product."""

    manifest: Manifest
    factory: Factory
    secrets: Mapping[str, str]
    order_file: OrderFileLayout = field(default_factory=OrderFileLayout)
    needs: tuple[Need, ...] = ()


@lru_cache(maxsize=1)
def connectors() -> Mapping[str, Plug]:
    """Every connector by name. One shipped as an entry point stands before ours of the same name."""
    found: dict[str, Plug] = {}
    for module in pkgutil.iter_modules(importlib.import_module(GROUP).__path__):
        package = f"{GROUP}.{module.name}"
        if module.ispkg and files(package).joinpath("manifest.toml").is_file():
            _add(found, package, importlib.import_module(f"{package}.connector").connect)
    for point in entry_points(group=GROUP):
        factory = point.load()
        _add(found, factory.__module__.rpartition(".")[0], factory)
    return found


def _add(found: dict[str, Plug], package: str, factory: Factory) -> None:
    manifest = socket.read_manifest(package)
    said = tomllib.loads(files(package).joinpath("manifest.toml").read_text("utf-8"))
    secrets = {name: str(what) for name, what in said.get("secrets", {}).items()}
    found[manifest.name] = Plug(
        manifest, factory, secrets, read_order_file_layout(package) or OrderFileLayout(), read_listing_needs(package)
    )


def plug(kind: str) -> Plug:
    """Raises: KindUnknown."""
    known = connectors()
    if kind not in known:
        raise KindUnknown(field="kind", kind=kind, known=", ".join(sorted(known)) or "–")
    return known[kind]


def is_remote(kind: str) -> bool:
    """Whether a channel of this kind has a platform to talk to."""
    return kind in connectors()
