"""JSON lines: the format documented in docs/loaders.md, and what happens to lines that are not of it."""

from __future__ import annotations

import gzip
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_db.graph.errors import LoadError
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question, Withdrawal
from persona_db.loaders.jsonl import ItemLine, JsonlSource, QuestionLine, UserLine
from persona_db.loaders.rows import ignore
from persona_db.loaders.source import HeldOut, Record, test_answers
from persona_db.loaders.split import Split, read_split

TAX = {"type": "question", "id": "tax", "text": "Raise taxes?", "options": ["no", "yes"], "ordinal": [0, 1]}
GOOD: list[dict[str, Any]] = [
    TAX,
    {"type": "user", "id": "u1", "name": "Ann", "attributes": {"AGE": 34, "PARTY": "X"}},
    {"user": "u1", "question": "tax", "option": "yes", "at": "2024-05-01"},
    {"type": "item", "user": "u2", "id": "i/1", "text": "Lower them.", "question": "tax", "option": 0},
    {"user": "u2", "text": "I like cats."},
]
RECORDS: list[Record] = [
    Question(id="tax", text="Raise taxes?", options=("no", "yes"), ordinal=(0.0, 1.0)),
    Person(id="u1", name="Ann", attributes={"AGE": "34", "PARTY": "X"}),
    HistoryItem(
        id="u1/f24cfb3ee02ff9ddd3d0ad1aa26e0ff7",
        user="u1",
        text='Asked "Raise taxes?", answered "yes"',
        question="tax",
        option=1,
        at="2024-05-01",
    ),
    Person(id="u2"),
    HistoryItem(id="u2/i/1", user="u2", text="Lower them.", question="tax", option=0),
    HistoryItem(id="u2/4fc6de4e0ea5b03c5a26f9f3d1a0b4b1", user="u2", text="I like cats."),
]


def file_of(path: Path, *lines: object) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), "utf-8")
    return path


def read(source: JsonlSource) -> tuple[list[Record], list[QuarantinedRow]]:
    bad: list[QuarantinedRow] = []
    return list(source.read(bad.append)), bad


def without_ids(records: list[Record]) -> list[Record]:
    return [
        record.model_copy(update={"id": record.id[:3]}) if isinstance(record, HistoryItem) else record
        for record in records
    ]


def test_items_questions_and_users_are_read(tmp_path: Path) -> None:
    """Records come in the order of the file; a user who was not described is made from their first item."""
    records, bad = read(JsonlSource([file_of(tmp_path / "x.jsonl", *GOOD)]))
    assert bad == []
    assert without_ids(records) == without_ids(RECORDS)


def test_an_id_left_out_is_made_from_the_line(tmp_path: Path) -> None:
    """The same line gives the same id wherever it stands; another user, text, question or date another one."""
    said = {"user": "u", "text": "x"}
    others = [
        said,
        {**said, "user": "v"},
        {**said, "text": "y"},
        {**said, "at": "2024-01-01"},
        {**said, "question": "tax"},
    ]
    path = file_of(tmp_path / "x.jsonl", TAX, *others, said)
    ids = [record.id for record in read(JsonlSource([path]))[0] if isinstance(record, HistoryItem)]
    assert len(set(ids)) == 5
    assert ids[0] == ids[-1]


def test_several_files_gzip_and_a_byte_order_mark(tmp_path: Path) -> None:
    """Several files are read as one, gzipped or with a byte order mark: the second may answer the first's questions."""
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    first.write_bytes(b"\xef\xbb\xbf" + json.dumps(TAX).encode() + b"\r\n\r\n")
    second.write_bytes(gzip.compress(json.dumps(GOOD[2]).encode()))
    records, bad = read(JsonlSource([first, second]))
    assert bad == []
    assert [type(record) for record in records] == [Question, Person, HistoryItem]


