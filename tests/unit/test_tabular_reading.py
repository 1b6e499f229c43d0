"""Tables are read whatever their encoding, header, form and missing values, and what cannot be read is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd  # type: ignore[import-untyped]
import polars as pl
import pytest

from persona_db.graph.errors import ConfigError, LoadError
from persona_db.loaders import JsonlSource, TableOptions, from_dataframe, open_source
from persona_db.loaders.rows import ignore
from persona_db.loaders.split import Split
from persona_db.loaders.tabular import mapping_text, open_table, understand_table
from tests.tabular import read, write_csv

TAX = ("id", "tax", "age", "weight")
ROWS = [TAX, ("ann", "agree", 31, 0.5), ("ben", "disagree", 70, 1.5), ("cyd", "agree", 45, 1)]


@pytest.mark.parametrize(
    ("encoding", "delimiter", "name"),
    [("utf-8", ",", "t.csv"), ("utf-8-sig", ";", "t.csv"), ("utf-16", "\t", "t.tsv"), ("cp1252", "|", "t.txt")],
)
def test_any_encoding_and_separator(tmp_path: Path, encoding: str, delimiter: str, name: str) -> None:
    """Letters outside ASCII come through, and the report names what is unusual."""
    rows = [("id", "Café?"), *((f"p{row}", ("très bon", "größer", "naïve")[row % 3]) for row in range(60))]
    source = open_table(write_csv(tmp_path / name, rows, encoding=encoding, delimiter=delimiter))
    found = read(source)
    assert set(found.questions["Café?"].options) == {"très bon", "größer", "naïve"}
    assert len(found.people) == 60
    assert any("encoding" in note for note in source.notes) == (encoding in ("utf-16", "cp1252"))


def test_gzip_and_blank_lines(tmp_path: Path) -> None:
    """A packed table with empty lines has its rows, numbered as lines of the file."""
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"id,tax\n\nann,agree\n\nben,maybe so,x\ncyd,disagree\n"))
    found = read(open_table(path))
    assert sorted(found.people) == ["ann", "cyd"]
    assert found.reasons == [(5, "3 values for 2 columns")]


def test_a_quotation_mark_too_many_costs_one_row(tmp_path: Path) -> None:
    """Rows behind it are read; the row is named."""
    path = tmp_path / "t.csv"
    path.write_text('id,tax,why\nann,agree,x\nben,"agree,x\ncyd,disagree,"a\nb"\ndan,agree,y\n', encoding="utf-8")
    found = read(open_table(path))
    assert sorted(found.people) == ["ann", "cyd", "dan"] or sorted(found.people) == ["ann", "dan"]
    assert found.reasons[0] == (3, "a quotation mark too many")


def test_qualtrics_three_header_rows(tmp_path: Path) -> None:
    """Names, texts and import ids are header; the recorded date is the answers' date."""
    rows = [
        ("StartDate", "ResponseId", "Q1", "Q2"),
        ("Start Date", "Response ID", "Should taxes\nrise?", "<b>How often</b> do you vote?"),
        *[[json.dumps({"ImportId": name}) for name in ("startDate", "_recordId", "QID1", "QID2")]],
        ("2024-05-01 10:00:00", "R_1", "Agree", "Never"),
        ("2024-05-02 10:00:00", "R_2", "Disagree", "Always"),
    ]
    found = read(open_table(write_csv(tmp_path / "t.csv", rows)))
    assert sorted(found.people) == ["R_1", "R_2"]
    assert [one.text for one in found.questions.values()] == ["Should taxes rise?", "How often do you vote?"]
    assert found.items[0].at == "2024-05-01T10:00:00Z"


def test_limesurvey_boxes(tmp_path: Path) -> None:
    """Columns `Q1[SQ001]` with Y or nothing are boxes; what the tool records is not loaded."""
    rows = [("id", "submitdate", "lastpage", "startlanguage", "Q1[SQ001]", "Q1[SQ002]", "Q2")]
    rows += [
        (f"{row}", "2024-05-01 10:00:00", "3", "en", "Y" if row % 2 else "", "" if row % 3 else "Y", "yes")
        for row in range(1, 21)
    ]
    rows += [("99", "", "1", "en", "", "", "no")]
    found = read(open_table(write_csv(tmp_path / "t.csv", rows)))
    assert found.questions.keys() == {"Q1[SQ001]", "Q1[SQ002]", "Q2"}
    assert found.answers["1", "Q1[SQ001]"] == "yes"
    assert found.answers["2", "Q1[SQ001]"] == "no"
    assert found.people["1"].attributes == {}


