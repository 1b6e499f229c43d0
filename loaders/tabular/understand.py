"""From the columns of a table to a plan of how it is read: what somebody said, what the file says, and guesses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from persona_db.graph.errors import LoadError
from persona_db.loaders.tabular.answers import answers_of
from persona_db.loaders.tabular.asked import TableOptions, chosen, with_missing, with_scales
from persona_db.loaders.tabular.boxes import boxes_among, with_not_asked
from persona_db.loaders.tabular.days import date_format_of
from persona_db.loaders.tabular.plan import ColumnPlan, Role, TablePlan
from persona_db.loaders.tabular.profile import ColumnProfile
from persona_db.loaders.tabular.roles import (
    date_rank,
    is_attribute,
    is_item,
    is_item_text,
    is_record,
    is_user,
    is_value,
    is_wave,
    is_weight,
)
from persona_db.loaders.tabular.table_file import TableFile, Variable, number_of
from persona_db.loaders.tabular.words import plain

__all__ = ["understood"]

_MOST_OF_AN_ATTRIBUTE = 60
_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( [ap]m)?", re.IGNORECASE)
_SEXES = {
    "male",
    "female",
    "man",
    "woman",
    "men",
    "women",
    "m",
    "f",
    "other",
    "non binary",
    "nonbinary",
    "diverse",
    "trans",
}


def understood(
    file: TableFile, profiles: Sequence[ColumnProfile], codebook: Mapping[str, Variable], options: TableOptions
) -> TablePlan:
    """Return how the table is read; LoadError where it has no answers that anybody gave."""
    roles = _Roles(profiles, options)
    in_codes = _in_codes(profiles, codebook)
    plans: dict[str, ColumnPlan] = {}
    for profile in profiles:
        name = profile.variable.name
        role, why = roles.of(profile)
        if role in ("question", "attribute", "value"):
            is_age = role == "attribute" and any(
                word in ("age", "old")
                for word in f"{name} {profile.variable.label}".casefold().replace("_", " ").split()
            )
            plan = answers_of(
                profile, codebook=codebook.get(name), in_codes=_codes_of(profile, codebook, in_codes), is_age=is_age
            )
            plans[name] = _as(plan, role, why, profile, given=roles.was_given(name))
        else:
            date_format = date_format_of(profile.values) if role == "date" else ""
            if role == "date" and not date_format:
                raise LoadError(f"column {name!r} has no dates", source=file.source)
            plans[name] = ColumnPlan(column=name, role=role, date_format=date_format, guessed=why)
    if not roles.is_long:
        questions = {profile.variable.name for profile in profiles if roles.of(profile)[0] == "question"}
        plans.update(boxes_among(profiles, plans, questions))
        plans.update(with_not_asked(file, plans, profiles))
    plans = with_scales(with_missing(plans, options), options)
    columns = tuple(plans.values())
    if not any(one.role in ("question", "text", "value") for one in columns):
        raise LoadError(
            "no column is a question; --questions names those that are, --preview shows what was understood",
            source=file.source,
        )
    return TablePlan(
        form="long" if roles.is_long else "wide",
        header_rows=options.header_rows,
        sheet=options.sheet,
        wave=options.wave or "",
        columns=columns,
        notes=(*file.notes, *roles.notes),
    )


class _Roles:
    """What every column is for."""

    def __init__(self, profiles: Sequence[ColumnProfile], options: TableOptions) -> None:
        names = [profile.variable.name for profile in profiles]
        self._by_name = {profile.variable.name: profile for profile in profiles}
        self._profiles = profiles
        self._given: dict[str, Role] = {}
        self._exclusive: set[Role] = set()
        self.notes: list[str] = []
        for role, wanted in (
            ("user", options.user), ("item", options.item), ("value", options.value), ("weight", options.weight),
            ("date", options.date), ("attribute", options.attributes), ("question", options.questions),
        ):  # fmt: skip
            several = role in ("attribute", "question")
            for name in chosen(names, wanted, one=not several, option=_OPTION[role]):
                self._given.setdefault(name, role)  # type: ignore[arg-type]
            if wanted and several:
                self._exclusive.add(role)  # type: ignore[arg-type]
        self.is_long = self._find_long(options)
        self._guessed: dict[str, Role] = {}
        self._guess()

    def of(self, profile: ColumnProfile) -> tuple[Role, tuple[str, ...]]:
        """Return what a column is for, and what of that was guessed."""
        name = profile.variable.name
        if name in self._given:
            return self._given[name], ()
        if name in self._guessed:
            return self._guessed[name], ()
        is_one = is_attribute(profile.variable) and "attribute" not in self._exclusive
        if is_one and profile.filled and not _is_date(profile):
            return "attribute", ("describes the person, by its name",)
        why_not = _why_no_answer(profile)
        if not why_not and self.is_long:
            why_not = "no part of an answer"
        if not why_not and "question" in self._exclusive:
            why_not = "not among --questions"
        return ("ignored", (why_not,)) if why_not else ("question", ())

    def was_given(self, name: str) -> bool:
        """Say whether somebody said what the column is for."""
        return name in self._given

    def _guess(self) -> None:
        free = [one for one in self._profiles if one.variable.name not in self._given and one.filled]
        has = set(self._given.values())
        if "user" not in has:
            self._guess_user(free)
        free = [one for one in free if one.variable.name not in self._guessed]
        if "weight" not in has:
            weights = [one for one in free if is_weight(one.variable) and _are_weights(one)]
            if weights:
                self._guessed[weights[0].variable.name] = "weight"
        if "date" not in has:
            dates = [
                (rank, place, one)
                for place, one in enumerate(free)
                if (rank := date_rank(one.variable)) is not None and _is_date(one)
            ]
            if dates:
                self._guessed[min(dates, key=lambda found: found[:2])[2].variable.name] = "date"
        users = [self._by_name[name] for name, role in {**self._given, **self._guessed}.items() if role == "user"]
        if users and not users[0].unique and not self.is_long:
            waves = [one for one in free if is_wave(one.variable) and not one.many]
            if waves:
                self._guessed[waves[0].variable.name] = "wave"

    def _guess_user(self, free: Sequence[ColumnProfile]) -> None:
        candidates = [one for one in free if is_user(one.variable) and one.share > 0.9 and not one.variable.labels]
        candidates.sort(key=lambda one: not one.unique)
        first = self._profiles[0]
        if candidates:
            self._guessed[candidates[0].variable.name] = "user"
        elif first in free and first.share == 1 and _tells_apart(first):
            self._guessed[first.variable.name] = "user"
            self.notes.append(f"people are told by {first.variable.name!r}, which has a value of its own in every row")
        else:
            self.notes.append("no column tells people apart: each row is a person, called by its number")

    def _find_long(self, options: TableOptions) -> bool:
        if options.item or options.value:
            return True
        if len(self._profiles) > 12 or "question" in self._exclusive:
            return False
        found: dict[str, str] = {}
        for role, is_it in (("user", is_user), ("item", is_item), ("value", is_value)):
            for profile in self._profiles:
                name = profile.variable.name
                if name not in found.values() and is_it(profile.variable) and profile.filled:
                    found.setdefault(role, name)
        if len(found) < 3 or self._by_name[found["user"]].unique:
            return False
        for role, name in found.items():
            self._given.setdefault(name, role)  # type: ignore[arg-type]
        texts = [one for one in self._profiles if is_item_text(one.variable) and one.variable.name not in self._given]
        if texts:
            self._given[texts[0].variable.name] = "item_text"
        self.notes.append(
            f"long form: a row an answer of {found['user']!r} to {found['item']!r}, in {found['value']!r}"
        )
        return True


_OPTION = {
    "user": "--user", "item": "--item", "value": "--value", "weight": "--weight", "date": "--date",
    "attribute": "--attributes", "question": "--questions",
}  # fmt: skip


def _as(plan: ColumnPlan, role: Role, why: tuple[str, ...], profile: ColumnProfile, *, given: bool) -> ColumnPlan:
    """Return a question's plan as that of an attribute or of the answers of a long table, where it is one."""
    if (
        role == "question"
        and not given
        and len(plan.options) > 1
        and {plain(option) for option in plan.options} <= _SEXES
    ):
        role, why = "attribute", ("describes the person, by its values",)
    if role == "question":
        single = plan.role == "question" and plan.kind == "choice" and len(plan.options) < 2 and not plan.codes
        if single and not given:
            return plan.model_copy(
                update={"role": "ignored", "guessed": (f"whoever answered has {plan.options[0]!r}",)}
            )
        return plan
    if role == "attribute" and plan.role != "ignored":
        wide = plan.role == "text" or (plan.kind == "choice" and len(plan.options) > _MOST_OF_AN_ATTRIBUTE)
        if wide:
            return ColumnPlan(
                column=plan.column, role="ignored", guessed=("too many different values to group people",)
            )
        if plan.kind == "several":
            options = tuple(sorted(profile.values))
            plan = plan.model_copy(update={"kind": "choice", "options": options, "separator": ""})
        why = (*why, *(guess for guess in plan.guessed if "order" not in guess and "scale" not in guess))
        return plan.model_copy(update={"role": "attribute", "text": "", "guessed": why})
    return plan if role == "attribute" else plan.model_copy(update={"role": role})


