"""Pack an exported Polis conversation into the compact form that is bundled (samples/README.md).

    python samples/make_bowling_green.py FOLDER

FOLDER holds comments.csv and participants-votes.csv of the conversation "Improving Bowling Green / Warren County".
Groups and counts of votes are left out: an evaluation that hides a vote must not be able to find it.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from pathlib import Path

MARKS = {"1": "a", "-1": "d", "0": "p", "": "-"}


def pack(folder: Path) -> bytes:
    """Return the folder's data as gzipped JSON: statements, people, and a string of marks for each person."""
    statements = [
        [int(row["comment-id"]), int(row["author-id"]), int(row["timestamp"]) // 1000, int(row["moderated"]),
         row["comment-body"].strip()]
        for row in sorted(_rows(folder / "comments.csv"), key=lambda row: int(row["comment-id"]))
    ]  # fmt: skip
    people = _rows(folder / "participants-votes.csv")
    document = {
        "attribution": "Data was gathered using the Polis software (see: compdemocracy.org/polis and "
        "github.com/compdemocracy/polis) and is sub-licensed under CC BY 4.0 with Attribution to "
        "The Computational Democracy Project. Conversation: https://pol.is/9wtchdmmun",
        "statement_fields": ["id", "author", "seconds", "moderated", "text"],
        "statements": statements,
        "people": [int(row["participant"]) for row in people],
        "votes": ["".join(MARKS[row[str(statement[0])]] for statement in statements) for row in people],
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> int:
    """Write the sample beside this script."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python samples/make_bowling_green.py FOLDER\n")
        return 2
    target = Path(__file__).with_name("bowling_green.json.gz")
    target.write_bytes(pack(Path(sys.argv[1])))
    sys.stderr.write(f"{target.name}: {target.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
