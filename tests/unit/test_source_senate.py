"""The Senate: the bundled votes are those of the source's tables, and nothing in them gives a result away."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pandas as pd  # type: ignore[import-untyped]
import pytest

from persona_db.graph.errors import LoadError
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question
from persona_db.loaders.rows import ignore
from persona_db.loaders.senate import SenateSource
from persona_db.loaders.source import HeldOut, Record, test_answers
from persona_db.loaders.split import Split
from persona_db.samples.make_senate import pack

MEMBERS = 'name,state,party,icpsrLegis\n"SEN A (R AL)",AL,R,1\n"SEN B (D `X`)","AK""",D,2\n'
ROLLCALLS = (
    "date,session,number,bill,question,result,description,yeatotal,naytotal\n"
    "2005-01-06,1,1,n/a,On the Objection,Not Sustained,Sustain it?,1,74\n"
    '2006-02-01,2,1,S. 5,On the Bill,Passed,"Act, the",85,13\n'
)
VOTES = 'name,rollcall,vote\n"SEN A (R AL)",1,Nay\n"SEN B (D `X`)",1,Yea\n"SEN A (R AL)",2,Yea\n'


def folder_of(path: Path, *, members: str = MEMBERS, rollcalls: str = ROLLCALLS, votes: str = VOTES) -> Path:
    for name, text in (("members", members), ("rollcalls", rollcalls), ("votes", votes)):
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def read(source: SenateSource) -> tuple[list[Record], list[QuarantinedRow]]:
    bad: list[QuarantinedRow] = []
    return list(source.read(bad.append)), bad


@pytest.fixture(scope="module")
def bundled() -> list[Record]:
    records, bad = read(SenateSource())
    assert bad == []
    return records


def test_the_bundled_data_are_the_whole_senate(bundled: list[Record]) -> None:
    """102 members, 645 roll calls and 62,857 votes; questions come first, then people, then votes."""
    assert Counter(type(record).__name__ for record in bundled) == {
        "Question": 645,
        "Person": 102,
        "HistoryItem": 62_857,
    }
    assert [type(record) for record in bundled[644:747:102]] == [Question, Person]
    assert len({record.id for record in bundled}) == len(bundled)


def test_a_vote_reads_by_itself(bundled: list[Record]) -> None:
    """A vote's text names the roll call, and question, user and item are stored as documented."""
    assert bundled[1] == Question(
        id="s109-1-0002",
        text="On the Nomination (PN8): Confirmation Condoleeza Rice, of California, to be Secretary of State",
        options=("Nay", "Yea"),
        ordinal=(0.0, 1.0),
        kind="rollcall",
        label="Rice for Secretary of State",
        stances=("Against Condoleezza Rice as Secretary of State", "For Condoleezza Rice as Secretary of State"),
        content="opinion",
        at="2005-01-26",
    )
    assert bundled[646] == Person(
        id="SESSIONS (R AL)", name="SESSIONS (R AL)", attributes={"PARTY": "Republican", "STATE": "AL"}
    )
    assert bundled[747] == HistoryItem(
        id="SESSIONS (R AL)/s109-1-0001",
        user="SESSIONS (R AL)",
        text="Voted Nay: On the Objection: Shall Objection Submitted Be Sustained Re: Electoral Ballot Count",
        question="s109-1-0001",
        option=0,
        at="2005-01-06",
    )


def test_the_bundled_file_has_no_results_and_no_totals() -> None:
    """The bundled file has neither columns nor words of results and totals."""
    document = json.loads(gzip.decompress(files("persona_db.samples").joinpath("senate109.json.gz").read_bytes()))
    assert set(document) == {"member_fields", "members", "rollcall_fields", "rollcalls", "votes"}
    assert document["rollcall_fields"] == ["date", "session", "number", "bill", "question", "description"]
    texts = " ".join(" ".join(row) for row in document["rollcalls"])
    assert not re.search(r"\b(Agreed to|Rejected|Confirmed|Not Sustained|Nongermane|yeatotal|naytotal)\b", texts)


def test_a_folder_of_tables_is_read_too(tmp_path: Path) -> None:
    """A folder of tables is read, with any characters in names; results and totals are not read."""
    records, bad = read(SenateSource(folder_of(tmp_path)))
    assert bad == []
    assert [record.id for record in records] == [
        "s109-1-0001",
        "s109-2-0001",
        "SEN A (R AL)",
        "SEN B (D `X`)",
        "SEN A (R AL)/s109-1-0001",
        "SEN B (D `X`)/s109-1-0001",
        "SEN A (R AL)/s109-2-0001",
    ]
    everything = " ".join(str(record) for record in records)
    assert "Not Sustained" not in everything
    assert "Passed" not in everything
    assert "74" not in everything


def test_packing_and_reading_back_changes_nothing(tmp_path: Path) -> None:
    """What `make_senate.py` writes holds what the folder holds, and the same bytes each time."""
    folder = folder_of(tmp_path, votes=VOTES + '"SEN B (D `X`)",2,Nay\n')
    packed = pack(folder)
    assert packed == pack(folder)
    document = json.loads(gzip.decompress(packed))
    assert document["votes"] == ["NY", "YN"]
    assert [row[0] for row in document["members"]] == ["SEN A (R AL)", "SEN B (D `X`)"]


