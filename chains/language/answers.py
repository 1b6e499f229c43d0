"""What a prediction says, held against the question: the option meant, its probabilities, the items it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from persona_db.chains.language.grounding import known_handles
from persona_db.chains.language.logprobs import choice_probabilities
from persona_db.chains.language.outputs import OptionProbability, Polarity, PredictedAnswer, Reaction
from persona_db.chains.language.prompts import Rendered
from persona_db.chains.language.quoting import folded
from persona_db.chains.language.structured import Answered, Checked, Problem
from persona_db.graph.models import Question

__all__ = ["Told", "check_answer", "check_reaction", "signed", "told_by_answer", "told_by_reaction"]

_POLARITIES: Mapping[Polarity, int] = {"negative": 0, "neutral": 1, "positive": 2}
_INTENSITIES = ("0", "1", "2", "3")
_NEUTRAL = 3
_ENDS = " -.'\""


@dataclass(frozen=True)
class Told:
    """A prediction that can be used; `evidence` are ids of recalled items."""

    answer: str
    probabilities: tuple[float, ...]
    explanation: str
    evidence: tuple[str, ...]
    comment: str = ""

    confidence: float = 0.0


def check_answer(prompt: Rendered, question: Question) -> Callable[[PredictedAnswer], Checked[PredictedAnswer]]:
    """Return a check for an answer that is an option, probabilities of options, and evidence that was shown.

    Options are put as the question has them. Without a usable answer nothing is left; evidence and probabilities that
    are not usable are left out.
    """
    meant = {folded(option).strip(_ENDS): option for option in question.options}

    def option_of(said: str) -> str | None:
        return meant.get(folded(said).strip(_ENDS))

    def check(given: PredictedAnswer) -> Checked[PredictedAnswer]:
        raw = given.model_dump_json()
        answer = option_of(given.answer)
        if answer is None:
            reason = "answer is none of the options; copy one of them exactly"
            return Checked(given, (Problem(reason, raw),), 0, "outside")
        problems = []
        told = [(option_of(one.option), one.probability) for one in given.probabilities]
        named = [option for option, _ in told if option is not None]
        usable = len(named) == len(told) == len(set(named)) and sum(p for _, p in told) > 0
        if not usable:
            problems.append(Problem("probabilities must name each option once, and sum to 1", raw))
        evidence, missing = known_handles(given.evidence, prompt)
        if missing and prompt.handles:
            problems.append(Problem(f"evidence: there is no {', '.join(missing)}", raw))
        kept = tuple(
            OptionProbability(option=option, probability=p) for option, p in told if usable and option is not None
        )
        value = given.model_copy(update={"answer": answer, "probabilities": kept, "evidence": evidence})
        return Checked(value, tuple(problems), 1 + usable)

    return check


def check_reaction(prompt: Rendered) -> Callable[[Reaction], Checked[Reaction]]:
    """Return a check for a reaction whose evidence was shown and whose intensity goes with its polarity."""

    def check(given: Reaction) -> Checked[Reaction]:
        problems = []
        evidence, missing = known_handles(given.evidence, prompt)
        if missing and prompt.handles:
            problems.append(Problem(f"evidence: there is no {', '.join(missing)}", given.model_dump_json()))
        if (given.polarity == "neutral") != (given.intensity == 0):
            reason = "intensity is 0 when polarity is neutral, and only then"
            problems.append(Problem(reason, given.model_dump_json()))
            return Checked(given.model_copy(update={"evidence": evidence}), tuple(problems), 0)
        return Checked(given.model_copy(update={"evidence": evidence}), tuple(problems), 1)

    return check


def told_by_answer(answered: Answered[PredictedAnswer], prompt: Rendered, question: Question) -> Told:
    """Return the prediction of an answer, by the model's log-probabilities where there are some, else as it stated.

    A model that states no usable probabilities is as sure of its answer as it says: wholly.
    """
    value = answered.value
    stated = {one.option: one.probability for one in value.probabilities} or {value.answer: 1.0}
    total = sum(stated.values())
    probabilities = choice_probabilities(
        answered.message.response_metadata, field="answer", options=question.options
    ) or tuple(stated.get(option, 0.0) / total for option in question.options)
    return Told(
        answer=value.answer,
        probabilities=probabilities,
        explanation=value.explanation,
        evidence=_ids(value.evidence, prompt),
        confidence=probabilities[question.options.index(value.answer)],
    )


def told_by_reaction(reacted: Answered[Reaction], prompt: Rendered, question: Question) -> Told:
    """Return the prediction of a reaction on the question's scale of seven, with its comment."""
    value = reacted.value
    place = signed(value.polarity, value.intensity)
    probabilities = _reaction_probabilities(reacted) or tuple(float(one == place) for one in range(2 * _NEUTRAL + 1))
    return Told(
        answer=question.options[place],
        probabilities=probabilities,
        explanation=value.explanation,
        evidence=_ids(value.evidence, prompt),
        comment=value.comment,
        confidence=probabilities[place],
    )


def signed(polarity: Polarity, intensity: int) -> int:
    """Return the place on the scale of seven: 0 very negative, 3 neutral, 6 very positive (paper, A.6)."""
    return intensity * (_POLARITIES[polarity] - 1) + _NEUTRAL


def _reaction_probabilities(reacted: Answered[Reaction]) -> tuple[float, ...] | None:
    metadata = reacted.message.response_metadata
    polarities = choice_probabilities(metadata, field="polarity", options=tuple(_POLARITIES))
    intensities = choice_probabilities(metadata, field="intensity", options=_INTENSITIES)
    if polarities is None or intensities is None:
        return None
    strong = sum(intensities[1:])
    if strong <= 0:
        return None
    scale = [0.0] * (2 * _NEUTRAL + 1)
    for polarity, share in zip(_POLARITIES, polarities, strict=True):
        if polarity == "neutral":
            scale[_NEUTRAL] += share
            continue
        for intensity in (1, 2, 3):
            scale[signed(polarity, intensity)] += share * intensities[intensity] / strong
    return tuple(scale)


def _ids(handles: Sequence[str], prompt: Rendered) -> tuple[str, ...]:
    return tuple(dict.fromkeys(prompt.handles[handle] for handle in handles))
