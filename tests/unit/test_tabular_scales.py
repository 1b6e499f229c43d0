"""Options are put in order by their words, in the direction in which questionnaires print them."""

from __future__ import annotations

import pytest

from persona_db.loaders.tabular.answers import scaled
from persona_db.loaders.tabular.scales import order_of
from persona_db.loaders.tabular.words import is_missing, is_neutral, is_off_scale

IN_ORDER = [
    "strongly agree | agree | neither agree nor disagree | disagree | strongly disagree",
    "Strongly agree | Somewhat agree | Somewhat disagree | Strongly disagree",
    "Very satisfied | Satisfied | Neither satisfied nor dissatisfied | Dissatisfied | Very dissatisfied",
    "Extremely likely | Likely | Unlikely | Extremely unlikely",
    "very likely | somewhat likely | not very likely | very unlikely",
    "extremely important | very important | somewhat important | not too important | not at all important",
    "strongly favor | not strongly favor | not strongly oppose | strongly oppose",
    "definitely should be | probably should be | probably should not be | definitely should not be",
    "Yes, very rude | Yes, somewhat rude | No, not at all rude",
    "very happy | pretty happy | not too happy",
    "Never | Once in a while | About half the time | Usually | Always",
    "never | seldom | occasionally | quite often | very often",
    "several times a day | once a day | several times a week | once a week | less than once a week | never",
    "Every day | A few times per week | A few times per month | Once a month or less | Once a year or less | Never",
    "More than five times | Four times | Three times | Twice | Once | It is not okay to get up during flight",
    "Excellent | Good | Fair | Poor",
    "a great deal | only some | hardly any",
    "A lot | Some | Not much | None at all",
    "too little | about right | too much",
    "far below average | below average | average | above average | far above average",
    "low | medium | high",
    "most important | 2nd important | 3rd important | 4th important | least important",
    "18-29 | 30-44 | 45-60 | > 60",
    "$0 - $24,999 | $25,000 - $49,999 | $50,000 - $99,999 | $100,000 - $149,999 | $150,000+",
    "0 | 1 | 2 | 10",
    "1 - Not at all | 2 | 3 | 4 | 5 - Very much",
    "Less than high school | High school degree | Some college or Associate degree | Bachelor degree | Graduate degree",
    "stimme gar nicht zu | stimme eher nicht zu | stimme eher zu | stimme voll zu",
    "yes | no",
    "a good idea | depends | a bad idea",
]  # fmt: skip


@pytest.mark.parametrize("scale", IN_ORDER)
def test_known_scales_are_put_in_order(scale: str) -> None:
    """Whatever order the options come in, they are printed in the same one, and all lie on the scale."""
    expected = tuple(scale.split(" | "))
    for given in (sorted(expected), sorted(expected, reverse=True)):
        options, on_scale, _ = scaled(given, by_code=False)
        assert options == expected
        assert on_scale == expected


@pytest.mark.parametrize("scale", IN_ORDER)
def test_options_with_codes_keep_their_order(scale: str) -> None:
    """A reversed scale stays reversed: codes say in which direction it goes."""
    expected = tuple(reversed(scale.split(" | ")))
    assert scaled(expected, by_code=True)[:2] == (expected, expected)


@pytest.mark.parametrize(
    "options",
    ["Han | Greedo | I don't understand this question", "Democrat | Independent | Republican", "red | green | blue",
     "Male | Female", "Midwest | South | West", "government | private companies | religious organizations"],
)  # fmt: skip
def test_options_without_order_get_none(options: str) -> None:
    """No scale is made up for names."""
    assert order_of(options.split(" | ")) is None


def test_a_middle_option_that_was_printed_last_lies_in_the_middle() -> None:
    """Options stay in the order of their codes, and the scale says where they lie."""
    options = ("too harshly", "not harshly enough", "about right")
    assert scaled(options, by_code=True)[:2] == (options, ("too harshly", "about right", "not harshly enough"))


def test_options_that_are_no_step_are_off_the_scale() -> None:
    """They come last, and have no place."""
    options = ["Unfamiliar (N/A)", "Very unfavorably", "Very favorably", "Somewhat favorably"]
    steps = ("Very favorably", "Somewhat favorably", "Very unfavorably")
    assert scaled(options, by_code=False)[:2] == ((*steps, "Unfamiliar (N/A)"), steps)
    assert scaled(["always wrong", "sometimes wrong", "never wrong", "other"], by_code=True)[1] == (
        "always wrong", "sometimes wrong", "never wrong",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["Don't know", "DK", "Refused", "refusal", "N/A", "Not applicable", "Inapplicable", "No answer",
     "Prefer not to say",
     "I'd rather not say", "Skipped", "missing", "Decline to answer", "keine Angabe", "No sabe", "Don’t know/Refused"],
)  # fmt: skip
def test_no_answer_in_many_wordings(text: str) -> None:
    """These are nobody's opinion."""
    assert is_missing(text)


@pytest.mark.parametrize(
    "text", ["Unfamiliar (N/A)", "Never heard of", "Not sure", "Other (please specify)", "Can't choose", "No opinion"]
)
def test_off_the_scale_in_many_wordings(text: str) -> None:
    """These are answers, on no scale."""
    assert is_off_scale(text)
    assert not is_missing(text)


@pytest.mark.parametrize("text", ["neither agree nor disagree", "It depends", "about right", "Both equally", "neutral"])
def test_the_middle_in_many_wordings(text: str) -> None:
    """These lie between two others."""
    assert is_neutral(text)
    assert not is_off_scale(text)
