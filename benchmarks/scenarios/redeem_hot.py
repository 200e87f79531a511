"""One voucher, a thousand uses, 64 checkouts at once: how many attempts a second, and exactly a thousand succeed."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from benchmarks.installation import CannotRun, Installation
from benchmarks.result import Result, summary

_CALLERS = 64
_USES = 1000
_ATTEMPTS = 20_000
_PER_S = 2000


def measure(_installation: Installation) -> Result:
    """Every caller checks out again and again; after a thousand the voucher is refused to all of them."""
    from mekong.foundation.actor import SYSTEM
    from mekong.pricing import commands as pricing
    from mekong.pricing.contracts.lists import PromotionDraft
    from mekong.pricing.contracts.redeeming import Take, Took, Want
    from mekong.pricing.models import Redemption, Voucher
    from mekong.pricing.queries import find_codes
    from mekong.pricing.redeeming import redeemer

    now = datetime.now(UTC)
    draft = PromotionDraft("HOT", "Săn mã", {"kind": "basket_amount", "off_minor": 50_000}, needs_code=True)
    offer = pricing.save_promotion(actor=SYSTEM, draft=draft, now=now)
    pricing.turn_promotion(actor=SYSTEM, promotion_id=offer.id, state="active", now=now)
    pricing.share_code(actor=SYSTEM, promotion_id=offer.id, code="HOT1111", most_uses=_USES, now=now)
    [code] = find_codes(typed=["HOT1111"], now=now)
    wants = (Want(offer.id, code.voucher_id, 50_000),)
    latencies: list[float] = []
    won: list[str] = []
    failed: list[BaseException] = []

    def check_out(caller: int) -> None:
        mine, taken = [], []
        try:
            for turn in range(_ATTEMPTS // _CALLERS):
                reference = f"gio-{caller}-{turn}"
                began = time.perf_counter()
                answer = redeemer().call(Take(reference, "", wants, now))
                mine.append((time.perf_counter() - began) * 1000)
                if isinstance(answer, Took):
                    taken.append(reference)
        except BaseException as caught:  # noqa: BLE001 - told below
            failed.append(caught)
        latencies.extend(mine)
        won.extend(taken)

    callers = [threading.Thread(target=check_out, args=(number,)) for number in range(_CALLERS)]
    began = time.perf_counter()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    took = time.perf_counter() - began
    if failed:
        raise CannotRun(f"a checkout failed: {failed[0]!r}")
    rate = len(latencies) / took
    booked = Redemption.objects.filter(promotion_id=offer.id).exclude(state="released").count()
    uses = Voucher.objects.get(id=code.voucher_id).uses
    redeemer().stop()
    is_exact = len(won) == booked == uses == _USES
    return Result(
        value=rate,
        unit="attempts/s",
        limit=_PER_S,
        ratio=rate / _PER_S,
        **summary(latencies),
        notes=[
            f"{_CALLERS} checkouts at once, {len(latencies):,} attempts, durable; {len(won):,} succeeded, {booked:,} booked, "
            f"{uses:,} counted, of {_USES:,}",
        ],
        figures={"won": len(won), "booked": booked},
        passed=is_exact and rate >= _PER_S,
    )
