"""Write the pages of docs/ that are made from the code, and the output shown in sessions; with --check, compare them.

python docs/generate.py              write docs/cli.md, docs/queries.md, docs/langchain.ipynb,
                                     docs/graph-model.svg, docs/browser/ and the measures of docs/evaluation.md
python docs/generate.py --check      exit with 1 when one of them is stale
python docs/generate.py --sessions   run the sessions of README.md and docs/quickstart.md and show what they print
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))  # run as a script, its neighbour `docs.diagram` is found from there
WITH_SESSIONS = (ROOT / "README.md", ROOT / "docs" / "quickstart.md")

_WIDTH = 110
_AREAS = {
    "admin": "Datasets and users: what there is, and how it is removed.",
    "draw": "Paths for [Neo4j Browser](browser), which draws them; the favourites have these too.",
    "explore": "Questions that people ask: `persona-db query` runs them; [browser](browser) has them for the Browser.",
    "ingest": "What `load` writes.",
    "join": "Who shares cache keys with whom.",
    "recall": "What `recall` and `predict` read.",
    "refine": "What `refine` reads and writes.",
    "schema": "Constraints and indexes, applied once in the order of their numbers, and what is asked about them.",
}
_EXAMPLES = {
    "dataset": "senate-demo",
    "user": "COLLINS (R ME)",
    "first": "COLLINS (R ME)",
    "second": "SNOWE (R ME)",
    "key": "demographic:PARTY=Republican",
    "keys": ["PARTY=Republican", "STATE=ME"],
    "words": "amendment",
    "fact": "the id of a fact, from facts_of",
    "fit": "the id of a Fit, from fits_of",
    "ids": ["demographic:PARTY=Republican"],
    "question": "s109-2-0262",
    "as_of": "9999-12-31",
    "since": "2005-12-31",
    "until": "2006-12-31",
    "camp": "PARTY=Democrat",
    "other_camp": "PARTY=Republican",
    "least": 2,
    "sample": 2_000,
    "by": "PARTY",
    "options": [1],
    "option": 1,
    "segment": "1",
    "other": "2",
    "attribute": "PARTY",
    "attributes": ["PARTY=Republican"],
}
"""What stands in the parameters for Neo4j Browser, to be replaced there: the demo's dataset has it."""
_SETTINGS_ABOUT = {
    "neo4j_uri": "Another server than the embedded one, `bolt://...` or `neo4j://...`.",
    "neo4j_username": "Who logs in there.",
    "neo4j_password": "With which password.",
    "neo4j_database": "In which database of the server.",
}
_SESSION = re.compile(r"(?<=<!-- tested -->\n```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
_MEASURES = re.compile(
    r"(?<=<!-- measures: written by docs/generate.py from evals/measures -->\n).*?(?=<!-- end)", re.DOTALL
)


class Step(NamedTuple):
    """A command of a session, and the lines it prints."""

    command: str
    output: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, compare or run; return the exit status."""
    parser = argparse.ArgumentParser(description="Write the generated pages of docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a page is stale")
    parser.add_argument("--sessions", action="store_true", help="run the sessions and show in them what they print")
    given = parser.parse_args(arguments)
    if given.sessions:
        for page in WITH_SESSIONS:
            rewrite_sessions(page)
        return 0
    status = 0
    for name, page_of in PAGES.items():
        path = ROOT / "docs" / name
        text = page_of()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if given.check:
            sys.stderr.write(f"docs/{name} is stale: run `make docs`\n")
            status = 1
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote docs/{name}\n")
    return status


def cli_page() -> str:
    """Return docs/cli.md: the help of every command, and the settings."""
    from persona_db.cli.main import COMMANDS

    parts = [
        "# Command line",
        "<!-- Written by docs/generate.py from `--help`; `make docs` writes it again. -->",
        "Data go to stdout: a table, or JSON with `--json`. Progress goes to stderr, where that is a terminal.\n"
        "An error is one line on stderr and exit status 1 ([errors](errors.md)); a wrong usage is exit status 2.\n"
        "`persona-db --debug` before a command's name shows the trace of an error.",
        _console(["--help"]),
    ]
    for name in COMMANDS:
        parts += [f"## {name}", _console([name, "--help"])]
    parts += ["## Settings", _settings_table()]
    return "\n\n".join(parts) + "\n"


def queries_page() -> str:
    """Return docs/queries.md: the header of every file of cypher/."""
    from persona_db.graph.catalog import catalog

    parts = [
        "# Queries",
        "<!-- Written by docs/generate.py from the headers of cypher/; `make docs` writes it again. -->",
        "Every query that persona-db makes is a file of `cypher/`, one a file, named in the code by the file's name.\n"
        "Its header says what it takes, what it returns and what it costs; a test holds each to its plan on a real\n"
        "server. A file runs unedited in cypher-shell and in Neo4j Browser, with its parameters set by `:param`.\n"
        'From Python: `graph.read("list_users", dataset="town", after="", limit=10)`.',
    ]
    ordered = sorted(catalog().values(), key=lambda query: (query.area, query.name))
    for area, queries in groupby(ordered, key=lambda query: query.area):
        parts += [f"## {area}", _AREAS[area]]
        for query in queries:
            lines = [f"### {query.name}", "", query.summary[0].upper() + query.summary[1:], ""]
            lines += [f"- takes `{param.name}` ({param.type}): {_safe(param.about)}" for param in query.params.values()]
            returned = ", ".join(f"`{name}` ({kind})" for name, kind in query.returns.items())
            lines += [f"- returns {returned or 'nothing'}"]
            lines += [f"- each of `{name}` is `{members}`" for name, members in query.rows.items()]
            lines += [f"- cost: {_safe(query.cost)}"]
            parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def evaluation_page() -> str:
    """Return docs/evaluation.md with the table of the measures that there are."""
    from persona_db.evals.measures import MEASURES

    rows = [f"| `{one.name}` | {_safe(one.sentence)} | {_safe(one.missing)} |\n" for one in MEASURES]
    table = "".join(["| measure | says | a missing prediction |\n", "|---|---|---|\n", *rows])
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    return _MEASURES.sub(lambda _: f"\n{table}\n", page)


def browser_file(name: str) -> str:
    """Return a query of cypher/explore/ as a favourite of Neo4j Browser, unedited below the title it has there.

    It is one statement: of several, the Browser would show that they ran and not what they found.
    """
    from persona_db.graph.catalog import catalog

    query = catalog()[name]
    return f"// {query.summary[0].upper()}{query.summary[1:]}\n{query.text}"


def drawing_queries() -> list[str]:
    """Return the names of the queries that return paths, which Neo4j Browser draws."""
    from persona_db.graph.catalog import catalog

    return [name for name, query in catalog().items() if query.area == "draw"]


def browser_parameters() -> str:
    """Return the favourite that sets the parameters of all others, each by a command of its own.

    Numbers stay whole ones only by `:param name => value`, which the Browser has the server work out.
    """
    from persona_db.graph.explore import default_of, explore_queries

    values: dict[str, object] = {}
    for query in explore_queries().values():
        for param in query.params.values():
            if param.name not in values:
                values[param.name] = _EXAMPLES[param.name] if param.name in _EXAMPLES else default_of(param)
    lines = [f":param {name} => {json.dumps(values[name], ensure_ascii=False)};" for name in sorted(values)]
    return "\n".join(("// 1. Parameters of the queries below: change them, then run this first.", *lines)) + "\n"


def notebook() -> str:
    """Return docs/langchain.ipynb: docs/langchain.md, its Python as cells to run from the root of the project."""
    page = (ROOT / "docs" / "langchain.md").read_text(encoding="utf-8")
    cells: list[dict[str, object]] = []
    for place, text in enumerate(re.split(r"^```python\n(.*?)^```$\n?", page, flags=re.DOTALL | re.MULTILINE)):
        if text.strip():
            cell: dict[str, object] = {
                "id": f"cell-{place}",
                "metadata": {},
                "source": text.strip().splitlines(keepends=True),
            }
            code: dict[str, object] = {"cell_type": "code", "execution_count": None, "outputs": []}
            cells.append(cell | (code if place % 2 else {"cell_type": "markdown"}))
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def _pages() -> Iterator[tuple[str, Callable[[], str]]]:
    from docs.diagram import drawing
    from persona_db.graph.explore import explore_queries

    yield "cli.md", cli_page
    yield "queries.md", queries_page
    yield "evaluation.md", evaluation_page
    yield "graph-model.svg", drawing
    yield "browser/parameters.cypher", browser_parameters
    yield "langchain.ipynb", notebook
    for name in (*drawing_queries(), *explore_queries()):
        yield f"browser/{name}.cypher", partial(browser_file, name)


PAGES: Mapping[str, Callable[[], str]] = dict(_pages())


def sessions(text: str) -> Iterator[list[Step]]:
    """Yield the steps of each block that stands below `<!-- tested -->`."""
    for block in _SESSION.findall(text):
        steps: list[Step] = []
        for line in block.splitlines(keepends=True):
            if line.startswith("$ "):
                steps.append(Step(line[2:].rstrip("\n"), ""))
            else:
                steps[-1] = Step(steps[-1].command, steps[-1].output + line)
        yield steps


def run_step(command: str, environment: Mapping[str, str]) -> str:
    """Run a command of a session as a shell at the root of the repository would, and return what it prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    done = subprocess.run(  # noqa: S603  # the sessions are our own
        ["bash", "-c", command],  # noqa: S607
        cwd=ROOT,
        env={**environment, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def rewrite_sessions(page: Path) -> None:
    """Run the sessions of *page*, the dataset being new, and put what they print below their commands."""
    from persona_db.graph.settings import Settings

    with tempfile.TemporaryDirectory() as home:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("NEO4J_", "PERSONA_DB_"))
        }
        environment |= {"PERSONA_DB_HOME": home, "PERSONA_DB_CACHE": str(Settings().cache_dir)}
        try:
            text = _SESSION.sub(
                lambda block: "".join(
                    f"{line}\n{run_step(line[2:], environment)}"
                    for line in block[0].splitlines()
                    if line.startswith("$ ")
                ),
                page.read_text(encoding="utf-8"),
            )
        finally:
            run_step("persona-db down", environment)
    page.write_text(text, encoding="utf-8")


def _console(arguments: Sequence[str]) -> str:
    """Return what a command prints, in a block."""
    from typer.main import get_command

    from persona_db.cli.app import APP

    printed = StringIO()
    with redirect_stdout(printed):
        get_command(APP).main(
            list(arguments),
            prog_name="persona-db",
            standalone_mode=False,
            terminal_width=_WIDTH,
            max_content_width=_WIDTH,
        )
    text = "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())
    return f"```text\n{text}\n```"


def _settings_table() -> str:
    from persona_db.graph.settings import Settings

    rows = ["Read from the environment; none has to be set.", "", "| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        variable = name.upper() if name.startswith("neo4j_") else f"PERSONA_DB_{name.upper()}"
        default = "" if field.default is None else f"`{field.default}`"
        rows.append(f"| `{variable}` | {default} | {field.description or _SETTINGS_ABOUT[name]} |")
    return "\n".join(rows)


def _safe(text: str) -> str:
    """Keep what Markdown would take for markup."""
    return re.sub(r"([<>*_|])", r"\\\1", text)


if __name__ == "__main__":
    sys.exit(main())
