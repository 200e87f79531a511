"""Sending to the API, and reading its refusals."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client


def send(client: Client, path: str, body: Any, **headers: str) -> Any:
    """POST a JSON body, or these very bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(path, content, content_type="application/json", headers=headers)


def refused(response: Any, status: int) -> dict[str, Any]:
    """The problem document of a refusal, whole and of this status."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert set(body) == {"type", "title", "status", "detail", "code", "instance", "errors", "params"}
    return body
