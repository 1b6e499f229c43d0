"""What all tests share: where the data sets are that are not in the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_GIVEN = os.environ.get("PERSONA_DB_TEST_DATA")  # read here: some tests clear the environment
_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
_CI = bool(os.environ.get("CI"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of data sets; a test marked `shared_data` is skipped without it, and fails in CI, which has it."""
    folder = Path(_GIVEN) if _GIVEN else _BESIDE
    if folder.is_dir():
        return folder
    reason = f"no data sets at {folder}; PERSONA_DB_TEST_DATA says where they are"
    if _CI or _GIVEN:
        pytest.fail(reason)
    pytest.skip(reason)
