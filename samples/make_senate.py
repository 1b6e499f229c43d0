"""Make samples/senate109.json.gz from a folder of roll-call votes as the R package pscl writes them.

    python samples/make_senate.py FOLDER

FOLDER holds members.csv (name, state, party, icpsrLegis), rollcalls.csv (date, session, number, bill, question,
description, and more) and votes.csv (name, rollcall, vote). Equal folders give equal files, byte by byte.
Results and totals of the roll calls are never read: whoever predicts a vote must not be able to find them.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from pathlib import Path

MEMBER_FIELDS = ("name", "state", "party", "icpsrLegis")
ROLLCALL_FIELDS = ("date", "session", "number", "bill", "question", "description")
MARKS = {"Yea": "Y", "Nay": "N"}
NO_VOTE = "-"


def pack(folder: Path) -> bytes:
    """Return the folder's data as gzipped JSON: members, roll calls, and a string of marks for each roll call."""
    members = _columns(folder / "members.csv", MEMBER_FIELDS)
    rollcalls = _columns(folder / "rollcalls.csv", ROLLCALL_FIELDS)
    place = {member[0]: index for index, member in enumerate(members)}
    marks = [[NO_VOTE] * len(members) for _ in rollcalls]
    for name, rollcall, vote in _columns(folder / "votes.csv", ("name", "rollcall", "vote")):
        marks[int(rollcall) - 1][place[name]] = MARKS[vote]
    document = {
        "member_fields": MEMBER_FIELDS,
        "members": members,
        "rollcall_fields": ROLLCALL_FIELDS,
        "rollcalls": rollcalls,
        "votes": ["".join(row) for row in marks],
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def _columns(path: Path, names: tuple[str, ...]) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [[row[name] for name in names] for row in csv.DictReader(file)]


def main() -> int:
    """Write the sample beside this script."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python samples/make_senate.py FOLDER\n")
        return 2
    target = Path(__file__).with_name("senate109.json.gz")
    target.write_bytes(pack(Path(sys.argv[1])))
    sys.stderr.write(f"{target.name}: {target.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
