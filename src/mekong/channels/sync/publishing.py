"""Products on their way to one account: each brought to what the catalogue says, one after the other.

What is made is never made twice: a product is looked for by its SKUs before it is made, and that it is being made is
written down first. So an answer that was lost, or a worker that was killed, leaves a product that is found and finished.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import structlog

from mekong.catalog.contracts import PictureFile
from mekong.channels.commands import published
from mekong.channels.commands.listings import store_listings
from mekong.channels.commands.mappings import store_attributes
from mekong.channels.commands.published import Due
from mekong.channels.contracts.publishing import Gap
from mekong.channels.models import Channel, PictureCopy, Publication
from mekong.channels.pacing import backoff_s
from mekong.channels.queries.publishing import Prepared, is_ours, prepare
from mekong.channels.rules.drafting import digest
from mekong.channels.socket.publishing import Draft, Published, PublishedState, PublishesProducts
from mekong.channels.sync import pictures
from mekong.channels.sync.line import Line, now
from mekong.channels.sync.threads import Threads
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MekongError, NeedsReconnect, RemoteRefused, Unavailable

log = structlog.get_logger(__name__)

_AT_ONCE = 20
_STALE = timedelta(days=7)
"""How old what a platform asks of a category may be before it is asked again."""
_LONGEST_WAIT_S = 1800.0


class PublishingDesk:
    """Lives in one event loop."""

    def __init__(self, line: Line, threads: Threads) -> None:
        self.line, self.threads, self.pace = line, threads, line.pace
        self._now = asyncio.Event()

    def soon(self) -> None:
        self._now.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._now.clear()
            self.line.speaker(PublishesProducts)
            due = await self.threads.run(_due, self.line.channel_id, now())
            for each in due:
                await self._one(each)
            if due:
                continue
            try:
                async with asyncio.timeout(self.pace.publish_s):
                    await self._now.wait()
            except TimeoutError:
                pass

    async def _one(self, due: Due) -> None:
        try:
            await self._bring(due)
        except NeedsReconnect:
            raise
        except RemoteRefused as refused:
            await self._refused(due, refused)
        except Unavailable as away:
            await self._later(due, away.code, dict(away.params))
            if self.line.breaker_wait_s() > 0:
                raise
        except MekongError as failed:
            await self._later(due, failed.code, dict(failed.params))
        except Exception:  # a defect met by one product must not stand in the way of the others
            log.exception("not_published", channel=self.line.code, product=due.product_id)
            await self._later(due, "error", {})

    async def _refused(self, due: Due, refused: RemoteRefused) -> None:
        """What the platform was given in pictures is given anew the next time: it may be what it did not like."""
        ready = await self.threads.run(_prepare, due)
        hashes = [each.sha256 for each in ready.material.pictures]
        await self.threads.run(published.forget_given, actor=SYSTEM, channel=self.line.code, hashes=hashes)
        await self.threads.run(published.note_refused, actor=SYSTEM, due=due, refused=refused)

    async def _later(self, due: Due, code: str, params: dict[str, Any]) -> None:
        wait = backoff_s(due.attempts + 1, first_s=self.pace.publish_s / 6, longest_s=_LONGEST_WAIT_S)
        await self.threads.run(
            published.note_later,
            actor=SYSTEM,
            due=due,
            code=code,
            params=params,
            next_at=now() + timedelta(seconds=wait),
        )

    async def _bring(self, due: Due) -> None:
        if due.is_asked_only:
            await self._look(due)
            return
        ready = await self._prepared(due)
        if ready is None:
            return
        made = ready.drafted.draft
        print_ = digest(made)
        item_id = ready.item_id
        if item_id and print_ == due.sent:
            await self.threads.run(published.note_same, actor=SYSTEM, due=due, now=now())
        elif item_id and not due.is_ours:
            await self.threads.run(published.note_met, actor=SYSTEM, due=due, item_id=item_id)
        elif item_id:
            said = await self.line.call(lambda c: c.update_product(item_id=item_id, draft=made), tries=2)
            await self._keep(due, said, print_)
        else:
            await self._make(due, made, print_)

    async def _prepared(self, due: Due) -> Prepared | None:
        """What is to be sent, with pictures given to the platform; None when something is missing, which is noted."""
        ready = await self.threads.run(_prepare, due)
        if await self._ask_category(ready):
            ready = await self.threads.run(_prepare, due)
        gaps = list(ready.drafted.gaps)
        is_hiding = bool(ready.item_id) and not ready.drafted.draft.is_shown and bool(ready.drafted.draft.variants)
        if not gaps or is_hiding:
            gaps = await self._give_pictures(ready)
            ready = await self.threads.run(_prepare, due)
        if gaps and not is_hiding:
            await self.threads.run(published.note_incomplete, actor=SYSTEM, due=due, gaps=gaps)
            return None
        return ready

    async def _ask_category(self, ready: Prepared) -> bool:
        """Ask what the platform wants of products in the category, where that is not known or was long ago."""
        known = ready.platform
        if known is None or (known.attributes_at is not None and now() - known.attributes_at < _STALE):
            return False
        external_id = known.external_id
        asked = await self.line.call(lambda c: c.list_attributes(category_id=external_id), tries=3)
        await self.threads.run(
            store_attributes, actor=SYSTEM, channel=self.line.code, external_id=external_id, attributes=asked, now=now()
        )
        return True

    async def _give_pictures(self, ready: Prepared) -> list[Gap]:
        gaps = []
        files = {each.sha256: each for each in ready.material.pictures}
        given = await self.threads.run(_given, self.line.channel_id, list(files))
        for sha256, file in files.items():
            if sha256 in given:
                continue
            try:
                await self._give(file)
            except pictures.Unreadable:
                gaps.append(Gap("picture_unreadable", {"file": file.path}))
        return gaps

    async def _give(self, file: PictureFile) -> None:
        picture = await self.threads.run(pictures.read, file)
        reference = await self.line.call(lambda c: c.upload_picture(picture=picture), tries=3)
        await self.threads.run(
            published.note_given,
            actor=SYSTEM,
            channel=self.line.code,
            sha256=file.sha256,
            reference=reference,
            now=now(),
        )

    async def _make(self, due: Due, made: Draft, print_: str) -> None:
        found: Published | None = await self.line.call(lambda c: c.find_product(draft=made), tries=3)
        if found is not None and found.item_id and due.is_ours:
            item_id = found.item_id
            said = await self.line.call(lambda c: c.update_product(item_id=item_id, draft=made), tries=2)
            await self._keep(due, said, print_)
        elif found is not None and (found.ticket or due.is_ours):
            await self._keep(due, found, "")
        elif found is not None:
            await self._met(due, found)
        else:
            await self.threads.run(published.note_begun, actor=SYSTEM, due=due, now=now())
            said = await self.line.call(lambda c: c.create_product(draft=made))
            await self._keep(due, said, print_)

    async def _met(self, due: Due, found: Published) -> None:
        """Somebody listed it there by hand. Its words and pictures are theirs until a person here says otherwise."""
        await self.threads.run(
            store_listings, actor=SYSTEM, channel=self.line.code, listings=list(found.listings), now=now()
        )
        await self.threads.run(published.note_met, actor=SYSTEM, due=due, item_id=found.item_id)

    async def _look(self, due: Due) -> None:
        """Ask after one that the platform reviews."""
        said = await self.line.call(lambda c: c.check_product(item_id=due.item_id, ticket=due.ticket), tries=2)
        if said is None:
            await self.threads.run(published.note_gone, actor=SYSTEM, due=due)
        else:
            # Some platforms show what they have approved, whatever was wished for it: then it is sent once more.
            is_as_wished = due.is_shown or said.state is not PublishedState.LIVE
            await self._keep(due, said, due.sent if is_as_wished else "")

    async def _keep(self, due: Due, said: Published, print_: str) -> None:
        if said.listings:
            await self.threads.run(
                store_listings, actor=SYSTEM, channel=self.line.code, listings=list(said.listings), now=now()
            )
        again = now() + timedelta(seconds=self.pace.review_s) if said.state is PublishedState.REVIEWING else None
        await self.threads.run(
            published.note_kept, actor=SYSTEM, due=due, said=said, sent=print_, now=now(), again=again
        )


def _due(channel_id: int, moment: datetime) -> list[Due]:
    rows = Publication.objects.filter(channel_id=channel_id, next_at__lte=moment).select_related("channel")
    return [
        Due(
            row.id, row.channel.code, row.product_id, row.turn, row.is_shown, row.item_id, row.ticket, row.sent,
            is_ours(row), row.turn == row.done_turn, row.attempts,
        )
        for row in rows.order_by("next_at", "id")[:_AT_ONCE]
    ]  # fmt: skip


def _prepare(due: Due) -> Prepared:
    row = Channel.objects.get(code=due.channel)
    return prepare(row=row, product_id=due.product_id, is_shown=due.is_shown, item_id=due.item_id)


def _given(channel_id: int, hashes: list[str]) -> set[str]:
    return set(PictureCopy.objects.filter(channel_id=channel_id, sha256__in=hashes).values_list("sha256", flat=True))
