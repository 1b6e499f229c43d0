"""The command line: data on stdout, errors in one line with a remedy, exit status 1, and 2 for usage."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from persona_db.cli.console import one_line, print_json, print_table, progress_bar, read_settings, run_command
from persona_db.cli.load import load
from persona_db.cli.main import main
from persona_db.graph.errors import ConfigError, LoadError
from persona_db.graph.models import QuarantinedRow
from persona_db.graph.names import Sharing
from persona_db.loaders import FORMATS


def invoke(*arguments: str) -> tuple[int, str]:
    """Run `load` as the command line does; nothing here reaches a graph."""
    app = typer.Typer()
    app.command()(load)
    result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, SystemExit) or result.exception is None:
        return result.exit_code, result.output
    error = result.exception

    def command() -> None:
        raise error

    return run_command(command), str(error)


def test_the_choices_are_those_there_are() -> None:
    """The command offers every format and every level of sharing by its name."""
    for arguments, choices in (
        (["parquet", "--dataset", "d"], list(FORMATS)),
        (["senate", "--dataset", "d", "--sharing", "some"], [level.value for level in Sharing]),
    ):
        status, said = invoke(*arguments)
        assert status == 2
        assert re.findall(r"'(\w+)'", said.partition("is not one of")[2]) == choices


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["opinionqa", "--dataset", "d"], "opinionqa needs a path: `persona-db load opinionqa PATH --dataset NAME`"),
        (["senate", "/a", "/b", "--dataset", "d"], "senate reads one folder, not 2; load them one after the other"),
        (
            ["rfpn", "/nowhere", "--dataset", "d"],
            "/nowhere: no such folder with post_data.json and the files beside it",
        ),
        (["senate", "--split", "/nowhere.csv", "--dataset", "d"], "/nowhere.csv: no such file"),
    ],
)
def test_what_cannot_be_read_is_told_before_a_server_is_started(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """A file that cannot be read is an error in one line, with exit status 1, and no server is started."""
    assert invoke(*arguments) == (1, message)
    assert capsys.readouterr().err == f"persona-db: {message}\n"


def test_wrong_usage_is_status_2() -> None:
    """An unknown format or a missing dataset exits with status 2."""
    assert invoke("parquet", "--dataset", "d")[0] == 2
    assert invoke("senate")[0] == 2


def test_an_error_becomes_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An error is printed in one line, whatever characters a file put into it."""

    def command() -> None:
        raise LoadError("bad\nvalue \x1b[31m", source="x.csv", row=3)

    assert run_command(command) == 1
    assert capsys.readouterr() == ("", "persona-db: x.csv, row 3: bad value \\x1b[31m\n")
    with pytest.raises(LoadError):
        run_command(command, debug=True)


def test_other_ends_have_their_status(capsys: pytest.CaptureFixture[str]) -> None:
    """An interrupt exits with 130, a command's own status is kept, and a bug is raised."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    def bug() -> None:
        raise ZeroDivisionError

    assert run_command(interrupted) == 130
    assert "interrupted" in capsys.readouterr().err
    assert run_command(lambda: 2) == 2
    assert run_command(lambda: None) == 0
    with pytest.raises(ZeroDivisionError):
        run_command(bug)


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`persona-db ... | head` ends quietly."""
    script = (
        "import sys; from persona_db.cli.console import run_command\n"
        "sys.exit(run_command(lambda: [print(n) for n in range(200_000)]))"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_table_aligns_its_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers are aligned to the right, and each row is on one line."""
    print_table(("user", "items", "score"), [("Ann\nB", 12_000, 0.5), ("C", 7, None)])
    assert capsys.readouterr().out == "user    items  score\nAnn B  12,000  0.500\nC           7      -\n"


def test_json_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Models are printed as JSON, with null for numbers that JSON does not have."""
    print_json({"row": QuarantinedRow(source="é", row=1, reason=""), "values": [1.5, math.nan, math.inf]})
    assert json.loads(capsys.readouterr().out) == {
        "row": {"source": "é", "row": 1, "reason": "", "user": ""},
        "values": [1.5, None, None],
    }


def test_nothing_is_drawn_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    """A log file has no bars in it."""
    with progress_bar() as progress:
        progress("loading", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_bars_are_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal stderr shows one bar for each task, with or without a known total."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar() as progress:
        progress("loading [x]", 1, 2)
        progress("loading [x]", 2, 2)
        progress("embedding", 5)
    out, err = capsys.readouterr()
    assert out == ""
    assert "loading [x]" in err


def test_a_setting_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for an invalid setting names its environment variable."""
    monkeypatch.setenv("PERSONA_DB_HEAP_MB", "much")
    with pytest.raises(ConfigError, match="PERSONA_DB_HEAP_MB: Input should be a valid integer"):
        read_settings()


def test_one_line_keeps_what_can_be_read() -> None:
    """Printable characters of all scripts are kept."""
    assert one_line(" é 漢\t\u202e\x07 ") == "é 漢 \\u202e\\x07"


def test_help_is_fast() -> None:
    """`load --help` imports nothing heavy."""
    script = (
        "import sys; import persona_db.cli.load, persona_db.cli.console\n"
        "heavy = {'pydantic', 'neo4j', 'numpy', 'rich', 'langchain_core'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.stderr == ""


def test_an_argument_that_is_not_utf8_is_refused_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Bytes of another encoding, or half an emoji: nothing is asked of a server."""
    for torn in ("caf\udce9", "swim\ud83c"):
        with pytest.raises(SystemExit) as ended:
            main(["predict", torn, "tea", "--dataset", "d"])
        assert ended.value.code == 1
        [line] = capsys.readouterr().err.splitlines()
        assert "is not UTF-8 or cut inside a character" in line
