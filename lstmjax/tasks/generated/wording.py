"""How English, German and French write whole numbers and dates in words."""

import re

LANGUAGES = ("en", "de", "fr")
Content = tuple[int, ...]  # (number,), or (day, month, year)

_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_ENGLISH_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_ENGLISH_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth"} | {
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
    "twenty": "twentieth",
    "thirty": "thirtieth",
}
_GERMAN = (
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
    "fünfzehn sechzehn siebzehn achtzehn neunzehn"
).split()
_GERMAN_TENS = "- - zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()
_GERMAN_ORDINALS = {1: "erste", 3: "dritte", 7: "siebte", 8: "achte"}
_FRENCH = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize "
    "dix-sept dix-huit dix-neuf"
).split()
_FRENCH_TENS = "- - vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt"
_FRENCH_TENS = _FRENCH_TENS.split()
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
MONTHS = {language: names.split() for language, names in _MONTHS.items()}
# A German compound is cut where its parts meet; the longest part that fits is taken.
_PARTS = {*_GERMAN, *_GERMAN_TENS, *_GERMAN_ORDINALS.values(), "eins", "und", "hundert", "tausend"}
_PARTS = "|".join(sorted(_PARTS | {"ste", "te"}, key=len, reverse=True))
_COMPOUND = re.compile(rf"[ -]?({_PARTS})+")


def say(content: Content, language: str) -> str:
    """A number from 0 to 999,999, or a date from 1100 to 2099, in words.

    English is American: no "and" in a number, and the month before the day. German writes a number
    as one word; French follows the spelling before 1990, with hyphens below a hundred only.
    """
    if len(content) == 1:
        return _NUMBERS[language](*content)
    return _DATES[language](*content)


def pieces(text: str) -> tuple[str, ...]:
    """Words with the blank or hyphen before them, German compounds in parts; together the text."""
    found = []
    for word in re.findall(r"[ -]?\w+|.", text):
        cut = _COMPOUND.fullmatch(word)
        found += re.findall(rf"[ -]?(?:{_PARTS})", word) if cut else [word]
    return tuple(found)


def english(number: int) -> str:
    """`eighty-one`, `three hundred five thousand one`."""
    thousands, hundreds, rest = number // 1000, number // 100 % 10, number % 100
    words = [f"{english(thousands)} thousand"] if thousands else []
    words += [f"{_ENGLISH[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        words.append(_ENGLISH_TENS[rest // 10] + (f"-{_ENGLISH[rest % 10]}" if rest % 10 else ""))
    elif rest or not number:
        words.append(_ENGLISH[rest])
    return " ".join(words)


def _english_date(day: int, month: int, year: int) -> str:
    *tens, last = english(day).split("-")
    ordinal = "-".join([*tens, _ENGLISH_ORDINALS.get(last, f"{last}th")])
    century, rest = divmod(year, 100)
    if 2000 <= year < 2010:
        told = english(year)
    elif rest < 10:
        told = f"{english(century)} {f'oh {_ENGLISH[rest]}' if rest else 'hundred'}"
    else:
        told = f"{english(century)} {english(rest)}"
    return f"{MONTHS['en'][month - 1]} {ordinal}, {told}"


def german(number: int) -> str:
    """`einundachtzig`, `dreihundertfünftausendeins`: the ones come before the tens."""
    return _german(number) + "s" * (number % 100 == 1)  # it is eins at the very end only


def _german(number: int) -> str:
    thousands, hundreds, rest = number // 1000, number // 100 % 10, number % 100
    words = f"{_german(thousands)}tausend" if thousands else ""
    words += f"{_GERMAN[hundreds]}hundert" if hundreds else ""
    if rest >= 20:
        return words + (f"{_GERMAN[rest % 10]}und" if rest % 10 else "") + _GERMAN_TENS[rest // 10]
    return words + (_GERMAN[rest] if rest or not number else "")


def _german_date(day: int, month: int, year: int) -> str:
    ordinal = _GERMAN_ORDINALS.get(day, _german(day) + ("te" if day < 20 else "ste"))
    if year < 2000:  # by hundreds: neunzehnhundertfünf
        century, rest = divmod(year, 100)
        told = f"{_german(century)}hundert" + (german(rest) if rest else "")
    else:
        told = german(year)
    return f"der {ordinal} {MONTHS['de'][month - 1]} {told}"


def french(number: int) -> str:
    """`quatre-vingt-un`, `trois cent cinq mille un`; cents and quatre-vingts have an s at the end.

    Before `mille` and in years they have none.
    """
    ends_in_s = number % 100 == 80 or (number % 100 == 0 and number // 100 % 10 > 1)
    return _french(number) + "s" * ends_in_s


def _french(number: int) -> str:
    thousands, hundreds, rest = number // 1000, number // 100 % 10, number % 100
    words = [_french(thousands)] if thousands > 1 else []
    words += ["mille"] if thousands else []
    words += [_FRENCH[hundreds]] if hundreds > 1 else []
    words += ["cent"] if hundreds else []
    if rest >= 20:
        tens, ones = divmod(rest, 10)
        ones += 10 * (tens in (7, 9))  # soixante-dix, quatre-vingt-dix
        between = " et " if ones in (1, 11) and tens < 8 else "-"
        words.append(_FRENCH_TENS[tens] + (between + _FRENCH[ones] if ones else ""))
    elif rest or not number:
        words.append(_FRENCH[rest])
    return " ".join(words)


def _french_date(day: int, month: int, year: int) -> str:
    ordinal = "premier" if day == 1 else _french(day)
    return f"le {ordinal} {MONTHS['fr'][month - 1]} {_french(year)}"


_NUMBERS = {"en": english, "de": german, "fr": french}
_DATES = {"en": _english_date, "de": _german_date, "fr": _french_date}
