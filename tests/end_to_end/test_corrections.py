"""Correcting what was loaded: replace, merge, erase an item; what is told on the way, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path

from .command_line import CommandLine

TAX = {"type": "question", "id": "tax", "text": "Raise taxes?", "options": ["no", "yes"], "ordinal": [0, 1]}


def file_of(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def test_a_correction_from_telling_to_erasing(cli: CommandLine, tmp_path: Path) -> None:
    """A contradicting answer is told with what takes it, twins are named, and each command does its work."""
    data = ("--dataset", "end-to-end-corrections")
    first = file_of(tmp_path / "a.jsonl", TAX, {"user": "ann", "question": "tax", "option": "yes"})
    assert cli("load", "jsonl", first, *data).status == 0
    newer = file_of(
        tmp_path / "b.jsonl", {"user": "ann", "question": "tax", "option": "no"},
        {"user": "Ann", "question": "tax", "option": "no"},
    )  # fmt: skip
    told = cli("load", "jsonl", newer, *data)
    assert told.status == 0
    assert "contradicting  " in told.out
    assert "'ann' on 'tax': 'yes' is stored, 'no' is not (no date on either); `load --replace` takes" in told.out
    assert "ids that look alike: 'Ann', 'ann'" in told.out
    assert "persona-db merge A B --dataset end-to-end-corrections" in told.out
    assert cli.json("load", "jsonl", newer, *data, "--replace")["items_replaced"] == 1
    merged = cli("merge", "Ann", "ann", *data)
    assert (merged.status, merged.err) == (0, "")
    assert "'Ann' merged into 'ann'" in merged.out
    assert [user["id"] for user in cli.json("users", *data)] == ["ann"]
    erased = cli("erase", "ann", "--item", "tax", *data, "--yes")
    assert erased.status == 0
    assert "is gone" in erased.out
    assert "has no item 'tax'" in cli("erase", "ann", "--item", "tax", *data, "--yes").err
    assert cli("erase", "ann", *data, "--yes").status == 0


def test_an_id_is_found_however_its_accents_are_typed(cli: CommandLine, tmp_path: Path) -> None:
    """Composed or not, in the file and on the command line; a file's own name stays as it is."""
    path = file_of(tmp_path / "Jose\u0301.jsonl", TAX, {"user": "Jose\u0301", "question": "tax", "option": "yes"})
    loaded = cli("load", "jsonl", path, "--dataset", "end-to-end-accents")
    assert loaded.status == 0
    assert "note: ids are stored in Unicode's form NFC, which these were not: 'Jos\u00e9'" in loaded.out
    for typed in ("Jos\u00e9", "Jose\u0301"):
        told = cli("erase", typed, "--item", "meat", "--dataset", "end-to-end-accents", "--yes").err
        assert "user 'Jos\u00e9' has no item 'meat'" in told


def test_a_load_of_nobody_ends_with_1(cli: CommandLine, tmp_path: Path) -> None:
    """What was refused is on stdout, that nothing was loaded in one line on stderr, and there is no such dataset."""
    path = file_of(tmp_path / "x.jsonl", TAX, {"user": "ann", "question": "tax", "option": 5})
    done = cli("load", "jsonl", path, "--dataset", "end-to-end-nobody")
    assert done.status == 1
    assert "x.jsonl, row 2: question 'tax' has options 0 to 1, not 5" in done.out
    [line] = done.err.splitlines()
    assert line.startswith("persona-db: nothing of anybody could be loaded into dataset 'end-to-end-nobody'")
    assert "end-to-end-nobody" not in [one["dataset"] for one in cli.json("status")["datasets"]]
