"""Grounding of answers: ids must exist, quotes must stand in the items that they name, and a model may check facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from persona_db.chains.language.call import Budget, CallContext
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.outputs import (
    Distillation,
    DistilledFact,
    Induction,
    OptionProbability,
    PredictedAnswer,
    QuotedItem,
    Reaction,
    Verdict,
    VerdictName,
)
from persona_db.chains.language.prompts import Rendered, shown_options, verify_prompt
from persona_db.chains.language.quoting import defused, folded, quoted_in
from persona_db.chains.language.structured import Answered, Checked, Problem, ask
from persona_db.chains.language.wording import wrong_wording
from persona_db.chains.persona import Fact, Persona
from persona_db.graph.models import Question

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = [
    "Verified",
    "check_answer",
    "check_distillation",
    "check_induction",
    "check_reaction",
    "known_citations",
    "verify",
]

_WORDS_OF_A_NAME = 6
_TELLING = 16
"""Characters of a quote from which it tells its item."""
_AROUND = " .|[]"
_LABEL = re.compile(r"^[fi]\d{1,4}\s*\|\s*")
_AROUND_OPTION = re.compile(r"^['\" ]*([-*] )?['\" ]*|['\". ]+$")
"""A list mark, quotation marks and a full stop; a sign before a number is part of it."""


def check_distillation(prompt: Rendered) -> Callable[[Distillation], Checked[Distillation]]:
    """Return a check that keeps the facts whose items all exist and contain their quotes, in words of their own.

    A quote under another id belongs to the one item that it stands in.
    """

    def check(answer: Distillation) -> Checked[Distillation]:
        kept, problems = [], []
        for number, given in enumerate(answer.facts):
            fact = given.model_copy(update={"items": tuple(_placed(item, prompt) for item in given.items)})
            text = _LABEL.sub("", fact.text)  # small models copy the line with its label
            wrong = _wrong_with(text, fact, prompt)
            if wrong:
                problems.append(Problem(f"facts.{number}: {wrong}", given.model_dump_json()))
            else:
                kept.append(fact.model_copy(update={"text": text}))
        return Checked(Distillation(facts=tuple(kept)), tuple(problems), len(kept))

    return check


def check_induction(prompt: Rendered) -> Callable[[Induction], Checked[Induction]]:
    """Return a check that keeps the traits whose facts all exist, in words of their own, with names of few words.

    Others see the names of keys and may see induced statements, but no sentence of a user.
    """
    said = _said(prompt)

    def check(answer: Induction) -> Checked[Induction]:
        kept, problems = [], []
        names = [trait.name for trait in answer.traits]
        for number, given in enumerate(answer.traits):
            trait = given.model_copy(update={"text": _LABEL.sub("", given.text) or given.text})
            missing = [citation for citation in trait.facts if citation not in prompt.citations]
            wrong = f"there is no {', '.join(missing)}" if missing else ""
            wrong = wrong or wrong_wording(trait.text, said=said, names=names)
            if len(trait.name.split()) > _WORDS_OF_A_NAME:
                wrong = "a name has one to four words"
            if wrong:
                problems.append(Problem(f"traits.{number}: {wrong}", trait.model_dump_json()))
            else:
                kept.append(trait)
        return Checked(Induction(traits=tuple(kept)), tuple(problems), len(kept))

    return check


def known_citations(named: Sequence[str], prompt: Rendered) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the citation ids that are in the prompt, once each, and those that are not."""
    once = list(dict.fromkeys(named))
    known = tuple(citation for citation in once if citation in prompt.citations)
    return known, tuple(citation for citation in once if citation not in prompt.citations)


def _placed(item: QuotedItem, prompt: Rendered) -> QuotedItem:
    """Return a quote under the id of the only item that it stands in, where it does not stand in the one named."""
    if len(item.quote) < _TELLING or quoted_in(item.quote, prompt.texts.get(item.id, "")):
        return item
    others = [citation for citation, text in prompt.texts.items() if quoted_in(item.quote, text)]
    return item.model_copy(update={"id": others[0]}) if len(others) == 1 else item


def _wrong_with(text: str, fact: DistilledFact, prompt: Rendered) -> str:
    if not text or text.strip(_AROUND) in prompt.citations:
        return "text is an id, no sentence"
    for item in fact.items:
        if item.id not in prompt.citations:
            return f"there is no item {item.id}"
        if not quoted_in(item.quote, prompt.texts[item.id]):
            return f"the quote does not stand in {item.id} word for word"
    return wrong_wording(text, said=_said(prompt))


def _said(prompt: Rendered) -> list[str]:
    """Return the texts of the prompt that users wrote, and the prompt's own words, whose examples are nobody's."""
    said = [text for citation, text in prompt.texts.items() if citation.startswith("i")]
    return [*said, str(prompt.messages[0].content)]


