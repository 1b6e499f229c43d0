"""The command line's entry: `--help` is answered here, everything else by the parser in `app`."""

from __future__ import annotations

import os
import sys

from persona_db.cli.commands import COMMANDS, WIDTH, overview
from persona_db.cli.console import run_command

__all__ = ["COMMANDS", "main"]


def main(arguments: list[str] | None = None) -> None:
    """Run a command line and exit: 0 done, 1 an error printed in one line, 2 a wrong usage."""
    given = sys.argv[1:] if arguments is None else arguments
    sys.exit(run_command(lambda: _run(given), debug="--debug" in given))


def _run(arguments: list[str]) -> object:
    if arguments in (["--help"], ["-h"]) and _columns() >= WIDTH:
        return print(overview())
    if torn := next((one for one in arguments if not _is_text(one)), None):
        from persona_db.graph.errors import ConfigError

        raise ConfigError(f"{torn!r} is not UTF-8 or cut inside a character; write it again, or rename the file")
    from typer.main import get_command

    from persona_db.cli.app import APP

    return get_command(APP).main([_composed(one) for one in arguments], prog_name="persona-db")


def _composed(argument: str) -> str:
    """Return an argument in the form NFC, in which ids are stored; the path of a file stays as the file has it."""
    if argument.isascii() or os.path.lexists(argument):
        return argument
    import unicodedata

    return unicodedata.normalize("NFC", argument)


def _is_text(argument: str) -> bool:
    """Say whether the argument can be written as UTF-8: bytes of another encoding arrive as halves of characters."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _columns() -> int:
    """Return the width of the terminal as the parser takes it, 80 where there is none."""
    try:
        return int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size().columns
    except (OSError, ValueError):
        return WIDTH


if __name__ == "__main__":
    sys.path[:] = [one for one in sys.path if one != os.path.dirname(os.path.abspath(__file__))]  # mcp is no mcp.py
    main()
