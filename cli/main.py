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
    "demo": "Run the main job on the bundled US Senate data, end to end.",
    "up": "Start the embedded Neo4j.",
    "down": "Stop the embedded Neo4j.",
    "status": "Show where Neo4j runs and what each dataset holds.",
    "load": "Load histories into a dataset.",
    "refine": "Refine histories into facts, traits and cache keys.",
    "users": "List the users of a dataset.",
    "join": "List who shares cache keys with a user, and which.",
    "recall": "List the items a prediction would read.",
    "predict": "Predict how a user would answer a question, and show why.",
    "evaluate": "Predict held-out answers with each arm, and compare the arms.",
    "experiment": "Run experiments: what helps, when, and at what cost.",
    "query": "Run a named query, list named queries, or run read-only Cypher of your own.",
    "export": "Write a user's neighbourhood as a picture or a graph file.",
    "explore": "Serve the web explorer on this machine.",
    "erase": "Remove a user and everything derived from their history.",
}


class _Commands(TyperGroup):
    """A group that lists its commands by name, and imports one only to run it or to print its help."""

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
    help="A graph of who shares which values, and predictions from it of how a person would answer.",
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
    """Options of every command; --debug is looked up before anything is parsed."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command line and exit: 0 on success, 1 after an error in one line, 2 after wrong usage."""
    from persona_db.cli.console import run_command

    given = sys.argv[1:] if arguments is None else arguments
    sys.exit(run_command(lambda: get_command(_APP).main(given, prog_name="persona-db"), debug="--debug" in given))


if __name__ == "__main__":
    main()
