"""`@command`: one use case, one transaction, its events inside."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from django.db import connection, transaction

from mekong.foundation.actor import Actor

P = ParamSpec("P")
R = TypeVar("R")


def command(use_case: Callable[P, R]) -> Callable[P, R]:
    """Run a use case in one transaction, under the name of its actor; called by another command it joins.

    The actor's `ref` is set for the transaction (`mekong.actor`), where the audit triggers read it.
    """

    @functools.wraps(use_case)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block and getattr(connection, "mekong_command", False):
            return use_case(*args, **kwargs)
        with transaction.atomic():
            act_as(kwargs.get("actor"))
            connection.mekong_command = True  # type: ignore[attr-defined]  # marks the transaction as a command's
            try:
                return use_case(*args, **kwargs)
            finally:
                connection.mekong_command = False  # type: ignore[attr-defined]  # as above

    run.is_command = True  # type: ignore[attr-defined]  # read by the architecture tests
    return run


def act_as(actor: Any) -> None:
    """Name the actor of the current transaction for the audit trail."""
    ref = actor.ref if isinstance(actor, Actor) else ""
    with connection.cursor() as cursor:
        cursor.execute("select set_config('mekong.actor', %s, true)", [ref])
