"""What all tests share: where the data sets are that are not in the repository, and that CI skips nothing."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.language_server import LanguageServer

_GIVEN = os.environ.get("PERSONA_DB_TEST_DATA")  # read here: some tests clear the environment
_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
_CI = bool(os.environ.get("CI"))

settings.register_profile("house", deadline=None)  # a busy machine is no fault of an example
settings.load_profile("house")


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


@pytest.fixture(scope="session")
def start_cache() -> None:
    """What lets servers start in half the time is made once for the machine; by the first of two processes only."""
    from persona_db.graph import server
    from persona_db.graph.settings import Settings

    server.make_start_cache(Settings(neo4j_uri=None))


@pytest.fixture
def language_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LanguageServer]:
    """A scripted language model, which `openai:...` leads to."""
    from tests.language_server import LanguageServer

    with LanguageServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one where CI is set: it has the means for all of them."""
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself."""
    report = yield
    _fail_if_skipped(report)
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    may = hasattr(report, "wasxfail") or "mounts" in getattr(report, "keywords", ())
    if not _CI or report.outcome != "skipped" or may:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{reason}\nwith CI set nothing may be skipped"
