"""OpinionQA's layout, with every detail of it that was met."""

from __future__ import annotations

import gzip
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_db.graph.errors import LoadError
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question
from persona_db.loaders.opinionqa import OpinionQASource
from persona_db.loaders.opinionqa_info import literal, options_in_order
from persona_db.loaders.rows import ignore
from persona_db.loaders.source import HeldOut, Record, test_answers
from persona_db.loaders.split import Split, read_split, write_split

INFO = """,Unnamed: 0,key,option_mapping,question,references,option_ordinal
0,0,GUN,"{1.0: 'Safer', 2.0: 'Less safe', 3.0: 'No different', 99.0: 'Refused'}",With a gun?,"[]","[1.0, 2.0, 1.5]"
1,1,MOVE,"{1.0: 'Yes', 2.0: 'No', 3.0: 'Not sure', 99.0: 'Refused'}",Move?,"[]","[1.0, 2.0]"
2,2,WHY,"{1.0: ""It's `fun`"", 2.0: 'refused', nan: 'DETACH', 99.0: 'Refused'}",Why?,"[]","[1, 1, 1]"
"""
METADATA = ",key,options\n0,AGE,\"['18-29', '30-49']\"\n1,PARTY,\"['A', 'B']\"\n"
RESPONSES = """,Unnamed: 0,QKEY,GUN,MOVE,WHY,AGE
0,0,7,No different,Not sure,It's `fun`,18-29
1,1,8,,Refused,refused,Refused
2,2,9,Safer,,,
"""


def wave(path: Path, *, info: str = INFO, metadata: str = METADATA, responses: str = RESPONSES) -> Path:
    path.mkdir(exist_ok=True)
    for name, text in (("info", info), ("metadata", metadata), ("responses", responses)):
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def read(source: OpinionQASource) -> tuple[list[Record], list[QuarantinedRow]]:
    bad: list[QuarantinedRow] = []
    return list(source.read(bad.append)), bad


def test_a_wave_becomes_questions_people_and_answers(tmp_path: Path) -> None:
    """Options are ordered by their position on the scale, those off it last; equal positions are no scale."""
    source = OpinionQASource([wave(tmp_path / "Panel_2016")])
    records, bad = read(source)
    assert bad == []
    assert records == [
        Question(id="GUN", text="With a gun?", options=("Safer", "No different", "Less safe"), ordinal=(1.0, 1.5, 2.0)),
        Question(id="MOVE", text="Move?", options=("Yes", "No", "Not sure"), ordinal=(1.0, 2.0, None)),
        Question(id="WHY", text="Why?", options=("It's `fun`", "refused", "DETACH")),
        Person(id="7", attributes={"AGE": "18-29"}),
        HistoryItem(
            id="7/GUN", user="7", text='Asked "With a gun?", answered "No different"', question="GUN", option=1
        ),
        HistoryItem(id="7/MOVE", user="7", text='Asked "Move?", answered "Not sure"', question="MOVE", option=2),
        HistoryItem(id="7/WHY", user="7", text='Asked "Why?", answered "It\'s `fun`"', question="WHY", option=0),
        Person(id="8"),
        HistoryItem(id="8/WHY", user="8", text='Asked "Why?", answered "refused"', question="WHY", option=1),
        Person(id="9"),
        HistoryItem(id="9/GUN", user="9", text='Asked "With a gun?", answered "Safer"', question="GUN", option=0),
    ]
    assert source.counts.refused == 1


