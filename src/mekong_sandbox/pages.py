from __future__ import annotations
from mekong_sandbox.http import Reply, Request, json_reply
from mekong_sandbox.world import World


def answer(world: World, request: Request) -> Reply:
    return json_reply({"error": "not_found"}, 404)
