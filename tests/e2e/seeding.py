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


if __name__ == "__main__":
    main()
