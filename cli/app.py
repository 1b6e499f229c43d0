"""The parser of the command line: one file a command, each imported only when it runs."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from persona_db.cli.commands import ABOUT, COMMANDS, TABLES
from persona_db.cli.console import csv_output

__all__ = ["APP"]


class _Commands(TyperGroup):
    """A group that lists its commands by name, and imports one only to run it or to print its help."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command(name=cmd_name)(_command(cmd_name))
        command = get_command(app)
        command.name = cmd_name
        if cmd_name in TABLES:
            command.params.insert(_before_help(command), _csv_option())
        return command

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _command(name: str) -> Any:
    """Return the function of a command; a hyphen in its name is an underscore in Python."""
    plain = name.replace("-", "_")
    return getattr(import_module(f"persona_db.cli.{plain}"), plain)


def _before_help(command: Any) -> int:
    """Return the place after `--json` among the parameters, or the last."""
    found = [place for place, param in enumerate(command.params) if "--json" in param.opts]
    return found[0] + 1 if found else len(command.params)


def _switch_to_csv(ctx: typer.Context, wanted: bool) -> None:
    if wanted:
        ctx.with_resource(csv_output())


def _csv_option() -> Any:
    """Return the option `--csv` as the parser knows it; commands need not know that it is there."""

    def alone(
        csv: Annotated[
            bool,
            typer.Option(
                "--csv",
                help="Print tables as CSV, and all else on stderr.",
                expose_value=False,
                callback=_switch_to_csv,
            ),
        ] = False,
    ) -> None:
        """Take the option."""

    app = typer.Typer(add_completion=False)
    app.command()(alone)
    return get_command(app).params[0]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"persona-db {version('persona-db')}")
        raise typer.Exit


APP = typer.Typer(
    cls=_Commands,
    name="persona-db",
    help=ABOUT,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@APP.callback()
def _common(
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options of every command; --debug is looked up before anything is parsed."""