def test_a_split_keeps_history_and_gives_the_rest_to_evaluate() -> None:
    """Votes marked test, and unmarked votes, are counted and not read."""
    split = Split([("SESSIONS (R AL)", "s109-1-0001", "test"), ("SESSIONS (R AL)", "s109-1-0002", "history")])
    source = SenateSource(split=split)
    items = [record for record in read(source)[0] if isinstance(record, HistoryItem)]
    assert [item.id for item in items] == ["SESSIONS (R AL)/s109-1-0002"]
    assert (source.counts.skipped_test, source.counts.not_in_split) == (1, 62_855)
    assert test_answers(source) == [HeldOut("SESSIONS (R AL)", "s109-1-0001", 0, "2005-01-06")]


def test_all_can_be_kept(tmp_path: Path) -> None:
    """With `keep="all"` every vote is read, and the split only says which votes are held out."""
    split = Split([("SEN A (R AL)", "s109-1-0001", "test")])
    source = SenateSource(folder_of(tmp_path), split=split, keep="all")
    assert len(read(source)[0]) == 7
    assert len(test_answers(source)) == 1


@pytest.mark.parametrize(
    ("changes", "where", "reason"),
    [
        ({"votes": VOTES + "NOBODY,1,Yea\n"}, ("votes.csv", 5), "no member 'NOBODY'"),
        ({"votes": VOTES + '"SEN A (R AL)",9,Yea\n'}, ("votes.csv", 5), "no roll call '9'"),
        (
            {"votes": VOTES + '"SEN A (R AL)",1,Yea\n'},
            ("votes.csv", 5),
            "'SEN A (R AL)' voted Nay on it in an earlier row",
        ),
        ({"votes": VOTES + '"SEN B (D `X`)",2,Aye\n'}, ("votes.csv", 5), "vote is 'Aye', not Yea or Nay"),
        ({"members": MEMBERS + '"SEN A (R AL)",AL,D,3\n'}, ("members.csv", 4), "member 'SEN A (R AL)' is there twice"),
        ({"members": MEMBERS + ",AL,D,3\n"}, ("members.csv", 4), "id: String should have at least 1 character"),
        ({"rollcalls": ROLLCALLS + "soon,1,2,,q,r,d,1,2\n"}, ("rollcalls.csv", 4), "is no ISO 8601 date or time"),
        ({"rollcalls": ROLLCALLS + "2005-01-07,1,NaN,,q,r,d,1,2\n"}, ("rollcalls.csv", 4), "invalid literal for int()"),
        (
            {"rollcalls": ROLLCALLS + "2005-01-07,1,1,,q,r,d,1,2\n"},
            ("rollcalls.csv", 4),
            "roll call s109-1-0001 is there twice",
        ),
    ],
)
def test_bad_rows_are_quarantined(tmp_path: Path, changes: dict[str, str], where: tuple[str, int], reason: str) -> None:
    """Bad rows are quarantined, and the good ones are read."""
    records, bad = read(SenateSource(folder_of(tmp_path, **changes)))
    assert len(records) == 7
    assert [(Path(row.source).name, row.row) for row in bad] == [where]
    assert reason in bad[0].reason


def test_no_vote_is_no_opinion(tmp_path: Path) -> None:
    """A vote not cast is counted as no opinion and not quarantined."""
    source = SenateSource(folder_of(tmp_path, votes=VOTES + '"SEN B (D `X`)",2,Not Voting\n'))
    assert read(source)[1] == []
    assert source.counts.refused == 1


def test_what_is_no_such_folder_is_refused(tmp_path: Path) -> None:
    """A path that is no folder of the layout is refused by name before anything is yielded."""
    with pytest.raises(LoadError, match=r"no such folder with members\.csv"):
        next(SenateSource(tmp_path / "absent").read(ignore))
    folder = folder_of(tmp_path, votes="name,vote\n")
    with pytest.raises(LoadError, match=r"votes\.csv, row 1: no column rollcall; found name, vote"):
        next(SenateSource(folder).read(ignore))
    with pytest.raises(LoadError, match="split of another data set"):
        next(SenateSource(split=Split([("a", "b", "history")])).read(ignore))


@pytest.mark.shared_data
def test_the_bundled_data_equal_the_tables_they_were_made_of(shared_data: Path, bundled: list[Record]) -> None:
    """The bundled data equal the tables, as read by pandas and by the source's own folder reader."""
    folder = shared_data / "senate109"
    sample = files("persona_db.samples").joinpath("senate109.json.gz").read_bytes()
    assert gzip.decompress(pack(folder)) == gzip.decompress(sample)
    votes = pd.read_csv(folder / "votes.csv")
    rollcalls = pd.read_csv(folder / "rollcalls.csv", keep_default_na=False)
    ids = [f"s109-{row.session}-{row.number:04d}" for row in rollcalls.itertuples()]
    columns = zip(votes.name, votes.rollcall, votes.vote, strict=True)
    expected = {(name, ids[rollcall - 1], vote) for name, rollcall, vote in columns}
    assert {(vote.user, vote.question, ("Nay", "Yea")[vote.option]) for vote in SenateSource().votes()} == expected
    records, bad = read(SenateSource(folder))
    assert bad == []
    assert {record.id: record for record in records} == {record.id: record for record in bundled}
    yeas = votes.groupby("rollcall").vote.apply(lambda column: (column == "Yea").mean())
    assert int(((yeas >= 0.1) & (yeas <= 0.9)).sum()) == 486
    questions = {record.id: record.text for record in records if isinstance(record, Question)}
    with (folder / "rollcalls.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            assert row["description"] in questions[f"s109-{row['session']}-{int(row['number']):04d}"]
