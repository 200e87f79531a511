"""Furnishes a running installation with the test shop: `python -m tests.e2e.seeding` under its MEKONG_DATA."""

from datetime import UTC, datetime, timedelta

from mekong.faces.cli.installation import opened


def main() -> None:
    with opened():
        from tests.support.partners import furnish_partners
        from tests.support.shop import furnish

        now = datetime.now(UTC)
        furnish(now)
        _set_aside(now)
        _incident(now)
        _returns(now)
        furnish_partners(now)


def _set_aside(now: datetime) -> None:
    """A livestream under way, one line of it short."""
    from mekong.catalog import queries as catalog
    from mekong.foundation.actor import SYSTEM
    from mekong.inventory import commands
    from mekong.inventory.contracts import WantedLine

    ids = {sku: each.id for sku, each in catalog.variants_by_sku(actor=SYSTEM, skus=["TH-HC-80", "NT-QH-01"]).items()}
    lines = [WantedLine(ids["TH-HC-80"], 3), WantedLine(ids["NT-QH-01"], 400)]
    ends = now + timedelta(hours=6)
    commands.plan_campaign(
        actor=SYSTEM, channel="web", name="Live tối thứ Sáu", kind="livestream", lines=lines, ends_at=ends, now=now
    )


def _incident(now: datetime) -> None:
    """A channel that was away for a while, and caught up."""
    from mekong.channels import commands
    from mekong.foundation.actor import SYSTEM

    away = {"code": "unavailable", "params": {"reason": "503"}}
    facts, since = commands.Facts(tries=4, waiting=12, is_held_back=True, failures=8), now - timedelta(hours=2)
    commands.note_trouble(
        actor=SYSTEM,
        code="web",
        is_lost=False,
        problem=away,
        facts=facts,
        since=since,
        now=since + timedelta(minutes=3),
    )
    commands.note_well(actor=SYSTEM, code="web", waiting=12, now=since + timedelta(minutes=9))


def _returns(now: datetime) -> None:
    """Returns asked for on a platform: one that presses, one that is late, one that was answered there."""
    from mekong.channels import commands
    from mekong.channels.socket import ListingKey
    from mekong.channels.socket.returns import RemoteReturn, RemoteReturnLine, ReturnState
    from mekong.foundation.actor import SYSTEM
    from mekong.orders import queries
    from mekong.orders.contracts import OrderFilter

    sold = queries.list_orders(actor=SYSTEM, wanted=OrderFilter(channel="shopee-1")).orders
    asked = (
        ("ITEM_DAMAGED", "Bình bị mẻ miệng, hộp móp một góc", ReturnState.REQUESTED, timedelta(hours=7), True),
        ("CHANGE_MIND", "", ReturnState.REQUESTED, timedelta(days=2), False),
        ("OTHER", "Giao thiếu một món trong bộ", ReturnState.REQUESTED, timedelta(hours=-1), True),
        ("WRONG_ITEM", "Nhầm màu", ReturnState.REFUNDED, timedelta(days=-3), False),
    )
    lines = [RemoteReturnLine(ListingKey("5001"), "", "Bình gốm men lam cổ cao 28 cm", 1)]
    returns = [
        RemoteReturn(
            f"2511{place:04}RT", sold[place % len(sold)].external_id, state, state.value.upper(), lines, "VND",
            890_000, is_back, now - timedelta(hours=20), now, code, words, now + due,
        )
        for place, (code, words, state, due, is_back) in enumerate(asked)
    ]  # fmt: skip
    commands.keep_returns(actor=SYSTEM, channel="shopee-1", returns=returns, now=now)


if __name__ == "__main__":
    main()
