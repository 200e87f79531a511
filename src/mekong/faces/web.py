"""The one door of the web process: an ASGI application that sends each request to its lane."""

import asyncio
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mekong.settings")

from django.core.asgi import get_asgi_application

_django = get_asgi_application()

from mekong.faces.express import app as express  # noqa: E402 - needs Django set up
from mekong.faces.express import metrics  # noqa: E402 - as above
from mekong.faces.express.catalogue import catalogue  # noqa: E402 - as above
from mekong.faces.express.http import Receive, Scope, Send  # noqa: E402 - as above
from mekong.faces.express.listening import ear  # noqa: E402 - as above
from mekong.faces.express.studio import studio  # noqa: E402 - as above
from mekong.inventory.engine import engine  # noqa: E402 - as above
from mekong.orders.book import book  # noqa: E402 - as above
from mekong.partners.pacing import gate  # noqa: E402 - as above
from mekong.pricing.redeeming import redeemer  # noqa: E402 - as above
from mekong.pricing.shelf import shelf  # noqa: E402 - as above

express.describe()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one connection's request, or the process's life."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    if scope["type"] == "http":
        found = express.handler(scope)
        if found is not None:
            await express.serve(found, scope, receive, send)
        else:
            await metrics.counted(_django, scope, receive, send)
        return
    await _django(scope, receive, send)  # type: ignore[arg-type]  # Django's stubs know the spec's shapes only


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            ear.add(catalogue.hear)
            shelf.hears = lambda: ear.hears
            ear.start()
            gate.start()
        else:
            await ear.stop()
            await studio.stop()
            catalogue.stop()
            await asyncio.to_thread(gate.stop)
            engine().stop()
            book().stop()
            redeemer().stop()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
