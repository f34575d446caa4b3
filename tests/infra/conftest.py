"""A copy of the templates for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra.sandbox import Sandbox, copied


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return copied(tmp_path)