def test_missing_codes_are_told_from_answers(tmp_path: Path) -> None:
    """Without labels, codes that stand apart from a scale are missing, and the report says so."""
    rows = [("id", "trust"), *((f"p{row}", (1, 2, 3, 4, 5, 8, 9, -1)[row % 8]) for row in range(80))]
    source = open_table(write_csv(tmp_path / "t.csv", rows))
    found = read(source)
    assert found.questions["trust"].options == ("1", "2", "3", "4", "5")
    assert len(found.answers) == 50
    assert "guessed: taken as missing: -1, 8, 9 (trust)" in source.notes


def test_sliders_and_ages_are_cut(tmp_path: Path) -> None:
    """A slider has ten options in order; ages are those of pollsters."""
    rows = [("id", "warmth", "age"), *((f"p{row:03}", row, 18 + row % 70) for row in range(101))]
    found = read(open_table(write_csv(tmp_path / "t.csv", rows)))
    warmth = found.questions["warmth"]
    assert warmth.options[0] == "0-10"
    assert warmth.options[-1] == "91-100"
    assert warmth.ordinal == tuple(range(1, 11))
    assert [found.answers[f"p{row:03}", "warmth"] for row in (0, 10, 11, 100)] == ["0-10", "0-10", "11-20", "91-100"]
    assert {person.attributes["age"] for person in found.people.values()} == {"18-29", "30-49", "50-64", "65+"}


def test_several_options_in_a_cell(tmp_path: Path) -> None:
    """Each option is a yes/no question; a blank cell was not asked."""
    cells = ["tea;coffee", "tea", "milk; tea", "", "coffee;milk", "milk"]
    rows = [("id", "drinks"), *((f"p{row}", cells[row % 6]) for row in range(30))]
    found = read(open_table(write_csv(tmp_path / "t.csv", rows)))
    assert list(found.questions) == ["drinks: coffee", "drinks: milk", "drinks: tea"]
    assert [found.answers["p0", f"drinks: {one}"] for one in ("coffee", "milk", "tea")] == ["yes", "no", "yes"]
    assert ("p3", "drinks: tea") not in found.answers