def _option_of(options: Sequence[str]) -> Callable[[str], str | None]:
    """Return what finds the option that was copied: exactly, as it was shown, or else the only one read alike."""

    def only(keys: Sequence[str]) -> dict[str, str]:
        return {key: option for key, option in zip(keys, options, strict=True) if key and keys.count(key) == 1}

    def bare(text: str) -> str:
        return _AROUND_OPTION.sub("", folded(text))

    exact = {shown: option for shown, option in zip(shown_options(options), options, strict=True)}
    exact |= {option: option for option in options}
    alike = [(reads, only([reads(option) for option in options])) for reads in (defused, folded, bare)]

    def option_of(given: str) -> str | None:
        if given in exact:
            return exact[given]
        return next((meant[text] for reads, meant in alike if (text := reads(given)) in meant), None)

    return option_of


def check_answer(prompt: Rendered, question: Question) -> Callable[[PredictedAnswer], Checked[PredictedAnswer]]:
    """Return a check that the answer is an option, probabilities are those of options, and evidence was shown.

    Options get the question's spelling. Without a usable answer nothing is usable; otherwise unusable evidence and
    probabilities are dropped.
    """
    option_of = _option_of(question.options)

    def check(given: PredictedAnswer) -> Checked[PredictedAnswer]:
        raw = given.model_dump_json()
        answer = option_of(given.answer)
        if answer is None:
            reason = "answer is none of the options; copy one of them exactly"
            return Checked(given, (Problem(reason, raw),), 0, "outside")
        problems = []
        stated = [(option_of(one.option), one.probability) for one in given.probabilities]
        named = [option for option, _ in stated if option is not None]
        usable = len(named) == len(stated) == len(set(named)) and sum(p for _, p in stated) > 0
        if not usable:
            problems.append(Problem("probabilities must name each option once, and sum to 1", raw))
        evidence, missing = known_citations(given.evidence, prompt)
        if missing and prompt.citations:
            problems.append(Problem(f"evidence: there is no {', '.join(missing)}", raw))
        kept = tuple(
            OptionProbability(option=option, probability=p) for option, p in stated if usable and option is not None
        )
        value = given.model_copy(update={"answer": answer, "probabilities": kept, "evidence": evidence})
        return Checked(value, tuple(problems), 1 + usable)

    return check


def check_reaction(prompt: Rendered) -> Callable[[Reaction], Checked[Reaction]]:
    """Return a check that a reaction's evidence was shown and that its intensity agrees with its polarity."""

    def check(given: Reaction) -> Checked[Reaction]:
        problems = []
        evidence, missing = known_citations(given.evidence, prompt)
        if missing and prompt.citations:
            problems.append(Problem(f"evidence: there is no {', '.join(missing)}", given.model_dump_json()))
        if (given.polarity == "neutral") != (given.intensity == 0):
            reason = "intensity is 0 when polarity is neutral, and only then"
            problems.append(Problem(reason, given.model_dump_json()))
            return Checked(given.model_copy(update={"evidence": evidence}), tuple(problems), 0)
        return Checked(given.model_copy(update={"evidence": evidence}), tuple(problems), 1)

    return check


@dataclass(frozen=True)
class Verified:
    """A fact of a user and the model's verdict; None where its answer could not be used."""

    user: str
    fact: Fact
    verdict: VerdictName | None


def verify(
    model: LanguageModel,
    personas: Sequence[Persona],
    *,
    budget: Budget | None = None,
    config: RunnableConfig | None = None,
) -> list[Verified]:
    """Return a verdict on every distilled and induced fact, by one call each, in the order given.

    A distilled fact's sources are history items, an induced one's the facts or items it rests on. BudgetError when the
    budget of *budget* is reached.
    """
    from langchain_core.runnables.config import ContextThreadPoolExecutor

    def one(user: str, fact: Fact, texts: Mapping[str, str]) -> Verified:
        prompt = verify_prompt(fact, [(support.id, texts[support.id]) for support in fact.supports])
        said = ask(model, prompt, Verdict, check=Checked, call_context=CallContext("verify", user, budget, config))
        return Verified(user, fact, said.value.verdict if isinstance(said, Answered) else None)

    facts: list[tuple[str, Fact, Mapping[str, str]]] = []
    for persona in personas:
        texts = {item.id: item.text for item in persona.history.items}
        texts |= {fact.id: fact.text for fact in persona.distilled}
        facts += [(persona.user, fact, texts) for fact in (*persona.distilled, *persona.induced)]
    with ContextThreadPoolExecutor(max_workers=model.settings.concurrency) as pool:
        return list(pool.map(one, *zip(*facts, strict=True))) if facts else []
