"""What a model that does as it is told answers: made from the prompt alone, the same for the same prompt.

It reads what is asked for from the schema, and what there is to read from the prompt: blocks between two tags of one
name and nonce, in them a line for each item that begins with its handle.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from zlib import crc32

from persona_db.chains.language.outputs import VALUES

__all__ = ["Asked", "Task", "count_tokens", "letter_shares", "obedient"]

Task = Literal["choose", "distil", "induce", "label", "predict", "react", "text", "unlabel", "verify"]

_TASKS: Mapping[str, Task] = {
    "traits": "induce", "polarity": "react", "answer": "predict", "facts": "distil", "verdict": "verify",
    "label": "label", "pairs": "unlabel",
}  # fmt: skip
_BLOCK = re.compile(r"<(?P<name>[a-z]+)-(?P<nonce>\w+)>\n(?P<text>.*?)\n</(?P=name)-(?P=nonce)>", re.DOTALL)
_ITEM = re.compile(r"^(?P<handle>[a-z]\d{1,4}) \| (?P<text>.*)$", re.MULTILINE)
_MOST_FACTS, _MOST_ITEMS = 24, 8
_QUOTED_WORDS = 8


@dataclass(frozen=True)
class Asked:
    """One request for a chat completion, as it came in."""

    body: Mapping[str, Any]
    authorization: str = ""

    @cached_property
    def messages(self) -> tuple[tuple[str, str], ...]:
        """Role and text of each message."""
        return tuple((message["role"], _text(message.get("content"))) for message in self.body["messages"])

    @cached_property
    def prompt(self) -> str:
        """The first message that is no system message: what the prompt file rendered."""
        return next(text for role, text in self.messages if role not in ("system", "developer"))

    @property
    def prompt_key(self) -> str:
        """The same for every request that asks the same."""
        return json.dumps([self.messages, self.method], ensure_ascii=False)

    @property
    def repair(self) -> bool:
        """True when the model is shown an answer of its own again."""
        return any(role == "assistant" for role, _ in self.messages)

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))

    @cached_property
    def schema(self) -> Mapping[str, Any] | None:
        """The JSON schema that the answer is to have; None where none was sent."""
        form = self.body.get("response_format") or {}
        if form.get("type") == "json_schema":
            schema: Mapping[str, Any] = form["json_schema"]["schema"]
            return schema
        for tool in self.body.get("tools") or ():
            parameters: Mapping[str, Any] = tool["function"]["parameters"]
            return parameters
        return None

    @property
    def tool(self) -> str | None:
        """The name of the function to call."""
        tools = self.body.get("tools") or ()
        return str(tools[0]["function"]["name"]) if tools else None

    @property
    def method(self) -> str:
        """How structure is asked for."""
        if self.tool:
            return "function_calling"
        return str((self.body.get("response_format") or {}).get("type", "text"))

    @cached_property
    def task(self) -> Task:
        """What is asked for, by the fields of the answer."""
        told = set((self.schema or {}).get("properties", ()))
        if told == {"answer"} or "Answer with its letter" in self.frame:
            return "choose"
        if not told and self.method in ("json_object", "text"):  # the schema stands in the prompt
            told = {name for name in _TASKS if any(f'"{name}"' in text for _, text in self.messages)}
        return next((task for name, task in _TASKS.items() if name in told), "text")

    @cached_property
    def blocks(self) -> dict[str, str]:
        """What stands between tags of one name and nonce, by the name."""
        return {match["name"]: match["text"] for match in _BLOCK.finditer(self.prompt)}

    @cached_property
    def frame(self) -> str:
        """The prompt without what stands in its blocks: the words that are ours."""
        return _BLOCK.sub(r"<\g<name>>", self.prompt)

    @cached_property
    def items(self) -> dict[str, str]:
        """The texts of the prompt by their handles, in its order; of a handle that stands twice the first."""
        found: dict[str, str] = {}
        for block in self.blocks.values():
            for match in _ITEM.finditer(block):
                found.setdefault(match["handle"], match["text"])
        return found

    @cached_property
    def options(self) -> tuple[str, ...]:
        """The answers to choose from: as the schema lists them, or else as the prompt does."""
        listed = (self.schema or {}).get("properties", {}).get("answer", {}).get("enum")
        return tuple(listed or self.blocks["options"].splitlines())

    @property
    def lettered(self) -> dict[str, str]:
        """The letter of each option, in the order shown."""
        lines = (line.partition(" | ") for line in self.blocks["options"].splitlines())
        return {option: letter for letter, _, option in lines}


def obedient(asked: Asked) -> str:
    """Return an answer that holds to all that was asked for."""
    answer = _ANSWERS[asked.task](asked)
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def count_tokens(text: str) -> int:
    """Return about how many tokens a large model's tokenizer makes of *text*: long words are more than one."""
    return sum(1 + (len(piece) - 1) // 7 for piece in re.findall(r"\w+|[^\w\s]+", text))


def _distil(asked: Asked) -> Mapping[str, Any]:
    handles = [handle for handle, text in asked.items.items() if handle[0] == "i" and text.strip()]
    groups = [handles[start::_MOST_FACTS][:_MOST_ITEMS] for start in range(min(len(handles), _MOST_FACTS))]
    return {
        "facts": [
            {
                "text": f"Says to us that: {_quote(asked.items[group[0]])} too.",
                "kind": "stance",
                "items": [{"id": handle, "quote": _quote(asked.items[handle])} for handle in group],
            }
            for group in groups
        ]
    }


def _induce(asked: Asked) -> Mapping[str, Any]:
    facts = {handle: text for handle, text in asked.items.items() if handle[0] == "f"}
    if not facts:
        return {"traits": []}
    handles = list(facts)
    topic = _topic(facts.values())
    value = VALUES[crc32(topic.encode()) % len(VALUES)]
    return {
        "traits": [
            {"kind": "value", "name": value, "text": f"Holds {value} dear.", "weight": 0.9, "facts": handles[:3]},
            {"kind": "topic", "name": topic, "text": f"Cares about {topic}.", "weight": 0.6, "facts": handles[:2]},
        ]
    }


def _predict(asked: Asked) -> Mapping[str, Any]:
    options = asked.options
    best = crc32(asked.prompt.encode()) % len(options)
    rest = 0.4 / max(len(options) - 1, 1)
    return {
        "answer": options[best],
        "probabilities": [
            {"option": option, "probability": round(0.6 if row == best else rest, 4)}
            for row, option in enumerate(options)
        ],
        "explanation": "It follows from what they said.",
        "evidence": list(asked.items)[:2],
    }


def _choose(asked: Asked) -> Mapping[str, Any]:
    shares = letter_shares(asked)
    return {"answer": max(shares, key=shares.__getitem__)}


def letter_shares(asked: Asked) -> dict[str, float]:
    """How probable each letter is: by what its option says, and half as much again where it stands first."""
    weights = {
        letter: (1 + crc32(option.encode()) % 5) * (1.5 if letter == "A" else 1.0)
        for option, letter in asked.lettered.items()
    }
    return {letter: weight / sum(weights.values()) for letter, weight in weights.items()}


def _react(asked: Asked) -> Mapping[str, Any]:
    place = crc32(asked.prompt.encode())
    polarity = ("negative", "neutral", "positive")[place % 3]
    return {
        "polarity": polarity,
        "intensity": 0 if polarity == "neutral" else 1 + place // 3 % 3,
        "comment": "That is how I see it.",
        "explanation": "It follows from what they said.",
        "evidence": list(asked.items)[:2],
    }


def _verify(asked: Asked) -> Mapping[str, Any]:
    """Shown when most of the statement's words stand in its sources."""
    words = set(asked.items["f1"].casefold().split())
    sources = {word for handle, text in asked.items.items() if handle != "f1" for word in text.casefold().split()}
    return {"verdict": "shown" if 2 * len(words & sources) > len(words) else "not shown"}


def _label(asked: Asked) -> Mapping[str, Any]:
    """The question's last words, and of each option that somebody is for it."""
    question = asked.blocks["data"].partition("Question: ")[2].splitlines()[0]
    options = {handle: text for handle, text in asked.items.items() if handle.startswith("o")}
    label = " ".join(question.rstrip("?").split()[-4:])
    return {
        "label": label,
        "kind": "opinion",
        "stances": [{"option": handle, "stance": f"Says {text} on {label}"} for handle, text in options.items()],
    }


def _unlabel(asked: Asked) -> Mapping[str, Any]:
    """The option that a stance names."""
    options = {text: handle for handle, text in asked.items.items() if handle.startswith("o")}
    stances = {handle: text for handle, text in asked.items.items() if handle.startswith("s")}
    return {
        "pairs": [
            {"stance": handle, "option": options[said]}
            for handle, text in stances.items()
            if (said := text.removeprefix("Says ").partition(" on ")[0]) in options
        ]
    }


def _plain(asked: Asked) -> str:
    return f"They would say so, as {next(iter(asked.items), 'nothing')} shows."


_ANSWERS = {
    "choose": _choose,
    "distil": _distil,
    "induce": _induce,
    "label": _label,
    "predict": _predict,
    "react": _react,
    "text": _plain,
    "unlabel": _unlabel,
    "verify": _verify,
}


def _quote(text: str) -> str:
    """The first words of the first line, as they stand there."""
    line = text.strip().splitlines()[0]
    words = list(re.finditer(r"\S+", line))[:_QUOTED_WORDS]
    return line[words[0].start() : words[-1].end()]


def _topic(texts: Iterable[str]) -> str:
    """The long word that most of the texts have, ties by the alphabet."""
    words = Counter(word for text in texts for word in set(re.findall(r"[a-z]{5,}", text.casefold())))
    return min(words, key=lambda word: (-words[word], word), default="nothing")


def _text(content: str | Sequence[Mapping[str, Any]] | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(str(part.get("text", "")) for part in content)
