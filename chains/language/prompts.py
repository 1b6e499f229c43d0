"""Prompts: files in `chains/prompts`, rendered by a typed function each.

Texts of users and collaborators stand inside tags that carry a nonce, a line for each text, under a citation id (`i1`,
`f1`, `b1`): ids of the graph never reach a model. The nonce is a hash of the quoted texts: the same prompt is the same
text every time, and nobody can write a text that closes its own block.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template, ascii_uppercase
from typing import TYPE_CHECKING

from persona_db.chains.language.quoting import defused, nonce_of
from persona_db.graph.errors import ConfigError

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from persona_db.chains.persona import Fact
    from persona_db.chains.results import Recalled
    from persona_db.graph.models import HistoryItem, Question

__all__ = [
    "PROMPTS",
    "Prompt",
    "Rendered",
    "choose_prompt",
    "distil_prompt",
    "explain_prompt",
    "induce_prompt",
    "label_prompt",
    "predict_prompt",
    "prompt_file",
    "react_prompt",
    "repair_text",
    "shown_options",
    "unlabel_prompt",
    "verify_prompt",
]

PROMPTS = ("choose", "distil", "explain", "induce", "label", "predict", "react", "repair", "unlabel", "verify")
_NOTHING = "(nothing)"
_MANY = 100  # options for which the limits of a grammar are raised


@dataclass(frozen=True)
class Prompt:
    """A prompt file: its header, its parts by role, and the hash of its text."""

    name: str
    purpose: str
    variables: tuple[str, ...]
    output: str
    system: str
    human: str
    hash: str


@dataclass(frozen=True)
class Rendered:
    """A prompt filled in, and what its citation ids stand for."""

    name: str
    hash: str
    messages: tuple[BaseMessage, ...]
    citations: Mapping[str, str]
    """The graph's id by citation id, in the order shown; several citation ids may stand for one id."""
    texts: Mapping[str, str]
    """The complete text by citation id, as it was before it was quoted."""
    max_entries: int | None = None
    """The most facts or traits that the prompt asks for; of options, how many there are where they are many."""

    @property
    def text(self) -> str:
        """All of it, for counting."""
        return "\n".join(str(message.content) for message in self.messages)


@cache
def prompt_file(name: str) -> Prompt:
    """Return the prompt of that name; ConfigError when its file is not as a prompt file is."""
    text = files("persona_db.chains").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")
    head, found, body = text.removeprefix("---\n").partition("\n---\n")
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in head.splitlines())}
    if not found or fields.get("name") != name or not {"purpose", "variables", "output"} <= fields.keys():
        raise ConfigError(f"the prompt {name}.md has no header with name, purpose, variables and output; install again")
    before, _, human = body.partition("# human\n")
    return Prompt(
        name=name,
        purpose=fields["purpose"],
        variables=tuple(word.strip() for word in fields["variables"].split(",")),
        output=fields["output"],
        system=before.removeprefix("# system\n").strip(),
        human=human.strip(),
        hash=sha256(text.encode()).hexdigest()[:16],
    )


def distil_prompt(items: Sequence[HistoryItem], attributes: Sequence[str], *, max_entries: int = 12) -> Rendered:
    """Ask for the facts that these items of one person state, *max_entries* at most."""
    block = _Block()
    lines = block.add("i", [(item.id, item.text) for item in items])
    known = block.known(attributes)
    return _rendered("distil", block, known=known, items=lines, most=str(max_entries))


def induce_prompt(
    items: Sequence[HistoryItem], facts: Sequence[Fact], attributes: Sequence[str] = (), *, max_entries: int = 12
) -> Rendered:
    """Ask for what these items and distilled facts of one person let infer, *max_entries* traits at most."""
    block = _Block()
    of_facts = block.add("f", [(fact.id, fact.text) for fact in facts])
    of_items = block.add("i", [(item.id, item.text) for item in items])
    known = block.known(attributes)
    return _rendered("induce", block, known=known, facts=of_facts, items=of_items, most=str(max_entries))


def predict_prompt(question: Question, own: Sequence[Recalled], borrowed: Sequence[Recalled]) -> Rendered:
    """Ask which of the question's options the person would choose."""
    return _question_prompt("predict", question, own, borrowed)


def choose_prompt(
    question: Question, own: Sequence[Recalled], borrowed: Sequence[Recalled], order: Sequence[int] | None = None
) -> Rendered:
    """Ask for the letter of the option that the person would choose; options stand in *order*.

    Up to the options it is the same text in every order.
    """
    block = _Block()
    mine, theirs = _recalled(block, own, borrowed)
    shown = shown_options(question.options)
    block.quoted += shown
    order = range(len(shown)) if order is None else order
    lines = (f"{letter} | {shown[place]}" for letter, place in zip(ascii_uppercase, order, strict=False))
    asked = f"{'Post' if question.kind == 'post' else 'Question'}: {block.quote(question.text)}"
    return _rendered("choose", block, own=mine, borrowed=theirs, question=asked, options="\n".join(lines))


