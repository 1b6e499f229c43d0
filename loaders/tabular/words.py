"""What the words of an option say by themselves: that it is no answer, or off every scale, or in the middle of one."""

from __future__ import annotations

import re

__all__ = ["is_missing", "is_neutral", "is_off_scale", "is_ticked", "is_unticked", "plain"]

_MISSING = re.compile(
    r"(dk|d k|don t know|do not know|dont know|no answer|na|n a|nap|iap|refused?|refusal|ref|not applicable|does not apply"
    r"|inapplicable|not asked|not ascertained|not available|not answered|no response|no reply|nonresponse|skip(ped)?"
    r"|missing|blank|null|none given|nan|system missing|left blank|valid skip|question not asked|web blank|no opinion given"
    r"|prefer not to (say|answer|respond|disclose)|(i d |i would )?(rather|prefer) not (to )?(say|answer|tell)"
    r"|declined?( to (answer|say|respond|state))?|decline to answer|choose not to (say|answer)|(don t|do not) (wish|want) to (say|answer)"
    r"|refused to (say|answer)|dk na|dk ref|don t know (or )?(refused|no answer|not applicable)|don t know na|unknown"
    r"|weiss nicht|weiß nicht|keine angabe|keine antwort|trifft nicht zu entfällt|ne sait pas|nsp|sans réponse|refus"
    r"|no sabe|no contesta|ns nc|no sabe no contesta|ns|nc)"
)
_OFF_SCALE = re.compile(
    r"(unfamiliar.*|not familiar.*|never heard.*|haven t heard.*|have not heard.*|no experience.*|don t understand.*"
    r"|i (don t|do not) (understand|know|recall|remember)\b.*|not sure.*|unsure.*|undecided|uncertain|can t (say|choose|decide|rate).*"
    r"|cannot (say|choose|decide|rate).*|no opinion.*|don t have an opinion.*|haven t (read|seen|used|tried).*|other|other please specify"
    r"|other specify|other .{0,20}specify.*|something else|someone else|none of (these|the above)|no preference|hard to say"
    r"|too early to (say|tell)|don t care|sonstiges?|andere[rs]?|autre|otros?|otra)"
)
_NEUTRAL = re.compile(
    r"(neither\b.*|neutral.*|depends|it depends.*|mixed.*|in between|no difference|both( equally)?|(about )?the same"
    r"|about (the )?(right|same).*|stay(s)? (as (it )?is|the same)|same|.*\bboth\b.*|.*\bequally\b.*|some of each|half and half"
    r"|weder noch|teils teils|neutre|ni (l un|uno) ni .*|unentschieden|no change|unchanged|middle of the road|moderate)"
)
_TICKED = re.compile(r"(ticked|selected|checked|mentioned|chosen|yes|y|true|x|1|quoted|marked|ja|oui|si|sí)")
_UNTICKED = re.compile(
    r"(not been |not |un ?)(ticked|selected|checked|mentioned|chosen|quoted|marked)|no|n|false|0|nein|non"
)


def plain(text: str) -> str:
    """Return *text* in small letters without punctuation, so that wordings can be compared."""
    return " ".join(re.sub(r"[^\w$%<>+]+", " ", text.casefold().replace("’", " ").replace("`", " ")).split())


def is_missing(text: str) -> bool:
    """Say whether an option is no answer at all: not known, refused, not applicable, not asked."""
    return _MISSING.fullmatch(plain(text)) is not None


def is_off_scale(text: str) -> bool:
    """Say whether an option is an answer that no scale has a place for: unfamiliar, not sure, something else."""
    said = plain(text)
    return _OFF_SCALE.fullmatch(said) is not None or said.endswith((" n a", " not applicable"))


def is_neutral(text: str) -> bool:
    """Say whether an option lies between two others: neither, it depends, about right, both equally."""
    return _NEUTRAL.fullmatch(plain(text)) is not None


def is_ticked(text: str) -> bool:
    """Say whether a label of a box says that it was ticked."""
    return _TICKED.fullmatch(plain(text)) is not None


def is_unticked(text: str) -> bool:
    """Say whether a label of a box says that it was not ticked."""
    return _UNTICKED.fullmatch(plain(text)) is not None
