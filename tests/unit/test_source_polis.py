"""Polis: an exported conversation as it is, and nothing of it that gives a held-out vote away."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from persona_db.graph.errors import LoadError
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question
from persona_db.loaders.polis import PolisSource
from persona_db.loaders.rows import ignore
from persona_db.loaders.source import HeldOut, Record, test_answers
from persona_db.loaders.split import Split, read_split
from persona_db.samples.make_bowling_green import pack
from tests.mutations import mutated

COMMENTS = """timestamp,datetime,comment-id,author-id,agrees,disagrees,moderated,comment-body
1518501496000,x,0,0,1,2,1,"Widen ""Smallhouse"", please."
1518501497000,x,1,1,2,0,0,More parks
1518501498000,x,2,1,1,0,-1,You are all idiots
1518501499000,x,3,9,0,1,1,Written by a moderator
"""
TABLE = """participant,group-id,n-comments,n-votes,n-agree,n-disagree,0,1,2,3
0,0,1,2,0,2,-1,1,,
1,1,2,4,3,0,1,1,1,0
2,,0,2,0,1,-1,,,-1
"""
TIMES = """timestamp,datetime,comment-id,voter-id,vote
1518501600000,x,0,0,1
1518501700000,x,0,0,-1
1518501650000,x,1,0,1
1518501601000,x,0,1,1
1518501602000,x,0,1,1
"""


def folder_of(path: Path, *, comments: str = COMMENTS, table: str | None = TABLE, times: str | None = None) -> Path:
    for name, text in (("comments", comments), ("participants-votes", table), ("votes", times)):
        if text is not None:
            (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def read(source: PolisSource) -> tuple[list[Record], list[QuarantinedRow]]:
    bad: list[QuarantinedRow] = []
    return list(source.read(bad.append)), bad


def answers(records: list[Record]) -> set[tuple[str, str, int, str]]:
    return {
        (one.user, one.question, one.option, one.at)
        for one in records
        if isinstance(one, HistoryItem) and one.question is not None and one.option is not None
    }


def test_statements_are_questions_and_said_by_their_authors(tmp_path: Path) -> None:
    """Pass is off the scale; moderated out, disagreed with by the author, or of one who never voted: said of nobody."""
    source = PolisSource(folder_of(tmp_path))
    records, bad = read(source)
    assert bad == []
    first = records[0]
    assert first == Question(
        id="c0", text='Widen "Smallhouse", please.', options=("disagree", "pass", "agree"), ordinal=(0.0, None, 1.0),
        at="2018-02-13T05:58:16Z",
    )  # fmt: skip
    assert [one.id for one in records if isinstance(one, Person)] == ["p0", "p1", "p2"]
    assert answers(records) == {
        ("p0", "c0", 0, ""), ("p0", "c1", 2, ""), ("p1", "c0", 2, ""), ("p1", "c1", 2, ""), ("p1", "c2", 2, ""),
        ("p1", "c3", 1, ""), ("p2", "c0", 0, ""), ("p2", "c3", 0, ""),
    }  # fmt: skip
    written = [one for one in records if isinstance(one, HistoryItem) and one.question is None]
    assert [(one.id, one.user, one.text, one.at) for one in written] == [
        ("p1/wrote-c1", "p1", "More parks", "2018-02-13T05:58:17Z")
    ]
    assert source.notes == (
        "1 of 4 statements were moderated out: their votes are loaded, but they are not said of their authors",
        "1 statements are of authors who never voted: they are said of nobody",
        "votes have no times: every vote counts as known from the start",
    )
    texts = {one.text for one in records if isinstance(one, HistoryItem) and one.question == "c0"}
    assert texts == {'Disagreed with "Widen "Smallhouse", please."', 'Agreed with "Widen "Smallhouse", please."'}


def test_votes_have_their_times_and_a_changed_vote_is_two(tmp_path: Path) -> None:
    """The same vote again is one, of the first time; what the list of times lacks has none."""
    records, bad = read(PolisSource(folder_of(tmp_path, times=TIMES)))
    assert bad == []
    of_first = sorted(one for one in answers(records) if one[1] == "c0")
    assert of_first == [
        ("p0", "c0", 0, "2018-02-13T06:01:40Z"), ("p0", "c0", 2, "2018-02-13T06:00:00Z"),
        ("p1", "c0", 2, "2018-02-13T06:00:01Z"), ("p2", "c0", 0, ""),
    ]  # fmt: skip
    ids = [one.id for one in records if isinstance(one, HistoryItem) and one.question == "c0" and one.user == "p0"]
    assert ids == ["p0/c0@2018-02-13T06:00:00Z", "p0/c0"]
    split = Split([("p0", "c0", "test"), ("p1", "c0", "history")])
    assert test_answers(PolisSource(tmp_path, split=split)) == [HeldOut("p0", "c0", 0, "2018-02-13T06:01:40Z")]
    alone = tmp_path / "alone"
    alone.mkdir()
    assert len(answers(read(PolisSource(folder_of(alone, table=None, times=TIMES)))[0])) == 4


def test_what_is_held_out_is_not_written_by_its_author_either(tmp_path: Path) -> None:
    """Nor the same words of theirs under another statement."""
    comments = COMMENTS + '1518501500000,x,4,1,1,0,1,"more  PARKS"\n'
    table = (
        TABLE.replace("2,3\n", "2,3,4\n").replace(",0\n", ",0,1\n").replace(",\n", ",,\n").replace(",-1\n", ",-1,\n")
    )
    split = Split([("p1", "c1", "test"), *(("p1", f"c{n}", "history") for n in (0, 2, 3, 4))])
    source = PolisSource(folder_of(tmp_path, comments=comments, table=table), split=split)
    records, _ = read(source)
    assert [one.text for one in records if isinstance(one, HistoryItem) and one.question is None] == []
    assert not any("More parks" in one.text for one in records if isinstance(one, HistoryItem))
    assert (source.counts.skipped_test, source.counts.not_in_split) == (3, 4)
    with pytest.raises(LoadError, match="split of another data set"):
        next(PolisSource(tmp_path, split=Split([("p0", "x", "test")])).read(ignore))


@pytest.mark.parametrize(
    ("changes", "where", "reason"),
    [
        ({"comments": COMMENTS + ",x,0,1,0,0,1,Again\n"}, ("comments.csv", 6), "statement '0' is there twice"),
        ({"comments": COMMENTS + ",x,5,1,0,0,1,\n"}, ("comments.csv", 6), "comment-body is empty or longer"),
        ({"comments": COMMENTS + ",x,five,1,0,0,1,Hi\n"}, ("comments.csv", 6), "comment-id is 'five', no whole"),
        ({"comments": COMMENTS + "99999999999999999,x,5,1,0,0,1,Hi\n"}, ("comments.csv", 6), "timestamp is no time"),
        ({"table": TABLE + "0,,,,,,1,,,\n"}, ("participants-votes.csv", 5), "participant '0' is there twice"),
        ({"table": TABLE + "ann,,,,,,1,,,\n"}, ("participants-votes.csv", 5), "participant is 'ann', no whole number"),
        ({"table": TABLE + "7,,,,,,2,,,\n"}, ("participants-votes.csv", 5), "vote '2' on c0 is not -1, 0 or 1"),
        ({"table": TABLE.replace(",2,3\n", ",2,33\n")}, ("participants-votes.csv", 1), "column '33' is no statement"),
        ({"times": TIMES + "1518501600000,x,0,0,5\n"}, ("votes.csv", 7), "vote is '5', not -1, 0 or 1"),
        ({"times": TIMES + "1518501600000,x,77,0,1\n"}, ("votes.csv", 7), "no statement '77' in comments.csv"),
        ({"times": TIMES + "1518501900000,x,0,2,1\n"}, ("participants-votes.csv", 4), "'p2' voted otherwise on c0"),
    ],
)
def test_bad_rows_are_quarantined(tmp_path: Path, changes: dict[str, str], where: tuple[str, int], reason: str) -> None:
    """Bad rows are quarantined with file and number, and the others are read."""
    records, bad = read(PolisSource(folder_of(tmp_path, **changes)))
    assert [(Path(row.source).name, row.row) for row in bad] == [where]
    assert bad[0].reason.startswith(reason)
    assert len(answers(records)) >= 6


def test_votes_that_are_turned_round_are_refused(tmp_path: Path) -> None:
    """Where the counts of agrees are those of -1, nobody's vote is stored the wrong way round."""
    turned = TABLE.replace("-1", "9").replace(",1", ",-1").replace("9", "1")
    with pytest.raises(LoadError, match="1 seems to mean disagree here"):
        next(PolisSource(folder_of(tmp_path, table=turned)).read(ignore))


