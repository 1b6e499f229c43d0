"""Files that survey people have load with one command, as a careful person would code them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from persona_db.graph.errors import LoadError
from persona_db.loaders import OpinionQASource
from persona_db.loaders.tabular import open_table, understand_table
from tests.tabular import Read, read

SIX = ("gss-part.sav", "gss-part.dta", "gss-part-labels.csv", "gss-part-codes.csv", "gss-part.xlsx", "gss-part.parquet")
NEWS = ("NEWS_1", "NEWS_2", "NEWS_3")
FILMS = "Which of the following Star Wars films have you seen?: Star Wars: Episode "
pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def tables(shared_data: Path) -> Path:
    return shared_data / "tables"


@pytest.fixture(scope="module")
def survey(shared_data: Path) -> Read:
    """The same people and questions in OpinionQA's layout."""
    return read(OpinionQASource([shared_data / "gss" / "human_resp" / "GSS_Panel_2016"]))


@pytest.fixture(scope="module")
def spss(tables: Path) -> Read:
    return read(open_table(tables / "gss-part.sav"))


@pytest.fixture(scope="module")
def star_wars(tables: Path) -> Read:
    return read(open_table(tables / "StarWars.csv"))


@pytest.mark.parametrize("name", SIX)
def test_six_forms_give_the_same_as_the_source_they_were_made_of(tables: Path, survey: Read, name: str) -> None:
    """People, questions with their text, options in order, and answers are those of the OpinionQA loader."""
    found = read(open_table(tables / name))
    assert len(found.people) == 600
    asked = found.questions.keys() - set(NEWS)
    assert len(asked) == 60
    assert {id_: (found.questions[id_].text, found.questions[id_].options) for id_ in asked} == {
        id_: (survey.questions[id_].text, survey.questions[id_].options) for id_ in asked
    }
    assert {key: answer for key, answer in found.answers.items() if key[1] in asked} == {
        key: answer for key, answer in survey.answers.items() if key[0] in found.people and key[1] in asked
    }
    if name != "gss-part-codes.csv":  # whose codebook has no demographics
        assert {id_: person.attributes for id_, person in found.people.items()} == {
            id_: {name: value for name, value in survey.people[id_].attributes.items() if name in person.attributes}
            for id_, person in found.people.items()
        }
    assert found.bad == []


@pytest.mark.parametrize("name", SIX[1:])
def test_six_forms_give_the_same(tables: Path, spss: Read, name: str) -> None:
    """Scales, ticked boxes, weights and dates are the same too, as far as the file has them."""
    found = read(open_table(tables / name))
    assert {id_: (one.options, one.ordinal) for id_, one in found.questions.items()} == {
        id_: (one.options, one.ordinal) for id_, one in spss.questions.items()
    }
    assert found.answers == spss.answers
    assert {id_: one.weight for id_, one in found.people.items()} == {
        id_: one.weight for id_, one in spss.people.items()
    }
    if name != "gss-part.dta":  # which has no date
        assert {(one.user, one.question, one.at) for one in found.items} == {
            (one.user, one.question, one.at) for one in spss.items
        }


def test_labels_of_the_file_do_without_a_codebook(tables: Path, survey: Read, tmp_path: Path) -> None:
    """A copy of the SPSS file alone has the same options and answers; texts are cut as SPSS cuts them."""
    copy = tmp_path / "gss-part.sav"
    copy.write_bytes((tables / copy.name).read_bytes())
    found = read(open_table(copy))
    asked = found.questions.keys() - set(NEWS)
    assert all(found.questions[id_].options == survey.questions[id_].options for id_ in asked)
    assert all(survey.questions[id_].text.startswith(found.questions[id_].text[:200]) for id_ in asked)
    assert all(survey.answers[key] == answer for key, answer in found.answers.items() if key[1] in asked)


def test_star_wars_has_its_people_and_no_header_among_them(star_wars: Read) -> None:
    """Two header rows are not people, and every demographic is one."""
    assert len(star_wars.people) == 1_186
    assert all(id_.isdecimal() for id_ in star_wars.people)
    counts = Counter(name for person in star_wars.people.values() for name in person.attributes)
    assert counts == {
        "Gender": 1_046, "Age": 1_046, "Household Income": 858, "Education": 1_036, "Location (Census Region)": 1_043,
    }  # fmt: skip
    assert len(star_wars.questions) == 32
    assert star_wars.bad == []


def test_star_wars_tells_not_asked_from_not_ticked(star_wars: Read) -> None:
    """Whoever has not seen any film, or left before, was not asked which; of the others, a blank is a film not seen."""
    seen = {key: answer for key, answer in star_wars.answers.items() if key[1].startswith(FILMS)}
    assert Counter(question for _, question in seen) == dict.fromkeys(
        (id_ for id_ in star_wars.questions if id_.startswith(FILMS)), 836
    )
    assert Counter(question.removeprefix(FILMS)[:3] for (_, question), answer in seen.items() if answer == "yes") == {
        "I  ": 673, "II ": 571, "III": 550, "IV ": 607, "V T": 758, "VI ": 738,
    }  # fmt: skip


