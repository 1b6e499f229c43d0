"""The order of options by their words: families of words, numbers and ranges, how often, and graded statements.

Every reader of a kind returns a position for each option, or None where it cannot tell. `order_of` asks them in turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from persona_db.loaders.tabular.graded import degrees
from persona_db.loaders.tabular.table_file import number_of
from persona_db.loaders.tabular.words import is_neutral, is_off_scale, plain

__all__ = ["order_of"]

Positions = list[float | None]

_FAMILIES: tuple[tuple[str, ...], ...] = (
    # how often
    (
        r"never.*|not at all|.*not .* at all",
        r"(almost|nearly|practically) never.*|hardly ever.*|very (rarely|seldom)|very infrequently",
        r"rarely.*|seldom.*|infrequently|not (very )?often",
        r"(only )?once in a while|occasionally.*|every (once in a while|now and then)|now and then",
        r"sometimes.*|.*only sometimes|from time to time|some of the time",
        r"about half (of )?the time|half (of )?the time",
        r"(fairly |quite )?often.*|frequently.*|regularly",
        r"usually.*|very often.*|very frequently|most of the time.*|mostly|a lot of the time",
        r"(almost|nearly) (always|all (of )?the time|every time).*",
        r"always.*|all (of )?the time.*|constantly|every time",
    ),
    (r"nie", r"selten", r"manchmal|gelegentlich", r"oft|häufig", r"sehr oft|meistens", r"immer"),
    (r"jamais", r"rarement", r"parfois|quelquefois", r"souvent", r"très souvent", r"toujours"),
    (r"nunca", r"raramente|rara vez|casi nunca", r"a veces|algunas veces", r"a menudo|frecuentemente", r"casi siempre", r"siempre"),
    # how good
    (
        r"terrible|awful|extremely (bad|poor)",
        r"very (bad|poor|weak)",
        r"bad|poor|weak",
        r"(only )?fair|ok|okay|average|acceptable|satisfactory|so so|neither good nor (bad|poor)|mediocre",
        r"good|strong",
        r"very good|very strong",
        r"excellent|outstanding|extremely good|great",
    ),
    # how much
    (
        r"none|none at all|nothing( at all)?|not at all|no .{0,20}at all|zero|not any",
        r"hardly any.*|almost none|very little|very few|not (very )?much|just a little",
        r"(only )?a little( bit)?|(only )?a few|slightly|a small (amount|extent)|only a little",
        r"(only )?some(what)?|moderate(ly)?|a (moderate|fair) amount|to some extent",
        r"quite a (bit|lot|few)|many|much|a good (deal|amount)|several",
        r"a lot|a great deal.*|very much|a large (amount|extent)|great deal|most|extremely",
        r"all|completely|entirely|totally|a tremendous amount",
    ),
    (r"(far |much )?too (little|few|small|low|slow|short)|not enough|not .* enough", r"about right|(about )?the right (amount|number)|just right|enough",
     r"(far |much )?too (much|many|big|large|high|fast|long)|too \w+ly|more than enough"),
    # compared with something
    (
        r"far below.*|much (worse|less|lower|smaller|fewer|weaker)( .*)?|a lot (worse|less|lower|fewer)( .*)?|decreased? (a lot|greatly)",
        r"(somewhat |a (little|bit) |slightly )?(below average|below|worse|less|lower|smaller|fewer|weaker|decreased?|down)( .*)?",
        r"(about )?(the )?(same|average)( .*)?|stay(ed)? (about )?the same|no (change|difference)|unchanged|neither.*",
        r"(somewhat |a (little|bit) |slightly )?(above average|above|better|more|higher|larger|greater|stronger|increased?|up)( .*)?",
        r"far above.*|much (better|more|higher|larger|greater|stronger)( .*)?|a lot (better|more|higher)( .*)?|increased? (a lot|greatly)",
    ),
    (r"very low|lowest", r"low|small", r"medium|moderate|middle|intermediate", r"high|large|big", r"very (high|large)|highest"),
    (
        r"extremely liberal|(very|strongly) (liberal|left).*|far left",
        r"(somewhat |lean(s|ing)? )?(liberal|left).*|slightly liberal",
        r"moderate.*|middle of the road|cent(er|re|rist).*",
        r"(somewhat |lean(s|ing)? )?(conservative|right).*|slightly conservative",
        r"extremely conservative|(very|strongly) (conservative|right).*|far right",
    ),
    # schooling
    (
        r"no (formal )?(schooling|education).*",
        r"(less than|some|did not finish|no) high school.*|primary.*|elementary.*|9th grade.*|lower secondary.*",
        r"high school.*|ged|secondary.*|h s graduate.*",
        r"some college.*|vocational.*|technical.*|trade school.*",
        r"associate.*",
        r"bachelor.*|college (degree|graduate).*|4 year.*|four year.*|undergraduate.*",
        r"some (graduate|postgraduate).*",
        r"(post ?)?graduate.*|master.*|advanced degree.*|professional degree.*",
        r"doctora.*|phd.*",
    ),
    # agreement elsewhere; English is read by `degrees`
    (r"stimme (überhaupt|gar) nicht zu|lehne (stark|völlig) ab", r"stimme (eher )?nicht zu|lehne eher ab", r"weder noch|teils teils|neutral|unentschieden",
     r"stimme (eher )?zu", r"stimme (voll|völlig|stark|voll und ganz) zu"),
    (r"pas du tout d accord", r"plutôt pas d accord|pas d accord", r"ni .*|neutre", r"plutôt d accord|d accord", r"tout à fait d accord"),
    (r"(muy|totalmente) en desacuerdo", r"en desacuerdo|algo en desacuerdo", r"ni .*|neutral", r"de acuerdo|algo de acuerdo", r"(muy|totalmente) de acuerdo"),
)  # fmt: skip
_WORD_NUMBERS = {
    "zero": 0, "none": 0, "one": 1, "once": 1, "two": 2, "twice": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5,
}  # fmt: skip
_PER_YEAR = {"day": 365.0, "daily": 365.0, "week": 52.0, "weekly": 52.0, "month": 12.0, "monthly": 12.0, "year": 1.0,
             "yearly": 1.0, "annually": 1.0, "hour": 8760.0, "hourly": 8760.0}  # fmt: skip
_NUMBER = r"[-−]?\d[\d,]*(?:\.\d+)?"
_NUMBERS = re.compile(_NUMBER)
_ORDINAL = re.compile(r"(\d+)(st|nd|rd|th)\b")
_LESS = re.compile(r"\b(less|under|below|fewer|younger|up to|at most|or less|or younger|or under|or fewer)\b|<")
_MORE = re.compile(r"\b(more|over|above|older|at least|or more|or older|or over)\b|>|\+")


def order_of(options: Sequence[str]) -> tuple[Positions, str] | None:
    """Return the position of each option on its scale, and what kind of scale that is; None where no order is known.

    Options off the scale have no position. The first position is that of the option that questionnaires print first:
    the least of numbers and ranges, `strongly agree` of graded statements.
    """
    on = [option for option in options if not is_off_scale(option)]
    if len(on) < 2:
        return None
    found = _recognised(on)
    if found is None:
        return None
    positions, kind, rising = found
    sign = 1.0 if rising else -1.0
    place = {option: None if at is None else sign * at for option, at in zip(on, positions, strict=True)}
    return [place.get(option) for option in options], kind


def _recognised(options: Sequence[str]) -> tuple[Positions, str, bool] | None:
    """Return positions where one reader tells all options apart, or, of four and more, all but one."""
    readers: tuple[tuple[str, Callable[[Sequence[str]], Positions], bool], ...] = (
        ("numbers", _numbers, True),
        ("ranges", _ranges, True),
        ("how often", _rates, False),
        *(("words", _family_reader(family), rising) for family, rising in _COMPILED),
        ("graded statements", degrees, False),
        ("ranks", _ranks, False),
    )
    for spare in (0, 1):
        for kind, read, rising in readers:
            positions = read(options)
            told = [position for position in positions if position is not None]
            enough = len(told) == len(options) - spare and len(told) >= (2 if spare == 0 else 3)
            if enough and len(set(told)) == len(told):
                return positions, kind, rising
    said = [plain(option).partition(" ")[0] for option in options]
    if sorted(said) == ["no", "yes"]:
        return [float(word == "yes") for word in said], "graded statements", False
    if len(options) == 3 and sum(map(is_neutral, options)) == 1:
        middle = next(place for place, option in enumerate(options) if is_neutral(option))
        first, last = (place for place in range(3) if place != middle)
        return [{first: 0.0, middle: 1.0, last: 2.0}[place] for place in range(3)], "a middle option", True
    return None


def _numbers(options: Sequence[str]) -> Positions:
    """Read options that are numbers, or begin with the number of their place: `1 - not at all`, `7-intelligent`."""
    found: Positions = []
    for option in options:
        text = option.strip().removesuffix("%").replace("−", "-")
        value = number_of(text)
        if value is None:
            led = re.match(r"\(?(\d{1,3})\)?\s*(?:[-=:.)–]|\s)\s*(?=\D)(?!\s*\$?\d)", text)
            value = float(led[1]) if led and not re.match(r"\d+\s*[-–]\s*\$?\d", text) else None
        found.append(value)
    bare = sum(number_of(option) is not None for option in options)
    return found if bare or all(value is not None for value in found) else [None] * len(options)


def _ranges(options: Sequence[str]) -> Positions:
    """Read amounts: `$25,000 - $49,999`, `> 60`, `18-29`, `under 18`, `7 or more`, `6'3"`."""
    found: Positions = []
    words = re.compile(r"[a-z]{3,}")
    for option in options:
        text = option.casefold().replace("–", "-").replace("—", "-")
        numbers = [float(one.replace(",", "").replace("−", "-").lstrip("-")) for one in _NUMBERS.findall(text)]
        feet = re.fullmatch(r"(\d)'\s*(\d{1,2})?\"?", text.strip())
        others = [
            word for word in words.findall(text) if not (_LESS.search(word) or _MORE.search(word) or word in _UNITS)
        ]
        if feet:
            found.append(float(feet[1]) * 12 + float(feet[2] or 0))
        elif (
            re.match(r"(under|less than|below) \d'", text) or re.match(r"\d'\d{1,2}\" and (below|under)", text)
        ) and numbers:
            found.append(numbers[0] * 12 - 1)
        elif not numbers or len(others) > 2:
            found.append(0.0 if plain(option) in ("none", "nothing", "no income", "zero") else None)
        elif _LESS.search(text) and len(numbers) == 1:
            found.append(numbers[0] - 0.5)
        elif _MORE.search(text) and len(numbers) == 1:
            found.append(numbers[0] + 0.5)
        else:
            found.append(numbers[0])
    return found


_UNITS = {"years", "year", "old", "usd", "dollars", "eur", "euro", "and", "from", "than", "hours", "per", "week", "times",
          "million", "people", "children", "days", "minutes", "between", "aged", "age", "the"}  # fmt: skip


def _rates(options: Sequence[str]) -> Positions:
    """Read rates and counts in words: `several times a day`, `once a year or less`, `twice`, `never`."""
    found: Positions = [_rate(plain(option)) for option in options]
    unread = [place for place, value in enumerate(found) if value is None]
    if len(unread) == 1 and len(options) > 3 and re.search(r"\b(not|no|never)\b", plain(options[unread[0]])):
        found[unread[0]] = 0.0
    return found


def _rate(text: str) -> float | None:
    if re.match(r"(never|not at all|don t|i don t)\b", text):
        return 0.0
    units = [unit for word, unit in _PER_YEAR.items() if re.search(rf"\b{word}s?\b", text)]
    count = next((float(value) for word, value in _WORD_NUMBERS.items() if re.search(rf"\b{word}\b", text)), None)
    if count is None and (digits := re.search(r"\b\d+\b", text)):
        count = float(digits[0])
    if count is None and re.search(r"\b(several|few|couple|many|multiple)\b", text):
        count = 2.5 if "couple" in text else 3.0
    if (
        count is None
        and units
        and re.search(r"\b(every|each|daily|weekly|monthly|yearly|annually|hourly|nearly every|a)\b", text)
    ):
        count = 0.9 if re.search(r"\b(nearly|almost)\b", text) else 1.0
    if count is None or not (units or re.search(r"\b(times?|once|twice)\b", text)):
        return None
    if _MORE.search(text):
        count *= 1.3
    elif _LESS.search(text):
        count *= 0.7
    return count * (units[0] if units else 1.0)


def _ranks(options: Sequence[str]) -> Positions:
    """Read ranks: `most important`, `2nd important`, `least important`."""
    found: Positions = []
    for option in options:
        text = plain(option)
        said = _ORDINAL.search(text)
        word = next((value for word, value in _WORD_NUMBERS.items() if re.match(rf"{word}\b", text)), None)
        if said:
            found.append(-float(said[1]))
        elif re.match(r"(most|best)\b", text):
            found.append(-1.0)
        elif re.match(r"(least|last|worst)\b", text):
            found.append(-1000.0)
        else:
            found.append(None if word is None else -float(word))
    return found


_FALLING = {
    "terrible|awful|extremely (bad|poor)",
    "none|none at all|nothing( at all)?|not at all|no .{0,20}at all|zero|not any",
}
"""The first words of families that questionnaires print from much to little."""
_COMPILED = tuple((tuple(re.compile(step) for step in family), family[0] not in _FALLING) for family in _FAMILIES)


def _family_reader(family: Sequence[re.Pattern[str]]) -> Callable[[Sequence[str]], Positions]:
    def read(options: Sequence[str]) -> Positions:
        return [
            next((float(place) for place, step in enumerate(family) if step.fullmatch(plain(option))), None)
            for option in options
        ]

    return read
