"""Voteview's own files: any congress and chamber, and nothing in them that gives a vote away."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from importlib.resources import files
from pathlib import Path

import pytest

from persona_db.graph.errors import LoadError
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question
from persona_db.loaders.rows import ignore
from persona_db.loaders.senate import SenateSource
from persona_db.loaders.source import HeldOut, Record, test_answers
from persona_db.loaders.split import Split
from tests.mutations import mutated

MEMBER_COLUMNS = (
    "congress", "chamber", "icpsr", "state_icpsr", "district_code", "state_abbrev", "party_code", "occupancy",
    "last_means", "bioname", "bioguide_id", "born", "died", "nominate_dim1", "nominate_dim2",
    "nominate_log_likelihood", "nominate_geo_mean_probability", "nominate_number_of_votes",
    "nominate_number_of_errors", "conditional", "nokken_poole_dim1", "nokken_poole_dim2",
)  # fmt: skip
ROLLCALL_COLUMNS = (
    "congress", "chamber", "rollnumber", "date", "session", "clerk_rollnumber", "yea_count", "nay_count",
    "nominate_mid_1", "nominate_mid_2", "nominate_spread_1", "nominate_spread_2", "nominate_log_likelihood",
    "bill_number", "vote_result", "vote_desc", "vote_question", "dtl_desc",
)  # fmt: skip
VOTE_COLUMNS = ("congress", "chamber", "rollnumber", "icpsr", "cast_code", "prob")
_CODES = {"R": "200", "D": "100", "Indep": "328"}


def table(columns: tuple[str, ...], *rows: dict[str, object]) -> str:
    """A CSV table in these columns; cells that are not given are empty."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def member(icpsr: int, name: str, *, chamber: str = "Senate", state: str = "AL", party: int = 200) -> dict[str, object]:
    return {
        "congress": 117, "chamber": chamber, "icpsr": icpsr, "state_abbrev": state, "party_code": party,
        "bioname": name, "nominate_dim1": 0.777,
    }  # fmt: skip


def rollcall(number: int, **more: object) -> dict[str, object]:
    return {
        "congress": 117, "chamber": "Senate", "rollnumber": number, "date": "2021-01-26", "session": 1,
        "clerk_rollnumber": number, "yea_count": 84, "nay_count": 15, "bill_number": "PN78",
        "vote_result": "Nomination Confirmed", "vote_desc": "Antony Blinken, to be Secretary",
        "vote_question": "On the Nomination", **more,
    }  # fmt: skip


def vote(icpsr: int, number: int, code: object, chamber: str = "Senate") -> dict[str, object]:
    return {
        "congress": 117, "chamber": chamber, "rollnumber": number, "icpsr": icpsr, "cast_code": code, "prob": 98.7,
    }  # fmt: skip


MEMBERS = table(
    MEMBER_COLUMNS,
    member(41705, "TUBERVILLE, Thomas Hawley (Tommy)"),
    member(29534, "SANDERS, Bernard", state="VT", party=328),
    member(99912, "BIDEN, Joseph Robinette, Jr.", chamber="President", state="USA", party=100),
)
ROLLCALLS = table(ROLLCALL_COLUMNS, rollcall(1), rollcall(2, session="", clerk_rollnumber="", bill_number=""))
VOTES = table(
    VOTE_COLUMNS,
    vote(41705, 1, 6), vote(29534, 1, 1), vote(99912, 1, 3), vote(41705, 2, 9), vote(29534, 2, 4), vote(99912, 2, 0),
)  # fmt: skip


def folder_of(
    path: Path, *, members: str = MEMBERS, rollcalls: str = ROLLCALLS, votes: str = VOTES, prefix: str = "S117_"
) -> Path:
    for name, text in (("members", members), ("rollcalls", rollcalls), ("votes", votes)):
        (path / f"{prefix}{name}.csv").write_text(text, encoding="utf-8")
    return path


def read(source: SenateSource) -> tuple[list[Record], list[QuarantinedRow]]:
    bad: list[QuarantinedRow] = []
    return list(source.read(bad.append)), bad


def cast(records: list[Record]) -> list[tuple[str, str, int]]:
    return [(one.user, one.question or "", one.option or 0) for one in records if isinstance(one, HistoryItem)]


