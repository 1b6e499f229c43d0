"""Two thousand mutated rows of votes: what is read is stored whole, and each other row is named in quarantine."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

import pytest

from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.session import Graph
from persona_db.loaders import load, open_source

PEOPLE, ASKED = 60, 50
ROWS = PEOPLE * ASKED
MUTATED = 2000
WRONG = (
    "",
    "x",
    "-7",
    "NaN",
    "77",
    "1e9",
    "null",
    "\u202e\U0001f600",
    "'; MATCH (n) DETACH DELETE n //",
    "9" * 30,
    "1.0",
)


def spoiled(rows: list[list[str]], draw: Random) -> None:
    """Change a cell of 2,000 of the rows, or take one away or add one."""
    for place in draw.sample(range(len(rows)), MUTATED):
        row = rows[place]
        if draw.random() < 0.2:
            row.pop() if draw.random() < 0.5 else row.append("1")
        else:
            row[draw.randrange(len(row))] = draw.choice(WRONG)


def written(path: Path, header: str, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(header + "\n")
        csv.writer(file, lineterminator="\n").writerows(rows)


def conversation(folder: Path, draw: Random) -> str:
    """An export of Polis whose list of votes is spoiled."""
    written(
        folder / "comments.csv", "timestamp,comment-id,author-id,moderated,comment-body",
        [[str(1_500_000_000_000 + n), str(n), "0", "1", f"Statement {n}"] for n in range(ASKED)],
    )  # fmt: skip
    rows = [
        [str(1_600_000_000_000 + 1000 * (n * ASKED + k)), str(k), str(n), str(draw.randrange(3) - 1)]
        for n in range(PEOPLE)
        for k in range(ASKED)
    ]
    spoiled(rows, draw)
    written(folder / "votes.csv", "timestamp,comment-id,voter-id,vote", rows)
    return "polis"


def congress(folder: Path, draw: Random) -> str:
    """Voteview's files whose votes are spoiled."""
    written(
        folder / "H117_members.csv", "congress,chamber,icpsr,state_abbrev,party_code,bioname",
        [["117", "House", str(n), "AL", "200", f"MEMBER{n}, X"] for n in range(PEOPLE)],
    )  # fmt: skip
    written(
        folder / "H117_rollcalls.csv",
        "congress,chamber,rollnumber,date,session,clerk_rollnumber,bill_number,vote_question,vote_desc,dtl_desc",
        [["117", "House", str(k), "2021-01-26", "1", str(k), "", "On Passage", f"Act {k}", ""] for k in range(ASKED)],
    )
    rows = [
        ["117", "House", str(k), str(n), str(draw.randrange(1, 10)), "50.0"]
        for n in range(PEOPLE)
        for k in range(ASKED)
    ]
    spoiled(rows, draw)
    written(folder / "H117_votes.csv", "congress,chamber,rollnumber,icpsr,cast_code,prob", rows)
    return "senate"


@pytest.mark.parametrize("make", [conversation, congress])
def test_each_mutated_row_is_stored_or_named(make: object, graph: Graph, dataset: str, tmp_path: Path) -> None:
    """No row is lost between items, repeated ones, no votes and quarantine; loading again changes nothing."""
    assert callable(make)
    source = open_source(make(tmp_path, Random(7)), [tmp_path])
    report = load(graph, source, dataset=dataset, embedder=HashEmbedder())
    counted = graph.driver.execute_query(
        "MATCH (:User {dataset: $d})-[:HAS_HISTORY]->(h)-[:SAYS]->(:Statement) "
        "OPTIONAL MATCH (q:Question {dataset: $d, id: h.question}) WHERE h.option < size(q.options) "
        "RETURN count(q) AS answers, count(h) - count(h.question) AS written",
        d=dataset,
    ).records[0]
    stored, wrote = counted["answers"], counted["written"]
    assert report.items_new == stored + wrote
    quarantined = graph.driver.execute_query(
        "MATCH (q:Quarantine {dataset: $d}) RETURN q.row AS row, q.source AS source, q.reason AS reason", d=dataset
    ).records
    rows = {(one["source"], one["row"]) for one in quarantined}
    assert len(rows) == report.quarantined
    assert all(one["row"] > 1 and one["reason"] and one["source"].endswith("votes.csv") for one in quarantined)
    repeated = ROWS - stored - report.refused - len(rows)  # the same vote of the same person twice
    assert 0 <= repeated < MUTATED / 10
    assert len(rows) > MUTATED / 3
    again = load(graph, source, dataset=dataset, embedder=HashEmbedder())
    assert (again.items_new, again.quarantined) == (0, report.quarantined)
