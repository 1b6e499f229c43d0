"""Responses to news posts in RFPN's layout, and the histories of those who responded.

A post is a question; its options are the seven intensities from 'very negative' to 'very positive'.
Held out are the responses of the test, dev and coldstart files: they are never items, and they are taken out of
everybody's history by id, and out of their author's by equal text (case and spacing aside) and by equal post.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, ValidationError, model_validator

from persona_db.graph.errors import LoadError
from persona_db.graph.ids import item_id
from persona_db.graph.models import HistoryItem, Person, Question
from persona_db.graph.names import Keep
from persona_db.loaders.dates import iso_date
from persona_db.loaders.document import entries
from persona_db.loaders.rows import (
    LONGEST_TEXT,
    Id,
    Quarantine,
    Text,
    bad_row,
    composed,
    id_problem,
    ignore,
    normalised,
    reason_of,
    shown,
    storable,
    written_id,
)
from persona_db.loaders.source import Counts, HeldOut, HeldOutPart, Record, Source
from persona_db.loaders.split import Split

__all__ = ["INTENSITIES", "RfpnSource"]

INTENSITIES = (
    "very negative",
    "negative",
    "slightly negative",
    "neutral",
    "slightly positive",
    "positive",
    "very positive",
)
_NEUTRAL = INTENSITIES.index("neutral")
_ORDINAL = tuple(float(place) for place in range(len(INTENSITIES)))

_POSTS = "post_data"
_INFO = "users_info_dict"
_HISTORY = "users_history_dict"
_TRAIN = "response_data_balanced_train_anno"
_TEST: Mapping[str, HeldOutPart] = {
    "response_data_balanced_test_anno": "test",
    "response_data_coldstart_anno": "coldstart",
}
_HELD_OUT = (*_TEST, "response_data_balanced_dev_anno")


def _or_empty(text: str) -> str:
    """Return the text, empty where it is what pandas writes for none."""
    return "" if normalised(text) == "nan" else text


_MaybeEmpty = Annotated[
    str, Field(max_length=LONGEST_TEXT, strict=True), AfterValidator(storable), AfterValidator(_or_empty)
]
_Date = Annotated[str, AfterValidator(iso_date)]


class _Row(BaseModel):
    """A row with checked types; other fields are allowed, since annotated files carry computed ones."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


class _Post(_Row):
    text: Text
    created_at: _Date = ""


class _Info(_Row):
    description: _MaybeEmpty | None = None


class _Said(_Row):
    tweet_id: Id
    text: Text
    created_at: _Date = ""

    @model_validator(mode="after")
    def _says_something(self) -> _Said:
        if not _or_empty(self.text):
            raise ValueError(f"text {shown(self.text)} is what pandas writes where there is none")
        return self


class _Response(_Row):
    author_id: Id
    conversation_id: Id
    tweet_id: Id
    text: _MaybeEmpty = ""
    predicted: Annotated[StrictInt, Field(ge=0, le=2)]
    predicted_intensity: Annotated[StrictInt, Field(ge=0, le=6)]
    created_at: _Date = ""

    @model_validator(mode="after")
    def _polarity_has_the_intensity_s_sign(self) -> _Response:
        sign = (self.predicted_intensity > _NEUTRAL) - (self.predicted_intensity < _NEUTRAL)
        if self.predicted - 1 != sign:
            raise ValueError(f"predicted {self.predicted} contradicts predicted_intensity {self.predicted_intensity}")
        return self


@dataclass
class _Withheld:
    """Marks by which an entry of a history is recognised as a reply to be predicted."""

    ids: set[str] = field(default_factory=set)
    texts: set[tuple[str, str]] = field(default_factory=set)
    posts: set[tuple[str, str]] = field(default_factory=set)
    authors: dict[str, None] = field(default_factory=dict)

    def add(self, value: object) -> None:
        """Withhold a response by every mark that can be read: a broken row must not let its reply through."""
        if not isinstance(value, dict):
            return
        author = written_id(value.get("author_id", ""))
        self.ids.add(written_id(value.get("tweet_id", "")))
        self.posts.add((author, written_id(value.get("conversation_id", ""))))
        self.texts.add((author, normalised(str(value.get("text", "")))))
        self.authors.setdefault(author)

    def covers(self, user: str, *, key: str, text: str, post: str) -> bool:
        return (
            (bool(key) and key in self.ids)
            or (user, post) in self.posts
            or (bool(text.strip()) and (user, normalised(text)) in self.texts)
        )


