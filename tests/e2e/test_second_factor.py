"""A passkey and an app in a real browser, with Chromium's own virtual device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyotp
import pytest

from tests.e2e.conftest import Installation, Visit

DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def here(visit: Callable[..., Visit], installation: Installation) -> Iterator[Any]:
    """The owner signed in by name, as passkeys want it, with a device; what was set up is taken away afterwards."""
    opened = visit()
    page = opened.page
    cookies = page.context.cookies()
    page.context.add_cookies([{**each, "domain": "localhost"} for each in cookies])  # type: ignore[list-item, typeddict-item]
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    page.goto(installation.url.replace("127.0.0.1", "localhost") + "/account/")
    yield page
    page.goto(installation.url.replace("127.0.0.1", "localhost") + "/account/")
    for button in ("form[action='/account/app/remove/'] button", "button[name=act][value=remove]"):
        while page.locator(button).count():
            page.locator(button).first.click()
            page.wait_for_load_state()
    assert "bị đoán hoặc bị lộ" in page.content()


def test_a_passkey_is_made_and_opens_without_a_password(here: Any) -> None:
    page = here
    page.fill("#key-name", "Máy của chủ")
    page.click("form[data-passkey=create] button")
    page.wait_for_selector("text=Khóa truy cập từ")
    assert "Máy của chủ" in page.content()
    page.context.clear_cookies()
    page.goto(page.url.replace("/account/", "/sign-in/?next=/account/"))
    page.click("form[data-passkey=get] button")
    # Only somebody signed in has sessions to see.
    page.wait_for_selector(".places")
    assert "bằng khóa truy cập" in (page.text_content(".places li:has(.badge)") or "")


def test_an_app_is_set_up_and_asked_for(here: Any, installation: Installation) -> None:
    page = here
    page.click("form[action='/account/app/begin/'] button")
    page.wait_for_selector(".qr svg")
    secret = page.locator("[data-copy]").first.get_attribute("data-copy")
    page.fill("#code", pyotp.TOTP(secret).now())
    page.click("main button.primary")
    page.wait_for_selector(".codes-list")
    codes = page.locator(".codes-list li").all_text_contents()
    assert len(codes) == 10
    page.context.clear_cookies()
    page.goto(page.url.split("/account/")[0] + "/sign-in/?next=/account/")
    page.fill("#email", installation.owner)
    page.fill("#password", installation.password)
    page.click("button.primary")
    page.wait_for_selector("#code")
    page.fill("#code", codes[0])
    page.click("button.primary")
    page.wait_for_selector(".places")
    assert "còn 9 mã" in page.content()
