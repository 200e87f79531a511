"""Apps: keys with no more rights than their app, limits that hold over threads and processes, ends that are at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from mekong.foundation import access
from mekong.foundation import commands as foundation
from mekong.foundation.access import Authenticator
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import MayNot, MayNotGrant, Unauthenticated
from mekong.foundation.models import ApiToken, AuditEntry
from mekong.foundation.queries import names_of
from mekong.partners import commands, pacing, queries
from mekong.partners.errors import AppInvalid, AppNotFound, AppRevoked, KeyEnded, KeyNotFound, OverAppLimit
from mekong.partners.models import App, AppBucket, AppDay
from mekong.partners.pacing import Gate
from tests.support.asgi import Door
from tests.support.http import refused, send
from tests.support.people import NOON, an_actor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a process remembers is of one test alone."""
    from mekong.inventory.engine import engine
    from mekong.orders.book import book

    access.authenticator.forget()
    pacing.gate._tokens.clear()
    pacing.gate._apps.clear()
    pacing.gate._counts.clear()
    yield
    engine().stop()
    book().stop()


def an_app(*scopes: str, actor: Actor = SYSTEM, **more: Any) -> Any:
    return commands.create_app(
        actor=actor, name=more.pop("name", "ERP Hạ Long"), scopes=scopes or ["orders.view"], now=NOON, **more
    )


def a_key(app: Any, **more: Any) -> Any:
    return commands.create_key(actor=SYSTEM, app_id=app.id, label=more.pop("label", "máy chủ"), now=NOON, **more)


def token_of(made: Any) -> Actor:
    return access.token_actor(f"token:{made.key.token.id}", "x", list(made.key.token.scopes), [])


def client_of(text: str) -> Client:
    headers = {"Authorization": f"Bearer {text}", "Accept-Language": "en", "Host": "localhost"}
    return Client(headers=headers, raise_request_exception=False)


# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_has_the_apps_rights() -> None:
    made = a_key(an_app("orders.view", "catalog.view"))
    assert made.text.startswith("mk_")
    assert made.key.token.scopes == ("orders.view", "catalog.view")
    assert made.text not in str(list(ApiToken.objects.values()))
    actor = Authenticator().authenticate(f"Bearer {made.text}", NOON)
    assert actor.permissions == {"orders.view", "catalog.view"}
    assert names_of([actor.ref]) == {actor.ref: "ERP Hạ Long – máy chủ"}


def test_a_key_may_have_fewer_rights_but_not_more() -> None:
    app = an_app("orders.view", "catalog.view")
    assert a_key(app, scopes=["catalog.view"]).key.token.scopes == ("catalog.view",)
    with pytest.raises(AppInvalid) as wrong:
        a_key(app, scopes=["staff.manage"])
    assert wrong.value.params["field"] == "scopes"
    assert queries.get_app(actor=SYSTEM, app_id=app.id, now=NOON).app.keys == 1