def test_standard_input_may_be_read_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input is kept in a temporary file for a second read, and messages call it stdin."""
    content = "\n".join(json.dumps(line) for line in [*GOOD, {"user": ""}])
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content.encode())))
    source = JsonlSource([Path("-")])
    first, second = read(source), read(source)
    assert first == second
    assert without_ids(first[0]) == without_ids(RECORDS)
    assert [(row.source, row.row) for row in first[1]] == [("stdin", 6)]


def test_questions_of_the_dataset_may_be_answered(tmp_path: Path) -> None:
    """Items may answer questions of the dataset that the file does not repeat."""
    source = JsonlSource([file_of(tmp_path / "x.jsonl", GOOD[2])])
    assert [row.reason for row in read(source)[1]] == ["no question 'tax'; its line must come before its answers"]
    source.know([Question(id="tax", text="Raise taxes?", options=("no", "yes"))])
    records, bad = read(source)
    assert bad == []
    assert [type(record) for record in records] == [Person, HistoryItem]


def test_what_is_held_out_is_not_read_either_as_free_text(tmp_path: Path) -> None:
    """Answers marked test are not read, nor is free text of the same user in the same words."""
    lines = [
        TAX,
        {"user": "u1", "text": "  YES, raise them", "id": "free"},
        {"user": "u2", "text": "Yes, raise them", "id": "hers"},
        {"user": "u1", "question": "tax", "option": 1, "text": "Yes, raise them", "id": "held"},
        {"user": "u2", "question": "tax", "option": 0, "id": "kept"},
        {"user": "u3", "question": "tax", "option": 0, "id": "unmarked"},
    ]
    split = Split([("u1", "tax", "test"), ("u2", "tax", "history")])
    source = JsonlSource([file_of(tmp_path / "x.jsonl", *lines)], split=split)
    assert [r.id for r in read(source)[0] if isinstance(r, HistoryItem)] == ["u2/hers", "u2/kept"]
    assert (source.counts.skipped_test, source.counts.not_in_split) == (2, 1)
    assert test_answers(source) == [HeldOut("u1", "tax", 1)]
    with pytest.raises(LoadError, match="split of another data set"):
        next(JsonlSource([tmp_path / "x.jsonl"], split=Split([("u", "q", "test")])).read(ignore))


def test_null_is_not_known_and_numbers_are_ids(tmp_path: Path) -> None:
    """A null field is as if it were not there, in attributes too; 17, 17.0 and "17" are one id."""
    lines = [
        TAX,
        {"type": "user", "id": 17, "name": None, "attributes": {"AGE": None, "SEX": "F", "OWNS": True, "N": 2}},
        {"user": 17.0, "question": "tax", "option": "yes", "text": None, "at": None, "id": None},
        {"type": None, "user": "17", "question": "tax", "option": "no", "at": "2024-05-01", "id": 5},
        {"user": "ann", "question": "tax", "option": None},
        {"user": "ann", "question": "tax", "option": "Refused", "at": "2024-05-01"},
        {"user": "ann", "question": "tax", "option": None, "text": "I'd rather not say."},
    ]
    source = JsonlSource([file_of(tmp_path / "x.jsonl", *lines)])
    records, bad = read(source)
    assert bad == []
    assert records[1] == Person(id="17", attributes={"SEX": "F", "OWNS": "true", "N": "2"})
    assert [(one.id, one.user, one.option, one.at) for one in records if isinstance(one, HistoryItem)][:2] == [
        (str(records[2].id), "17", 1, ""), ("17/5", "17", 0, "2024-05-01"),
    ]  # fmt: skip
    assert [one for one in records if isinstance(one, Withdrawal)] == [
        Withdrawal(user="ann", question="tax"), Withdrawal(user="ann", question="tax", at="2024-05-01"),
    ]  # fmt: skip
    last = records[-1]
    assert isinstance(last, HistoryItem)
    assert (last.text, last.option) == ("I'd rather not say.", None)
    assert source.counts.refused == 2


def test_forms_of_unicode_are_one_id_and_a_cut_one_is_none(tmp_path: Path) -> None:
    """In users, questions, options and the split; bad rows know whose they are."""
    path = file_of(
        tmp_path / "x.jsonl",
        {**TAX, "id": "caf\u00e9", "options": ["No\u00ebl", "no"]},
        {"user": "Jose\u0301", "question": "cafe\u0301", "option": "Noe\u0308l"},
        {"user": "Jos\u00e9", "question": "caf\u00e9", "option": "never"},
    )
    source = JsonlSource([path])
    records, bad = read(source)
    assert [one.id for one in records if isinstance(one, Person)] == ["Jos\u00e9"]
    assert source.counts.composed == {"Jos\u00e9"}
    assert [(row.row, row.user) for row in bad] == [(3, "Jos\u00e9")]
    marks = tmp_path / "split.csv"
    marks.write_text("user,question,split\nJose\u0301,cafe\u0301,test\n", encoding="utf-8")
    assert test_answers(JsonlSource([path], split=read_split(marks))) == [HeldOut("Jos\u00e9", "caf\u00e9", 0)]


def test_ticks_are_held_out_by_the_name_of_the_whole_or_of_an_option(tmp_path: Path) -> None:
    """And what is held out is not read."""
    news = {"type": "question", "id": "news", "text": "From where?", "options": ["TV", "Web"], "several": True}
    path = file_of(tmp_path / "x.jsonl", news, *({"user": u, "question": "news", "option": ["TV"]} for u in "ab"))
    split = Split([("a", "news", "test"), ("b", "news", "history"), ("b", "news=Web", "test")])
    source = JsonlSource([path], split=split)
    items = [one for one in read(source)[0] if isinstance(one, HistoryItem)]
    assert [(one.user, one.question, one.option) for one in items] == [("b", "news=TV", 1)]
    assert test_answers(source) == [
        HeldOut("a", "news=TV", 1),
        HeldOut("a", "news=Web", 0),
        HeldOut("b", "news=Web", 0),
    ]


def test_described_twice_is_kept_once(tmp_path: Path) -> None:
    """Equal lines are one; another description or question under the same id is quarantined."""
    user = {"type": "user", "id": "u", "attributes": {"A": "1"}}
    path = file_of(
        tmp_path / "x.jsonl", TAX, TAX, {**TAX, "text": "Cut taxes?"}, user, user, {**user, "attributes": {"A": "2"}}
    )
    records, bad = read(JsonlSource([path]))
    assert [record.id for record in records] == ["tax", "u"]
    assert [(row.row, row.reason) for row in bad] == [
        (3, "question 'tax' is known with another text, options, scale or date; that is kept"),
        (6, "user 'u' was described otherwise before; that is kept"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{nope", "is no JSON: key must be a string at line 1 column 2"),
        ("[]", "is no JSON object"),
        ('{"user": "u", "text": NaN}', "is no JSON: expected value at line 1 column 23"),
        ('{"user": "u", "text": "x", "at": Infinity}', "is no JSON: expected value at line 1 column 34"),
        ({"type": "thing"}, "type is 'thing', not item, question or user"),
        ({"type": ["item"]}, "type is \"['item']\", not item, question or user"),
        ({"user": "u", "text": "x", "mood": "y"}, "mood: Extra inputs are not permitted"),
        ({"user": "u"}, "needs text, or a question and an option"),
        ({"user": "u", "text": ""}, "text: String should have at least 1 character"),
        ({"user": "u", "text": "x\0"}, "text: holds a NUL character"),
        ('{"user": "u", "text": "\\ud800"}', "is no JSON: unexpected end of hex escape at line 1 column 30"),
        ({"user": True, "text": "x"}, "user: Input should be a valid string"),
        ({"user": 5.5, "text": "x"}, "user: Input should be a valid string"),
        ({"user": "u\0", "text": "x"}, "user: holds a NUL character"),
        ({"user": "u", "text": "x" * 200_000}, "text: String should have at most 100000 characters"),
        ({"user": "u", "text": "x", "at": "soon"}, "at: is no ISO 8601 date or time"),
        ({"user": "u", "text": "x", "question": "q"}, "no question 'q'; its line must come before its answers"),
        ({"user": "u", "text": "x", "option": 1}, "an option needs its question"),
        ({"user": "u", "question": "tax", "option": "maybe"}, "'maybe' is no option of 'tax'"),
        ({"user": "u", "question": "tax", "option": 2}, "question 'tax' has options 0 to 1, not 2"),
        ({"user": "u", "question": "tax", "option": -1}, "question 'tax' has options 0 to 1, not -1"),
        ({"type": "user", "id": "u", "attributes": {"a=b": "c"}}, "attributes: a name must not hold '='"),
        ({"type": "user", "id": "u", "attributes": {"a": [1]}}, "attributes.a: Input should be a valid string"),
        ({**TAX, "id": "t2", "options": ["a", "a"]}, "options: the same option twice"),
        ({**TAX, "id": "t2", "ordinal": [1]}, "question 't2': 1 places for 2 options"),
        ({**TAX, "id": "t2", "kind": "poll"}, "kind: Input should be 'survey', 'rollcall' or 'post'"),
        ("[" * 1_000_000, "is no JSON: recursion limit exceeded at line 1 column 202"),
        ("x" * 10_000_000, "the line is longer than 1 MB"),
    ],
    ids=range(28),
)
def test_a_bad_line_is_quarantined(tmp_path: Path, line: object, reason: str) -> None:
    """A bad line is quarantined with its number and the reason, and the lines around it are read."""
    records, bad = read(JsonlSource([file_of(tmp_path / "x.jsonl", TAX, line, {"user": "v", "text": "ok"})]))
    assert [record.id for record in records][:2] == ["tax", "v"]
    assert [(row.source, row.row) for row in bad] == [(str(tmp_path / "x.jsonl"), 2)]
    assert bad[0].reason.startswith(reason)


def test_a_line_that_is_not_utf8_is_quarantined(tmp_path: Path) -> None:
    """A line that is not UTF-8 is quarantined, and the lines around it are read."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"user": "u", "text": "a"}\n{"user": "u", "text": "\xff"}\n{"user": "u", "text": "b"}\n')
    records, bad = read(JsonlSource([path]))
    assert len(records) == 3
    assert [(row.row, row.reason) for row in bad] == [(2, "not UTF-8 (byte 24 of the line)")]


