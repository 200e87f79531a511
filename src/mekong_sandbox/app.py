"""Which request goes where, and what befalls it on the way."""

from __future__ import annotations

import time

from mekong_sandbox import buying
from mekong_sandbox.control.routes import answer as answer_control
from mekong_sandbox.faults import Verdict
from mekong_sandbox.http import Postponed, Reply, Request, json_reply
from mekong_sandbox.pages import answer as answer_page
from mekong_sandbox.pictures import PREFIX as PICTURES
from mekong_sandbox.platform import Platform
from mekong_sandbox.shopify import gate as shopify
from mekong_sandbox.world import World


class App:
    """The handler of the server: one world, all its doors."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._platforms = tuple(world.platforms.values())

    def handle(self, request: Request) -> Reply | Postponed:
        """Answer a request."""
        path = request.path = shopify.path_of(request)
        for platform in self._platforms:
            if platform.claims(path):
                return self._called(platform, request)
        if path.startswith("/control"):
            return answer_control(self.world, request)
        if path.startswith(PICTURES):
            return self.world.pictures.answer(request)
        if path == "/healthz":
            return json_reply({"ok": True})
        name, _, rest = path[1:].partition("/")
        if rest == "buy" and name in self.world.platforms and request.content_type == "application/json":
            if request.method != "POST":
                return json_reply({"error": "method_not_allowed", "message": "Use POST."}, 405)
            return self._with_faults(self.world.platforms[name], request)
        return answer_page(self.world, request)

    def done(self, request: Request, reply: Reply) -> None:
        """Count an answered request."""
        took_s = time.perf_counter() - request.started
        self.world.stats.add(request.counted_as or self._named(request, reply), took_s, reply.status, reply.drop)

    def _named(self, request: Request, reply: Reply) -> str:
        """What a call that its platform did not name is counted as; ids in paths must not make a row each."""
        path = request.path
        if reply.status == 404:
            return "(not found)"
        if path.startswith(PICTURES):
            return f"{PICTURES}(a picture)"
        name, _, rest = path[1:].partition("/")
        if name not in self.world.platforms or rest in ("", "buy"):
            return path
        return f"/{name}/(refused at the door)" if self.world.platforms[name].claims(path) else f"/{name}/(pages)"

    def _called(self, platform: Platform, request: Request) -> Reply | Postponed:
        if self.world.faults.calls_at_risk:
            return self._with_faults(platform, request)
        return self._answer(platform, request)

    def _answer(self, platform: Platform, request: Request) -> Reply:
        if not platform.claims(request.path):
            return buying.answer(platform, request)
        return platform.answer(request)

    def _with_faults(self, platform: Platform, request: Request) -> Reply | Postponed:
        verdict = self.world.faults.judge_call(platform.name, request.path, platform.shop_of(request))
        if verdict.before_s > 0:
            return Postponed(verdict.before_s, lambda: self._struck(platform, request, verdict))
        return self._struck(platform, request, verdict)

    def _struck(self, platform: Platform, request: Request, verdict: Verdict) -> Reply:
        if verdict.drop:
            reply = Reply()
            reply.drop = True
            return reply
        if verdict.status:
            return json_reply({"error": "gateway", "message": "The gateway is not available."}, verdict.status)
        if verdict.refusal:
            return platform.struck(verdict.refusal)
        request.lag_s = verdict.lag_s
        reply = self._answer(platform, request)
        reply.delay_s += verdict.after_s
        if verdict.malformed:
            reply.body = reply.body[: max(1, len(reply.body) // 2)]
        if verdict.silent_s is not None:
            reply.drop = True
            reply.delay_s += verdict.silent_s
        return reply