@pytest.mark.parametrize("prefix", ["S117_", "HS117_", "HSall_", ""])
def test_members_rollcalls_and_votes_are_read(tmp_path: Path, prefix: str) -> None:
    """Codes 1 to 3 are Yea, 4 to 6 Nay, 7 to 9 no vote, and 0 is no member; results and estimates are not read."""
    source = SenateSource(folder_of(tmp_path, prefix=prefix))
    records, bad = read(source)
    assert bad == []
    assert records[:2] == [
        Question(
            id="s117-1-0001", text="On the Nomination (PN78): Antony Blinken, to be Secretary", options=("Nay", "Yea"),
            ordinal=(0.0, 1.0), kind="rollcall", at="2021-01-26",
        ),
        Question(
            id="s117-0002", text="On the Nomination: Antony Blinken, to be Secretary", options=("Nay", "Yea"),
            ordinal=(0.0, 1.0), kind="rollcall", at="2021-01-26",
        ),
    ]  # fmt: skip
    assert records[2:5] == [
        Person(
            id="TUBERVILLE (R AL)", name="TUBERVILLE, Thomas Hawley (Tommy)",
            attributes={"PARTY": "Republican", "STATE": "AL"},
        ),
        Person(id="SANDERS (Indep VT)", name="SANDERS, Bernard", attributes={"PARTY": "Independent", "STATE": "VT"}),
        Person(
            id="BIDEN (D USA)", name="BIDEN, Joseph Robinette, Jr.", attributes={"PARTY": "Democrat", "STATE": "USA"}
        ),
    ]  # fmt: skip
    assert cast(records) == [
        ("TUBERVILLE (R AL)", "s117-1-0001", 0), ("SANDERS (Indep VT)", "s117-1-0001", 1),
        ("BIDEN (D USA)", "s117-1-0001", 1), ("SANDERS (Indep VT)", "s117-0002", 0),
    ]  # fmt: skip
    assert source.counts.refused == 1
    everything = " ".join(str(record) for record in records)
    assert not any(secret in everything for secret in ("Confirmed", "84", "0.777", "98.7"))
    split = Split([("SANDERS (Indep VT)", "s117-0002", "test")])
    assert test_answers(SenateSource(tmp_path, split=split)) == [
        HeldOut("SANDERS (Indep VT)", "s117-0002", 0, "2021-01-26")
    ]


REAL_MEMBERS = (
    "congress,chamber,icpsr,state_icpsr,district_code,state_abbrev,party_code,occupancy,last_means,bioname,bioguide_id,"
    "born,died,nominate_dim1,nominate_dim2,nominate_log_likelihood,nominate_geo_mean_probability,"
    "nominate_number_of_votes,nominate_number_of_errors,conditional,nokken_poole_dim1,nokken_poole_dim2"
)
REAL_ROLLCALLS = (
    "congress,chamber,rollnumber,date,session,clerk_rollnumber,yea_count,nay_count,nominate_mid_1,nominate_mid_2,"
    "nominate_spread_1,nominate_spread_2,nominate_log_likelihood,bill_number,vote_result,vote_desc,vote_question,dtl_desc"
)
REAL_VOTES = "congress,chamber,rollnumber,icpsr,cast_code,prob"
"""The header lines of HSall_members.csv, HSall_rollcalls.csv and HSall_votes.csv as voteview.com has had them."""


@pytest.mark.parametrize("newer", [False, True])
def test_the_real_header_lines_are_read(tmp_path: Path, newer: bool) -> None:
    """Of 2026, with the majority that is needed, and of the years before; years of birth are written as numbers are."""
    rollcalls = REAL_ROLLCALLS.replace(",yea_count", ",majority_requirement,yea_count") if newer else REAL_ROLLCALLS
    needed = "1/2," if newer else ""
    folder_of(
        tmp_path,
        prefix="HSall_",
        members=f"{REAL_MEMBERS}\n"
        '1,President,99869,99,0,USA,5000,,,"WASHINGTON, George",,,,,,,,,,,,\n'
        '1,House,4766,1,98,CT,5000,,,"HUNTINGTON, Benjamin",H000995,1736.0,1800.0,,,,,,,,,\n'
        '1,House,8457,1,98,CT,5000,,,"SHERMAN, Roger",S000349,1721.0,1793.0,0.589,0.307,,,,,,,\n',
        rollcalls=f"{rollcalls}\n"
        f"1,House,1,1789-05-16,,,{needed}9,2,0.5,0.1,0.2,0.3,-1.5,HR2,,,,TO POSTPONE THE TONNAGE DUTIES.\n",
        votes=f"{REAL_VOTES}\n1,House,1,4766,1,99.9\n1,House,1,8457,6,71.0\n",
    )
    records, bad = read(SenateSource(tmp_path))
    assert bad == []
    assert [(one.id, one.at, one.text) for one in records if isinstance(one, Question)] == [
        ("h1-0001", "1789-05-16", "(HR2): TO POSTPONE THE TONNAGE DUTIES.")
    ]
    assert [one.attributes for one in records if isinstance(one, Person)] == [
        {"PARTY": "5000", "STATE": state} for state in ("USA", "CT", "CT")
    ]
    assert cast(records) == [("HUNTINGTON (5000 CT 4766)", "h1-0001", 1), ("SHERMAN (5000 CT 8457)", "h1-0001", 0)]


