"""The command line: one file a command, each imported only when it runs."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "demo": "The main job on the bundled US Senate data, end to end.",
    "up": "Start the embedded Neo4j.",
    "down": "Stop the embedded Neo4j.",
    "status": "Where Neo4j is, and what each dataset holds.",
    "load": "Load histories into a dataset.",
    "refine": "Refine histories into facts, traits and cache keys.",
    "users": "List the users of a dataset.",
    "join": "Who shares cache keys with a user, and which.",
    "recall": "The items a prediction would read.",
    "predict": "How a user would answer a question, and why.",
    "evaluate": "Predict held-out answers, arm by arm.",
    "experiment": "Experiments: what helps, when, and at what cost.",
    "query": "Run a named query, list them, or run Cypher of your own read-only.",
    "export": "A user's neighbourhood as a picture or a graph file.",
    "explore": "The web explorer.",
    "erase": "Remove a user and all that rests on them.",
}


class _Commands(TyperGroup):
    """A group that knows its commands' names, and imports one to run it or to tell of it."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command(name=cmd_name)(getattr(import_module(f"persona_db.cli.{cmd_name}"), cmd_name))
        command = get_command(app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"persona-db {version('persona-db')}")
        raise typer.Exit


_APP = typer.Typer(
    cls=_Commands,
    name="persona-db",
    help="The graph of who shares which values, and predictions of how a person would answer from it.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@_APP.callback()
def _common(
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options of every command; --debug is looked for before anything is parsed."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command line and exit: 0 done, 1 an error told in one line, 2 a wrong usage."""
    from persona_db.cli.console import run_command

    given = sys.argv[1:] if arguments is None else arguments
    sys.exit(run_command(lambda: get_command(_APP).main(given, prog_name="persona-db"), debug="--debug" in given))


if __name__ == "__main__":
    main()