class RfpnSource(Source):
    """Posts, users, their histories and their responses to posts, from a folder of RFPN's JSON files."""

    name = "rfpn"

    def __init__(self, folder: Path, *, split: Split | None = None, keep: Keep = "history") -> None:
        self._folder = folder
        self._split = split if keep == "history" else None
        self._marked = split
        self.counts = Counts()

    def read(self, quarantine: Quarantine) -> Iterator[Record]:
        """Yield posts, then users with their histories, then the training responses."""
        self.counts = Counts()
        self._check()
        withheld = self._withheld()
        posts = dict(self._posts(quarantine))
        if self._split is not None:
            self._split.check_questions(posts, source=str(self._needed(_POSTS)))
        yield from posts.values()
        seen: set[str] = set()
        answered: set[str] = set()
        for record in self._train(posts, withheld, quarantine):
            answered.add(record.id)
            if record.user not in seen:
                seen.add(record.user)
                yield Person(id=record.user)
            yield record
        yield from self._people(seen, withheld, quarantine)
        yield from self._histories(seen, answered, withheld, quarantine)
        for author in withheld.authors:
            if author not in seen and not id_problem(author):
                yield Person(id=author)

    def test_answers(self, quarantine: Quarantine = ignore) -> Iterator[HeldOut]:
        """Yield the responses of the test file, those of the coldstart file, and those that a split marks `test`."""
        self.counts = Counts()
        self._check()
        posts = dict(self._posts(ignore))
        for stem, part in _TEST.items():
            path = self._path(stem)
            for row in self._responses(path, posts, quarantine) if path is not None else ():
                yield HeldOut(row.author_id, row.conversation_id, row.predicted_intensity, row.created_at, part)
        if self._marked is not None:
            for row in self._responses(self._needed(_TRAIN), posts, quarantine):
                if self._marked.part(row.author_id, row.conversation_id) == "test":
                    yield HeldOut(row.author_id, row.conversation_id, row.predicted_intensity, row.created_at)

    def _check(self) -> None:
        """Raise LoadError where a file is missing, or is not JSON of its kind to its end."""
        if not self._folder.is_dir():
            reason = "is a file; give the folder" if self._folder.exists() else "no such folder"
            raise LoadError(f"{reason} with {_POSTS}.json and the files beside it", source=str(self._folder))
        for stem in (_POSTS, _INFO, _HISTORY):
            for _ in entries(self._needed(stem), kind=dict):
                pass
        for stem in (_TRAIN, *_HELD_OUT):
            path = self._needed(stem) if stem == _TRAIN else self._path(stem)
            for _ in entries(path, kind=list) if path is not None else ():
                pass

    def _path(self, stem: str) -> Path | None:
        """Return the file of that name, or else the first whose name begins with it."""
        exact = self._folder / f"{stem}.json"
        if exact.exists():
            return exact
        return next(iter(sorted(self._folder.glob(f"{stem}*.json"))), None)

    def _needed(self, stem: str) -> Path:
        path = self._path(stem)
        if path is None:
            raise LoadError(f"no file {stem}.json in it", source=str(self._folder))
        return path

    def _withheld(self) -> _Withheld:
        withheld = _Withheld()
        for stem in _HELD_OUT:
            path = self._path(stem)
            for entry in entries(path, kind=list) if path is not None else ():
                withheld.add(entry.value)
        if self._split is not None:
            for entry in entries(self._needed(_TRAIN), kind=list):
                value = entry.value
                if isinstance(value, dict):
                    pair = written_id(value.get("author_id", "")), written_id(value.get("conversation_id", ""))
                    if self._split.part(*pair) == "test":
                        withheld.add(value)
        return withheld

    def _posts(self, quarantine: Quarantine) -> Iterator[tuple[str, Question]]:
        path = self._needed(_POSTS)
        seen: set[str] = set()
        for number, raw, value in entries(path, kind=dict):
            key = composed(raw)
            try:
                post = _Post.model_validate(value)
                question = Question(
                    id=key, text=post.text, options=INTENSITIES, ordinal=_ORDINAL, kind="post", at=post.created_at
                )
                storable(key)
                if key not in seen:
                    seen.add(key)
                    yield key, question
                    continue
                reason = f"post {shown(key)} is there twice"
            except ValueError as error:
                reason = reason_of(error)
            quarantine(bad_row(path, number, reason))

    def _responses(self, path: Path, posts: dict[str, Question], quarantine: Quarantine) -> Iterator[_Response]:
        seen: dict[str, _Response] = {}
        for number, _, value in entries(path, kind=list):
            try:
                row = _Response.model_validate(value)
            except ValidationError as error:
                reason = reason_of(error)
            else:
                if row.conversation_id not in posts:
                    reason = f"no post {shown(row.conversation_id)} in {_POSTS}.json"
                elif (before := seen.setdefault(row.tweet_id, row)) is row:
                    yield row
                    continue
                elif before == row:
                    continue
                else:
                    reason = f"tweet_id {shown(row.tweet_id)} is there twice and differs; the first is kept"
            author = value.get("author_id", "") if isinstance(value, dict) else ""
            quarantine(bad_row(path, number, reason, user=written_id(author)))

    def _train(self, posts: dict[str, Question], withheld: _Withheld, quarantine: Quarantine) -> Iterator[HistoryItem]:
        for row in self._responses(self._needed(_TRAIN), posts, quarantine):
            user, post = row.author_id, row.conversation_id
            if withheld.covers(user, key=row.tweet_id, text=row.text, post=post):
                self.counts.skipped_test += 1
                continue
            if self._split is not None and not self.counts.keeps(self._split.part(user, post)):
                continue
            text = row.text.strip() or f'Responded to "{posts[post].text}": {INTENSITIES[row.predicted_intensity]}'
            yield HistoryItem(
                id=item_id(user, row.tweet_id),
                user=user,
                text=text,
                question=post,
                option=row.predicted_intensity,
                at=row.created_at,
            )

    def _people(self, seen: set[str], withheld: _Withheld, quarantine: Quarantine) -> Iterator[Person | HistoryItem]:
        """Yield the described users, each with their own description as their first item."""
        path = self._needed(_INFO)
        described: set[str] = set()
        for number, key, value in entries(path, kind=dict):
            user = self.counts.id(key)
            reason = id_problem(user) or (f"user {shown(user)} is there twice" if user in described else "")
            if not reason:
                described.add(user)
                try:
                    text = (_Info.model_validate(value).description or "").strip()
                except ValidationError as error:
                    reason = reason_of(error)
                else:
                    if user not in seen:
                        seen.add(user)
                        yield Person(id=user)
                    if text and withheld.covers(user, key="", text=text, post=""):
                        self.counts.skipped_test += 1
                    elif text:
                        yield HistoryItem(id=item_id(user, "description"), user=user, text=text)
            if reason:
                quarantine(bad_row(path, number, reason, user=user))

    def _histories(
        self, seen: set[str], answered: set[str], withheld: _Withheld, quarantine: Quarantine
    ) -> Iterator[Person | HistoryItem]:
        path = self._needed(_HISTORY)
        for number, key, value in entries(path, kind=dict):
            user = self.counts.id(key)
            reason = id_problem(user) or ("is no list" if not isinstance(value, list) else "")
            if reason or not isinstance(value, list):
                quarantine(bad_row(path, number, reason, user=user))
                continue
            if user not in seen:
                seen.add(user)
                yield Person(id=user)
            said: dict[str, _Said] = {}
            for place, entry in enumerate(value, start=1):
                try:
                    row = _said(entry)
                    if withheld.covers(user, key=row.tweet_id, text=row.text, post=row.tweet_id):
                        self.counts.skipped_test += 1
                        continue
                    if (before := said.setdefault(row.tweet_id, row)) is not row:
                        if before != row:
                            raise ValueError(f"tweet_id {shown(row.tweet_id)} is there twice and differs")
                        continue
                    if item_id(user, row.tweet_id) in answered:
                        continue  # the same tweet is already there as the answer that it is
                    item = HistoryItem(
                        id=item_id(user, row.tweet_id), user=user, text=row.text.strip(), at=row.created_at
                    )
                except ValueError as error:
                    reason = reason_of(error)
                else:
                    yield item
                    continue
                quarantine(bad_row(path, number, f"entry {place} of {shown(user)}: {reason}", user=user))


def _said(entry: object) -> _Said:
    """Return an entry of a history, which is an object or a pair of key and text."""
    if isinstance(entry, list) and len(entry) == 2:
        entry = {"tweet_id": entry[0], "text": entry[1]}
    return _Said.model_validate(entry)
