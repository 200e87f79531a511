"""The HTTP/1.1 client against servers that misbehave: what is an answer, what is none, and what is never sent twice."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dates
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mekong.channels import http1, transport
from mekong.channels.http1 import Pool, WireError
from mekong.channels.socket import Request, Response
from mekong.channels.transport import Wires

Run = Callable[[Coroutine[Any, Any, Any]], Any]
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For what is not encrypted: it trusts nobody, and is made in no time."""
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a test's coroutine on either kind of loop; uvloop is what the product runs on."""

    def runs(work: Coroutine[Any, Any, Any]) -> Any:
        factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(asyncio.wait_for(work, 20))

    return runs


class Platform:
    """A server on loopback: how often it was dialled, and the requests it read."""

    def __init__(self, script: Script) -> None:
        self.script, self.dialled, self.read, self.url = script, 0, list[bytes](), ""
        self.under_way: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.dialled += 1
        task = asyncio.ensure_future(self.script(reader, writer))
        self.under_way.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await task
        self.under_way.discard(task)
        writer.close()

    async def take(self, reader: asyncio.StreamReader) -> bytes:
        """One request, whole."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0)
        request = head + await reader.readexactly(length)
        self.read.append(request)
        return request


@contextlib.asynccontextmanager
async def a_platform(
    script: Callable[[Platform], Script], tls: ssl.SSLContext | None = None
) -> AsyncIterator[Platform]:
    platform = Platform(lambda *_: asyncio.sleep(0))
    platform.script = script(platform)
    server = await asyncio.start_server(platform.serve, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    platform.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    try:
        yield platform
    finally:
        server.close()
        for task in platform.under_way:
            task.cancel()
        # The loop gives each end of a connection its turn to notice.
        await asyncio.sleep(0.02)


def saying(*parts: bytes, pause_s: float = 0.0, hang: bool = False) -> Callable[[Platform], Script]:
    """Answers every request with these parts, one write each."""

    def script(platform: Platform) -> Script:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await platform.take(reader)
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause_s)
            if hang:
                await reader.read()

        return serve

    return script


async def ask(pool: Pool, url: str, method: str = "POST", body: bytes = b"{}") -> Response:
    return await pool.ask(method, url, [], {"content-type": "application/json"}, body)


def answered(run: Run, *parts: bytes, **how: Any) -> Response:
    """What the client makes of an answer in these parts."""

    async def work() -> Response:
        async with a_platform(saying(*parts, **how)) as platform:
            pool = Pool(PLAIN, answer_s=2)
            try:
                return await ask(pool, platform.url)
            finally:
                pool.close()

    made: Response = run(work())
    return made


def lost(run: Run, *parts: bytes, **how: Any) -> WireError:
    with pytest.raises(WireError) as error:
        answered(run, *parts, **how)
    assert error.value.was_sent
    return error.value


# --- answers

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 5\r\n\r\nhello",
        OK + b"cOnTeNt-LeNgTh:5\r\nX-Empty:\r\n\r\nhello",
        b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
        OK + b"Connection: close\r\n\r\nhello",
        CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"2;name=value\r\nhe\r\n3 ; a=\"b;c\"\r\nllo\r\n0;last\r\n\r\n",
        CHUNKED + b"0005\r\nhello\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ],
    ids=["length", "case", "no reason", "1.0", "until closed", "chunked", "extensions", "trailers", "100", "102+103", "both"],
)  # fmt: skip
@pytest.mark.parametrize("size", [0, 1, 7], ids=["whole", "byte by byte", "torn"])
def test_an_answer_is_read_however_it_is_cut(run: Run, answer: bytes, size: int) -> None:
    parts = [answer[at : at + size] for at in range(0, len(answer), size)] if size else [answer]
    assert (got := answered(run, *parts)).status == 200
    assert got.body == b"hello"


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_ends_with_its_head(run: Run, status: int) -> None:
    assert answered(run, b"HTTP/1.1 %d No\r\n\r\n" % status, hang=True).body == b""


def test_headers_that_repeat_are_joined(run: Run) -> None:
    got = answered(run, OK + b"Set-Cookie: a\r\nset-cookie: b\r\nContent-Length: 0\r\n\r\n")
    assert got.headers["set-cookie"] == "a, b"


# --- no answers


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        OK,
        OK + b"Content-Length: 9\r\n\r\nhello",
        CHUNKED + b"5\r\nhello\r\n",
        CHUNKED + b"5\r\nhel",
        CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n",
        CHUNKED + b"5\r\nhelloworld\r\n0\r\n\r\n",
        CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: +5\r\n\r\nhello",
        OK + b"Content-Length: 5, 6\r\n\r\nhello!",
        OK + b"Content-Length: 1_0\r\n\r\nhello12345",
        OK + b"Content-Length: five\r\n\r\nhello",
        OK + b"no colon here\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_half_an_answer_and_nonsense_are_none(run: Run, answer: bytes) -> None:
    lost(run, answer)


def test_a_head_over_the_limit_is_none(run: Run) -> None:
    long = b"X-Long: " + b"a" * http1.MAX_HEAD
    assert "head" in lost(run, OK + long, hang=True).reason
    assert "head" in lost(run, OK + long + b"\r\nContent-Length: 0\r\n\r\n", hang=True).reason


@pytest.mark.parametrize(
    ("head", "parts"),
    [
        (OK + b"Content-Length: 1001\r\n\r\n", [b"x"]),
        (OK + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n", [b"x"]),
        (OK + b"Connection: close\r\n\r\n", [b"x" * 600] * 2),
        (CHUNKED, [b"3e9\r\n"]),
        (CHUNKED, [b"258\r\n" + b"x" * 600 + b"\r\n"] * 2),
        (CHUNKED, [b"ffffffffffffffffffff\r\n"]),
        (CHUNKED, [b"1" * 3000]),
        (CHUNKED, [b"1;" + b"e" * 3000]),
        (CHUNKED, [b"0\r\n" + b"X-T: " + b"t" * 70_000]),
    ],
)
def test_an_answer_without_end_is_cut_off(
    run: Run, monkeypatch: pytest.MonkeyPatch, head: bytes, parts: list[bytes]
) -> None:
    monkeypatch.setattr(http1, "MAX_BODY", 1000)
    assert "time" not in lost(run, head, *parts, hang=True).reason


def test_an_answer_as_large_as_the_limit_is_taken(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "MAX_BODY", 1000)
    assert len(answered(run, OK + b"Content-Length: 1000\r\n\r\n", b"x" * 1000).body) == 1000
    assert len(answered(run, CHUNKED, b"3e8\r\n" + b"x" * 1000 + b"\r\n0\r\n\r\n").body) == 1000


@pytest.mark.parametrize("name", [b"Content-Encoding: gzip\r\n", b"Transfer-Encoding: gzip, chunked\r\n"])
def test_what_is_packed_without_being_asked_is_no_answer(run: Run, name: bytes) -> None:
    packed = gzip.compress(b"{}")
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed) if b"chunked" in name else packed
    length = b"" if b"chunked" in name else b"Content-Length: %d\r\n" % len(packed)
    assert "packed" in lost(run, OK + name + length + b"\r\n" + body).reason


def test_a_slow_drip_does_not_hold_a_call_beyond_its_time(run: Run) -> None:
    drip = [b"x"] * 100

    async def work() -> float:
        async with a_platform(saying(OK + b"Content-Length: 100\r\n\r\n", *drip, pause_s=0.05)) as platform:
            pool, loop = Pool(PLAIN, answer_s=0.3), asyncio.get_running_loop()
            began = loop.time()
            with pytest.raises(WireError, match="no answer in time") as error:
                await ask(pool, platform.url)
            assert error.value.was_sent
            return loop.time() - began

    assert 0.2 < run(work()) < 3


@pytest.mark.parametrize(
    "head", [OK + b"Content-Length: 99\r\n\r\nx", OK + b"Connection: close\r\n\r\n{", CHUNKED + b"9\r\n"]
)
def test_a_reset_in_the_middle_is_no_answer(run: Run, head: bytes) -> None:
    def resetting(platform: Platform) -> Script:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await platform.take(reader)
            writer.write(head)
            await writer.drain()
            await asyncio.sleep(0.1)
            # SO_LINGER of zero seconds: closing sends RST.
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()

        return serve

    async def work() -> None:
        async with a_platform(resetting) as platform:
            with pytest.raises(WireError) as error:
                await ask(Pool(PLAIN, answer_s=2), platform.url)
            assert error.value.was_sent
            assert platform.dialled == 1

    run(work())


# --- connections


def serving(*answers: bytes, then_close: bool = False) -> Callable[[Platform], Script]:
    """Answers one request after the other on a connection."""

    def script(platform: Platform) -> Script:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for answer in answers:
                await platform.take(reader)
                writer.write(answer)
                await writer.drain()
            if not then_close:
                await reader.read()

        return serve

    return script


def dialled(
    run: Run, script: Callable[[Platform], Script], calls: int, pause_s: float = 0.1
) -> tuple[int, list[bytes]]:
    """How many connections these calls took, and the bodies of their answers."""

    async def work() -> tuple[int, list[bytes]]:
        async with a_platform(script) as platform:
            pool, bodies = Pool(PLAIN, answer_s=2), []
            for _ in range(calls):
                bodies.append((await ask(pool, platform.url)).body)
                await asyncio.sleep(pause_s)
            pool.close()
            assert len(platform.read) == calls
            return platform.dialled, bodies

    made: tuple[int, list[bytes]] = run(work())
    return made


ONE = OK + b"Content-Length: 1\r\n\r\n1"


def test_a_connection_is_kept_for_the_next_call(run: Run) -> None:
    assert dialled(run, serving(ONE, ONE, ONE), 3) == (1, [b"1"] * 3)


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Connection: close\r\nContent-Length: 1\r\n\r\n1",
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n1",
        OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n",
    ],
)
def test_a_connection_that_says_so_is_not_used_again(run: Run, answer: bytes) -> None:
    assert dialled(run, serving(answer, answer), 2) == (2, [b"1"] * 2)


def test_two_answers_at_once_are_not_one_for_the_next_call(run: Run) -> None:
    forged = OK + b"Content-Length: 6\r\n\r\nforged"
    assert dialled(run, serving(ONE + forged, ONE + forged), 2) == (2, [b"1"] * 2)


def test_what_comes_unasked_is_not_an_answer_to_the_next_call(run: Run) -> None:
    def script(platform: Platform) -> Script:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await platform.take(reader)
            writer.write(ONE)
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.write(OK + b"Content-Length: 6\r\n\r\nforged")
            await reader.read()

        return serve

    assert dialled(run, script, 2, pause_s=0.2) == (2, [b"1"] * 2)


def test_a_connection_closed_while_idle_is_dialled_anew(run: Run) -> None:
    assert dialled(run, serving(ONE, then_close=True), 3) == (3, [b"1"] * 3)


def test_what_may_have_arrived_is_not_sent_again(run: Run) -> None:
    """The platform reads a second request on a kept connection and hangs up: only the caller may know what to do."""

    def script(platform: Platform) -> Script:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await platform.take(reader)
            writer.write(ONE)
            await platform.take(reader)

        return serve

    async def work() -> None:
        async with a_platform(script) as platform:
            pool = Pool(PLAIN, answer_s=2)
            await ask(pool, platform.url)
            with pytest.raises(WireError) as error:
                await ask(pool, platform.url)
            assert error.value.was_sent
            assert (platform.dialled, len(platform.read)) == (1, 2)
            await ask(pool, platform.url)
            assert platform.dialled == 2
            pool.close()

    run(work())


def test_a_connection_that_closes_before_it_is_asked_has_sent_nothing(run: Run) -> None:
    async def work() -> None:
        async with a_platform(serving(ONE)) as platform:
            loop, port = asyncio.get_running_loop(), int(platform.url.split(":")[2].split("/")[0])
            _, connection = await loop.create_connection(http1._Connection, "127.0.0.1", port)
            connection.close()
            with pytest.raises(WireError) as error:
                await asyncio.wait_for(connection.ask(b"GET / HTTP/1.1\r\n\r\n", loop), 1)
            assert not error.value.was_sent
            assert platform.read == []

    run(work())


def test_where_nobody_listens_nothing_was_sent(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"

        async def work() -> None:
            with pytest.raises(WireError, match="cannot connect") as error:
                await ask(Pool(PLAIN), url)
            assert not error.value.was_sent

        run(work())


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://127.0.0.1/a b", {}),
        ("http://127.0.0.1/", {"x": "a\r\nhost: elsewhere"}),
        ("http://127.0.0.1/", {"x\r\ny": "a"}),
        ("http://127.0.0.1/", {"x": "a\nb"}),
    ],
)
def test_a_request_does_not_break_out_of_its_lines(run: Run, url: str, headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="line break or blank"):
        run(Pool(PLAIN).ask("GET", url, [], headers, b""))


# --- TLS


def a_certificate(folder: Path, name: str = "127.0.0.1") -> Path:
    """A self-signed certificate with its key, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dates.datetime.now(dates.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [x509.DNSName("localhost" if name == "127.0.0.1" else name)]
    if name == "127.0.0.1":
        import ipaddress

        names.append(x509.IPAddress(ipaddress.ip_address(name)))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dates.timedelta(days=1))
        .not_valid_after(now + dates.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    file = folder / f"{name}.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return file


@pytest.mark.parametrize(
    ("name", "is_trusted", "is_taken"),
    [("127.0.0.1", True, True), ("127.0.0.1", False, False), ("shop.example", True, False)],
    ids=["known", "unknown", "of another host"],
)
def test_only_a_certificate_that_is_known_and_of_the_host_is_taken(
    run: Run, tmp_path: Path, name: str, is_trusted: bool, is_taken: bool
) -> None:
    file = a_certificate(tmp_path, name)
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    theirs.load_cert_chain(file)
    if is_trusted:
        ours.load_verify_locations(file)

    async def work() -> None:
        async with a_platform(serving(ONE), theirs) as platform:
            pool = Pool(ours, answer_s=2)
            if is_taken:
                assert (await ask(pool, platform.url)).body == b"1"
            else:
                with pytest.raises(WireError, match="cannot connect: SSLCertVerificationError") as error:
                    await ask(pool, platform.url)
                assert not error.value.was_sent
                assert platform.read == []
            pool.close()

    run(work())


def test_the_product_trusts_no_self_signed_certificate(run: Run, tmp_path: Path) -> None:
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(a_certificate(tmp_path))

    async def work() -> None:
        async with a_platform(serving(ONE), theirs) as platform:
            wires = Wires()
            with pytest.raises(WireError) as error:
                await wires.ask(Request("GET", platform.url))
            assert not error.value.was_sent
            await wires.aclose()

    run(work())


# --- a proxy of the environment


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No proxy but those a test names."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def test_a_proxy_of_the_environment_is_used_and_asked_for_the_whole_address(
    run: Run, environment: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with a_platform(serving(ONE)) as proxy:
            environment.setenv("http_proxy", proxy.url.removesuffix("/x"))
            wires = Wires()
            got = await wires.ask(Request("POST", "http://shop.example/orders", body=b"{}"))
            assert (got.status, got.body) == (200, b"1")
            assert proxy.read[0].startswith(b"POST http://shop.example/orders HTTP/1.1\r\n")
            await wires.aclose()

    run(work())


def test_what_a_proxy_does_not_pass_on_was_not_sent(run: Run, environment: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with a_platform(saying(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")) as proxy:
            environment.setenv("https_proxy", proxy.url.removesuffix("/x"))
            wires = Wires()
            with pytest.raises(WireError) as error:
                await wires.ask(Request("POST", "https://shop.example/orders", body=b"{}"))
            assert not error.value.was_sent
            assert proxy.read[0].startswith(b"CONNECT shop.example:443 ")
            await wires.aclose()

    run(work())


def test_a_proxy_that_trickles_is_given_up_in_time(run: Run, environment: pytest.MonkeyPatch) -> None:
    environment.setattr(transport, "CONNECT_S", 0.2)

    async def work() -> None:
        drops = [b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", *[b"x"] * 400]
        async with a_platform(saying(*drops, pause_s=0.05)) as proxy:
            environment.setenv("http_proxy", proxy.url.removesuffix("/x"))
            wires = Wires(answer_s=0.3)
            with pytest.raises(WireError) as error:
                await wires.ask(Request("POST", "http://shop.example/orders", body=b"{}"))
            assert error.value.was_sent
            await wires.aclose()

    run(work())


@pytest.mark.parametrize("excepted", ["", "127.0.0.1"])
def test_this_machine_is_never_asked_by_way_of_a_proxy(
    run: Run, environment: pytest.MonkeyPatch, excepted: str
) -> None:
    async def work() -> None:
        async with a_platform(serving(ONE)) as proxy, a_platform(serving(ONE)) as platform:
            environment.setenv("http_proxy", proxy.url.removesuffix("/x"))
            environment.setenv("no_proxy", excepted)
            wires = Wires()
            await wires.ask(Request("GET", platform.url))
            assert (proxy.dialled, platform.dialled) == (0, 1)
            await wires.aclose()

    run(work())
