"""Writes the vocabulary of the prompts: `python -m training.recogniser.lexicon` (English digits and words).

A line is a word, a tab, and its phones; a word with several pronunciations has several lines. Words are taken out of
`candidates.txt` one by one, always the one that is furthest from those taken, by edit distance over phones.
"""

import argparse
from pathlib import Path

from training.paths import ROOT
from training.recogniser.phones import SYMBOLS, Phones, encode, pronunciations
from training.recogniser.score import Word

FILE = ROOT.parent / "crates" / "voicegate-core" / "src" / "challenge" / "lexicon" / "en.tsv"
DIGITS = "zero one two three four five six seven eight nine".split()
# Words that each word of a prompt is held against.
RIVALS = 9
Lexicon = dict[str, Word]


def edit_distance(a: Phones, b: Phones) -> int:
    """Levenshtein distance over phones."""
    row = list(range(len(b) + 1))
    for i, p in enumerate(a, start=1):
        corner, row[0] = row[0], i
        for j, q in enumerate(b, start=1):
            corner, row[j] = row[j], min(corner + (p != q), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def distance(a: Word, b: Word) -> int:
    """Edit distance of the two words' closest pronunciations."""
    return min(edit_distance(p, q) for p in a for q in b)


def rivals(word: str, choices: Lexicon) -> list[str]:
    """The words that `word` is most easily taken for: the `RIVALS` nearest of the others, the first by name of those equally near."""
    others = sorted(w for w in choices if w != word)
    return sorted(others, key=lambda w: distance(choices[word], choices[w]))[:RIVALS]


def choose(candidates: Lexicon, size: int) -> list[str]:
    """`size` words that are far from each other: farthest-point order (Gonzalez, 1985) from the longest word on."""
    words = list(candidates)
    chosen = [max(words, key=lambda w: len(candidates[w][0]))]
    nearest = {w: 99 for w in words}
    while len(chosen) < size:
        for w in words:
            nearest[w] = min(nearest[w], distance(candidates[w], candidates[chosen[-1]]))
        chosen.append(max((w for w in words if w not in chosen), key=lambda w: nearest[w]))
    return chosen


def read() -> Lexicon:
    """The vocabulary as written, digits first."""
    found: dict[str, list[Phones]] = {}
    for line in FILE.read_text().splitlines():
        word, phones = line.split("\t")
        found.setdefault(word, []).append(encode(phones))
    return {word: tuple(variants) for word, variants in found.items()}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=192, help="number of English words")
    size = parser.parse_args().size
    lines = (Path(__file__).parent / "candidates.txt").read_text().splitlines()
    names = [w for line in lines if not line.startswith("#") for w in line.split()]
    candidates = {w: tuple(pronunciations(w)) for w in dict.fromkeys(names) if len(pronunciations(w)) in (1, 2, 3)}
    candidates = {w: v for w, v in candidates.items() if w not in DIGITS and len(v[0]) >= 4}
    chosen = choose(candidates, size)
    lexicon = {w: tuple(pronunciations(w)) for w in DIGITS} | {w: candidates[w] for w in sorted(chosen)}
    lines = [f"{word}\t{' '.join(SYMBOLS[p] for p in phones)}\n" for word, variants in lexicon.items() for phones in variants]
    FILE.write_text("".join(lines))
    near = [distance(candidates[a], candidates[b]) for i, a in enumerate(chosen) for b in chosen[:i]]
    print(f"{len(candidates)} candidates, {size} chosen, {sum(d < 3 for d in near)} pairs nearer than 3 phones, nearest {min(near)}")


if __name__ == "__main__":
    main()
