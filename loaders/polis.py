"""A conversation on Polis as it is exported: statements that people wrote, and how people voted on them.

Groups, and counts of votes by statement or person, are never read: they would give away votes that are to be predicted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from persona_db.graph.errors import LoadError
from persona_db.graph.ids import item_id
from persona_db.graph.models import HistoryItem, Person, Question
from persona_db.graph.names import Keep
from persona_db.loaders.bundled_labels import bundled_labels
from persona_db.loaders.polis_files import (
    Conversation,
    Statement,
    Vote,
    bundled,
    bundled_texts,
    folder_conversation,
)
from persona_db.loaders.rows import Quarantine, ignore, normalised
from persona_db.loaders.source import Counts, HeldOut, Record, Source
from persona_db.loaders.split import Split

__all__ = ["PolisSource"]

OPTIONS = ("disagree", "pass", "agree")
_ORDINAL = (0.0, None, 1.0)
"""Who passes is not between the two: it is a habit of the person, and of the statement."""
_LABELS = "bowling_green_labels.csv"
_VOTED = ("Disagreed with", "Passed on", "Agreed with")


class PolisSource(Source):
    """Votes as answers: the statement is the question, and its text is said by its author as well."""

    name = "polis"

    def __init__(self, folder: Path | None = None, *, split: Split | None = None, keep: Keep = "history") -> None:
        self._folder = folder
        self._split = split if keep == "history" else None
        self._marked = split
        self.counts = Counts()

    def read(self, quarantine: Quarantine) -> Iterator[Record]:
        """Yield statements, people with their votes, then what the authors wrote; LoadError before the first."""
        self.counts = Counts()
        found = self._conversation(quarantine)
        statements = {one.id: one for one in found.statements}
        if self._split is not None:
            self._split.check_questions(statements, source=self._place)
        yield from _questions(statements.values())
        texts = {one.id: [f'{voted} "{one.text}"' for voted in _VOTED] for one in statements.values()}
        written = {(one.author, one.id) for one in statements.values()}
        own: dict[tuple[str, str], int] = {}
        seen: set[str] = set()
        for vote in found.votes(statements):
            if vote.user not in seen:
                seen.add(vote.user)
                yield Person(id=vote.user)
            pair = (vote.user, vote.question)
            if pair in written and vote.last:
                own[pair] = vote.option
            if self._split is not None and not self._kept(vote):
                continue
            yield _item(vote, texts[vote.question][vote.option])
        yield from self._written(statements, own, voters=seen)
        self.notes = tuple(_notes(statements, found, voters=seen))

    def votes(self, quarantine: Quarantine = ignore) -> Iterator[Vote]:
        """Yield everybody's last vote on each statement, whatever the split marks: to draw a split, never to load."""
        self.counts = Counts()
        found = self._conversation(quarantine)
        return (vote for vote in found.votes({one.id: one for one in found.statements}) if vote.last)

    def test_answers(self, quarantine: Quarantine = ignore) -> Iterator[HeldOut]:
        """Yield the votes that the split marks `test`."""
        if self._marked is None:
            return
        for vote in self.votes(quarantine):
            if self._marked.part(vote.user, vote.question) == "test":
                yield HeldOut(vote.user, vote.question, vote.option, vote.at)

    @property
    def _place(self) -> str:
        return "the bundled conversation" if self._folder is None else str(self._folder)

    def _conversation(self, quarantine: Quarantine) -> Conversation:
        found = bundled() if self._folder is None else folder_conversation(self._folder, quarantine)
        if not found.statements:
            raise LoadError("no statement can be read", source=self._place)
        return found

    def _kept(self, vote: Vote) -> bool:
        """Say whether a vote is history; a pair is counted once, with its last vote."""
        part = self._split.part(vote.user, vote.question) if self._split is not None else "history"
        return self.counts.keeps(part) if vote.last else part == "history"

    def _written(
        self, statements: Mapping[str, Statement], own: Mapping[tuple[str, str], int], *, voters: Collection[str]
    ) -> Iterator[HistoryItem]:
        """Yield the statements as items of their authors.

        Left out are those that were moderated out, those that their author disagrees with, those of an author who
        never voted, and where the author's vote is held out, every statement of theirs in the same words.
        """
        held_out = {
            (one.author, normalised(one.text))
            for one in statements.values()
            if self._split is not None and self._split.part(one.author, one.id) == "test"
        }
        for one in statements.values():
            if one.moderated_out or one.author not in voters:
                continue
            if (one.author, normalised(one.text)) in held_out:
                self.counts.skipped_test += 1
            elif own.get((one.author, one.id)) != OPTIONS.index("disagree"):
                yield HistoryItem(id=item_id(one.author, f"wrote-{one.id}"), user=one.author, text=one.text, at=one.at)


def _questions(statements: Iterable[Statement]) -> Iterator[Question]:
    """Yield the statements as questions; those of the bundled conversation are called as its label file says."""
    labels = bundled_labels(_LABELS, OPTIONS)
    texts = bundled_texts()
    for one in statements:
        named = labels[one.id] if texts.get(one.id) == one.text else {}
        yield Question(id=one.id, text=one.text, options=OPTIONS, ordinal=_ORDINAL, at=one.at, **named)


def _item(vote: Vote, text: str) -> HistoryItem:
    key = vote.question if vote.last else f"{vote.question}@{vote.at}"
    return HistoryItem.model_construct(
        id=item_id(vote.user, key), user=vote.user, text=text, question=vote.question, option=vote.option, at=vote.at
    )


def _notes(statements: Mapping[str, Statement], found: Conversation, *, voters: Collection[str]) -> Iterator[str]:
    moderated = Counter(one.moderated_out for one in statements.values())
    if moderated[True]:
        yield (
            f"{moderated[True]:,} of {len(statements):,} statements were moderated out: their votes are loaded, but "
            "they are not said of their authors"
        )
    if strangers := sum(not one.moderated_out and one.author not in voters for one in statements.values()):
        yield f"{strangers:,} statements are of authors who never voted: they are said of nobody"
    if not found.dated:
        yield "votes have no times: every vote counts as known from the start"
    if found.changed:
        yield f"{found.changed:,} votes were changed later: both are loaded, with their times"
