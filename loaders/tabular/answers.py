"""What the cells of a column mean: options in order, their scale, codes and missing values, numbers, or free text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from persona_db.loaders.tabular.cuts import AGE_CUTS, cuts_of, is_slider, range_names
from persona_db.loaders.tabular.plan import NO, YES, ColumnPlan, Kind
from persona_db.loaders.tabular.profile import ColumnProfile
from persona_db.loaders.tabular.scales import order_of
from persona_db.loaders.tabular.several import choices_in
from persona_db.loaders.tabular.table_file import Variable, number_of
from persona_db.loaders.tabular.words import is_missing, is_off_scale, is_ticked, is_unticked, plain

__all__ = ["answers_of", "scaled"]

_MOST_NUMBERS = 11
"""Different numbers that are options as they are; more are cut into ranges."""
_MOST_OPTIONS = 60
_RARE = 0.002
_AGES = (20, 120)
"""Between these is the highest of ages in years; lower numbers are codes of age groups."""
_MISSING_CODES = {
    *(str(-code) for code in range(1, 10)), "7", "8", "9", "77", "88", "96", "97", "98", "99", "777", "888", "997",
    "998", "999", "9999", "-99", "-98", "-97", "-999", "-88", "-77",
}  # fmt: skip


class _Codes(NamedTuple):
    """What is known of a column's codes."""

    labels: Mapping[str, str]
    missing: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    ordered: bool

    def is_missing(self, code: str) -> bool:
        if code in self.missing:
            return True
        number = number_of(code)
        return number is not None and any(low <= number <= high for low, high in self.ranges)


def answers_of(
    profile: ColumnProfile, *, codebook: Variable | None, in_codes: bool, is_age: bool = False
) -> ColumnPlan:
    """Return the column as a question or, with `text` and `ignored`, as no question, by its values and labels.

    *in_codes* says that the cells of the file are codes of the *codebook* rather than labels.
    """
    variable = profile.variable
    text = codebook.label if codebook is not None and codebook.label else variable.label
    codes = _codes(variable, codebook)
    if variable.ticked:
        others = tuple(value for value in profile.values if value != variable.ticked and not codes.is_missing(value))
        return ColumnPlan(
            column=variable.name, role="question", text=text, kind="ticked", options=(NO, YES), scale=(NO, YES),
            ticked=(variable.ticked,), unticked=others, missing=codes.missing,
        )  # fmt: skip
    labelled = {
        code: label for code, label in codes.labels.items() if not codes.is_missing(code) and not is_missing(label)
    }
    if labelled and not in_codes:
        return _by_label(profile, text, codes, labelled)
    if labelled and not _are_numbers(profile, codes, labelled):
        return _by_code(profile, text, codes, labelled)
    return _by_value(profile, text, codes, is_age=is_age)