def test_waves_keep_their_respondents_apart(tmp_path: Path) -> None:
    """Raw ids return in every wave: the wave's name comes before them; each wave's split names them raw."""
    folders = [wave(tmp_path / f"American_Trends_Panel_W{number}") for number in (26, 29)]
    splits = [Split([("7", "GUN", "history"), ("9", "GUN", "test")]), Split([("9", "GUN", "history")])]
    source = OpinionQASource(folders, splits=splits)
    records, bad = read(source)
    assert bad == []
    assert [r.id for r in records if isinstance(r, HistoryItem)] == ["W26_7/GUN", "W29_9/GUN"]
    assert [r.id for r in records if isinstance(r, Person)] == ["W26_7", "W26_8", "W26_9", "W29_7", "W29_8", "W29_9"]
    assert (source.counts.skipped_test, source.counts.not_in_split) == (1, 7)
    assert test_answers(source) == [HeldOut("W26_9", "GUN", 0)]


def test_one_split_may_serve_all_waves(tmp_path: Path) -> None:
    """It may name users with the wave before their id, or raw; what is held out under one name is held out."""
    folders = [wave(tmp_path / f"Panel_W{number}") for number in (26, 29)]
    split = Split(
        [("W26_7", "GUN", "test"), ("7", "GUN", "history"), ("9", "GUN", "test"), ("W26_9", "GUN", "history")]
    )
    source = OpinionQASource(folders, splits=[split])
    assert [r.id for r in read(source)[0] if isinstance(r, HistoryItem)] == ["W29_7/GUN"]
    assert [held.user for held in test_answers(source)] == ["W26_7", "W26_9", "W29_9"]


def test_a_key_that_is_there_twice_is_kept_once(tmp_path: Path) -> None:
    """A key that stands twice is kept once, silently when the rows agree; otherwise the second row is quarantined."""
    again = INFO.splitlines()[1]
    folder = wave(tmp_path / "x", info=f"{INFO}{again}\n" + again.replace("With a gun?", "Another?") + "\n")
    records, bad = read(OpinionQASource([folder]))
    assert len(records) == 11
    assert [(row.row, row.reason) for row in bad] == [
        (6, "key 'GUN' is there twice and differs; the first row is kept")
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            "3,3,BAD,__import__('os').system('true'),q,[],[]",
            "option_mapping: is no Python literal of texts and numbers",
        ),
        ('3,3,BAD,"{1.0: ",q,[],[]', "option_mapping: is no Python literal"),
        ("3,3,BAD,\"{99.0: 'Refused'}\",q,[],[]", "option_mapping: has no options"),
        ("3,3,BAD,\"{1: 'a', 2: 'a'}\",q,[],[]", "option_mapping: has the same option twice"),
        ("3,3,BAD,\"['a']\",q,[],[]", "option_mapping: is no dictionary"),
        ("3,3,BAD,{1: 'a'},q,[],\"[1, 2]\"", "option_ordinal: has 2 places for 1 options"),
        ("3,3,BAD,{1: 'a'},q,[],[1e999]", "option_ordinal: has a place below 0 or infinite"),
        ("3,3,BAD,{1: 'a'},q,[],['x']", "option_ordinal: has a place that is no number"),
        ("3,3,BAD,{1: 'a'},,[],[1]", "text: String should have at least 1 character"),
        ("3,3,,{1: 'a'},q,[],[1]", "id: String should have at least 1 character"),
    ],
)
def test_a_row_that_is_no_question_is_quarantined(tmp_path: Path, row: str, reason: str) -> None:
    """Nothing in a cell is ever evaluated."""
    records, bad = read(OpinionQASource([wave(tmp_path / "x", info=f"{INFO}{row}\n")]))
    assert len(records) == 11
    assert [(found.row, found.reason) for found in bad] == [(5, reason)]


