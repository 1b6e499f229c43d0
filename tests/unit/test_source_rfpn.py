"""RFPN's layout: responses are answers, histories are free text, and no reply to be predicted is left in either."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_db.graph.errors import LoadError
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question
from persona_db.loaders.document import entries
from persona_db.loaders.rfpn import INTENSITIES, RfpnSource
from persona_db.loaders.rows import ignore
from persona_db.loaders.source import HeldOut, Record, test_answers
from persona_db.loaders.split import Split

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def response(author: str, post: str, tweet: str, text: str, intensity: int, **more: Any) -> dict[str, Any]:
    polarity = (intensity > 3) - (intensity < 3) + 1
    return {
        "author_id": author,
        "conversation_id": post,
        "tweet_id": tweet,
        "text": text,
        "predicted": polarity,
        "predicted_intensity": intensity,
        **more,
    }


FILES: dict[str, Any] = {
    "post_data": {"p1": {"text": "War ends"}, "p2": {"text": "Rates rise", "created_at": "2022-01-05"}},
    "users_info_dict": {"a": {"description": "I like `news`"}, "b": {"description": ""}},
    "users_history_dict": {"a": [{"tweet_id": "h1", "text": "Hello there"}], "c": [["k1", "Cats are fine"]]},
    "response_data_balanced_train_anno": [
        response("a", "p1", "t1", "Finally!", 6, created_at="2022-01-04T10:00:00+01:00"),
        response("d", "p2", "t2", "", 3),
    ],
    "response_data_balanced_test_anno": [response("a", "p2", "t3", "Not again", 0)],
    "response_data_coldstart_anno": [response("e", "p1", "t4", "Good", 5)],
}


def folder_of(path: Path, **changes: Any) -> Path:
    for name, value in {**FILES, **changes}.items():
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value)
            (path / f"{name}.json").write_text(text, encoding="utf-8")
    return path


def read(source: RfpnSource) -> tuple[list[Record], list[QuarantinedRow]]:
    bad: list[QuarantinedRow] = []
    return list(source.read(bad.append)), bad


def items(source: RfpnSource) -> list[str]:
    return sorted(record.id for record in read(source)[0] if isinstance(record, HistoryItem))


def test_posts_responses_descriptions_and_histories_are_read(tmp_path: Path) -> None:
    """People come before what they say, also those who are named in responses only."""
    source = RfpnSource(folder_of(tmp_path))
    records, bad = read(source)
    scale = tuple(float(place) for place in range(7))
    assert bad == []
    assert records == [
        Question(id="p1", text="War ends", options=INTENSITIES, ordinal=scale, kind="post"),
        Question(id="p2", text="Rates rise", options=INTENSITIES, ordinal=scale, kind="post", at="2022-01-05"),
        Person(id="a"),
        HistoryItem(id="a/t1", user="a", text="Finally!", question="p1", option=6, at="2022-01-04T09:00:00Z"),
        Person(id="d"),
        HistoryItem(id="d/t2", user="d", text='Responded to "Rates rise": neutral', question="p2", option=3),
        HistoryItem(id="a/description", user="a", text="I like `news`"),
        Person(id="b"),
        HistoryItem(id="a/h1", user="a", text="Hello there"),
        Person(id="c"),
        HistoryItem(id="c/k1", user="c", text="Cats are fine"),
        Person(id="e"),
    ]
    assert test_answers(source) == [HeldOut("a", "p2", 0), HeldOut("e", "p1", 5, part="coldstart")]


@pytest.mark.parametrize(
    ("entry", "user", "kept"),
    [
        ({"tweet_id": "t3", "text": "anything"}, "a", False),  # the reply itself
        ({"tweet_id": "t3", "text": "anything"}, "c", False),  # by id, whoever says it
        ({"tweet_id": "h9", "text": " NOT\u00a0 again\n"}, "a", False),  # by equal text, case and spacing aside
        ({"tweet_id": "h9", "text": "Not again"}, "c", True),  # said by somebody else
        (["p2", "Not quite the reply"], "a", False),  # the pair form, keyed by the post
        (["p2", "Not quite the reply"], "c", True),
        ({"tweet_id": "d9", "text": "Dev reply"}, "c", False),
        ({"tweet_id": "h9", "text": "Unlabelled"}, "c", False),  # held out though its own row is broken
    ],
)
def test_a_reply_to_be_predicted_is_in_no_history(tmp_path: Path, entry: object, user: str, kept: bool) -> None:
    """Replies of the test, dev and coldstart files are in no history."""
    source = RfpnSource(
        folder_of(
            tmp_path,
            users_history_dict={user: [entry]},
            response_data_balanced_dev_anno=[response("x", "p1", "d9", "Dev reply", 4)],
            response_data_coldstart_anno=[{"author_id": "c", "tweet_id": "h8", "text": "unlabelled", "predicted": 9}],
        )
    )
    records, _ = read(source)
    said = [
        r
        for r in records
        if isinstance(r, HistoryItem) and r.user == user and r.id.split("/")[1] not in {"t1", "description"}
    ]
    assert len(said) == kept
    assert source.counts.skipped_test == (not kept)


def test_a_reply_to_be_predicted_is_in_no_training_row(tmp_path: Path) -> None:
    """A reply to be predicted is in no training row or description: by id, by post or by its words."""
    rows = [
        response("z", "p1", "t3", "Same id", 6),
        response("a", "p2", "t8", "Same post", 6),
        response("a", "p1", "t9", "not AGAIN", 6),
        response("a", "p1", "t10", "Fine", 6),
    ]
    source = RfpnSource(
        folder_of(
            tmp_path,
            response_data_balanced_train_anno=rows,
            users_info_dict={"a": {"description": "Not again"}},
            users_history_dict={},
        )
    )
    assert items(source) == ["a/t10"]
    assert source.counts.skipped_test == 4


def test_a_split_holds_out_training_rows_too(tmp_path: Path) -> None:
    """Training rows that a split marks test are held out, and so is their text in the history."""
    split = Split([("a", "p1", "test"), ("d", "p2", "history")])
    history = {"a": [["h1", "finally!"], ["h2", "Other"]]}
    source = RfpnSource(folder_of(tmp_path, users_history_dict=history), split=split)
    assert items(source) == ["a/description", "a/h2", "d/t2"]
    assert HeldOut("a", "p1", 6, "2022-01-04T09:00:00Z") in test_answers(source)


def test_a_tweet_in_history_and_in_training_is_one_item(tmp_path: Path) -> None:
    """The answer is kept; a repeated entry of a history is one, too."""
    history = {"a": [["t1", "Finally!"], ["h1", "Hi"], ["h1", "Hi"]]}
    source = RfpnSource(folder_of(tmp_path, users_history_dict=history))
    records, bad = read(source)
    assert bad == []
    assert sorted(Counter(r.id for r in records if isinstance(r, HistoryItem)).items()) == [
        ("a/description", 1),
        ("a/h1", 1),
        ("a/t1", 1),
        ("d/t2", 1),
    ]


@pytest.mark.parametrize(
    ("changes", "where", "reason"),
    [
        (
            {"response_data_balanced_train_anno": [response("a", "p1", "t1", "x", 5, predicted=0)]},
            ("response_data_balanced_train_anno.json", 1),
            "predicted 0 contradicts predicted_intensity 5",
        ),
        (
            {"response_data_balanced_train_anno": [response("a", "p1", "t1", "x", 3, predicted=2)]},
            ("response_data_balanced_train_anno.json", 1),
            "predicted 2 contradicts predicted_intensity 3",
        ),
        (
            {"response_data_balanced_train_anno": [response("a", "p9", "t1", "x", 3)]},
            ("response_data_balanced_train_anno.json", 1),
            "no post 'p9' in post_data.json",
        ),
        (
            {"response_data_balanced_train_anno": '[{"author_id": "a", "predicted_intensity": NaN}]'},
            ("response_data_balanced_train_anno.json", 1),
            "conversation_id: Field required; tweet_id: Field required; predicted: Field required; and 1 more",
        ),
        (
            {"response_data_balanced_train_anno": ["x"]},
            ("response_data_balanced_train_anno.json", 1),
            "Input should be a valid dictionary or instance of _Response",
        ),
        (
            {"response_data_balanced_train_anno": [response("a", "p1", "t", "x", 3), response("b", "p1", "t", "y", 3)]},
            ("response_data_balanced_train_anno.json", 2),
            "tweet_id 't' is there twice and differs; the first is kept",
        ),
        (
            {"response_data_balanced_train_anno": [response("a", "p1", "t", "x", 3, created_at="yesterday")]},
            ("response_data_balanced_train_anno.json", 1),
            "created_at: is no ISO 8601 date or time",
        ),
        (
            {"users_history_dict": {"a": [{"tweet_id": "h", "text": "\0"}]}},
            ("users_history_dict.json", 1),
            "entry 1 of 'a': text: holds a NUL character",
        ),
        (
            {"users_history_dict": {"a": [{"tweet_id": "h", "text": "x" * 200_000}]}},
            ("users_history_dict.json", 1),
            "entry 1 of 'a': text: String should have at most 100000 characters",
        ),
        (
            {"users_history_dict": '{"a": [{"tweet_id": "h", "text": "\\ud800"}]}'},
            ("users_history_dict.json", 1),
            "entry 1 of 'a': text: is cut inside a character",
        ),
        (
            {"users_history_dict": '{"swim\\ud83c": [{"tweet_id": "h", "text": "hi"}]}'},
            ("users_history_dict.json", 1),
            "user id is cut inside a character",
        ),
        (
            {"post_data": '{"p1": {"text": "x"}, "p2": {"text": "y"}, "p\\ud83c": {"text": "z"}}'},
            ("post_data.json", 3),
            "id: is cut inside a character",
        ),
        ({"users_history_dict": {"a": "text"}}, ("users_history_dict.json", 1), "is no list"),
        (
            {"users_info_dict": '{"a": {"description": ""}, "a": {"description": "again"}}'},
            ("users_info_dict.json", 2),
            "user 'a' is there twice",
        ),
        (
            {"post_data": {**FILES["post_data"], "p3": {"text": NotImplemented}}},
            ("post_data.json", 3),
            "text: Field required",
        ),
    ],
)
def test_bad_entries_are_quarantined(
    tmp_path: Path, changes: dict[str, Any], where: tuple[str, int], reason: str
) -> None:
    """Bad entries are quarantined with file and number, and the others are read."""
    if isinstance(changes.get("post_data"), dict):
        changes["post_data"]["p3"] = {}
    _, bad = read(RfpnSource(folder_of(tmp_path, **changes)))
    assert [(Path(row.source).name, row.row) for row in bad] == [where]
    assert bad[0].reason == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"post_data": None}, "no file post_data.json in it"),
        ({"response_data_balanced_train_anno": None}, "no file response_data_balanced_train_anno.json in it"),
        ({"post_data": "[]"}, "post_data.json: is no JSON object, at character 1"),
        ({"response_data_balanced_test_anno": "{}"}, "test_anno.json: is no JSON list, at character 1"),
        ({"users_history_dict": '{"a": [}'}, "users_history_dict.json: Expecting value, at character 8"),
        ({"users_history_dict": '{"a": []'}, "users_history_dict.json: a comma is missing, at character 9"),
        ({"users_history_dict": '{"a": []} x'}, "something follows the end of the document, at character 11"),
        ({"users_history_dict": '{"a" []}'}, "a key is missing, at character 6"),
        ({"users_history_dict": ""}, "users_history_dict.json: the file is empty"),
        ({"users_history_dict": '{"a": ' + "[" * 100_000}, "nested too deeply or a number too long, at character 7"),
    ],
)
def test_a_folder_that_is_not_of_the_layout_is_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    """A folder of another layout is refused before anything is yielded, with the file and the position in it."""
    with pytest.raises(LoadError) as caught:
        next(RfpnSource(folder_of(tmp_path, **changes)).read(ignore))
    assert reason in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A document that cannot be decoded cannot be read on."""
    folder = folder_of(tmp_path)
    (folder / "post_data.json").write_bytes(b'{"p1": {"text": "\xff"}}')
    with pytest.raises(LoadError, match=r"post_data\.json: not UTF-8"):
        next(RfpnSource(folder).read(ignore))