def test_nobody_gives_an_app_what_they_do_not_hold() -> None:
    manager = an_actor("tokens.manage", "catalog.view")
    with pytest.raises(MayNotGrant):
        an_app("orders.view", actor=manager)
    with pytest.raises(MayNotGrant):
        an_app("catalog.view", actor=an_actor("tokens.manage", "catalog.view", locations=[1]))
    app = an_app("catalog.view", actor=manager)
    with pytest.raises(MayNotGrant):
        commands.update_app(actor=manager, app_id=app.id, scopes=["catalog.view", "orders.view"], now=NOON)
    assert App.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"contact": "x" * 201}, "contact"),
        ({"per_minute": 0}, "per_minute"), ({"per_minute": 10**6}, "per_minute"), ({"burst": 0}, "burst"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(AppInvalid) as refusal:
        an_app(**wrong)
    assert refusal.value.params["field"] == field
    assert not App.objects.exists()


@pytest.mark.parametrize("scopes", [[], ["all"], ["orders.nothing"]])
def test_rights_are_named_one_by_one(scopes: list[str]) -> None:
    with pytest.raises(AppInvalid):
        commands.create_app(actor=SYSTEM, name="x", scopes=scopes, now=NOON)


def test_each_act_needs_the_right() -> None:
    app = an_app()
    nobody = an_actor("orders.view")
    known = {"actor": nobody, "app_id": app.id, "now": NOON}
    for act in (
        lambda: an_app(actor=nobody),
        lambda: commands.update_app(**known, name="x"),
        lambda: commands.revoke_app(**known),
        lambda: commands.create_key(**known, label="x"),
        lambda: commands.rotate_key(**known, token_id=app.id),
        lambda: commands.revoke_key(**known, token_id=app.id),
        lambda: queries.get_app(**known),
        lambda: queries.list_apps(actor=nobody, now=NOON),
    ):
        with pytest.raises(MayNot):
            act()


def test_what_is_not_there_is_said() -> None:
    app = an_app()
    with pytest.raises(AppNotFound):
        queries.get_app(actor=SYSTEM, app_id=foundation_id(), now=NOON)
    with pytest.raises(KeyNotFound):
        commands.revoke_key(actor=SYSTEM, app_id=app.id, token_id=foundation_id(), now=NOON)
    other = a_key(an_app(name="Khác"))
    with pytest.raises(KeyNotFound):
        commands.revoke_key(actor=SYSTEM, app_id=app.id, token_id=other.key.token.id, now=NOON)


def foundation_id() -> Any:
    from mekong.foundation.ids import new_id

    return new_id()


def test_two_keys_hold_while_one_takes_the_others_place() -> None:
    app = an_app()
    old = a_key(app)
    fresh = commands.rotate_key(
        actor=SYSTEM, app_id=app.id, token_id=old.key.token.id, overlap=timedelta(hours=2), now=NOON
    )
    soon, later = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
    for text in (old.text, fresh.text):
        assert Authenticator().authenticate(f"Bearer {text}", soon).may("orders.view")
    with pytest.raises(Unauthenticated):
        Authenticator().authenticate(f"Bearer {old.text}", later)
    assert Authenticator().authenticate(f"Bearer {fresh.text}", later).may("orders.view")
    with pytest.raises(KeyEnded):
        commands.rotate_key(actor=SYSTEM, app_id=app.id, token_id=old.key.token.id, now=later)
    with pytest.raises(AppInvalid):
        commands.rotate_key(
            actor=SYSTEM, app_id=app.id, token_id=fresh.key.token.id, overlap=timedelta(days=-1), now=NOON
        )


def test_a_revoked_key_ends_at_once_here_and_within_five_seconds_elsewhere() -> None:
    app = an_app()
    made = a_key(app)
    now = datetime.now(UTC)
    elsewhere = Authenticator()
    assert elsewhere.authenticate(f"Bearer {made.text}", now)
    client = client_of(made.text)
    assert client.get("/api/v1/me").status_code == 200
    for _ in range(2):
        commands.revoke_key(actor=SYSTEM, app_id=app.id, token_id=made.key.token.id, now=now)
    refused(client.get("/api/v1/me"), 401)
    with pytest.raises(Unauthenticated):
        elsewhere.authenticate(f"Bearer {made.text}", now + timedelta(seconds=5))


def test_an_app_that_is_shut_out_loses_its_keys_and_webhooks(private: None) -> None:
    app = an_app("webhooks.manage", "orders.view")
    made = a_key(app)
    hook = commands.create_webhook(
        actor=token_of(made), url="http://127.0.0.1:9/x", event_types=["orders.order_placed"], now=NOON
    )
    assert hook.webhook.app_id == app.id
    for _ in range(2):
        assert commands.revoke_app(actor=SYSTEM, app_id=app.id, now=NOON).revoked_at == NOON
    with pytest.raises(Unauthenticated):
        Authenticator().authenticate(f"Bearer {made.text}", NOON)
    view = queries.get_webhook(actor=SYSTEM, webhook_id=hook.webhook.id, now=NOON)
    assert (view.is_active, view.disabled_reason) == (False, "app")
    with pytest.raises(AppRevoked):
        a_key(app)
    with pytest.raises(AppRevoked):
        commands.update_app(actor=SYSTEM, app_id=app.id, name="x", now=NOON)
    with pytest.raises(AppRevoked):
        commands.update_webhook(actor=SYSTEM, webhook_id=hook.webhook.id, is_active=True, now=NOON)


def test_rights_taken_from_an_app_are_taken_from_its_keys(private: None) -> None:
    app = an_app("webhooks.manage", "orders.view", "customers.reveal")
    wide, narrow = a_key(app), a_key(app, label="in đơn", scopes=["customers.reveal"])
    hook = commands.create_webhook(
        actor=token_of(wide), url="http://127.0.0.1:9/x", event_types=["orders.order_placed"], with_person=True,
        now=NOON,
    )  # fmt: skip
    commands.update_app(actor=SYSTEM, app_id=app.id, scopes=["webhooks.manage", "orders.view"], now=NOON)
    assert not Authenticator().authenticate(f"Bearer {wide.text}", NOON).may("customers.reveal")
    with pytest.raises(Unauthenticated):
        Authenticator().authenticate(f"Bearer {narrow.text}", NOON)
    assert not queries.get_webhook(actor=SYSTEM, webhook_id=hook.webhook.id, now=NOON).with_person


def test_an_app_sees_its_own_webhooks_alone(private: None) -> None:
    one, other = a_key(an_app("webhooks.manage")), a_key(an_app("webhooks.manage", name="Khác"))
    body = {"url": "http://127.0.0.1:9/x", "event_types": ["partners.webhook_disabled"]}
    made = send(client_of(one.text), "/api/v1/webhooks", body)
    assert made.status_code == 201, made.content
    webhook = made.json()["webhook"]
    assert webhook["app_id"] == f"app_{one.app.id.hex}"
    assert made.json()["secret"].startswith("whsec_")
    assert len(client_of(one.text).get("/api/v1/webhooks").json()["items"]) == 1
    assert client_of(other.text).get("/api/v1/webhooks").json()["items"] == []
    refused(client_of(other.text).get(f"/api/v1/webhooks/{webhook['id']}"), 404)
    refused(client_of(other.text).delete(f"/api/v1/webhooks/{webhook['id']}"), 404)


def test_a_new_name_is_the_name_in_the_trail() -> None:
    app = an_app()
    made = a_key(app)
    commands.update_app(actor=SYSTEM, app_id=app.id, name="Kế toán Sông Hồng", now=NOON)
    assert names_of([f"token:{made.key.token.id}"]) == {f"token:{made.key.token.id}": "Kế toán Sông Hồng – máy chủ"}


def test_what_an_app_does_is_in_the_trail_under_its_key() -> None:
    made = a_key(an_app("settings.manage"))
    answer = send(client_of(made.text), "/api/v1/locations", {"code": "HN", "name": "Hà Nội", "kind": "store"})
    assert answer.status_code == 201, answer.content
    from mekong.orders.models import SalesOrder  # noqa: F401 - tables are there

    hook = send(client_of(a_key(an_app("webhooks.manage", name="Móc")).text), "/api/v1/webhooks", {
        "url": "https://example.vn/x", "event_types": ["partners.webhook_disabled"],
    })  # fmt: skip
    assert hook.status_code == 201
    entry = AuditEntry.objects.get(table="partners_webhook", action="insert")
    assert names_of([entry.actor])[entry.actor] == "Móc – máy chủ"


# --- limits -----------------------------------------------------------------------------------------------------------


def calls(gate: Gate, actor: Actor, number: int) -> int:
    """How many of so many calls got through."""
    through = 0
    for _ in range(number):
        try:
            gate.admit(actor)
            through += 1
        except OverAppLimit:
            pass
    return through


def test_a_burst_gets_through_and_no_more() -> None:
    actor = token_of(a_key(an_app(per_minute=60, burst=20)))
    gate = Gate()
    assert 20 <= calls(gate, actor, 60) <= 21
    with pytest.raises(OverAppLimit) as over:
        gate.admit(actor)
    assert over.value.params["retry_after_s"] == 1
    assert over.value.params["per_minute"] == 60


def test_calls_flow_in_again_with_time() -> None:
    actor = token_of(a_key(an_app(per_minute=600, burst=5)))
    clock = [0.0]
    gate = Gate(clock=lambda: clock[0])
    calls(gate, actor, 50)
    AppBucket.objects.update(milli=0)
    with connection.cursor() as cursor:
        cursor.execute("update partners_appbucket set filled_at = clock_timestamp() - interval '300 ms'")
    clock[0] += 1.1
    assert calls(gate, actor, 50) in (3, 4)


def test_many_threads_of_many_processes_share_one_bucket() -> None:
    """Four gates are four processes: none knows of the others but by the database."""
    actor = token_of(a_key(an_app(per_minute=60, burst=100)))
    gates = [Gate() for _ in range(4)]

    def hammer(place: int) -> int:
        try:
            return calls(gates[place % 4], actor, 100)
        finally:
            connection.close()

    began = datetime.now(UTC)
    with ThreadPoolExecutor(8) as pool:
        through = sum(pool.map(hammer, range(8)))
    took = (datetime.now(UTC) - began).total_seconds()
    assert 96 <= through <= 100 + took + 1, "a lease of one call may lie with each process"


def test_an_old_lease_is_not_spent() -> None:
    actor = token_of(a_key(an_app(per_minute=6000, burst=100)))
    clock = [0.0]
    gate = Gate(clock=lambda: clock[0])
    gate.admit(actor)
    AppBucket.objects.update(milli=0, filled_at=datetime(2100, 1, 1, tzinfo=UTC))
    clock[0] += pacing.STALE_LEASE_S + 0.1
    with pytest.raises(OverAppLimit):
        gate.admit(actor)


def test_a_change_of_the_limit_is_heard_within_five_seconds() -> None:
    app = an_app(per_minute=60, burst=10)
    actor = token_of(a_key(app))
    clock = [0.0]
    elsewhere = Gate(clock=lambda: clock[0])
    calls(elsewhere, actor, 30)
    commands.update_app(actor=SYSTEM, app_id=app.id, per_minute=60_000, burst=1000, now=NOON)
    clock[0] += 5.0
    with connection.cursor() as cursor:
        cursor.execute("update partners_appbucket set filled_at = clock_timestamp() - interval '1 s'")
    assert calls(elsewhere, actor, 30) == 30


def test_tokens_without_an_app_pass_and_cost_one_look() -> None:
    made = foundation.create_token(actor=SYSTEM, name="t", scopes=["all"], now=NOON)
    actor = Authenticator().authenticate(f"Bearer {made.text}", NOON)
    gate = Gate()
    assert gate.admit(actor) is None
    assert gate.known(actor) == (True, None)
    assert gate.known(SYSTEM) == (True, None)
    assert not AppBucket.objects.exists()


def test_both_lanes_of_the_api_refuse_and_tell_where_the_caller_stands() -> None:
    made = a_key(an_app("orders.view", "inventory.reserve", per_minute=1, burst=4))
    client = client_of(made.text)
    answer = client.get("/api/v1/orders")
    assert answer.status_code == 200
    assert answer.headers["RateLimit-Policy"] == '"app";q=1;w=60'
    assert answer.headers["RateLimit"] == '"app";r=3;t=60'
    door = Door(made.text)
    other = door.ask("POST", "/api/v1/reservations", {})
    assert other.status_code == 422
    assert other.headers["ratelimit"] == '"app";r=2;t=120'
    assert client.get("/api/v1/orders").status_code == 200
    assert client.get("/api/v1/orders").status_code == 200
    over = client.get("/api/v1/orders")
    body = refused(over, 429)
    assert body["code"] == "partners.over_limit"
    assert body["detail"].startswith("This app may send 1 requests a minute.")
    assert 55 <= int(over.headers["Retry-After"]) <= 60
    assert over.headers["RateLimit"].startswith('"app";r=0;t=')
    slow = door.ask("POST", "/api/v1/reservations", {})
    assert slow.status_code == 429
    assert 55 <= int(slow.headers["retry-after"]) <= 60
    pacing.gate.write()
    day = AppDay.objects.get()
    assert (day.calls, day.errors, day.limited) == (6, 3, 2)
    pacing.gate.write()
    assert AppDay.objects.get().calls == 6
    detail = queries.get_app(actor=SYSTEM, app_id=made.app.id, now=datetime.now(UTC))
    assert (detail.app.calls, detail.days[-1].calls, len(detail.days)) == (6, 6, 7)
    assert detail.app.last_used_at is not None


def test_counts_that_cannot_be_written_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    actor = token_of(a_key(an_app()))
    gate = Gate()
    gate.admit(actor)
    gate.count(actor, 200, NOON)

    def away(_: Any) -> None:
        raise OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(pacing, "_write_counts", away)
        gate.write()
    assert not AppDay.objects.exists()
    gate.count(actor, 500, NOON)
    gate.write()
    assert (AppDay.objects.get().calls, AppDay.objects.get().errors) == (2, 1)