@pytest.mark.parametrize(
    ("responses", "where", "reason"),
    [
        (RESPONSES + "3,3,10,Maybe,,,\n", 5, "'Maybe' is no option of 'GUN'"),
        (
            RESPONSES + "3,3,7,Safer,,,\n",
            5,
            "respondent '7' was read before, in {folder}/responses.csv; that one is kept",
        ),
        (RESPONSES + "3,3,,Safer,,,\n", 5, "QKEY is empty"),
        (RESPONSES + f"3,3,{'u' * 600},Safer,,,\n", 5, "id: String should have at most 512 characters"),
        (RESPONSES + "3,3,11\n", 5, "3 values for 7 columns"),
        (
            RESPONSES.replace(",AGE", ",HEIGHT"),
            1,
            "column 'HEIGHT' is neither a question of info.csv nor a demographic",
        ),
    ],
)
def test_a_bad_answer_or_respondent_is_quarantined(tmp_path: Path, responses: str, where: int, reason: str) -> None:
    """A bad answer or respondent is quarantined with file and row, and the others are read."""
    folder = wave(tmp_path / "x", responses=responses)
    records, bad = read(OpinionQASource([folder]))
    assert [row.row for row in bad] == [where]
    assert reason.format(folder=folder) in bad[0].reason
    assert sum(isinstance(record, HistoryItem) for record in records) == 5


def test_ids_are_data_whatever_they_hold(tmp_path: Path) -> None:
    """Backticks, quotes and Cypher in ids and answers are stored as they are."""
    name = "x'}) DETACH DELETE n //`"
    folder = wave(tmp_path / "x", responses=f'QKEY,GUN\n"{name}",Safer\n')
    records, bad = read(OpinionQASource([folder]))
    assert bad == []
    assert [(r.id, r.user) for r in records if isinstance(r, HistoryItem)] == [
        ("x'}) DETACH DELETE n %2F%2F`/GUN", name)
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"info": "key,text\n"},
            r"info\.csv, row 1: no column question, option_mapping, option_ordinal; found key, text",
        ),
        ({"info": ""}, r"info\.csv: the file is empty"),
        ({"metadata": "a\n"}, r"metadata\.csv, row 1: no column key, options"),
        ({"responses": "user,GUN\n"}, r"responses\.csv, row 1: no column QKEY"),
        ({"responses": "QKEY,AGE\n"}, r"responses\.csv, row 1: no column is a question of"),
    ],
)
def test_a_folder_without_the_tables_is_refused(tmp_path: Path, changes: dict[str, str], reason: str) -> None:
    """A folder that lacks a table is refused before anything is yielded."""
    with pytest.raises(LoadError, match=reason):
        next(OpinionQASource([wave(tmp_path / "x", **changes)]).read(ignore))


def test_a_missing_folder_and_a_file_are_refused(tmp_path: Path) -> None:
    """A missing folder, and a file in place of a folder, are refused by name."""
    with pytest.raises(LoadError, match=r"no such folder with info\.csv"):
        next(OpinionQASource([tmp_path / "absent"]).read(ignore))
    with pytest.raises(LoadError, match="is a file; give the wave's folder"):
        next(OpinionQASource([wave(tmp_path / "x") / "info.csv"]).read(ignore))


def test_the_split_of_another_data_set_is_refused(tmp_path: Path) -> None:
    """A split that names nobody of the folder is refused: it would hold nothing out."""
    with pytest.raises(LoadError, match="split of another data set"):
        next(OpinionQASource([wave(tmp_path / "x")], splits=[Split([("7", "Q", "test")])]).read(ignore))


def test_a_split_with_a_row_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A lost mark could show what is held out."""
    path = tmp_path / "split.csv.gz"
    write_split(path, [("7", "GUN", "test"), ("8,\n`", "GUN", "history")])
    assert list(read_split(path).marks()) == [("7", "GUN", "test"), ("8,\n`", "GUN", "history")]
    for text, reason in (
        ("user,question,split\n7,GUN,Test\n", "row 2: split is 'Test', not history or test"),
        ("user,question,split\n7,GUN\n", "row 2: 2 values for 3 columns"),
        ("user,question\n7,GUN\n", "row 1: no column split"),
        ("user,question,split\n7,GUN,test\n7,GUN,history\n", "'GUN' is marked both history and test"),
        ("user,question,split\n", ""),
    ):
        path.write_bytes(gzip.compress(text.encode()))
        if reason:
            with pytest.raises(LoadError, match=reason):
                read_split(path)
        else:
            assert len(read_split(path)) == 0


@given(st.recursive(st.none() | st.integers(-9, 9) | st.text(max_size=5) | st.floats(allow_infinity=False), st.lists))
@settings(max_examples=50, deadline=None)
def test_literals_come_back(value: object) -> None:
    """Python literals are read back, nan included, which Python's own reader refuses."""
    assert repr(literal(repr(value))) == repr(value)


