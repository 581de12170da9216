"""Fixtures of the log's tests."""

import pytest


@pytest.fixture
def notices() -> list[str]:
    """What was told."""
    return []