def explain_prompt(question: Question, own: Sequence[Recalled], borrowed: Sequence[Recalled]) -> Rendered:
    """Ask in words how the person would answer, and why."""
    return _question_prompt("explain", question, own, borrowed)


def react_prompt(question: Question, own: Sequence[Recalled], borrowed: Sequence[Recalled]) -> Rendered:
    """Ask how the person would react to a post."""
    block = _Block()
    mine, theirs = _recalled(block, own, borrowed)
    return _rendered("react", block, own=mine, borrowed=theirs, post=block.quote(question.text))


def verify_prompt(fact: Fact, sources: Sequence[tuple[str, str]]) -> Rendered:
    """Ask whether *sources* (id and text of what it rests on) show a fact."""
    block = _Block()
    statement = block.add("f", [(fact.id, fact.text)])
    return _rendered("verify", block, fact=statement, items=block.add("i", sources))


def label_prompt(question: Question) -> Rendered:
    """Ask for a short name of a question, and what each of its options stands for."""
    block = _Block()
    asked = block.quote(question.text)
    return _rendered("label", block, question=asked, options=_options(block, question))


def unlabel_prompt(question: Question, stances: Sequence[tuple[str, str]]) -> Rendered:
    """Ask which option each of *stances* (id and text, in the order shown) stands for."""
    block = _Block()
    asked = block.quote(question.text)
    return _rendered(
        "unlabel", block, question=asked, options=_options(block, question), stances=block.add("s", stances)
    )


def _options(block: _Block, question: Question) -> str:
    return block.add("o", [(str(place), option) for place, option in enumerate(question.options)])


def repair_text(problems: Sequence[str]) -> str:
    """Ask for another answer, naming what was wrong with the last one."""
    shown = "\n".join(f"- {' '.join(problem.split())[:300]}" for problem in problems)
    return Template(prompt_file("repair").human).substitute(problems=shown)


class _Block:
    """The texts that a prompt quotes, by citation id."""

    def __init__(self) -> None:
        self.citations: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.quoted: list[str] = []

    def quote(self, text: str) -> str:
        line = defused(text)
        self.quoted.append(line)
        return line

    def add(self, letter: str, entries: Sequence[tuple[str, str]]) -> str:
        """Return a line for each (id, text), under citation ids of that letter."""
        lines = []
        for number, (id_, text) in enumerate(entries, start=1):
            citation = f"{letter}{number}"
            self.citations[citation] = id_
            self.texts[citation] = text
            lines.append(f"{citation} | {self.quote(text)}")
        return "\n".join(lines) or _NOTHING

    def known(self, attributes: Sequence[str]) -> str:
        """Return one line of what is known of the person."""
        return "Known of the person: " + (self.quote("; ".join(attributes)) or _NOTHING)


def _question_prompt(name: str, question: Question, own: Sequence[Recalled], borrowed: Sequence[Recalled]) -> Rendered:
    block = _Block()
    mine, theirs = _recalled(block, own, borrowed)
    shown = shown_options(question.options)
    block.quoted += shown
    options = "\n".join(f"- {option}" for option in shown)
    asked = _rendered(name, block, own=mine, borrowed=theirs, question=block.quote(question.text), options=options)
    return replace(asked, max_entries=len(shown)) if len(shown) > _MANY else asked


def shown_options(options: Sequence[str]) -> list[str]:
    """Return the line that shows each option: its text, or JSON of all where only blanks tell some apart."""
    lines = [defused(option) for option in options]
    if len(set(lines)) == len(lines):
        return lines
    return [json.dumps(option).replace("<", "\\u003c").replace("[", "\\u005b") for option in options]


def _recalled(block: _Block, own: Sequence[Recalled], borrowed: Sequence[Recalled]) -> tuple[str, str]:
    return (
        block.add("i", [(item.id, item.text) for item in own]),
        block.add("b", [(item.id, item.text) for item in borrowed]),
    )


def _rendered(name: str, block: _Block, **variables: str) -> Rendered:
    """Fill the prompt of that name in; *variables* are those that its header names."""
    from langchain_core.messages import HumanMessage, SystemMessage

    prompt = prompt_file(name)
    variables["nonce"] = nonce_of(block.quoted)
    return Rendered(
        name=name,
        hash=prompt.hash,
        messages=(
            SystemMessage(Template(prompt.system).substitute(variables)),
            HumanMessage(Template(prompt.human).substitute(variables)),
        ),
        citations=block.citations,
        texts=block.texts,
        max_entries=int(variables["most"]) if "most" in variables else None,
    )
