"""Readable names: labels by rule, sides of scales, names of answers, and label files."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_db.chains.labels.names import Names, several
from persona_db.chains.labels.rules import label_rule
from persona_db.chains.labels.sides import is_no_answer, is_shown, on_scale, sides_of
from persona_db.chains.labels.texts import shortened, unique
from persona_db.graph.labels import LONGEST_STANCE, Label
from persona_db.graph.models import QuarantinedRow, Question
from persona_db.loaders.label_file import label_rows, read_labels, write_labels

AGREE = ("strongly agree", "agree", "neither agree nor disagree", "disagree", "strongly disagree")


def asked(text: str, id_: str = "q", options: tuple[str, ...] = ("yes", "no"), *, scale: bool = False) -> Question:
    """A question, on a scale in the order of its options if wanted."""
    ordinal = tuple(float(i) for i in range(len(options))) if scale else ()
    return Question(id=id_, text=text, options=options, ordinal=ordinal)


@given(st.text(), st.integers(8, 80))
def test_a_shortened_text_is_short_and_begins_like_the_text(text: str, longest: int) -> None:
    """At most so long, in one line; what is left was there, and an ellipsis says that something is not."""
    found = shortened(text, longest)
    line = " ".join(text.split())
    assert len(found) <= longest
    assert found == line if len(line) <= longest else line.startswith(found[:-1]) and found.endswith("…")


@given(st.lists(st.text("ab ", min_size=1, max_size=80), max_size=30))
def test_names_are_unique_and_short(names: list[str]) -> None:
    """Whatever names there are, no two that differ in case alone, each of 60 characters at most."""
    found = unique((f"id{at}", name) for at, name in enumerate(names))
    assert len({name.casefold() for name in found.values()}) == len(names)
    assert all(len(name) <= 60 for name in found.values())


@pytest.mark.parametrize(
    "option",
    ["Refused", "REFUSED", "Don't know", "don\u2019t know", "DK", "Can't choose", "No answer", "Not sure", "Unsure",
     "Other", "Other (specify)", "It depends", "depends", "Prefer not to say", "N/A", "Not applicable", "pass",
     "No opinion", "Weiß nicht", "keine Angabe", "Unfamiliar (N/A)", "I don't know"],
)  # fmt: skip
def test_an_option_that_expresses_nothing_is_no_stance(option: str) -> None:
    """In the wordings of several survey tools."""
    assert is_no_answer(option)


@pytest.mark.parametrize(
    "option",
    ["no", "none", "never", "not at all", "otherwise", "neither agree nor disagree", "not important",
     "Passenger trains",
     "don't like", "Nothing at all", "no special treatment", "passive", "Not too worried", "missed it all"],
)  # fmt: skip
def test_an_option_that_denies_is_a_stance(option: str) -> None:
    """A denial is an answer."""
    assert not is_no_answer(option)


@given(
    st.lists(st.text("abcdefgh", min_size=1, max_size=6), min_size=1, max_size=9, unique=True),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_sides_cut_the_scale_into_neighbours(options: list[str], scale: bool, random: object) -> None:
    """Every option with a stance is in one side, and the sides put together are the scale."""
    question = asked("What?", options=tuple(options), scale=scale)
    sides = sides_of(question, [1 / len(options)] * len(options))
    assert tuple(option for side in sides for option in side) == on_scale(question)


def test_sides_of_common_scales() -> None:
    """Agreement has two sides and a middle, three options stand alone, numbers are cut near the median."""
    assert sides_of(asked("?", options=AGREE, scale=True), [0.2] * 5) == ((0, 1), (2,), (3, 4))
    assert sides_of(asked("?", options=("less", "same", "more"), scale=True), [0.3] * 3) == ((0,), (1,), (2,))
    numbers = asked("?", options=tuple("1234567"), scale=True)
    assert sides_of(numbers, [0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1]) == ((0, 1), (2, 3, 4, 5, 6))
    four = asked("?", options=("very likely", "likely", "unlikely", "very unlikely", "Refused"), scale=True)
    assert sides_of(four, [0.2] * 5) == ((0, 1), (2, 3))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["yes"], "yes"),
        (["strongly agree", "agree"], "agree"),
        (["disagree", "strongly disagree"], "disagree"),
        (["definitely should be", "probably should be"], "should be"),
        (["disagree somewhat", "disagree strongly"], "disagree"),
        (["important", "not important"], "important or not important"),
        (["1", "2", "3"], "1 to 3"),
    ],
)
def test_several_options_are_one_expression(options: list[str], expected: str) -> None:
    """Which is true of each of them."""
    assert several(options) == expected


def test_labels_by_rule() -> None:
    """Brackets as the General Social Survey has them, the item of a battery, a short text, a statement as it is."""
    stem = "We name some institutions. How much confidence do you have in them? "
    scale = ("a lot", "some", "hardly any")
    questions = [
        asked("Do you favor or oppose a law that requires a permit? [gun permits]", "GUNLAW"),
        asked(stem + "A. Banks", "CONFINAN", scale),
        asked(stem + "B. Organized labor", "CONLABOR", scale),
        asked("Should the town build a pool?", "pool"),
        asked("We need more places to park downtown, near the shops and the station", "s1", AGREE),
    ]
    found = label_rule(questions)
    assert found["GUNLAW"] == "Gun permits"
    assert found["CONFINAN"] == "Banks"
    assert found["CONLABOR"] == "Organized labor"
    assert found["pool"] == "Should the town build a pool"
    assert found["s1"].startswith("We need more places to park downtown")


def test_items_say_what_their_battery_is_about() -> None:
    """Where the source's brackets leave it out and name it for one item alone; otherwise brackets stay as they are."""
    stem = "Please tell me whether it should be possible for a woman to obtain a legal abortion if... "
    items = ("She wants it [abortion for any reason]", "It is so [not married]", "She can't [low income]", "X [rape]")
    others = ("Banks [confidence in banks]", "Press [confidence in press]", "Courts [confidence in courts]")
    texts = [*(stem + one for one in items), *("How much do you trust in the " + one for one in others)]
    found = list(label_rule([asked(text, f"q{place}") for place, text in enumerate(texts)]).values())
    assert found[:4] == [
        "Abortion for any reason",
        "Abortion (not married)",
        "Abortion (low income)",
        "Abortion (rape)",
    ]
    assert found[4:] == ["Confidence in banks", "Confidence in press", "Confidence in courts"]


