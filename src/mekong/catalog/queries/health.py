"""What `mekong doctor` asks of the catalog beyond what constraints already guarantee."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext

from mekong.catalog.queries.variants import fetch
from mekong.foundation.health import Finding


def bundles_have_parts(now: datetime) -> Finding:  # noqa: ARG001 - the form of every check
    """Every bundle on sale has at least one part: an empty one could be sold without end."""
    rows = fetch(
        """select v.sku from catalog_variant v
            where v.is_bundle and v.status = 'active'
              and not exists (select 1 from catalog_bundlepart b where b.bundle_id = v.id)
            order by v.sku""",
        {},
    )
    if rows:
        some = ", ".join(row[0] for row in rows[:5])
        return Finding(
            False,
            gettext("{count} bundles have no parts: {skus}.").format(count=len(rows), skus=some),
            gettext("Open each of them and add its parts."),
        )
    return Finding(True, gettext("Every bundle has parts."))


def media_files_exist(now: datetime) -> Finding:  # noqa: ARG001 - the form of every check
    """Every picture the catalog shows is in the media folder."""
    rows = fetch("select path, thumbnail, thumbnail_large from catalog_media", {})
    root = Path(settings.MEDIA_ROOT)
    lost = sorted({path for row in rows for path in row if not (root / path).is_file()})
    if lost:
        return Finding(
            False,
            gettext("{count} picture files are missing, the first is {file}.").format(count=len(lost), file=lost[0]),
            gettext("Restore the media folder from a backup, or upload these pictures again."),
        )
    return Finding(True, gettext("{count} pictures, all files present.").format(count=len(rows)))
