"""Errors are one tree: a caller may catch a kind, or what the kind belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_db.chains.language.cache import CallCache
from persona_db.chains.language.models import open_model
from persona_db.graph import errors
from persona_db.graph.errors import CacheError, ConfigError, ModelConfigError, NothingToRefineError, PersonaDBError


def test_every_error_is_drawn_under_what_it_belongs_to() -> None:
    """The tree at the top of the module is the tree of classes."""
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        name = next((word for word in line.split() if word.endswith("Error")), "")
        if name and line.startswith(("PersonaDBError", "├", "└", "│")):
            depth = 0 if line == name else line.index(name) // 4
            above[depth:] = [name]
            drawn[name] = above[depth - 1] if depth else "Exception"
    classes = {name: getattr(errors, name) for name in errors.__all__}
    assert drawn == {name: kind.__bases__[0].__name__ for name, kind in classes.items()}


def test_a_model_that_cannot_be_opened_is_a_fault_of_its_settings() -> None:
    """A caller who catches ConfigError catches it too."""
    with pytest.raises(ModelConfigError, match="names no provider"):
        open_model("gpt")
    assert issubclass(ModelConfigError, ConfigError)


def test_a_cache_that_is_no_cache_is_named(tmp_path: Path) -> None:
    """The error says which file to delete."""
    file = tmp_path / "calls.sqlite"
    file.write_text("no database, and longer than a header of one would be " * 20)
    with pytest.raises(CacheError, match=r"calls\.sqlite can't be used"):
        CallCache(file, model="m", identity="m")
    assert issubclass(CacheError, ConfigError)


def test_a_dataset_without_users_names_the_command_that_fills_it() -> None:
    """It is a ConfigError, as before it had a name."""
    error = NothingToRefineError("town")
    assert isinstance(error, ConfigError)
    assert isinstance(error, PersonaDBError)
    assert str(error) == "dataset 'town' has no users; load something with `persona-db load` first"