def test_long_form_needs_no_word(tmp_path: Path) -> None:
    """A table of ratings, a row a rating: items are questions, ratings their options in order."""
    rows = [("userId", "movieId", "title", "rating", "timestamp"),
            *((user, movie, f"Film {movie}", (user + movie // 10) % 5 + 0.5, 1_700_000_000 + user)
              for user in range(1, 9) for movie in (10, 20, 30))]  # fmt: skip
    rows += [(8, 10, "Film 10", 2.5, 1_700_000_008), (2, 10, "Film 10", "great", 1_700_000_002)]
    found = read(open_table(write_csv(tmp_path / "ratings.csv", rows)))
    assert {id_: one.text for id_, one in found.questions.items()} == {
        "10": "Film 10",
        "20": "Film 20",
        "30": "Film 30",
    }
    assert found.questions["10"].options == ("0.5", "1.5", "2.5", "3.5", "4.5")
    assert len(found.answers) == 24
    assert found.items[0].at.startswith("2023-11-14")
    assert [row for row, _ in found.reasons] == [26, 27]


def test_the_same_question_in_two_waves_is_two_answers(tmp_path: Path) -> None:
    """A wave per file, a wave column, or dates tell the answers apart; without any, the second is refused."""
    path = write_csv(tmp_path / "t.csv", ROWS)
    ids = [
        {item.id for item in read(open_table(path, options=TableOptions(wave=wave))).items} for wave in ("2020", "2024")
    ]
    assert len(ids[0] | ids[1]) == 6
    panel = [("id", "wave", "tax"), ("ann", "2020", "agree"), ("ann", "2024", "disagree"), ("ben", "2020", "agree")]
    found = read(open_table(write_csv(tmp_path / "p.csv", panel)))
    assert sorted((item.user, item.at, item.option) for item in found.items) == [
        ("ann", "2020-01-01", 0), ("ann", "2024-01-01", 1), ("ben", "2020-01-01", 0),
    ]  # fmt: skip
    twice = [("id", "tax"), ("ann", "agree"), ("ann", "disagree"), ("ben", "agree")]
    found = read(open_table(write_csv(tmp_path / "q.csv", twice)))
    assert found.reasons == [(3, "respondent 'ann' was read before; that one is kept")]


def test_another_wave_may_lack_options(tmp_path: Path) -> None:
    """Answers of a wave in which nobody chose an option are read by the options that are stored."""
    first = open_table(
        write_csv(tmp_path / "a.csv", [("id", "tax"), ("ann", "agree"), ("ben", "disagree"), ("cyd", "neither")])
    )
    second = open_table(
        write_csv(tmp_path / "b.csv", [("id", "tax"), ("ann", "disagree"), ("ben", "agree"), ("cyd", "agree")])
    )
    stored = read(first).questions
    second.know(stored.values())
    found = read(second)
    assert found.questions == stored
    assert found.answers["ann", "tax"] == "disagree"


def test_bad_cells_are_named_and_the_rest_of_the_row_is_read(tmp_path: Path) -> None:
    """A weight that is none, an age that is no number, nobody's row: each is said."""
    rows = [*ROWS, *((f"p{row}", "agree" if row % 2 else "disagree", 30 + row, 1) for row in range(60)),
            ("dan", "agree", "old", -3), ("", "agree", 30, 1)]  # fmt: skip
    found = read(open_table(write_csv(tmp_path / "t.csv", rows), options=TableOptions(weight=("weight",))))
    assert found.people["ann"].weight == 0.5
    assert found.people["dan"].weight is None
    assert found.answers["dan", "tax"] == "agree"
    assert found.reasons == [
        (65, "'age': 'old' is no number"),
        (65, "weight '-3' is no number from 0 up"),
        (66, "nobody is named"),
    ]


def test_a_rare_word_that_no_scale_has_is_refused(tmp_path: Path) -> None:
    """A slip among answers of a known scale does not become an option; a spelling does not either."""
    rows = [
        ("id", "tax"),
        *((f"p{row}", ("Agree", "Disagree", "agree ")[row % 3]) for row in range(90)),
        ("x", "Agrxe"),
    ]
    found = read(open_table(write_csv(tmp_path / "t.csv", rows)))
    assert found.questions["tax"].options == ("Agree", "Disagree")
    assert found.reasons == [(92, "'tax': 'Agrxe' is no option")]


def test_frames_of_pandas_and_polars_are_the_same_as_the_file(tmp_path: Path) -> None:
    """A data frame gives what its file gives, categories and missing values included."""
    path = write_csv(tmp_path / "t.csv", ROWS)
    expected = read(open_table(path))
    frame = pd.read_csv(path)
    frame["tax"] = frame["tax"].astype("category")
    for given in (frame, pl.read_csv(path), pl.read_csv(path).to_arrow()):
        found = read(from_dataframe(given))
        assert (found.questions, found.people, found.answers) == (expected.questions, expected.people, expected.answers)
    mixed = pd.DataFrame({"id": ["a", "b", "c"], "tax": ["yes", None, 1.0]})
    assert read(from_dataframe(mixed)).answers["a", "tax"] == "yes"
    with pytest.raises(LoadError, match="dict is no data frame of pandas or polars"):
        from_dataframe({})


@pytest.mark.parametrize("ending", ["parquet", "feather", "xlsx", "sav", "dta"])
def test_other_formats_are_the_same_as_csv(tmp_path: Path, ending: str) -> None:
    """What pandas and pyreadstat write is read back."""
    import pyreadstat

    expected = read(open_table(write_csv(tmp_path / "t.csv", ROWS)))
    frame = pd.DataFrame(ROWS[1:], columns=list(TAX))
    path = tmp_path / f"t.{ending}"
    match ending:
        case "parquet":
            frame.to_parquet(path)
        case "feather":
            frame.to_feather(path)
        case "xlsx":
            frame.to_excel(path, index=False)
        case "sav":
            pyreadstat.write_sav(frame, path)
        case _:
            pyreadstat.write_dta(frame, path)
    found = read(open_table(path))
    assert (found.questions, found.people, found.answers) == (expected.questions, expected.people, expected.answers)


def test_what_is_no_table_is_refused_in_a_line(tmp_path: Path) -> None:
    """Each says what is wrong and, where it helps, what to do."""
    for name, content, message in (
        ("a.parquet", b"PAR1 no", "cannot be read"),
        ("a.xlsx", b"PK no", "is no Excel workbook"),
        ("a.sav", b"$FL2 no", "cannot be read"),
        ("a.dta", b"no", "cannot be read"),
        ("a.feather", b"no", "cannot be read"),
        ("a.csv", b"\n\n", "the file is empty"),
        ("b.csv", b"id,tax\n", "has no rows"),
        ("a.doc", b"no", "is no table that can be read; its name should end in one of .csv"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(LoadError, match=message):
            open_table(path)
    with pytest.raises(LoadError, match="no such file"):
        open_table(tmp_path / "nothing.csv")


def test_jsonl_of_a_table_points_to_load_table(tmp_path: Path) -> None:
    """Whoever gives a table to the wrong format is told the right one."""
    path = write_csv(tmp_path / "t.csv", ROWS)
    with pytest.raises(LoadError, match="a table is loaded with `persona-db load table "):
        list(JsonlSource([path]).read(ignore))


def test_ids_are_stored_in_one_form_of_unicode(tmp_path: Path) -> None:
    """An accent typed on its own is the letter with the accent, and the report can say so."""
    source = open_table(write_csv(tmp_path / "t.csv", [("id", "tax"), ("Zoe\u0308", "agree"), ("ben", "disagree")]))
    assert sorted(read(source).people) == ["Zo\u00eb", "ben"]
    assert source.counts.composed == {"Zo\u00eb"}


def test_a_split_holds_answers_out(tmp_path: Path) -> None:
    """As with every source: only history is read, and what is held out is what is to be predicted."""
    path = write_csv(tmp_path / "t.csv", ROWS)
    split = Split([("ann", "tax", "history"), ("ben", "tax", "test")])
    source = open_source("table", [path], split=[split])
    assert read(source).answers == {("ann", "tax"): "agree"}
    assert (source.counts.skipped_test, source.counts.not_in_split) == (1, 1)
    assert [(held.user, held.question) for held in source.test_answers(ignore)] == [("ben", "tax")]


def test_what_is_no_opinion_counts_once_with_a_split(tmp_path: Path) -> None:
    """What is held out is looked for first, in a reading that counts nothing."""
    path = write_csv(tmp_path / "t.csv", [*ROWS, ("dan", "don't know", 20, 1)])
    alone = open_table(path)
    read(alone)
    source = open_source("table", [path], split=[Split([("ann", "tax", "history"), ("ben", "tax", "test")])])
    read(source)
    assert source.counts.refused == alone.counts.refused == 1


def test_the_mapping_of_a_preview_reads_the_same(tmp_path: Path) -> None:
    """Given back unedited it changes nothing; edited, it is what counts."""
    path = write_csv(tmp_path / "t.csv", [*ROWS, ("dan", "don't know", 20, 1)])
    understood = understand_table(path)
    mapping = tmp_path / "map.toml"
    mapping.write_text(text := mapping_text(understood.plan, understood.profiles), encoding="utf-8")
    expected = read(open_table(path))
    found = read(open_table(path, options=TableOptions(map=mapping)))
    assert (found.questions, found.people, found.items) == (expected.questions, expected.people, expected.items)
    mapping.write_text(
        text.replace('options = ["agree", "disagree"]', 'options = ["disagree", "agree"]'), encoding="utf-8"
    )
    assert read(open_table(path, options=TableOptions(map=mapping))).questions["tax"].options == ("disagree", "agree")
    mapping.write_text(text.replace('scale = ["agree", "disagree"]', 'scale = ["agree", "sure"]'), encoding="utf-8")
    with pytest.raises(LoadError, match="column 'tax': 'sure' is on the scale and no option"):
        open_table(path, options=TableOptions(map=mapping))


def test_columns_are_named_by_name_pattern_or_place(tmp_path: Path) -> None:
    """Options say what no guess needs to find out; a column that is not there is named."""
    rows = [("code", "q_a", "q_b", "town", "n"), *((row, row % 2, row % 3, f"t{row % 2}", row) for row in range(1, 31))]
    path = write_csv(tmp_path / "t.csv", rows)
    options = TableOptions(
        user=("1",), questions=("q_*",), attributes=("town",), scale=("q_b=2 < 1 < 0",), missing=("q_a=1",)
    )
    found = read(open_table(path, options=options))
    assert set(found.questions) == {"q_a", "q_b"}
    assert found.questions["q_b"].options == ("2", "1", "0")
    assert {answer for (_, question), answer in found.answers.items() if question == "q_a"} == {"no"}
    assert found.people["1"].attributes == {"town": "t1"}
    with pytest.raises(ConfigError, match="--user: no column 'nobody'; there are code, q_a, q_b, town, n"):
        open_table(path, options=TableOptions(user="nobody"))
