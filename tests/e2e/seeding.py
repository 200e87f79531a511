"""Furnishes a running installation with the test shop: `python -m tests.e2e.seeding` under its MEKONG_DATA."""

from datetime import UTC, datetime

from mekong.faces.cli.installation import opened


def main() -> None:
    with opened():
        from tests.support.partners import furnish_partners
        from tests.support.shop import furnish

        furnish(datetime.now(UTC))
        furnish_partners(datetime.now(UTC))


if __name__ == "__main__":
    main()