def test_both_chambers_and_several_congresses_are_one_reading(tmp_path: Path) -> None:
    """Ids of House members have their ICPSR number; who served in both is one person; files are read together."""
    members = table(
        MEMBER_COLUMNS,
        member(1, "LEE, Ann", chamber="House"), member(2, "LEE, Bob", chamber="House"), member(3, "KIM, Cy"),
        member(3, "KIM, Cy", chamber="House"), member(4, "KIM, Di"), member(5, "CLAY, Ed", party=29),
    )  # fmt: skip
    rollcalls = table(
        ROLLCALL_COLUMNS, rollcall(1), rollcall(1, chamber="House", vote_desc="", dtl_desc="TO PASS H. R. 1."),
    )  # fmt: skip
    votes = table(VOTE_COLUMNS, vote(1, 1, 1, "House"), vote(3, 1, 1, "House"), vote(3, 1, 6), vote(4, 1, 1.0))
    folder_of(tmp_path, members=members, rollcalls=rollcalls, votes=votes, prefix="HS117_")
    folder_of(
        tmp_path, prefix="S116_", members=MEMBERS.replace("117,", "116,"), rollcalls=ROLLCALLS.replace("117,", "116,"),
        votes=VOTES.replace("117,", "116,"),
    )  # fmt: skip
    records, bad = read(SenateSource(tmp_path))
    assert bad == []
    assert [one.id for one in records if isinstance(one, Question)] == [
        "s117-1-0001", "h117-1-0001", "s116-1-0001", "s116-0002",
    ]  # fmt: skip
    people = {one.id: one.attributes for one in records if isinstance(one, Person)}
    assert list(people)[:5] == ["LEE (R AL 1)", "LEE (R AL 2)", "KIM (R AL 3)", "KIM (R AL 4)", "CLAY (29 AL)"]
    assert people["KIM (R AL 3)"] == {"PARTY": "Republican", "STATE": "AL", "CHAMBER": "House and Senate"}
    assert [one.text for one in records if isinstance(one, Question)][1].endswith(": TO PASS H. R. 1.")
    assert ("KIM (R AL 3)", "s117-1-0001", 0) in cast(records)
    assert ("KIM (R AL 3)", "h117-1-0001", 1) in cast(records)


def row(columns: tuple[str, ...], values: dict[str, object]) -> str:
    return table(columns, values).split("\n", 1)[1]


@pytest.mark.parametrize(
    ("changes", "where", "reason"),
    [
        ({"votes": VOTES + row(VOTE_COLUMNS, vote(7, 1, 1))}, ("votes", 8), "no member '7'"),
        ({"votes": VOTES + row(VOTE_COLUMNS, vote(29534, 9, 1))}, ("votes", 8), "no roll call '117 s 9'"),
        ({"votes": VOTES + row(VOTE_COLUMNS, vote(29534, 1, "Yea"))}, ("votes", 8), "cast_code is 'Yea', not 0 to 9"),
        ({"votes": VOTES + row(VOTE_COLUMNS, vote(29534, 1, 6))}, ("votes", 8), "'29534' voted Yea on it"),
        ({"votes": VOTES + row(VOTE_COLUMNS, vote(1, 1, 1, "Duma"))}, ("votes", 8), "chamber is 'Duma', not House"),
        ({"members": MEMBERS + row(MEMBER_COLUMNS, member(29534, "X"))}, ("members", 5), "icpsr 29534 is that of"),
        ({"members": MEMBERS + row(MEMBER_COLUMNS, member(5, ""))}, ("members", 5), "bioname is empty"),
        ({"rollcalls": ROLLCALLS + row(ROLLCALL_COLUMNS, rollcall(1))}, ("rollcalls", 4), "roll call s117-1-0001 is"),
        (
            {"rollcalls": ROLLCALLS + row(ROLLCALL_COLUMNS, rollcall(3, date="soon"))},
            ("rollcalls", 4), "date is no ISO 8601",
        ),
        (
            {"rollcalls": ROLLCALLS + row(ROLLCALL_COLUMNS, rollcall(3, vote_question="", vote_desc="NA"))},
            ("rollcalls", 4), "vote_question, vote_desc and dtl_desc are empty",
        ),
    ],
)  # fmt: skip
def test_bad_rows_are_quarantined(tmp_path: Path, changes: dict[str, str], where: tuple[str, int], reason: str) -> None:
    """Bad rows are quarantined with file and number, and the good ones are read."""
    records, bad = read(SenateSource(folder_of(tmp_path, **changes)))
    assert len(cast(records)) == 4
    assert [(Path(one.source).name, one.row) for one in bad] == [(f"S117_{where[0]}.csv", where[1])]
    assert bad[0].reason.startswith(reason)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """With what Voteview calls it, before anything is yielded; a column too."""
    folder_of(tmp_path)
    (tmp_path / "S117_votes.csv").unlink()
    with pytest.raises(LoadError, match=r"no file that ends in votes\.csv; Voteview's are S109_members\.csv"):
        next(SenateSource(tmp_path).read(ignore))
    folder_of(tmp_path, votes="congress,icpsr\n")
    with pytest.raises(LoadError, match=r"S117_votes\.csv, row 1: no column chamber, rollnumber, cast_code"):
        next(SenateSource(tmp_path).read(ignore))


