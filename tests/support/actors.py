"""Actors for tests of commands: see `people` for people and callers of the API."""

from tests.support.people import NOON, an_actor

__all__ = ["NOON", "an_actor"]
