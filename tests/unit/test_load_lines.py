"""Any bytes at all are read line by line and row by row: what cannot be is told with file, row and reason."""

from __future__ import annotations

import csv
import gzip
import io
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_db.graph.errors import LoadError
from persona_db.graph.models import QuarantinedRow
from persona_db.loaders.lines import MAX_LINE, check_file, numbered_lines
from persona_db.loaders.rows import ignore
from persona_db.loaders.table import Table

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)


def table_rows(path: Path) -> tuple[list[tuple[int, list[str]]], list[QuarantinedRow]]:
    bad: list[QuarantinedRow] = []
    return list(Table(path, required=("a",)).rows(bad.append)), bad


def test_lines_have_their_numbers_and_problems(tmp_path: Path) -> None:
    """Good lines come with number and text, bad lines with number and reason."""
    path = tmp_path / "x.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\n" + b"\xff\xfe\n" + b"nul\0\n" + b"x" * (MAX_LINE + 5) + b"\nlast")
    lines = list(numbered_lines(path))
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    assert (lines[0].text, lines[4].text) == ("one\r\n", "last")
    assert [line.problem for line in lines] == [
        "",
        "not UTF-8 (byte 1 of the line)",
        "holds a NUL character",
        "the line is longer than 1 MB",
        "",
    ]


def test_a_10_mb_line_is_never_in_memory(tmp_path: Path) -> None:
    """A line beyond the limit is skipped in blocks."""
    path = tmp_path / "x.txt"
    path.write_bytes(b"x" * 10_000_000 + b"\nok\n")
    tracemalloc.start()
    try:
        lines = list(numbered_lines(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [(line.number, line.problem) for line in lines] == [(1, "the line is longer than 1 MB"), (2, "")]
    assert peak < 3 * MAX_LINE


def test_gzip_is_seen_by_its_content(tmp_path: Path) -> None:
    """A gzip file is unpacked whatever its name, and a plain one is read even if it is called .gz."""
    packed, plain = tmp_path / "packed.txt", tmp_path / "plain.gz"
    packed.write_bytes(gzip.compress(b"a\nb\n", mtime=0))
    plain.write_bytes(b"a\nb\n")
    for path in (packed, plain):
        check_file(path)
        assert [line.text for line in numbered_lines(path)] == ["a\n", "b\n"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\n \n", "the file is empty"),
        ("a,b\n1,2\n".encode("utf-16"), "the file is UTF-16; save it as UTF-8"),
        (gzip.compress(b"a,b\n" * 10_000, mtime=0)[:-9], "the gzip file is damaged or cut off"),
        (b"\x1f\x8bnot really", "the gzip file is damaged or cut off"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path, content: bytes, reason: str) -> None:
    """A file that cannot be read is refused by name before any line of it is yielded."""
    path = tmp_path / "answers.csv"
    path.write_bytes(content)
    with pytest.raises(LoadError, match=reason) as caught:
        check_file(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    """A missing file and a folder are refused, each with its own reason."""
    with pytest.raises(LoadError, match="no such file"):
        check_file(tmp_path / "absent.csv")
    with pytest.raises(LoadError, match="is a folder; give a file"):
        check_file(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"b,c\n1,2\n", "row 1: no column a; found b, c"),
        (b"a,b,a\n1,2,3\n", "row 1: column 'a' is there twice"),
        (b"a,\xff\n1,2\n", "row 1: the header cannot be read: not UTF-8"),
        (b'"a,b\n1,2\n', "row 1: the header is not CSV"),
        (b"a" * (MAX_LINE + 1), "row 1: the header cannot be read: the line is longer than 1 MB"),
    ],
)
def test_a_wrong_header_is_refused_before_any_row(tmp_path: Path, content: bytes, reason: str) -> None:
    """The message names the file, the row and what is missing."""
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(LoadError, match=reason):
        Table(path, required=("a",))


def test_bad_rows_are_quarantined_and_the_others_read(tmp_path: Path) -> None:
    """Rows keep the number of their first line, whatever stands between them."""
    path = tmp_path / "t.csv"
    path.write_bytes(
        b'a,b\n1,2\n3\n\n4,\xff\n"5\n5",6\n7,"8\n\xfe\n8"\n' + b"9," + b"x" * 200_000 + b'\n10,11\n12,"13\n'
    )
    rows, bad = table_rows(path)
    assert rows == [(2, ["1", "2"]), (6, ["5\n5", "6"]), (12, ["10", "11"])]
    assert [(row.row, row.reason) for row in bad] == [
        (3, "1 values for 2 columns"),
        (5, "not UTF-8 (byte 3 of the line)"),
        (9, "not UTF-8 (byte 1 of the line)"),
        (8, "a line of the row cannot be read"),
        (11, "not CSV: field larger than field limit (131072)"),
        (13, "not CSV: unexpected end of data"),
    ]
    assert {row.source for row in bad} == {str(path)}


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_csv_writes_comes_back(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    """Quotes, commas, line breaks and control characters in cells are data."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("a", "b"), *rows])
    path = tmp_path / "t.csv"
    path.write_bytes(text.getvalue().encode())
    read = [tuple(row) for _, row in Table(path, required=("a", "b")).rows(ignore)]
    assert read == rows


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_rows_quarantine_or_a_load_error(tmp_path: Path, content: bytes) -> None:
    """Any bytes give rows, quarantined rows or a LoadError, and no other exception."""
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n" + content)
    rows, _ = table_rows(path)
    assert all(len(row) == 2 for _, row in rows)
    path.write_bytes(content)
    with suppress(LoadError):
        table_rows(path)
