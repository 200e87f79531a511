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


health.register("pricing.cards_add_up", cards_add_up)
health.register("pricing.games_add_up", games_add_up)
