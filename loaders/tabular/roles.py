"""What a column is for, by what it is called: ids, weights, dates, demographics, and what survey tools record themselves."""

from __future__ import annotations

import re

from persona_db.loaders.tabular.table_file import Variable

__all__ = [
    "date_rank",
    "is_attribute",
    "is_item",
    "is_item_text",
    "is_record",
    "is_user",
    "is_value",
    "is_wave",
    "is_weight",
]

_USER = re.compile(
    r"(respondent|participant|user|voter|rater|reviewer|annotator|author|worker|subject|panelist|member|person|individual|student|patient)"
    r"([ _.]?(id|no|nr|num|number|key|code))?|(response|resp|case|record|household|panel|customer|survey|anon|prolific)[ _.]?(id|no|nr|num|number|key|code|pid)"
    r"|id|uid|pid|qkey|caseid|respid|idno|idind|mergeid|seqn|user ?name",
    re.IGNORECASE,
)
_RECORD = re.compile(
    # Qualtrics, SurveyMonkey, LimeSurvey: how an answer came about, and who may be behind it
    r"response[ _]?set|name|external(data)?reference|external reference|email( ?address)?|recipient ?(email|first ?name|last ?name)|ip ?address|status"
    r"|response type|start ?date|end ?date|recorded ?date|finished|progress|duration.*|distribution ?channel|user ?language|location ?(latitude|longitude|accuracy)"
    r"|collector ?id|date ?created|date ?modified|first ?name|last ?name|custom ?data ?\d*|custom ?\d"
    r"|submitdate|lastpage|startlanguage|seed|token|startdate|datestamp|ipaddr|refurl|interviewtime|(group|question) ?time.*"
    r"|interview ?time.*|consent|q_(recaptcha\w*|relevantid\w*|duplicate\w*|total ?duration|chl|url|terminateflag|ballotboxstuffing)|.*(_first|_last|_page)[ _]?(click|submit)|.*click[ _]count|.*page[ _]submit|unnamed: \d+|index|phone|address|password",
    re.IGNORECASE,
)
_WEIGHT = re.compile(
    r"w(eigh)?t(s|ed|ing)?([ _.]?\w{0,8})?|weight[ _.]?\w*|\w{1,12}[ _]w(eigh)?ts?|w(t|gt|ght)s?s?\w{0,6}|pweight|fweight|finalweight|final[ _]weight"
    r"|survey[ _]weight|\w?weight|wtss\w*|pspwght|anweight|dweight|post[ _]?strat\w*|rweight",
    re.IGNORECASE,
)
_DATES = (
    r"int(erview)?[ _]?date|date of interview|interview[ _]?date|recorded ?date|submit ?date|date submitted|date[ _]of[ _]response",
    r"end ?date|date ?modified|datestamp|completed( at)?",
    r"timestamp|date|answered[ _]at|created[ _]at|voted[ _]at|date ?created|start ?date|time|response[ _]?date|answer[ _]?date|rating[ _]?date|review[ _]?date|unixreviewtime",
)
_WAVE = re.compile(r"wave|round|survey[ _]?year|year|essround|panel[ _]?wave|phase", re.IGNORECASE)
_SUBJECTS = (
    r"age([ _]?(group|cat|category|range|band|bracket|recode|yrs|years))?|agecat\w*|f_agecat\w*|birth ?year|year of birth|yob|yrborn|birthyr|dob|date of birth"
    r"|sex|gender|f_gender|f_sex|educ(ation|at)?(al)?([ _](level|attainment|cat\w*))?|educat|f_educcat\w*|degree|school ?level|schooling"
    r"|(household|family|personal|annual|hh|total|monthly)[ _]?(household |family )?(income|inc)|income([ _]?(group|level|range|bracket|cat\w*|quintile))?|hhinc\w*|faminc|f_income\w*"
    r"|(census|c|us|geo|home|world|sub)?[ _]?region|division|state|province|country|nation(ality)?|county|city|zip( ?code)?|postcode|postal code|location"
    r"|location \(.*\)|census (region|division).*|cregion|urban(icity)?|urban ?rural|metro(politan)?|residence|place of residence|area ?type|type of (area|place)"
    r"|race([ _]?(ethnicity|eth|cat\w*|cmb|combined))?|racecmb|racethn?|ethnic(ity)?( ?group)?|hisp(anic)?|origin"
    r"|relig(ion)?|f_relig|religion|denomination|relig(ious)? ?attend(ance)?|religattend|church attendance|attend"
    r"|marital([ _]?status)?|marstat|married|relationship status|children|number of children|kids|childs|household size|hhsize|hh size|hompop"
    r"|employ(ment|ed)?([ _]?status)?|work ?status|wrkstat|occupation|job ?title|profession|industry|class|social class|socialclass"
    r"|(pol|political)?[ _]?party([ _]?(id|affiliation|identification|preference|ln|sum))?|partyid\w*|polparty|f_party\w*|pid[37]|political affiliation"
    r"|(pol|political)?[ _]?ideo(logy)?\w{0,4}|polviews|polideology|political views|f_ideo\w*|left[ _]right|lr ?scale"
    r"|citizen(ship)?|immigra(nt|tion status)|language|mother tongue|native language|height|disability|veteran|home ?owner(ship)?|dwelling|tenure|generation|cohort|sexual orientation"
)
_ATTRIBUTE = re.compile(rf"({_SUBJECTS})( (of|in) .{{0,30}})?", re.IGNORECASE)
_ASKED = re.compile(
    r"(what( is|'s|’s)|please (indicate|state|select|enter|specify)|which (best describes|of the following best describes)) (your|you) ?"
    r"(current |highest |total |annual |own )?(level of )?(age|sex|gender|education|(household |family )?income|region|state|country|race|ethnicity|race or ethnicity|religion"
    r"|marital status|employment( status)?|occupation|party|political (party|affiliation|views|ideology)|year of birth|birth year|zip code)\b.{0,60}"
    r"|how (old|tall) are you.{0,20}|are you (male|female|a man|a woman|married|employed|currently employed|hispanic).{0,60}|do you have (any )?children.{0,40}"
    r"|what (year|country|state|region) (were you born|do you live).{0,30}|in (which|what) (year|country|state|region|county) (were you born|do you (currently )?(live|reside)).{0,30}"
    r"|how many (people|persons|children) (live|are (there )?living|under \d+ live) in your household.{0,40}",
    re.IGNORECASE,
)
_ITEM = re.compile(
    r"(item|movie|film|book|product|song|track|artist|question|statement|topic|business|restaurant|recipe|joke|article|news|post|stimulus|comment|anime|game)"
    r"[ _-]?(id|no|nr|key|code|number)?|item[ _]?name|asin|isbn|variable|rollcall|bill",
    re.IGNORECASE,
)  # fmt: skip
_VALUE = re.compile(
    r"rating|value|answer|response|score|vote|stars?|overall|option|choice|reply|opinion|preference", re.IGNORECASE
)
_ITEM_TEXT = re.compile(
    r"title|(item|question|statement|movie|book|product|comment)[ _-]?(text|title|name|body|label|wording)|wording|text", re.IGNORECASE
)  # fmt: skip