def test_ids_and_texts_are_data_whatever_they_hold(tmp_path: Path) -> None:
    """Backticks, quotes, Cypher and control characters; no two users' items share an id."""
    name = "`a`'\"}) DETACH DELETE n //\x07"
    path = file_of(
        tmp_path / "x.jsonl",
        *({"user": u, "id": i, "text": name} for u, i in ((name, "1"), ("a/b", "c"), ("a", "b/c"), ("a%2Fb", "c"))),
    )
    records, bad = read(JsonlSource([path]))
    found = [record for record in records if isinstance(record, HistoryItem)]
    assert bad == []
    assert [item.text for item in found] == [name] * 4
    assert found[0].user == name
    assert len({item.id for item in found}) == 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "x.jsonl: the file is empty"),
        (b"QKEY,A\n1,2\n", "x.jsonl, row 1: is no JSON: expected value at line 1 column 1; each line must be"),
        (b'[{"user": "u"}]', "x.jsonl, row 1: is no JSON object; each line must be a JSON object (docs/loaders.md)"),
        (b"\n\x00\xff\n", "x.jsonl, row 2: not UTF-8 (byte 2 of the line); each line must be"),
        ("{}".encode("utf-16"), "x.jsonl: the file is UTF-16; save it as UTF-8"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    """A file of another kind is refused before anything is yielded, also from the files before it."""
    good = file_of(tmp_path / "good.jsonl", *GOOD)
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(LoadError) as caught:
        next(JsonlSource([good, path]).read(ignore))
    assert reason in str(caught.value)


@given(
    st.lists(
        st.binary(max_size=60) | st.text(max_size=60).map(lambda text: json.dumps(text).encode("utf-8", "ignore")),
        max_size=5,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_records_or_quarantine(tmp_path: Path, lines: list[bytes]) -> None:
    """Once one line is good, any bytes give records or quarantined rows, and no exception."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\n".join([json.dumps(TAX).encode(), *lines]))
    assert read(JsonlSource([path]))[0]


def test_the_example_in_the_documentation_is_read(tmp_path: Path) -> None:
    """Every line of the documentation's example is read as it stands there."""
    page = (Path(__file__).parents[2] / "docs" / "loaders.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "x.jsonl"
    path.write_text(example, encoding="utf-8")
    records, bad = read(JsonlSource([path]))
    assert bad == []
    assert [type(record) for record in records] == [Question, Person, HistoryItem, Person, HistoryItem]


def test_every_field_is_documented() -> None:
    """Every field of items, questions and users is on the page of loaders."""
    page = (Path(__file__).parents[2] / "docs" / "loaders.md").read_text(encoding="utf-8")
    part = page[page.index("## jsonl") :]
    fields = {name for model in (ItemLine, QuestionLine, UserLine) for name in model.model_fields}
    assert {name for name in fields if f"`{name}`" not in part} == set()
