"""Damaged tables: 2,000 mutated rows and cells raise nothing but our own errors, and every lost row is named."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest

from persona_db.graph.errors import PersonaDBError
from persona_db.loaders.tabular import open_table
from tests.tabular import read, write_csv

JUNK = (
    b",", b'"', b'"",', b'"a', b"\x00", b"\xff", b"\xc3\x28", b"x" * 3_000, b"=1+1", b"1e309", b"-0", b"NaN", b"null",
    "☃".encode(), b";", b"|", b"\t", b"\r", b"9999-99-99", b"<b>x</b>", "\u202e".encode(), b"12345678901234567890",
)  # fmt: skip
ANSWERS = ("strongly agree", "agree", "neither agree nor disagree", "disagree", "strongly disagree", "don't know", "")
FILES = 40
MUTATED = 50


def healthy(rng: random.Random) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [("id", "when", "weight", "gender", *(f"q{place}" for place in range(8)), "why")]
    for person in range(300):
        answers = [rng.choice(ANSWERS) for _ in range(8)]
        rows.append(
            (f"p{person:03}", "2024-05-01", 1.5, rng.choice(("Male", "Female")), *answers, f"because, {person}")
        )
    return rows


def mutated(line: bytes, rng: random.Random) -> bytes:
    match rng.randrange(5):
        case 0:
            return line[: rng.randrange(len(line) + 1)]
        case 1:
            at = rng.randrange(len(line) + 1)
            return line[:at] + rng.choice(JUNK) + line[at:]
        case 2:
            cells = line.split(b",")
            cells[rng.randrange(len(cells))] = rng.choice(JUNK)
            return b",".join(cells)
        case 3:
            return bytes(rng.randrange(256) for _ in range(rng.randint(1, 90))).replace(b"\n", b"")
        case _:
            return line + b"," + rng.choice(JUNK)


@pytest.mark.parametrize("seed", range(FILES))
def test_mutated_rows_are_read_or_named(tmp_path: Path, seed: int) -> None:
    """Of 50 mutated rows a file, whoever is not loaded has a row in quarantine; all the others are there, whole."""
    rng = random.Random(seed)
    path = write_csv(tmp_path / "t.csv", healthy(rng))
    lines = path.read_bytes().split(b"\r\n")
    places = rng.sample(range(1, 301), MUTATED)
    for place in places:
        lines[place] = mutated(lines[place], rng)
    path.write_bytes(b"\r\n".join(lines))
    found = read(open_table(path))
    whole = [f"p{person:03}" for person in range(300) if person + 1 not in places]
    assert set(whole) - set(found.people) == set()
    named = {row.row for row in found.bad}
    lost = [place for place in places if f"p{place - 1:03}" not in found.people]
    # a lone carriage return ends a line, so that rows behind it have higher numbers
    assert len(lost) <= sum(1 for row in named) + sum(lines[place].strip(b'\r\n, "\x00') == b"" for place in lost)
    assert all(row.row > 0 and row.reason for row in found.bad)


def test_a_mutated_header_is_read_or_refused(tmp_path: Path) -> None:
    """Whatever the first line is, nothing but our own error comes of it."""
    for seed in range(60):
        rng = random.Random(seed)
        path = write_csv(tmp_path / "t.csv", healthy(rng)[:40])
        lines = path.read_bytes().split(b"\r\n")
        lines[0] = mutated(lines[0], rng)
        path.write_bytes(b"\r\n".join(lines))
        with suppress(PersonaDBError):
            read(open_table(path))


@pytest.mark.parametrize("name", ["gss-part.sav", "gss-part.dta", "gss-part.parquet", "gss-part.xlsx", "sample.dta"])
@pytest.mark.shared_data
def test_damaged_binary_files_are_read_or_refused(shared_data: Path, tmp_path: Path, name: str) -> None:
    """Bytes changed or cut off anywhere: the file is refused in a line, before anything of it is yielded, or read."""
    content = (shared_data / "tables" / name).read_bytes()
    for seed in range(12):
        rng = random.Random(seed)
        damaged = bytearray(content[: rng.randrange(len(content))] if seed % 2 else content)
        for _ in range(rng.randint(1, 40)):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path = tmp_path / name
        path.write_bytes(bytes(damaged))
        with suppress(PersonaDBError):
            read(open_table(path))
