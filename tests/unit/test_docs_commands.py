"""What README and docs name is there: commands, settings, errors, make targets, queries, files."""

from __future__ import annotations

import builtins
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from docs.generate import sessions
from persona_db.cli.app import APP
from persona_db.cli.main import COMMANDS
from persona_db.graph import errors
from persona_db.graph.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "samples/*.md", "benchmarks/*.md")
    for path in ROOT.glob(pattern)
    if path.is_file()
)
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in PAGES}

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")
_PLACEHOLDERS = {"FORMAT": "jsonl", "LEVEL": "keys", "PATH...": "people.jsonl"}
_ASSIGNMENT = re.compile(r"^(?:[A-Z_][A-Z0-9_]*=\S* +)*(?=persona-db )")


def commands_of(text: str) -> Iterator[str]:
    """Yield every `persona-db ...` command line of a page: in blocks for shells, and inline."""
    for language, block in _FENCED.findall(text):
        if language in ("", "console", "bash", "sh", "shell"):
            for line in block.replace("\\\n", " ").splitlines():
                command = _ASSIGNMENT.sub("", line.removeprefix("$ "))
                if command.startswith("persona-db "):
                    yield command
    for code in _INLINE.findall(_FENCED.sub("", text)):
        command = _ASSIGNMENT.sub("", code)
        if command.startswith("persona-db "):
            yield command


SHOWN = [(page, command) for page, text in TEXTS.items() for command in dict.fromkeys(commands_of(text))]


def parse(command: str) -> None:
    """Parse a command line as `persona-db` would, and run nothing; typer's UsageError says what is wrong.

    A command's bare name (`persona-db load`) only has to be one.
    """
    group: Any = get_command(APP)
    arguments = [_PLACEHOLDERS.get(word, word) for word in shlex.split(command, comments=True)[1:]]
    if len(arguments) == 1 and arguments[0] in COMMANDS:
        return
    try:
        outer = group.make_context("persona-db", arguments)
        rest = [*getattr(outer, "_protected_args", []), *outer.args]
        if rest:
            name, inner, given = group.resolve_command(outer, rest)
            inner.make_context(name, given, parent=outer)
    except typer.Exit:  # --help and --version are done when they are parsed
        return


@pytest.mark.parametrize(("page", "command"), SHOWN)
def test_a_command_can_be_parsed(page: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The names, options and values of every command line on the pages are those of the program."""
    parse(command)


@pytest.mark.parametrize("wrong", ["persona-db foretell", "persona-db users --colour x", "persona-db load xml x"])
def test_a_wrong_command_would_be_noticed(wrong: str) -> None:
    """The parser of this test refuses what the command line would refuse."""
    with pytest.raises(Exception, match=r"No such|Missing|Invalid|not one of"):
        parse(wrong)


def test_commands_are_found() -> None:
    """Commands are found in blocks with and without a prompt, and inline."""
    text = "`persona-db down`\n```console\n$ persona-db up\nNeo4j\n$ A=b persona-db \\\nstatus\n```\n`persona-db`"
    assert [" ".join(command.split()) for command in commands_of(text)] == [
        "persona-db up",
        "persona-db status",
        "persona-db down",
    ]


def test_every_command_is_shown() -> None:
    """Every command stands in the README or on a page that is not generated."""
    shown = {command.split()[1] for page, command in SHOWN if page != "docs/cli.md"}
    assert set(COMMANDS) - shown == set()


def test_the_readme_shows_a_session() -> None:
    """The README shows a session with its output, which the end-to-end tests compare."""
    steps = [step for session in sessions(TEXTS["README.md"]) for step in session]
    assert len(steps) > 3
    assert all(step.output and "Traceback" not in step.output for step in steps)


def names(pattern: str) -> set[tuple[str, str]]:
    """Return (page, match) of a pattern over all pages."""
    return {(page, match) for page, text in TEXTS.items() for match in re.findall(pattern, text)}


def test_settings_that_are_named_exist() -> None:
    """Every setting named on a page exists, and every setting is on the page of the command line."""
    known = {
        name.upper() if name.startswith("neo4j_") else f"PERSONA_DB_{name.upper()}" for name in Settings.model_fields
    }
    assert {(page, name) for page, name in names(r"\b(?:PERSONA_DB|NEO4J)_[A-Z_]+\b") if name not in known} == set()
    assert {name for name in known if f"| `{name}` |" not in TEXTS["docs/cli.md"]} == set()


def test_errors_that_are_named_exist() -> None:
    """Every error named on a page exists, and every error of ours has a row on the page of errors."""
    known = {*errors.__all__, *dir(builtins)}
    assert {(page, name) for page, name in names(r"`([A-Z]\w*Error)\b") if name not in known} == set()
    ours = set(errors.__all__) - {"PersonaDBError"}
    assert {name for name in ours if f"\n| `{name}` |" not in TEXTS["docs/errors.md"]} == set()


def test_make_targets_that_are_named_exist() -> None:
    """Every make target named in backquotes or blocks is in the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert {(page, target) for page, target in names(r"(?:`|\$ )make ([a-z]+)") if target not in targets} == set()


def test_links_lead_somewhere() -> None:
    """Every link leads to a file of the repository, and to a heading of it where one is named."""
    broken = []
    for page, text in TEXTS.items():
        for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", _FENCED.sub("", text)):
            name, _, heading = target.partition("#")
            path = (ROOT / page).parent / name if name else ROOT / page
            if not path.exists() or (heading and heading not in _headings(path)):
                broken.append((page, target))
    assert broken == []


def test_pictures_are_there_and_said_in_words() -> None:
    """Every picture is in the repository and small, and has a text that says what it shows."""
    shown = names(r"(?:(?<=src=\")|(?<=srcset=\"))[^\"]+") | names(r"(?<=\]\()[^)]+\.(?:png|svg)(?=\))")
    files = {(ROOT / page).parent / name for page, name in shown}
    assert len(files) > 3
    assert [path.name for path in files if not path.is_file() or path.stat().st_size > 250_000] == []
    assert {(page, tag) for page, tag in names(r"<img [^>]*>|!\[\]\(") if 'alt="' not in tag} == set()


def test_every_page_can_be_reached_from_the_readme() -> None:
    """Links lead from the README to every page, one after another."""
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop().resolve()
        if path in reached:
            continue
        reached.add(path)
        if path.is_dir():
            waiting += path.glob("*.md")
        elif path.suffix == ".md":
            links = re.findall(r"\]\((?!https?://)([^)#\s]+)", path.read_text(encoding="utf-8"))
            waiting += [path.parent / link for link in links if (path.parent / link).exists()]
    assert {page for page in TEXTS if (ROOT / page).resolve() not in reached} == set()


def test_no_query_is_missing_from_its_page() -> None:
    """The generated page has a heading for each file."""
    queries = {path.stem for path in ROOT.glob("cypher/*/*.cypher")}
    assert queries == set(re.findall(r"^### (\w+)$", TEXTS["docs/queries.md"], flags=re.MULTILINE))


def test_help_of_a_command_is_its_section() -> None:
    """The generated page has a section for each command."""
    assert [*COMMANDS, "Settings"] == re.findall(r"^## ([\w-]+)$", TEXTS["docs/cli.md"], flags=re.MULTILINE)


def _headings(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