def test_annotated_user_files_and_numbers_as_ids_are_accepted(tmp_path: Path) -> None:
    """File names of the fork and ids that are numbers are accepted."""
    info = FILES["users_info_dict"]
    rows = [{**response("a", "p1", "t1", "x", 3), "author_id": 17, "tweet_id": 1234567890123456789}]
    source = RfpnSource(
        folder_of(
            tmp_path,
            users_info_dict=None,
            users_info_dict_with_chatgptanno_rf=info,
            response_data_balanced_train_anno=rows,
        )
    )
    assert "17/1234567890123456789" in items(source)


@given(st.lists(JSON, max_size=6), st.sampled_from([None, 1]), st.integers(1, 40))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_document_is_read_entry_by_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[Any], indent: int | None, block: int
) -> None:
    """Entries are those that `json` reads from the entire document, wherever blocks end."""
    monkeypatch.setattr("persona_db.loaders.document._BLOCK", block)
    path = tmp_path / "x.json"
    path.write_text(json.dumps(values, indent=indent, ensure_ascii=False), encoding="utf-8")
    assert [entry.value for entry in entries(path, kind=list)] == values
    named = {f"k\n{number}": value for number, value in enumerate(values)}
    path.write_text("\ufeff" + json.dumps(named, indent=indent), encoding="utf-8")
    assert {entry.key: entry.value for entry in entries(path, kind=dict)} == named


@pytest.mark.shared_data
def test_the_shared_data_are_read_whole(shared_data: Path) -> None:
    """800 history entries and 408 responses of 200 people; 692 held out."""
    source = RfpnSource(shared_data / "chatbot-opinions")
    records, bad = read(source)
    assert [(row.user, "what pandas writes" in row.reason) for row in bad] == [
        ("generation10", True), ("generation26", True), ("generation45", True)
    ]  # fmt: skip
    assert Counter(type(record) for record in records) == {Question: 11, Person: 200, HistoryItem: 1_205}
    assert len(test_answers(source)) == 192 + 500