def _why_no_answer(profile: ColumnProfile) -> str:
    """Return why nothing that a person said is in a column, '' where something may be."""
    variable = profile.variable
    reasons = {
        "nobody has a value": not profile.filled,
        "recorded by the survey tool": is_record(variable) or is_user(variable),
        "another date": _is_date(profile),
        "a time of day": _is_time(profile),
        "another weight; --weight chooses it": is_weight(variable) and _are_weights(profile),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _tells_apart(profile: ColumnProfile) -> bool:
    """Say whether a column without a telling name has a number or a word of its own in each of many rows."""
    some = list(profile.counts)[:50]
    words = all(number_of(text) is not None or " " not in text for text in some)
    return profile.unique and profile.rows >= 20 and not profile.variable.labels and words


def _is_date(profile: ColumnProfile) -> bool:
    return not profile.variable.labels and bool(date_format_of(profile.values))


def _is_time(profile: ColumnProfile) -> bool:
    return not profile.variable.labels and all(_TIME.fullmatch(value) for value in list(profile.values)[:50])


def _are_weights(profile: ColumnProfile) -> bool:
    """Say whether a column has positive numbers for almost everybody, and no labels."""
    numbers = profile.numbers()
    return (
        not profile.variable.labels and profile.share > 0.9 and bool(numbers) and len(numbers) == len(profile.values)
        and min(numbers) >= 0 and len(numbers) > 1
    )  # fmt: skip


def _in_codes(profiles: Sequence[ColumnProfile], codebook: Mapping[str, Variable]) -> bool:
    """Say whether most columns of a file without labels of its own hold the codes of the codebook, not its labels."""
    votes = [vote for profile in profiles if (vote := _vote(profile, codebook)) is not None]
    return 2 * sum(votes) >= len(votes)


def _vote(profile: ColumnProfile, codebook: Mapping[str, Variable]) -> bool | None:
    known = codebook.get(profile.variable.name)
    if known is None or not known.labels or not profile.values:
        return None
    codes = set(known.labels)
    labels = set(known.labels.values())
    as_codes = sum(count for value, count in profile.values.items() if value in codes)
    as_labels = sum(count for value, count in profile.values.items() if value in labels)
    return None if as_codes == as_labels else as_codes > as_labels


def _codes_of(profile: ColumnProfile, codebook: Mapping[str, Variable], in_codes: bool) -> bool:
    if profile.variable.labels:
        return True
    vote = _vote(profile, codebook)
    return in_codes if vote is None else vote
