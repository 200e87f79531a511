from __future__ import annotations

import pytest


@pytest.fixture
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failed sign-ins of other tests do not count."""
    from mekong.foundation import access

    monkeypatch.setattr(access, "_failures", access._Failures())
