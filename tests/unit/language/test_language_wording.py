"""A statement about a person is a sentence of its own; labels and copies are asked for again, then left out."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from langchain_core.messages import BaseMessage

from persona_db.chains.language.engine import LanguageEngine
from persona_db.chains.language.models import open_model
from persona_db.chains.language.scheduler import refine_people
from persona_db.chains.language.structured import REPAIRS
from persona_db.chains.language.wording import wrong_wording
from persona_db.chains.persona import UserHistory
from persona_db.graph.models import HistoryItem
from tests.unit.language.scripted import Scripted, asked_of, does_as_told, facts

SAID = (
    "People should have the option to use or not use their personal information and searches. It is up to them.",
    "Buses are far too slow.",
    "Plays chess",
    "\u6211\u8ba4\u4e3a\u516c\u5171\u6c7d\u8f66\u5e94\u8be5\u5728\u665a\u4e0a\u8fd0\u884c\u5f97\u66f4\u4e45\u4e00\u4e9b",
)


@pytest.mark.parametrize(
    "text",
    [
        "hedonism, achievement, conformity", "Hedonism and achievement", "self-direction", "Security.",
        "value: security",
        "Values hedonism, achievement and conformity", "The person holds care, fairness and loyalty.", "stance",
        "cautious, thoughtful, open-minded", "privacy; autonomy; choice", "data privacy", "Data privacy, user control",
        "technological sceptic", "moral / care / harm",
    ],
)  # fmt: skip
def test_labels_alone_are_no_sentence(text: str) -> None:
    """Those of the vocabulary and of the answer itself, however they are joined."""
    assert wrong_wording(text, said=SAID, names=["data privacy", "user control"]).startswith("text is only labels")


@pytest.mark.parametrize(
    "text",
    [
        "People should have the option to use or not use their personal information and searches.",
        "Thinks people should have the option to use or not use their personal information",
        "buses are far too slow", "the option to use or not use", SAID[3], SAID[3][4:],
    ],
)  # fmt: skip
def test_what_somebody_wrote_is_not_copied(text: str) -> None:
    """Neither a sentence nor a part of one, nor with two words before it; in scripts without spaces too."""
    assert wrong_wording(text, said=SAID).startswith("text is copied")


@pytest.mark.parametrize(
    "text", ["I don't like slow buses", "I\u2019m for the tram", "My data is mine", "We need trams"]
)
def test_it_is_said_of_the_person(text: str) -> None:
    """And not by them."""
    assert "own words" in wrong_wording(text, said=SAID)


@pytest.mark.parametrize(
    "text",
    [
        "Wants people to decide about their own data", "Finds buses too slow", "Plays chess", "Likes it.", "Teacher",
        "Is opposed to night buses.",
        "Holds security dear.", "Cares about achievement.", "Values security", "Likes tea, coffee and cake",
        "Thinks personal information should be used only if people choose so", "Cares about data privacy.",
        "\u5e0c\u671b\u516c\u4ea4\u8f66\u66f4\u5feb", "Wants fairness, loyalty and authority to be taught at school",
    ],
)  # fmt: skip
def test_a_sentence_of_its_own_is_one(text: str) -> None:
    """Also a short one, one that names a label, and a plain one of four words at most that says what they said."""
    assert wrong_wording(text, said=SAID, names=["data privacy", "opposed to night buses"]) == ""


HISTORY = UserHistory(
    user="u1",
    items=tuple(HistoryItem(id=f"u1/{n}", user="u1", text=text, at="2024-01-01") for n, text in enumerate(SAID)),
)
NOTHING = json.dumps({"traits": []})
COPY, LABELS, OURS = SAID[0], "hedonism, achievement, conformity", "Wants to decide what is done with data"


def answered(texts: dict[str, list[str]], good: str, task: str) -> str:
    """The good answer with its first entry in each of these words."""
    told = json.loads(good)
    name = next(iter(told))
    told[name] = [{**told[name][0], "text": text} for text in texts[task]] or told[name]
    if task == "induce":
        kinds = (("value", "security"), ("topic", "data"), ("trait", "careful"))
        told[name] = [
            {**one, "kind": kind, "name": named} for one, (kind, named) in zip(told[name], kinds, strict=False)
        ]
    return json.dumps(told)


@pytest.mark.parametrize("task", ["distil", "induce"])
@pytest.mark.parametrize("wrong", [COPY, LABELS, "I want to decide"])
@pytest.mark.parametrize("mends", [True, False])
def test_what_is_no_sentence_is_repaired_or_left_out(task: str, wrong: str, *, mends: bool) -> None:
    """The model is told why and asked again, twice at most; what stays wrong is in quarantine, and the rest is kept."""
    asked: list[str] = []

    def script(messages: Sequence[BaseMessage]) -> str:
        under = asked_of(messages)
        good = does_as_told(messages)
        asked.append(under.task)
        if under.task != task:
            return good
        turn = asked.count(task)
        said = [OURS, f"Fears something for the {turn}th time"] if mends and turn > 1 else [OURS, wrong]
        if under.repair:
            assert "text is" in str(messages[-1].content)
            assert wrong not in str(messages[-1].content)
        return answered({task: said}, good, task)

    model = open_model(Scripted(script=script))
    one = next(iter(refine_people(LanguageEngine(model), [HISTORY])))
    assert one.persona is not None
    layer = one.persona.distilled if task == "distil" else one.persona.induced
    texts = {fact.text for fact in layer}
    assert OURS in texts
    assert wrong not in texts
    assert asked.count(task) == 2 <= 1 + REPAIRS  # the same mistake again is not asked for a third time
    assert len(layer) == (2 if mends else 1)
    assert [answer.stage for answer in one.quarantined] == ([] if mends else [task])


def test_a_quote_under_another_id_is_put_to_its_item() -> None:
    """Where it stands in one alone and is long enough to tell; no second call is made for it."""
    history = UserHistory(
        user="u1",
        items=tuple(
            HistoryItem(id=f"u1/{n}", user="u1", text=text, at="2024-01-01")
            for n, text in enumerate(["Trams should run at night, I think.", "Fares are too high.", "Fares rise."])
        ),
    )
    said = facts(
        ("Would like late trams", [("i2", "Trams should run at night")]),
        ("Hopes for late trams soon", [("i9", "run at night, I think")]),
    )
    model = open_model(Scripted(script=lambda messages: said if asked_of(messages).task == "distil" else NOTHING))
    one = next(iter(refine_people(LanguageEngine(model), [history])))
    assert one.persona is not None
    assert [support.id for fact in one.persona.distilled for support in fact.supports] == ["u1/0", "u1/0"]
    assert [call.stage for call in one.calls] == ["distil", "induce"]


@pytest.mark.parametrize("quote", ["Fares", "Fares should fall by half"])
def test_a_quote_that_tells_no_item_is_refused(quote: str) -> None:
    """One that stands in several or is short, and one that stands in none."""
    history = UserHistory(
        user="u1",
        items=tuple(
            HistoryItem(id=f"u1/{n}", user="u1", text=text, at="2024-01-01")
            for n, text in enumerate(["Trams should run at night.", "Fares are too high.", "Fares rise."])
        ),
    )
    model = open_model(Scripted(script=lambda messages: facts(("Wants lower fares", [("i1", quote)]))))
    one = next(iter(refine_people(LanguageEngine(model), [history])))
    assert one.persona is None or one.persona.distilled == ()
    assert "the quote does not stand in i1" in one.quarantined[0].reason
    assert len(one.calls) == 2  # the same mistake again


@pytest.mark.parametrize("task", ["distil", "induce"])
def test_an_example_of_the_prompt_is_nobodys(task: str) -> None:
    """Its words are refused as a copy."""

    def script(messages: Sequence[BaseMessage]) -> str:
        under, good = asked_of(messages), does_as_told(messages)
        example = str(messages[0].content).splitlines()[0]
        return answered({task: [OURS, example]}, good, task) if under.task == task else good

    one = next(iter(refine_people(LanguageEngine(open_model(Scripted(script=script))), [HISTORY])))
    assert one.persona is not None
    layer = one.persona.distilled if task == "distil" else one.persona.induced
    assert [fact.text for fact in layer] == [OURS]
    assert "text is copied" in one.quarantined[0].reason