def test_star_wars_ranks_and_views_are_scales(star_wars: Read) -> None:
    """Ranks go from 1 to 6; unfamiliar characters are off the scale of favour; who shot first has no order."""
    ranks = [one for id_, one in star_wars.questions.items() if id_.startswith("Please rank the Star Wars films")]
    assert len(ranks) == 6
    assert {(one.options, one.ordinal) for one in ranks} == {(tuple("123456"), (1, 2, 3, 4, 5, 6))}
    views = [one for id_, one in star_wars.questions.items() if id_.startswith("Please state whether you view")]
    assert len(views) == 14
    assert {(one.options[0], one.options[-1], one.ordinal) for one in views} == {
        ("Very favorably", "Unfamiliar (N/A)", (1, 2, 3, 4, 5, None))
    }
    assert star_wars.questions["Which character shot first?"].ordinal == ()
    han = [answer for (_, question), answer in star_wars.answers.items() if question.endswith(": Han Solo")]
    assert Counter(han)["Very favorably"] == 610


def test_star_wars_says_what_was_guessed(tables: Path) -> None:
    """The report names the encoding, the header rows, boxes, and the question without order."""
    said = "\n".join(open_table(tables / "StarWars.csv").notes)
    for what in (
        "encoding ",
        "2 header rows (SurveyMonkey)",
        "not asked: whoever has nothing",
        "Which character shot first?",
    ):
        assert what in said


def test_flying_etiquette_is_coded(tables: Path) -> None:
    """One header row; how often and how rude are scales, and who travels is described."""
    found = read(open_table(tables / "flying-etiquette.csv"))
    assert len(found.people) == 1_040
    assert found.questions["How often do you travel by plane?"].options == (
        "Every day", "A few times per week", "A few times per month",
        "Once a month or less", "Once a year or less", "Never",
    )  # fmt: skip
    rude = found.questions["In general, is itrude to bring a baby on a plane?"]
    assert (rude.options, rude.ordinal) == (("Yes, very rude", "Yes, somewhat rude", "No, not at all rude"), (1, 2, 3))
    names = {name for person in found.people.values() for name in person.attributes}
    assert names == {
        "Gender", "Age", "Household Income", "Education", "Location (Census Region)", "How tall are you?",
        "Do you have any children under 18?",
    }  # fmt: skip


def test_qualtrics_header_rows_are_no_people(tables: Path) -> None:
    """People are the five responses; who they are and where they were is not loaded; texts are theirs."""
    found = read(open_table(tables / "qualtrics-sample.csv"))
    assert sorted(found.people) == [
        "R_7NT5RemfRQtuKzz", "R_9N5Yvu0Pp6O5Vn7", "R_b4wl9rBfWzr9zwx", "R_bCKkKreYBarScdv", "R_e8z6glNpLL4PkcR",
    ]  # fmt: skip
    assert all(person.attributes == {} for person in found.people.values())
    assert found.questions["Q2_1"].text.endswith("please choose one of the fruits below. -Oranges")
    assert {item.at for item in found.items} == {"2016-05-13T12:14:41Z", "2016-05-13T12:14:42Z"}
    assert not any("Default Response Set" in item.text or "42.40" in item.text for item in found.items)


def test_spss_knows_sets_and_missing_ranges(tables: Path) -> None:
    """The file's own multiple response set becomes yes/no questions; a range of codes is missing."""
    found = read(open_table(tables / "simple_alltypes.sav"))
    assert len(found.people) == 6
    assert {name for name in found.questions if name.startswith("bool")} == {"bool1", "bool2", "bool3"}
    assert found.answers["row1", "bool1"] == "yes"
    assert found.answers["row3", "bool1"] == "no"
    assert ("row5", "bool1") not in found.answers
    assert ("row1", "z") not in found.answers
    assert found.questions["x"].options[:3] == ("red", "green", "blue")


def test_stata_labels_are_options(tables: Path) -> None:
    """Value labels are options in order; a labelled sex describes the person."""
    found = read(open_table(tables / "sample.dta"))
    assert found.questions["myord"].options == ("low", "medium", "high")
    assert found.questions["myord"].ordinal == (1, 2, 3)
    assert found.people["row2"].attributes == {"mylabl": "Female"}
    assert {item.at for item in found.items if item.user == "row1"} == {"2018-05-06"}


def test_a_codebook_is_no_table_of_answers(tables: Path) -> None:
    """It is refused in a line that says what to load."""
    with pytest.raises(LoadError, match="is a codebook, not a table of answers; load the table that it describes"):
        understand_table(tables / "gss-part-codebook.csv")
