"""Which request goes where, and what befalls it on the way."""

from __future__ import annotations

import time

from mekong_sandbox import buying
from mekong_sandbox.control.routes import answer as answer_control
from mekong_sandbox.faults import Verdict
from mekong_sandbox.http import Postponed, Reply, Request, json_reply
from mekong_sandbox.lazada import gate as lazada_gate
from mekong_sandbox.lazada.routes import ENDPOINTS as LAZADA
from mekong_sandbox.pages import answer as answer_page
from mekong_sandbox.shopee import gate as shopee_gate
from mekong_sandbox.shopee.routes import ENDPOINTS as SHOPEE
from mekong_sandbox.world import World


class App:
    """The handler of the server: one world, all its doors."""

    def __init__(self, world: World) -> None:
        self.world = world

    def handle(self, request: Request) -> Reply | Postponed:
        """Answer a request."""
        path = request.path
        if path.startswith("/api/v2/"):
            return self._marketplace("shopee", request)
        if path.startswith("/rest/"):
            return self._marketplace("lazada", request)
        if path.startswith("/control"):
            return answer_control(self.world, request)
        if path == "/healthz":
            return json_reply({"ok": True})
        if path in ("/shopee/buy", "/lazada/buy") and request.content_type == "application/json":
            if request.method != "POST":
                return json_reply({"error": "method_not_allowed", "message": "Use POST."}, 405)
            return self._with_faults(path[1:7], request)
        return answer_page(self.world, request)

    def done(self, request: Request, reply: Reply) -> None:
        """Count an answered request."""
        took_s = time.perf_counter() - request.started
        path = request.path if reply.status != 404 else "(not found)"
        if path.startswith(("/shopee/", "/lazada/")) and not path.endswith("/buy"):
            path = path[:8] + "(pages)"
        self.world.stats.add(path, took_s, reply.status, reply.drop)

    def _marketplace(self, market: str, request: Request) -> Reply | Postponed:
        if self.world.faults.calls_at_risk:
            return self._with_faults(market, request)
        return self._answer(market, request)

    def _answer(self, market: str, request: Request) -> Reply:
        if request.path.endswith("/buy"):
            return buying.answer(self.world, market, request)
        if market == "shopee":
            return shopee_gate.answer(self.world.shopee, SHOPEE, request)
        return lazada_gate.answer(self.world.lazada, LAZADA, request)

    def _with_faults(self, market: str, request: Request) -> Reply | Postponed:
        if market == "shopee":
            shop = dict(request.pairs()).get("shop_id", "")
        else:
            shop = lazada_gate.seller_of(self.world.lazada, request)
        verdict = self.world.faults.judge_call(market, request.path, shop)
        if verdict.before_s > 0:
            return Postponed(verdict.before_s, lambda: self._struck(market, request, verdict))
        return self._struck(market, request, verdict)

    def _struck(self, market: str, request: Request, verdict: Verdict) -> Reply:
        if verdict.drop:
            reply = Reply()
            reply.drop = True
            return reply
        if verdict.status:
            return json_reply({"error": "gateway", "message": "The gateway is not available."}, verdict.status)
        if verdict.refusal:
            if market == "shopee":
                return shopee_gate.struck(self.world, verdict.refusal)
            return lazada_gate.struck(verdict.refusal)
        request.lag_s = verdict.lag_s
        reply = self._answer(market, request)
        reply.delay_s += verdict.after_s
        if verdict.malformed:
            reply.body = reply.body[: max(1, len(reply.body) // 2)]
        if verdict.silent_s is not None:
            reply.drop = True
            reply.delay_s += verdict.silent_s
        return reply
