"""The invariants of gift cards and games, for `mekong doctor`."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.utils.translation import gettext

from mekong.foundation import health

_WRONG_CARDS = """
    select c.last4 from pricing_giftcard c
      left join (select card_id, sum(balance_change) balance, sum(held_change) held, max(id) last
                   from pricing_cardentry group by card_id) e on e.card_id = c.id
      left join pricing_cardentry l on l.id = e.last
      left join (select card_id, sum(amount_minor) held from pricing_cardhold where state = 'held' group by card_id) h
             on h.card_id = c.id
     where e.balance is distinct from c.balance_minor or e.held is distinct from c.held_minor
        or l.balance_after is distinct from c.balance_minor or l.held_after is distinct from c.held_minor
        or coalesce(h.held, 0) <> c.held_minor
     order by c.id limit 5
"""
_HOLDS_AND_USE = """
    select c.last4 from pricing_giftcard c
      left join (select card_id, sum(used_minor) used, sum(given_back_minor) back from pricing_cardhold group by card_id) h
             on h.card_id = c.id
      left join (select card_id, -sum(balance_change) filter (where kind = 'use') used,
                        sum(balance_change) filter (where kind = 'give_back') back
                   from pricing_cardentry group by card_id) e on e.card_id = c.id
     where coalesce(h.used, 0) <> coalesce(e.used, 0) or coalesce(h.back, 0) <> coalesce(e.back, 0)
     order by c.id limit 5
"""


def _first(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [str(row[0]) for row in cursor.fetchall()]


_WRONG_OFFERS = """
    select p.code from pricing_promotion p
      left join pricing_allowance a on a.promotion_id = p.id
      left join (select promotion_id, count(*) uses, sum(benefit_minor) spent from pricing_redemption
                  where state <> 'released' group by 1) r on r.promotion_id = p.id
     where a.uses is distinct from coalesce(r.uses, 0) or a.spent_minor is distinct from coalesce(r.spent, 0)
        or a.uses > p.most_uses or a.spent_minor > p.budget_minor
     order by p.id limit 5
"""
_WRONG_VOUCHERS = """
    select v.code from pricing_voucher v
      left join (select voucher_id, count(*) uses from pricing_redemption where state <> 'released' group by 1) r
             on r.voucher_id = v.id
     where v.uses <> coalesce(r.uses, 0) order by v.id limit 5
"""


def offers_add_up(_: datetime) -> health.Finding:
    """What is counted as taken of each offer and voucher is what checkouts and orders took, and within its limits."""
    wrong = [*_first(_WRONG_OFFERS), *(f"{code[:3]}…" for code in _first(_WRONG_VOUCHERS))]
    if wrong:
        return health.Finding(
            False,
            gettext("Offers do not agree with what was taken of them: {offers}.").format(offers=", ".join(wrong)),
            gettext(
                "A limit was lowered below what was used, or someone changed rows by hand. Look at these promotions."
            ),
        )
    return health.Finding(True, gettext("Of every offer as much is counted as was taken, and no limit is passed."))


def cards_add_up(_: datetime) -> health.Finding:
    """Every gift card's balance and held amount are what its ledger and its holds say."""
    wrong = sorted({*_first(_WRONG_CARDS), *_first(_HOLDS_AND_USE)})
    if wrong:
        return health.Finding(
            False,
            gettext("Gift cards do not agree with their ledgers: {cards}.").format(
                cards=", ".join(f"…{each}" for each in wrong)
            ),
            gettext("Someone changed rows by hand. Block these cards, and compare with a backup."),
        )
    return health.Finding(True, gettext("Every gift card’s balance is what its ledger says."))


_WRONG_GAMES = """
    select g.name from pricing_game g
      left join (select game_id, count(*) plays, max(number) last, sum(cost_minor) spent from pricing_play group by game_id) p
             on p.game_id = g.id
     where coalesce(p.plays, 0) <> g.plays or coalesce(p.last, 0) <> g.plays or coalesce(p.spent, 0) <> g.spent_minor
        or exists (select from pricing_prize z where z.game_id = g.id
                    and z.given <> (select count(*) from pricing_play y where y.given_id = z.id))
     order by g.id limit 5
"""


def games_add_up(_: datetime) -> health.Finding:
    """Every game has as many plays, and gave and spent as much, as its counts say, without a gap in its numbers."""
    wrong = _first(_WRONG_GAMES)
    if wrong:
        return health.Finding(
            False,
            gettext("Games do not agree with their plays: {games}.").format(games=", ".join(wrong)),
            gettext("Someone changed rows by hand. Stop these games, and compare with a backup."),
        )
    return health.Finding(True, gettext("Every game gave and spent what its plays say."))


health.register("pricing.offers_add_up", offers_add_up)
health.register("pricing.cards_add_up", cards_add_up)
health.register("pricing.games_add_up", games_add_up)
