"""A transport that sends nothing: it keeps the requests and gives the answers prepared for their paths."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from mekong.channels.socket import Request, Response

Answer = Mapping[str, Any] | bytes | Response | Exception
T = TypeVar("T")

VECTORS = Path(__file__).parent / "vectors"


class Wire:
    """`answers`: path (its end is enough) to the answer, or to a list of answers of which the last one stays."""

    def __init__(self, answers: Mapping[str, Answer | list[Answer]]) -> None:
        self.answers = {path: list(said) if isinstance(said, list) else [said] for path, said in answers.items()}
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.requests.append(request)
        path = urlsplit(request.url).path
        for end, said in self.answers.items():
            if path.endswith(end):
                answer = said.pop(0) if len(said) > 1 else said[0]
                if isinstance(answer, Exception):
                    raise answer
                if isinstance(answer, Response):
                    return answer
                return Response(200, answer if isinstance(answer, bytes) else json.dumps(answer).encode())
        raise AssertionError(f"no answer was prepared for {path}")

    @property
    def paths(self) -> list[str]:
        return [urlsplit(request.url).path for request in self.requests]

    def asked(self, end: str) -> list[Request]:
        return [request for request in self.requests if urlsplit(request.url).path.endswith(end)]


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def vectors(platform: str) -> Any:
    return json.loads((VECTORS / f"{platform}.json").read_text("utf-8"))


def query(request: Request) -> dict[str, str]:
    return dict(request.params)


def form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))


def body(request: Request) -> Any:
    return json.loads(request.body)
