"""What goes wrong is told in one line on stderr, with exit status 1, or 2 for a wrong usage; stdout stays empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from .command_line import TOWN, CommandLine

MISTAKES = {
    "unknown user": (("join", "nobody"), "no user 'nobody' in dataset"),
    "unknown user to predict": (("predict", "nobody", "--question", "buses"), "no user 'nobody' in dataset"),
    "unknown user to erase": (("erase", "nobody"), "no user 'nobody' in dataset"),
    "unknown question": (("predict", "ada", "--question", "comets"), "no question 'comets' in dataset"),
    "words that are no search": (("query", "find_asked", "-p", "words=police AND ("), "find_asked can't be run"),
    "a limit under 0": (("query", "popular_keys", "-p", "limit=-1"), "popular_keys can't be run"),
    "no topic to recall": (("recall", "ada", " "), "name a topic"),
    "unknown question to join": (("join", "ada", "--question", "comets"), "no question 'comets' in dataset"),
    "no question": (("predict", "ada"), "--question"),
    "no options": (("predict", "ada", "Should comets be banned?"), "--option"),
    "no Fit of that time": (("join", "ada", "--as-of", "1999-01-01"), "has no Fit"),
    "no date": (("join", "ada", "--as-of", "yesterday"), "yesterday"),
}
WRONG_USAGE = {
    "no such command": ("foretell",),
    "no such option": ("users", "--dataset", "x", "--colour"),
    "no dataset": ("users",),
    "no such format": ("load", "xml", "people.xml", "--dataset", "x"),
    "no such level": ("load", "senate", "--dataset", "x", "--sharing", "some"),
    "no number": ("join", "ada", "--dataset", "x", "--top-k", "many"),
    "out of range": ("recall", "ada", "buses", "--dataset", "x", "--ratio", "2"),
}


def told(cli: CommandLine, *arguments: str | Path) -> str:
    """Return the one line that a failing command prints."""
    done = cli(*arguments)
    assert (done.status, done.out) == (1, "")
    (line,) = done.err.splitlines()
    assert line.startswith("persona-db: ")
    return line


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake(mistake: str, cli: CommandLine, town: str) -> None:
    """What is wrong stands in the line."""
    arguments, says = MISTAKES[mistake]
    assert says in told(cli, *arguments, "--dataset", town)


@pytest.mark.parametrize("command", ["users", "refine", "join ada", "recall ada buses", "predict ada --question buses"])
def test_an_unknown_dataset(command: str, cli: CommandLine) -> None:
    """The line names it, and how to list those there are."""
    line = told(cli, *command.split(), "--dataset", "nowhere")
    assert "no dataset 'nowhere'" in line
    assert "persona-db status" in line


def test_a_dataset_that_was_not_refined(cli: CommandLine) -> None:
    """The line has the command that refines it."""
    assert cli("load", "jsonl", TOWN, "--dataset", "end-to-end-raw").status == 0
    for command in ("join ada", "recall ada buses", "predict ada --question buses"):
        line = told(cli, *command.split(), "--dataset", "end-to-end-raw")
        assert "persona-db refine --dataset end-to-end-raw" in line


@pytest.mark.parametrize("content", [None, "", "not json\n" * 3, "[]\n"], ids=["missing", "empty", "no json", "a list"])
def test_a_bad_file(content: str | None, cli: CommandLine, tmp_path: Path) -> None:
    """The line names the file; nothing is stored, not even the dataset."""
    path = tmp_path / "people.jsonl"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert "people.jsonl" in told(cli, "load", "jsonl", path, "--dataset", "end-to-end-bad")
    assert "end-to-end-bad" not in [one["dataset"] for one in cli.json("status")["datasets"]]


@pytest.mark.parametrize("usage", WRONG_USAGE)
def test_a_wrong_usage(usage: str, cli: CommandLine) -> None:
    """Exit status 2, and where to read how it is used."""
    done = cli(*WRONG_USAGE[usage])
    assert (done.status, done.out) == (2, "")
    assert "Usage: persona-db" in done.err


def test_debug_shows_the_trace(cli: CommandLine) -> None:
    """The error is raised as it is."""
    from persona_db.cli.main import main
    from persona_db.graph.errors import UnknownDatasetError

    with pytest.raises(UnknownDatasetError):
        main(["--debug", "users", "--dataset", "nowhere"])


def test_a_setting_that_cannot_be_used(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the variable."""
    monkeypatch.setenv("PERSONA_DB_BATCH_SIZE", "many")
    assert "PERSONA_DB_BATCH_SIZE" in told(cli, "users", "--dataset", "x")


@pytest.mark.parametrize("command", ["up", "down", "status"])
def test_a_setting_that_cannot_be_used_by_the_server(
    command: str, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands of the server tell it as the others do."""
    monkeypatch.setenv("PERSONA_DB_HEAP_MB", "much")
    assert "PERSONA_DB_HEAP_MB" in told(cli, command)
