"""That the counts say what the orders say, for `mekong doctor`."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.utils.translation import gettext

from mekong.foundation import health

_PACE_AND_DAYS = """
    select count(*) from (
        select location_id, variant_id, last_28 from insights_salespace
        except
        select location_id, variant_id, sum(units)::bigint from insights_unitsday
         where day <= (select through from insights_salespace limit 1) group by 1, 2) apart
"""


def units_counted(now: datetime) -> health.Finding:
    """How fast goods leave is the sum of the days that were counted."""
    with connection.cursor() as cursor:
        cursor.execute(_PACE_AND_DAYS)
        apart = cursor.fetchone()[0]
    if apart:
        return health.Finding(
            False,
            gettext("{count} sales paces are not the sum of their days.").format(count=apart),
            gettext("A worker counts them again within ten minutes: start one."),
        )
    return health.Finding(True, gettext("How fast goods leave is the sum of the days counted."))


health.register("insights.units_counted", units_counted)