@given(st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_literal_or_a_value_error(text: str) -> None:
    """Any text is a literal or raises ValueError; no other exception comes, and nothing is called."""
    try:
        value = literal(text)
    except ValueError:
        return
    assert isinstance(value, str | int | float | list | dict | None)


def test_nan_is_no_option_and_no_place() -> None:
    """As a name it is missing; as a code it is a code like others; as a place it is off the scale."""
    mapping = {1.0: "a", math.nan: "b", 3.0: math.nan, 99.0: "Refused", 4.0: "c"}
    assert options_in_order(mapping, [2.0, math.nan, 1.0]) == (("c", "a", "b"), (1.0, 2.0, None))


@pytest.mark.shared_data
def test_the_gss_has_what_pandas_finds(shared_data: Path) -> None:
    """391,010 answers are history and 28,660 are test; each says what its cell says, looked up for 200 people."""
    folder = shared_data / "gss" / "human_resp" / "GSS_Panel_2016"
    marks = pd.read_csv(folder / "split.csv.gz", dtype=str)
    table = pd.read_csv(folder / "responses.csv", dtype=str, keep_default_na=False, index_col="QKEY")
    some = frozenset(table.index[::14][:200])
    cells = table.loc[list(some)].to_dict("index")
    source = OpinionQASource([folder], splits=[read_split(folder / "split.csv.gz")])
    bad: list[QuarantinedRow] = []
    questions: dict[str, tuple[str, ...]] = {}
    people = 0

    def history() -> Iterator[HistoryItem]:
        nonlocal people
        for record in source.read(bad.append):
            if isinstance(record, HistoryItem):
                yield record
            elif isinstance(record, Question):
                questions[record.id] = record.options
            else:
                people += 1

    for part, answers, size in (("history", history(), 391_010), ("test", source.test_answers(), 28_660)):
        counts: Counter[str | None] = Counter()
        found = {}
        for answer in answers:
            counts[answer.question] += 1
            if answer.user in some:
                found[answer.user, answer.question] = questions[answer.question or ""][answer.option or 0]
        mine = marks[marks.split == part]
        assert counts == mine.question.value_counts().to_dict()
        assert counts.total() == size
        mine = mine[mine.user.isin(some)]
        assert found == {(user, key): cells[user][key] for user, key in zip(mine.user, mine.question, strict=True)}
    assert (bad, len(questions), people, len(table)) == ([], 246, 2_867, 2_867)


@pytest.mark.shared_data
def test_eight_waves_become_one_dataset(shared_data: Path) -> None:
    """280 respondents, 5,600 answers of history, 2,737 held out, each wave with its own split."""
    folders = sorted((shared_data / "opinionqa" / "human_resp").iterdir())
    source = OpinionQASource(folders, splits=[read_split(folder / "split.csv") for folder in folders])
    records, bad = read(source)
    assert bad == []
    assert Counter(type(record) for record in records) == {Question: 804, Person: 280, HistoryItem: 5_600}
    assert source.counts.skipped_test == len(test_answers(source)) == 2_737
    scales = {record.id: record for record in records if isinstance(record, Question)}
    assert scales["WANTMOVE_W32"].ordinal == (1.0, 2.0, None)
    assert scales["ELDFINANCEF1_W41"].ordinal == ()
    assert scales["FEDSHAREA_W32"].options[1] == "About the right amount"