def test_names_of_answers_keep_the_answer() -> None:
    """A stance that was given, else label and option; where room is short the label is cut and the answer is whole."""
    long = asked("[a matter that takes more words than there is room for in a name]", options=AGREE, scale=True)
    named = Question(id="n", text="?", options=("no", "yes"), label="Town pool", stances=("Against a town pool", ""))
    names = Names.of([long, named])
    assert names.answer("n", 0) == "Against a town pool"
    assert names.answer("n", 1) == "Town pool: yes"
    assert names.side("q", (3, 4)).startswith("disagree · A matter that takes")
    assert all(len(names.answer("q", option)) <= 60 for option in range(5))


def test_an_interviewers_rating_is_no_value() -> None:
    """Recognised by its words where nobody classified it."""
    assert not is_shown(asked("How safe does the interviewer think the neighborhood is?"))
    assert is_shown(asked("How safe is your neighborhood?"))
    assert not is_shown(asked("Who is president?").model_copy(update={"content": "knowledge"}))
    assert not is_shown(asked("What do you believe the income status of this housing unit is?"))
    graded = ("correct - control group", "correct - vague reason", "incorrect", "Don't know")
    assert not is_shown(asked("Why is it better to test the drug this way?", options=graded))
    assert is_shown(asked("Is what the town does right?", options=("right", "wrong", "politically correct")))


def labelled(tmp_path: Path, *rows: str) -> tuple[list[Label], list[QuarantinedRow]]:
    """What a label file with these rows gives to two questions, and the rows that could not be used."""
    file = tmp_path / "labels.csv"
    file.write_text("question,option,label,stance,kind\n" + "\n".join(rows) + "\n", encoding="utf-8")
    bad: list[QuarantinedRow] = []
    questions = [asked("Pool?", "pool"), asked("Loan?", "loan")]
    return read_labels(file, questions, bad.append), bad


def test_a_label_file_is_read_row_by_row(tmp_path: Path) -> None:
    """Label and kind stand in one row of a question, stances in those of their options."""
    found, bad = labelled(tmp_path, "pool,yes,Town pool,For a pool,opinion", "pool,no,,Against a pool,", "loan,,Loan,,")
    assert found == [
        Label(question="pool", label="Town pool", stances=("For a pool", "Against a pool"), content="opinion"),
        Label(question="loan", label="Loan"),
    ]
    assert bad == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("tax,yes,Tax,,", "no question 'tax'"),
        ("loan,maybe,Loan,,", "'maybe' is no option"),
        ("loan,yes,,,belief", "kind is 'belief'"),
        (f"loan,yes,{'x' * 61},,", "label has 61 characters"),
        (f"loan,yes,,{'x' * 61},", "stance has 61 characters"),
        ("loan,yes,town POOL,,", "is that of question 'pool' too"),
        ("pool,no,Another,,", "was 'Town pool' in an earlier row"),
        ("pool,no,,For a pool,", "is that of another option"),
        ("loan,,,For a loan,", "need their option"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, row: str, reason: str) -> None:
    """With its number and the reason; the other rows are read."""
    found, bad = labelled(tmp_path, "pool,yes,Town pool,For a pool,", row)
    assert [one.row for one in bad] == [3]
    assert reason in bad[0].reason
    assert found[0].label == "Town pool"