def test_what_is_no_such_folder_is_refused(tmp_path: Path) -> None:
    """By name, before anything is yielded."""
    for path, reason in ((tmp_path / "absent", "no such folder"), (tmp_path, "no file participants-votes.csv")):
        with pytest.raises(LoadError, match=reason):
            next(PolisSource(path).read(ignore))
    folder_of(tmp_path, comments="comment-id,text\n")
    with pytest.raises(LoadError, match=r"comments\.csv, row 1: no column timestamp"):
        next(PolisSource(tmp_path).read(ignore))


def test_any_mutation_of_rows_is_read_or_told(tmp_path: Path) -> None:
    """2,000 mutated rows: every line that is not read as it is has a quarantined row of its file with its number."""
    draw = random.Random(19)
    for seed in range(500):
        texts = [mutated(text, draw, rows=n) for text, n in ((COMMENTS, 1), (TABLE, 2), (TIMES, 1))]
        folder = tmp_path / str(seed % 7)
        folder.mkdir(exist_ok=True)
        for name, text in zip(("comments", "participants-votes", "votes"), texts, strict=True):
            (folder / f"{name}.csv").write_bytes(text)
        bad: list[QuarantinedRow] = []
        try:
            records = list(PolisSource(folder).read(bad.append))
        except LoadError:
            continue  # no statement is left, or votes look turned round
        asked = {one.id for one in records if isinstance(one, Question)}
        people = {one.id for one in records if isinstance(one, Person)}
        items = [one for one in records if isinstance(one, HistoryItem)]
        assert len({one.id for one in items}) == len(items)
        assert all(one.user in people for one in items)
        assert all(one.question in asked and 0 <= (one.option or 0) < 3 for one in items if one.question)
        assert all(row.row > 0 and row.reason and Path(row.source).parent == folder for row in bad)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "people", "statements", "votes"),
    [
        ("american-assembly.bowling-green", 2031, 896, 225_524),
        ("scoop-hivemind.ubi", 234, 71, 7153),
        ("football-concussions", 1487, 297, 14_327),
        ("austria-climate.7z7ejpbmv5.2022-08-08", 1503, 613, 79_315),
    ],
)
def test_exported_conversations(shared_data: Path, name: str, people: int, statements: int, votes: int) -> None:
    """Everybody's last vote is that of the table, and the split's tests are held out."""
    folder = shared_data / "polis" / name
    records, bad = read(PolisSource(folder))
    kinds = Counter(type(one).__name__ for one in records)
    assert (kinds["Person"], kinds["Question"]) == (people, statements)
    with (folder / "participants-votes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = {one.id for one in records if isinstance(one, Question)}
    expected = {
        (f"p{row['participant']}", f"c{key}", int(value) + 1)
        for row in rows
        for key, value in row.items()
        if key.isdigit() and value and f"c{key}" in known
    }
    last = {(vote.user, vote.question, vote.option) for vote in PolisSource(folder).votes()}
    assert last == expected
    assert len(expected) == votes
    assert len(bad) == (3 if "football" in name else 0)
    split = read_split(folder / "split.csv.gz")
    tests = {(user, question) for user, question, part in split.marks() if part == "test" and question in known}
    source = PolisSource(folder, split=split)
    assert {(held.user, held.question) for held in test_answers(source)} == tests
    records, _ = read(source)
    assert tests.isdisjoint({(one.user, one.question) for one in records if isinstance(one, HistoryItem)})
    written = {
        (one.user, one.id.rpartition("-")[2]) for one in records if isinstance(one, HistoryItem) and not one.question
    }
    assert tests.isdisjoint(written)


@pytest.mark.shared_data
def test_the_bundled_conversation_equals_the_export(shared_data: Path) -> None:
    """Record by record, and made of it byte for byte; group and counts are not in it, its attribution is."""
    folder = shared_data / "polis" / "american-assembly.bowling-green"
    sample = files("persona_db.samples").joinpath("bowling_green.json.gz").read_bytes()
    assert gzip.decompress(pack(folder)) == gzip.decompress(sample)
    assert len(sample) < 250_000
    document = json.loads(gzip.decompress(sample))
    assert set(document) == {"attribution", "statement_fields", "statements", "people", "votes"}
    assert "CC BY 4.0" in document["attribution"]
    bundled, exported = ({one.id: one for one in read(source)[0]} for source in (PolisSource(), PolisSource(folder)))
    assert bundled == exported
