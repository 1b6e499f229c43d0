"""The closed vocabularies that free text is matched with: values, moral foundations, ideologies.

The ten basic values are Schwartz's, the moral foundations those of Haidt and Graham (virtue and vice words);
both are the sets the paper uses (appendix). The sentences are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

from persona_db.chains.persona import KeyKind
from persona_db.graph.ids import key_id

__all__ = ["NEUTRAL", "OPPOSITES", "VOCABULARY", "Term"]

_SENTENCES = files("persona_db.chains.fit").joinpath("vocabulary.txt").read_text(encoding="utf-8")
"""A term a block: `# kind: name`, sentences that speak for it (`+`), and sentences near them that do not (`-`).

The last block, `# none`, has sentences that speak for no term.
"""


OPPOSITES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "self-direction": ("conformity",),
        "conformity": ("self-direction", "subversion"),
        "authority": ("subversion",),
        "subversion": ("authority", "conformity"),
        "liberal": ("conservative", "libertarian"),
        "conservative": ("liberal",),
        "libertarian": ("liberal",),
        "technological optimist": ("technological sceptic",),
        "technological sceptic": ("technological optimist",),
    }
)
"""Terms whose examples speak against a term."""


@dataclass(frozen=True)
class Term:
    """A word of a closed vocabulary, sentences that speak for it and sentences near them that do not.

    The first of `examples` describes it. `contrasts` take the contrary stance, or name the topic and take none.
    """

    kind: KeyKind
    name: str
    examples: tuple[str, ...]
    contrasts: tuple[str, ...]

    @property
    def key(self) -> str:
        return key_id(self.kind, self.name)

    @property
    def description(self) -> str:
        return self.examples[0]


def _blocks() -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    for block in _SENTENCES.strip().split("\n\n"):
        title, *lines = block.splitlines()
        speaks, not_ = (tuple(line[2:] for line in lines if line[0] == side) for side in "+-")
        yield title.removeprefix("# "), speaks, not_


def _term(title: str, examples: tuple[str, ...], contrasts: tuple[str, ...]) -> Term:
    kinds: dict[str, KeyKind] = {"value": "value", "moral": "moral", "ideology": "ideology"}
    kind, name = title.split(": ")
    return Term(kinds[kind], name, examples, contrasts)


NEUTRAL: tuple[str, ...] = next(none for title, _, none in _blocks() if title == "none")
"""Sentences that speak for no term."""
VOCABULARY: tuple[Term, ...] = tuple(_term(*block) for block in _blocks() if block[0] != "none")
"""In this order terms have their columns wherever texts are scored."""