def test_what_is_exported_is_imported_again(tmp_path: Path) -> None:
    """The same labels, stances, kinds and directions."""
    named = Question(
        id="n", text="?", options=("no", "yes, but"), label="Pool, new", stances=("", "For it"), content="opinion",
        directions=("", "for"),
    )  # fmt: skip
    text = io.StringIO()
    write_labels([named], text)
    file = tmp_path / "labels.csv"
    file.write_text(text.getvalue(), encoding="utf-8")
    [found] = read_labels(file, [named], lambda row: pytest.fail(row.reason))
    assert found == Label(
        question="n", label=named.label, stances=named.stances, content="opinion", directions=("", "for")
    )
    assert len(list(label_rows([named]))) == 2


def test_a_dash_takes_stances_back(tmp_path: Path) -> None:
    """Those that no row of the question gives again are called `label: option`."""
    found, bad = labelled(tmp_path, "pool,yes,,-,", "pool,no,,Against a pool,", "loan,yes,,-,")
    assert [one.stances for one in found] == [("", "Against a pool"), ("", "")]
    assert bad == []


def test_statements_that_begin_alike_keep_their_beginning() -> None:
    """What two statements share is no stem of a battery, but for whole sentences before them."""
    texts = (
        "Bowling Green needs more competitive cable rates.",
        "Bowling Green needs more competitive internet rates.",
        "A question about you: I live in the south of Austria",
        "A question about you: I live in the west of Austria",
        "Football will get past this. Boxing was never banned.",
        "Football will get past this. Parents will let children play other games.",
    )
    options = ("disagree", "pass", "agree")
    made = label_rule([asked(text, id_=f"q{at}", options=options) for at, text in enumerate(texts)])
    assert list(made.values()) == [
        "Bowling Green needs more competitive cable rates",
        "Bowling Green needs more competitive internet rates",
        "I live in the south of Austria",
        "I live in the west of Austria",
        "Boxing was never banned",
        "Parents will let children play other games",
    ]


def test_directions_make_sides() -> None:
    """Options of one direction are one side, `none` is in no side, and the side where the scale begins is first."""
    options = ("Not sure yet", "Yes, soon", "Yes, some day", "Only if it is free", "Never")
    question = asked("Buy?", options=options).model_copy(update={"directions": ("none", "for", "for", "", "against")})
    assert sides_of(question, [0.2] * 5) == ((4,), (3,), (1, 2))
    falling = question.model_copy(update={"ordinal": (None, 0.0, 1.0, 2.0, 3.0)})
    assert sides_of(falling, [0.2] * 5) == ((1, 2), (3,), (4,))
    counted = asked("Vote?", options=("Abstain", "Yes")).model_copy(update={"directions": ("middle", "")})
    assert on_scale(counted) == (0, 1)


@pytest.mark.parametrize(("source", "count"), [("senate", 645), ("polis", 896)])
def test_every_question_of_the_bundled_data_has_a_label_and_two_stances(source: str, count: int) -> None:
    """Unique, short, and of opposite words: the bundled labels were written by hand."""
    from persona_db.loaders import open_source

    questions = [one for one in open_source(source).read(lambda row: None) if isinstance(one, Question)]
    assert len({one.label.casefold() for one in questions if one.label}) == len(questions) == count
    stances = [stance for one in questions for stance in (one.stances[0], one.stances[-1])]
    assert len({stance.casefold() for stance in stances}) == 2 * count
    assert all(0 < len(text) <= LONGEST_STANCE for text in (*stances, *(one.label for one in questions)))


def test_the_bundled_labels_name_the_statements_that_they_were_written_for(tmp_path: Path) -> None:
    """Another conversation has statements of the same numbers, and is not called by the bundled one's labels."""
    from persona_db.loaders.polis import PolisSource

    rows = ["timestamp,comment-id,author-id,agrees,disagrees,moderated,comment-body"]
    rows.append("1517603680000,0,0,0,0,1,Local schools should help make up the pension fund crisis by learning to live "
                "with budget cuts.")  # fmt: skip
    rows.append("1517603680000,1,0,0,0,1,Cats should be kept indoors.")
    (tmp_path / "comments.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "participants-votes.csv").write_text(
        "participant,group-id,n-comments,n-votes,n-agree,n-disagree,0,1\n5,,0,2,1,1,1,-1\n"
    )
    questions = [one for one in PolisSource(tmp_path).read(lambda row: None) if isinstance(one, Question)]
    assert [one.label for one in questions] == ["School budget cuts for the pension crisis", ""]
