"""Things that go wrong on purpose, by rule, repeatable from a seed."""

from __future__ import annotations

import random
from collections import deque
from typing import Literal

import msgspec

Kind = Literal[
    "latency",
    "http_429",
    "http_5xx",
    "rate_limit",
    "drop",
    "timeout_after_effect",
    "invalid_token",
    "malformed_json",
    "stale_reads",
    "notice_drop",
    "notice_duplicate",
    "notice_delay",
    "notice_bad_signature",
]
KEPT_HISTORY_S = 60.0


class Rule(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One fault. All conditions must hold; then it strikes with `probability`, at most `count` times.

    market: name of a platform or "*". path: prefix of the API path, with or without `/api/v2` or `/rest`; "" = all.
    shop: shop id or seller id; "" = all. ms: a number, or [least, most] drawn evenly (latency, notice_delay,
    timeout_after_effect: how long the connection stays silent; stale_reads: how old the answer is).
    at: latency "before" or "after" the call takes effect. status: of http_5xx. to_lost_push: a dropped Shopee notice
    is kept in the lost-push store. copies: extra copies of notice_duplicate.
    """

    kind: Kind
    market: str = "*"
    path: str = ""
    shop: str = ""
    probability: float = 1.0
    count: int | None = None
    ms: float | tuple[float, float] = 0.0
    at: Literal["before", "after"] = "before"
    status: int = 503
    to_lost_push: bool = False
    copies: int = 1
    id: int = 0
    hits: int = 0


class Verdict(msgspec.Struct):
    """What befalls one call."""

    before_s: float = 0.0
    after_s: float = 0.0
    lag_s: float = 0.0
    status: int = 0
    refusal: str = ""
    drop: bool = False
    silent_s: float | None = None
    malformed: bool = False


class NoticeVerdict(msgspec.Struct):
    """What befalls one notice."""

    drop: bool = False
    to_lost_push: bool = False
    copies: int = 1
    delay_s: float = 0.0
    bad_signature: bool = False


class Faults:
    """The rules in force, and the stock figures of the last minute while a stale-read rule is among them."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.calls_at_risk = False
        self.notices_at_risk = False
        self.keeps_history = False
        self._random = random.Random(0)  # noqa: S311 - a draw that repeats, not a secret
        self._numbers = 0
        self._history: dict[object, deque[tuple[float, object]]] = {}

    def install(self, rules: list[Rule], seed: int | None) -> list[Rule]:
        """Add rules to those in force; a seed restarts the draw."""
        if seed is not None:
            self._random = random.Random(seed)  # noqa: S311 - as above
        for rule in rules:
            self._numbers += 1
            rule.id, rule.hits = self._numbers, 0
            self.rules.append(rule)
        self._refresh()
        return rules

    def clear(self, rule_id: int | None = None) -> int:
        """Remove one rule, or all. Returns how many."""
        before = len(self.rules)
        self.rules = [] if rule_id is None else [rule for rule in self.rules if rule.id != rule_id]
        self._refresh()
        return before - len(self.rules)

    def _refresh(self) -> None:
        self.notices_at_risk = any(rule.kind.startswith("notice_") for rule in self.rules)
        self.calls_at_risk = any(not rule.kind.startswith("notice_") for rule in self.rules)
        self.keeps_history = any(rule.kind == "stale_reads" for rule in self.rules)
        if not self.keeps_history:
            self._history.clear()

    def _strikes(self, rule: Rule, market: str, path: str, shop: str) -> bool:
        if rule.count is not None and rule.hits >= rule.count:
            return False
        if rule.market not in ("*", market) or (rule.shop and rule.shop != shop):
            return False
        if rule.path and not path.startswith(rule.path):
            short = path.removeprefix("/api/v2").removeprefix("/rest")
            if not short.startswith(rule.path) and not short.startswith("/" + rule.path):
                return False
        if rule.probability < 1.0 and self._random.random() >= rule.probability:
            return False
        rule.hits += 1
        return True

    def _seconds(self, rule: Rule) -> float:
        if isinstance(rule.ms, tuple):
            return self._random.uniform(*rule.ms) / 1000
        return rule.ms / 1000

    def judge_call(self, market: str, path: str, shop: str) -> Verdict:
        """Draw what befalls a call. Several rules may strike at once."""
        verdict = Verdict()
        for rule in self.rules:
            if rule.kind.startswith("notice_") or not self._strikes(rule, market, path, shop):
                continue
            match rule.kind:
                case "latency" if rule.at == "before":
                    verdict.before_s += self._seconds(rule)
                case "latency":
                    verdict.after_s += self._seconds(rule)
                case "http_429":
                    verdict.status = 429
                case "http_5xx":
                    verdict.status = rule.status
                case "rate_limit" | "invalid_token":
                    verdict.refusal = rule.kind
                case "drop":
                    verdict.drop = True
                case "timeout_after_effect":
                    verdict.silent_s = self._seconds(rule)
                case "malformed_json":
                    verdict.malformed = True
                case "stale_reads":
                    verdict.lag_s = self._seconds(rule)
                case _:
                    pass
        return verdict

    def judge_notice(self, market: str, shop: str) -> NoticeVerdict:
        """Draw what befalls a notice."""
        verdict = NoticeVerdict()
        for rule in self.rules:
            if not rule.kind.startswith("notice_") or not self._strikes(rule, market, "", shop):
                continue
            match rule.kind:
                case "notice_drop":
                    verdict.drop, verdict.to_lost_push = True, rule.to_lost_push
                case "notice_duplicate":
                    verdict.copies += rule.copies
                case "notice_delay":
                    verdict.delay_s += self._seconds(rule)
                case _:
                    verdict.bad_signature = True
        return verdict

    def remember(self, key: object, stamp: float, value_before: object) -> None:
        """Note the value a figure had until `stamp`."""
        history = self._history.setdefault(key, deque())
        history.append((stamp, value_before))
        while history and history[0][0] < stamp - KEPT_HISTORY_S:
            history.popleft()

    def as_of(self, key: object, stamp: float, value_now: object) -> object:
        """The value a figure had at `stamp`, as far as it is known."""
        for changed_at, value_before in self._history.get(key, ()):
            if changed_at > stamp:
                return value_before
        return value_now