def is_user(variable: Variable) -> bool:
    """Say whether a column is called like the id of a person."""
    return _named(_USER, variable)


def is_record(variable: Variable) -> bool:
    """Say whether a column is what a survey tool records itself: addresses, times, progress."""
    return _named(_RECORD, variable)


def is_weight(variable: Variable) -> bool:
    """Say whether a column is called like a survey weight."""
    return _named(_WEIGHT, variable)


def date_rank(variable: Variable) -> int | None:
    """Return how well a column's name suits the date of an answer, 0 best; None for no date."""
    for rank, names in enumerate(_DATES):
        if _named(re.compile(names, re.IGNORECASE), variable):
            return rank
    return None


def is_wave(variable: Variable) -> bool:
    """Say whether a column is called like the wave of a panel."""
    return _named(_WAVE, variable)


def is_attribute(variable: Variable) -> bool:
    """Say whether a column describes the person, by its name or a short label; the text of a question is no such label."""
    if _ASKED.fullmatch(variable.label or variable.name):
        return True
    if variable.label and len(variable.label) > 45:
        return False
    return _named(_ATTRIBUTE, variable)


def is_item(variable: Variable) -> bool:
    """Say whether a column of a table in long form names what was answered."""
    return _named(_ITEM, variable)


def is_value(variable: Variable) -> bool:
    """Say whether a column of a table in long form has the answers."""
    return _named(_VALUE, variable)


def is_item_text(variable: Variable) -> bool:
    """Say whether a column of a table in long form has the text of what was answered."""
    return _named(_ITEM_TEXT, variable)


def _named(pattern: re.Pattern[str], variable: Variable) -> bool:
    return any(pattern.fullmatch(_spaced(text)) for text in (variable.name, variable.label) if text)


def _spaced(text: str) -> str:
    """Return a name as words: `HouseholdIncome` and `household.income` as `household income`."""
    if re.fullmatch(r"[A-Z]?[a-z]+([A-Z][a-z]+)+", text):
        text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return " ".join(text.strip(" ?:*").replace(".", " ").split())