def scaled(
    options: Sequence[str], *, by_code: bool, ordered: bool = False, bare: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return options in order, those of the scale in order, and what was guessed.

    Options *by_code* keep their order, and the first of them is at the beginning of the scale.
    """
    found = order_of(options)
    if found is None:
        if (ordered or bare) and by_code:
            scale = tuple(option for option in options if not is_off_scale(option))
            return tuple(options), scale if len(scale) > 1 else (), ("scale in the order of the codes",) if bare else ()
        if by_code:
            return tuple(options), (), ("no order of the options known: none taken",)
        rest = sorted(options, key=lambda option: (is_off_scale(option), option))
        return tuple(rest), (), ("no order of the options known: none taken",)
    positions, kind = found
    places = {option: at for option, at in zip(options, positions, strict=True) if at is not None}
    steps = sorted(places, key=places.__getitem__)
    if by_code and options.index(steps[0]) > options.index(steps[-1]):
        steps.reverse()
    off = [option for option in options if option not in places]
    guessed = [f"{option!r} has no place on the scale" for option in off if not is_off_scale(option)]
    if kind in ("a middle option", "how often", "ranks"):
        guessed.append(f"order by {kind}")
    in_order = list(options) if by_code else [*steps, *off]
    return tuple(in_order), tuple(steps), tuple(guessed)


def _codes(variable: Variable, codebook: Variable | None) -> _Codes:
    """Return what the codebook says of the codes, or the file itself where the codebook is silent."""
    if codebook is not None and codebook.labels:
        return _Codes(codebook.labels, codebook.missing, (), ordered=False)
    return _Codes(variable.labels, variable.missing, variable.missing_ranges, ordered=variable.ordered)


def _are_numbers(profile: ColumnProfile, codes: _Codes, labelled: Mapping[str, str]) -> bool:
    """Say whether labels name only some of many numbers: the ends of a slider, `none`."""
    bare = [value for value in profile.values if value not in codes.labels and not codes.is_missing(value)]
    numeric = sum(number_of(value) is not None for value in bare)
    return numeric > max(2 * len(labelled), _MOST_NUMBERS)


def _by_code(profile: ColumnProfile, text: str, codes: _Codes, labelled: Mapping[str, str]) -> ColumnPlan:
    order = sorted(labelled, key=_code_order)
    meaning = {code: labelled[code] for code in order}
    numbers = [number for code in order if (number := number_of(code)) is not None]
    guessed: list[str] = []
    bare = []
    for value, count in profile.values.items():
        if value in codes.labels or codes.is_missing(value):
            continue
        number = number_of(value)
        inside = number is not None and bool(numbers) and min(numbers) <= number <= max(numbers)
        if (inside and len(numbers) > 1) or count > 0.05 * profile.filled:
            bare.append(value)
    if bare:
        meaning = {code: labelled.get(code, code) for code in sorted([*order, *bare], key=_code_order)}
        guessed.append(f"codes without a label are options: {', '.join(sorted(bare, key=_code_order)[:5])}")
    options = tuple(dict.fromkeys(meaning.values()))
    missing = _missing(codes)
    if len(options) == 2 and _are_boxes(options):
        yes = {code for code, label in meaning.items() if is_ticked(label)}
        return ColumnPlan(
            column=profile.variable.name, role="question", text=text, kind="ticked", options=(NO, YES), scale=(NO, YES),
            ticked=tuple(code for code in meaning if code in yes),
            unticked=tuple(code for code in meaning if code not in yes),
            missing=missing, missing_ranges=codes.ranges,
        )  # fmt: skip
    named_by_number = _named_by_number(labelled)
    options, scale, unsure = scaled(options, by_code=True, ordered=codes.ordered, bare=named_by_number)
    return ColumnPlan(
        column=profile.variable.name, role="question", text=text, options=options, scale=scale, codes=meaning,
        missing=missing,
        missing_ranges=codes.ranges, guessed=(*guessed, *unsure),
    )  # fmt: skip


def _by_label(profile: ColumnProfile, text: str, codes: _Codes, labelled: Mapping[str, str]) -> ColumnPlan:
    order = sorted(labelled, key=_code_order)
    options, scale, unsure = scaled(
        tuple(dict.fromkeys(labelled[code] for code in order)), by_code=True, bare=_named_by_number(labelled)
    )
    missing = tuple(dict.fromkeys(label for code, label in codes.labels.items() if code not in labelled))
    return ColumnPlan(
        column=profile.variable.name,
        role="question",
        text=text,
        options=options,
        scale=scale,
        missing=missing,
        guessed=unsure,
    )


def _by_value(profile: ColumnProfile, text: str, codes: _Codes, *, is_age: bool) -> ColumnPlan:
    name = profile.variable.name
    values = {value: count for value, count in profile.values.items() if not codes.is_missing(value)}
    values = {value: count for value, count in values.items() if value not in codes.labels}
    missing = list(_missing(codes))
    guessed: list[str] = []
    for value in [value for value in values if is_missing(value)]:
        missing.append(value)
        del values[value]
    numbers = {value: number for value in values if (number := number_of(value)) is not None}
    counted = sum(values.values())
    numeric = sum(values[value] for value in numbers)
    if numbers and (len(numbers) == len(values) or numeric > 0.95 * counted):
        odd = [value for value in values if value not in numbers]
        if odd:
            guessed.append(f"numbers; {len(odd)} other values are refused")
        gaps = _missing_numbers(numbers)
        if gaps:
            missing += gaps
            guessed.append(f"taken as missing: {', '.join(gaps)}")
        kept = {value: number for value, number in numbers.items() if value not in gaps}
        if kept:
            counts: dict[float, int] = {}
            for value, number in kept.items():
                counts[number] = counts.get(number, 0) + values[value]
            options = tuple(sorted(kept, key=kept.__getitem__))
            return _by_number(profile, text, options, counts, missing, codes, guessed, is_age=is_age)
        values = {}
    if not values:
        return ColumnPlan(column=name, role="ignored", text=text, guessed=("nobody has a value",))
    spellings = _spellings(values)
    merged: dict[str, int] = {}
    for value, count in values.items():
        merged[spellings[value]] = merged.get(spellings[value], 0) + count
    choices = choices_in(merged)
    if choices is not None:
        separator, parts = choices
        return ColumnPlan(
            column=name, role="question", text=text, kind="several", options=parts, separator=separator,
            missing=tuple(missing),
            guessed=(f"several options in a cell, separated by {separator!r}",),
        )  # fmt: skip
    if _is_text(profile, merged):
        return ColumnPlan(column=name, role="text", text=text, missing=tuple(missing), guessed=("free text",))
    odd = _odd(merged)
    if odd:
        guessed.append(f"{len(odd)} rare values that are not of the scale are refused: {', '.join(map(repr, odd[:3]))}")
    kept_values = [value for value in sorted(merged, key=lambda one: (-merged[one], one)) if value not in odd]
    options, scale, unsure = scaled(sorted(kept_values), by_code=False)
    variants = {value: option for value, option in spellings.items() if value != option and option not in odd}
    return ColumnPlan(
        column=name, role="question", text=text, options=options, scale=scale, codes=variants, missing=tuple(missing),
        missing_ranges=codes.ranges, guessed=(*guessed, *unsure),
    )  # fmt: skip


def _by_number(
    profile: ColumnProfile, text: str, options: tuple[str, ...], numbers: Mapping[float, int], missing: Sequence[str],
    codes: _Codes, guessed: list[str], *, is_age: bool,
) -> ColumnPlan:  # fmt: skip
    name = profile.variable.name
    common = {
        "column": name,
        "role": "question",
        "text": text,
        "missing": tuple(missing),
        "missing_ranges": codes.ranges,
    }
    whole = all(number == int(number) for number in numbers)
    if set(numbers) == {0.0, 1.0}:
        return ColumnPlan.model_validate(
            {**common, "kind": "ticked", "options": (NO, YES), "scale": (NO, YES), "ticked": ("1",), "unticked": ("0",),
             "guessed": (*guessed, "0 and 1 are no and yes")}
        )  # fmt: skip
    spread = len(numbers) > 0.6 * sum(numbers.values()) and max(numbers) - min(numbers) > 2 * _MOST_NUMBERS
    is_few = len(options) <= _MOST_NUMBERS and not profile.many and not spread
    if is_few and (not is_age or max(numbers) <= _AGES[0]):
        return ColumnPlan.model_validate({**common, "options": options, "scale": options if len(options) > 1 else (),
                                          "guessed": tuple(guessed)})  # fmt: skip
    cuts = AGE_CUTS if is_age and _AGES[0] < max(numbers) <= _AGES[1] else cuts_of(numbers)
    slider = cuts != AGE_CUTS and is_slider(numbers)
    options = range_names(cuts, lowest=min(numbers), whole=whole, slider=slider)
    guessed.append(f"numbers cut at {', '.join(f'{cut:g}' for cut in cuts)}")
    kind: Kind = "number"
    return ColumnPlan.model_validate({**common, "kind": kind, "options": options, "scale": options, "cuts": cuts,
                                      "guessed": tuple(guessed)})  # fmt: skip


def _named_by_number(labelled: Mapping[str, str]) -> bool:
    """Say whether the file calls a step of a scale by its number: `1`, `2`, `agree with both`, `4`, `5`."""
    return any(label == code and number_of(code) is not None for code, label in labelled.items())


def _missing(codes: _Codes) -> tuple[str, ...]:
    labelled = (code for code, label in codes.labels.items() if is_missing(label))
    return tuple(dict.fromkeys([*codes.missing, *labelled]))


def _missing_numbers(numbers: Mapping[str, float]) -> list[str]:
    """Return codes that stand apart from numbers that count up one by one from 0 or 1: -1, 9, 98, 99."""
    if len(numbers) < 3 or any(number != int(number) for number in numbers.values()):
        return []
    apart = [code for code in numbers if code in _MISSING_CODES]
    others = sorted(number for code, number in numbers.items() if code not in apart)
    while apart and others and (near := [code for code in apart if numbers[code] == others[-1] + 1]):
        others.append(numbers[near[0]])
        apart.remove(near[0])
    if (
        len(others) < 2
        or others[0] not in (0, 1)
        or others[-1] - others[0] > len(others) + 1
        or others[-1] > _MOST_NUMBERS
    ):
        return []
    apart = [code for code in apart if numbers[code] < 0 or numbers[code] > others[-1] + (2 if len(code) == 1 else 1)]
    return sorted(apart, key=numbers.__getitem__)


def _spellings(values: Mapping[str, int]) -> dict[str, str]:
    """Return each value as its most frequent spelling: capitals and spaces make no other option."""
    best: dict[str, str] = {}
    for value in sorted(values, key=lambda one: (-values[one], one)):
        best.setdefault(" ".join(value.casefold().split()), value)
    return {value: best[" ".join(value.casefold().split())] for value in values}


def _is_text(profile: ColumnProfile, values: Mapping[str, int]) -> bool:
    counted = sum(values.values())
    distinct = len(values)
    length = sum(len(value) * count for value, count in values.items()) / counted
    if profile.many or distinct > _MOST_OPTIONS:
        return True
    if distinct == counted and counted > 2 and order_of(list(values)) is None:
        return True
    return distinct > 0.5 * counted and distinct > 10 and length > 15


def _odd(values: Mapping[str, int]) -> list[str]:
    """Return rare values that no scale has, where all frequent ones are of one scale: slips of a hand or a file."""
    counted = sum(values.values())
    rare = max(2.0, _RARE * counted)
    core = [value for value, count in values.items() if count > rare]
    if counted < 50 or len(core) < 2 or len(core) == len(values):
        return []
    found = order_of(core)
    if found is None or any(at is None and not is_off_scale(value) for value, at in zip(core, found[0], strict=True)):
        return []
    odd = []
    for value in values:
        if value in core or is_off_scale(value):
            continue
        with_it = order_of([*core, value])
        if with_it is None or with_it[0][-1] is None:
            odd.append(value)
    return sorted(odd)


def _are_boxes(options: Sequence[str]) -> bool:
    said = [plain(option) for option in options]
    no = [word for word in said if is_unticked(word)]
    yes = [word for word in said if is_ticked(word) and not is_unticked(word)]
    return len(no) == len(yes) == 1 and no[0] not in ("no", "n", "nein", "non", "false", "0")


def _code_order(code: str) -> tuple[bool, float, str]:
    number = number_of(code)
    return (number is None, number or 0.0, code)
