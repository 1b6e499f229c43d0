"""A setting comes from an argument, else from its variable, else it has its default."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from persona_db.graph.settings import Settings


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine sets is not seen."""
    for name in ("NEO4J_URI", "NEO4J_USERNAME", "NEO4J_USER", "NEO4J_PASSWORD", "NEO4J_DATABASE", "PERSONA_DB_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_a_variable_is_read_and_an_argument_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each as its type; a password is not shown."""
    monkeypatch.setenv("PERSONA_DB_HOME", "/there")
    monkeypatch.setenv("persona_db_heap_mb", "300")  # capitals or not
    monkeypatch.setenv("NEO4J_URI", "bolt://there")
    monkeypatch.setenv("NEO4J_PASSWORD", "secret")
    settings = Settings(neo4j_uri="bolt://here")
    assert (settings.home, settings.heap_mb, settings.neo4j_uri) == (Path("/there"), 300, "bolt://here")
    assert settings.data_dir == Path("/there/data")
    assert settings.neo4j_password is not None
    assert settings.neo4j_password.get_secret_value() == "secret"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("variables", "name"),
    [({}, "neo4j"), ({"NEO4J_USER": "a"}, "a"), ({"NEO4J_USER": "a", "NEO4J_USERNAME": "b"}, "b")],
)
def test_the_user_has_two_variables(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str) -> None:
    """NEO4J_USER counts where NEO4J_USERNAME is not set."""
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert Settings().neo4j_username == name


def test_a_value_that_cannot_be_used_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault names the field."""
    monkeypatch.setenv("PERSONA_DB_HEAP_MB", "much")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [fault["loc"] for fault in caught.value.errors()] == [("heap_mb",)]
