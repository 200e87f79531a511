"""Figures for people: what waits, what sold, what runs out. These reports read the tables of several modules."""

from mekong.insights.queries.beginning import begun
from mekong.insights.queries.people import buyer
from mekong.insights.queries.sales import day_sales, sold_orders
from mekong.insights.queries.speed import counted_through, covers, movers, taking_orders
from mekong.insights.queries.waiting import WORK, oversold, transfers_coming, waiting, waiting_orders
from mekong.insights.rules import change_bp, window

__all__ = [
    "WORK",
    "begun",
    "buyer",
    "change_bp",
    "counted_through",
    "covers",
    "day_sales",
    "movers",
    "oversold",
    "sold_orders",
    "taking_orders",
    "transfers_coming",
    "waiting",
    "waiting_orders",
    "window",
]
