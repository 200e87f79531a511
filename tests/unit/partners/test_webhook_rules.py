"""Signatures as the specification has them, the schedule, and where a webhook may go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mekong.partners.rules import webhooks as rules

# The example that the specification's own libraries are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_example_of_the_specification() -> None:
    assert rules.sign([SECRET], MESSAGE, AT, BODY) == SIGNED


def test_every_secret_signs_newest_first() -> None:
    other = rules.secret_of(b"x" * 32)
    signed = rules.sign([other, SECRET], MESSAGE, AT, BODY).split(" ")
    assert signed[1] == SIGNED
    assert signed[0] == rules.sign([other], MESSAGE, AT, BODY) != SIGNED


def test_tries_spread_over_a_little_more_than_three_days() -> None:
    pauses = [rules.pause_after(tries, jitter=0) for tries in range(1, 11)]
    assert pauses[-1] is None
    known = [each for each in pauses if each is not None]
    assert len(known) == 9
    assert known == sorted(known)
    assert timedelta(days=3) < sum(known, timedelta()) < timedelta(days=3.5)


def test_jitter_moves_a_pause_by_a_tenth_and_a_wish_to_wait_is_kept() -> None:
    assert rules.pause_after(2, jitter=-1) == timedelta(seconds=270)
    assert rules.pause_after(2, jitter=1) == timedelta(seconds=330)
    assert rules.pause_after(1, jitter=0, asked_s=600) == timedelta(seconds=600)
    assert rules.pause_after(1, jitter=0, asked_s=10**9) == timedelta(days=1)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "no address", "",
    ],
)  # fmt: skip
def test_what_is_not_of_the_open_internet(address: str) -> None:
    assert not rules.is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "203.162.4.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_is_of_the_open_internet(address: str) -> None:
    assert rules.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.vn", "ftp://example.vn/", "http://example.vn/", "https://", "https:///x", "https://a:b@example.vn/",
        "https://example.vn/#x", "https://localhost/x", "https://shop.local/", "https://127.0.0.1/", "https://[::1]/",
        "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://10.0.0.8:8443/", "https://example.vn/a b",
        "https://example.vn\\@evil.vn/", "https://example.vn:99999/", "https://example.vn:0/", "https://exämple.vn/",
        "https://[fe80::1/", "https://example.vn/" + "x" * 500, "https://example.vn/\n",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    assert rules.url_problem(url, private=False)


@pytest.mark.parametrize("url", ["https://example.vn", "https://api.example.vn:8443/hooks?x=1", "https://1.1.1.1/x"])
def test_addresses_that_are_taken(url: str) -> None:
    assert rules.url_problem(url, private=False) is None


def test_the_setting_takes_plain_http_and_this_machine_and_no_nonsense() -> None:
    assert rules.url_problem("http://127.0.0.1:9/x", private=True) is None
    assert rules.url_problem("http://", private=True)
    assert rules.url_problem("http://a:b@127.0.0.1/", private=True)
