"""A conversation on Polis as JSON lines: every statement a question with the options disagree, pass and agree."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

OPTIONS = ("disagree", "pass", "agree")
_VOTES = {"-1": 0, "0": 1, "1": 2}


def polis_lines(folder: Path) -> Iterator[str]:
    """Yield a line for each statement and each vote of an exported conversation; pass is off the scale."""
    with (folder / "comments.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield json.dumps(
                {
                    "type": "question", "id": row["comment-id"], "text": row["comment-body"], "options": OPTIONS,
                    "ordinal": [0, None, 1],
                }
            )  # fmt: skip
    with (folder / "participants-votes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for statement, vote in row.items():
                if statement.isdigit() and vote in _VOTES:
                    yield json.dumps({"user": row["participant"], "question": statement, "option": _VOTES[vote]})