def test_any_mutation_of_rows_is_read_or_told(tmp_path: Path) -> None:
    """2,000 mutated rows: no exception, every item on a member and a roll call, bad rows with file and number."""
    draw = random.Random(20)
    for seed in range(500):
        texts = [mutated(text, draw, rows=n) for text, n in ((MEMBERS, 1), (ROLLCALLS, 1), (VOTES, 2))]
        folder = tmp_path / str(seed % 7)
        folder.mkdir(exist_ok=True)
        for name, text in zip(("members", "rollcalls", "votes"), texts, strict=True):
            (folder / f"S117_{name}.csv").write_bytes(text)
        bad: list[QuarantinedRow] = []
        try:
            records = list(SenateSource(folder).read(bad.append))
        except LoadError:
            continue  # no roll call is left
        asked = {one.id for one in records if isinstance(one, Question)}
        people = {one.id for one in records if isinstance(one, Person)}
        assert all(
            user in people and question in asked and option in (0, 1) for user, question, option in cast(records)
        )
        assert all(one.row > 0 and one.reason and Path(one.source).parent == folder for one in bad)


def test_the_bundled_senate_in_voteview_s_files_is_the_same(tmp_path: Path) -> None:
    """Written as Voteview has it and read back: the same roll calls by id, labels and votes, and the same people."""
    packed = files("persona_db.samples").joinpath("senate109.json.gz").read_bytes()
    document = json.loads(gzip.decompress(packed))
    members = [
        {"congress": 109, "chamber": "Senate", "icpsr": icpsr, "state_abbrev": state, "party_code": _CODES[party],
         "bioname": f"{name.partition(' (')[0]}, X"}
        for name, state, party, icpsr in document["members"]
    ]  # fmt: skip
    rollcalls = [
        {"congress": 109, "chamber": "Senate", "rollnumber": place, "date": when, "session": session,
         "clerk_rollnumber": number, "bill_number": "" if bill == "n/a" else bill, "vote_question": question,
         "vote_desc": description}
        for place, (when, session, number, bill, question, description) in enumerate(document["rollcalls"], start=1)
    ]  # fmt: skip
    votes = [
        {"congress": 109, "chamber": "Senate", "rollnumber": place, "icpsr": one["icpsr"], "cast_code": code}
        for place, marks in enumerate(document["votes"], start=1)
        for one, mark in zip(members, marks, strict=True)
        for code in [{"Y": 1, "N": 6, "-": 9}[mark]]
    ]  # fmt: skip
    folder_of(
        tmp_path, members=table(MEMBER_COLUMNS, *members), rollcalls=table(ROLLCALL_COLUMNS, *rollcalls),
        votes=table(VOTE_COLUMNS, *votes),
    )  # fmt: skip
    source = SenateSource(tmp_path)
    records, bad = read(source)
    assert bad == []
    expected, _ = read(SenateSource())

    def unnamed(all_records: list[Record]) -> dict[str, Record]:
        return {
            str(one.id): one.model_copy(update={"name": ""}) if isinstance(one, Person) else one for one in all_records
        }

    assert unnamed(records) == unnamed(expected)
    assert source.counts.refused == len(votes) - 62_857
