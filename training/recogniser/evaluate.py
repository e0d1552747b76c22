"""Shares of accepted prompts: `python -m training.recogniser.evaluate --weights FILE --decision decision.json [--split dev]`.

`eval` is what is reported: digit strings of `digits.tsv`, words cut out of the read sentences of `eval.tsv`, and those sentences.
Intervals are 95 %, by resampling speakers.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from training.conditions import CONDITIONS
from training.recogniser.decision import Decision, Scored, Scorer, pooled, read, usable
from training.recogniser.lexicon import DIGITS
from training.recogniser.listen import Listener
from training.recogniser.texts import split, spoken
from training.recogniser.trials import CHANGED, ORDER, OTHER, RIGHT, Pieces, Recording, digit_pieces, sentences, strings, word_pieces

DIGIT_LENGTHS = (4, 5, 6, 7, 8)
WORD_LENGTHS = (3, 5)
NAMED = ("clean", "telephone", "noise15")
# Digits of a prompt with enough entropy; under the other conditions only these are scored.
USUAL = 7
Material = dict[str, tuple[list[str], list[Recording]]]


def material(part: str, listener: Listener, each: int, seed: int = 9) -> Material:
    """By kind of prompt the vocabulary and the recordings.

    `each` digit strings per speaker and length, a third of the sentences' words in one string per speaker and length, a ninth of
    the sentences.
    """
    name = "train" if part == "dev" else "eval"
    items = [s for s in spoken(name) if s.text]
    items = (split(items)[1] if part == "dev" else items)[::3]
    pieces = word_pieces(name, items, listener)
    words = usable(pieces, digits=False)
    digits = pooled(usable(pieces, digits=True)) if part == "dev" else digit_pieces()
    rng = np.random.default_rng(seed)
    digit_strings = [r for n in DIGIT_LENGTHS for r in strings(digits, n, each, rng)]
    rng = np.random.default_rng(seed)
    return {
        "digits": (DIGITS, digit_strings),
        "sentences": (vocabulary(pieces), sentences(name, items)[::3]),
        "words": (vocabulary(words), [r for n in WORD_LENGTHS for r in strings(words, n, 1, rng)]),
    }


def vocabulary(pieces: Pieces) -> list[str]:
    """All words that some speaker says."""
    return sorted({w for words in pieces.values() for w in words})


def interval(scored: list[Scored], accepted: np.ndarray, draws: int = 1000) -> tuple[float, float]:
    """95 % interval of the share accepted, speakers drawn with replacement (Efron and Tibshirani, 1993)."""
    names = sorted({s.speaker for s in scored})
    place = {n: i for i, n in enumerate(names)}
    of = np.array([place[s.speaker] for s in scored])
    hits = np.bincount(of, accepted, len(names))
    counts = np.bincount(of, minlength=len(names))
    pick = np.random.default_rng(1).integers(len(names), size=(draws, len(names)))
    shares = hits[pick].sum(axis=1) / counts[pick].sum(axis=1)
    return float(np.quantile(shares, 0.025)), float(np.quantile(shares, 0.975))


def row(name: str, scored: Iterable[Scored], decision: Decision) -> str:
    """One line of the table: each kind of prompt's share in percent with its interval, and the number of right prompts."""
    scored = list(scored)
    cells = [name, str(sum(s.prompt == RIGHT for s in scored))]
    for prompt in (RIGHT, OTHER, ORDER, CHANGED):
        some = [s for s in scored if s.prompt == prompt]
        accepted = decision(np.array([s.features for s in some])) >= decision.threshold
        low, high = interval(some, accepted)
        cells.append(f"{100 * accepted.mean():.1f} ({100 * low:.1f}–{100 * high:.1f})")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--decision", type=Path, required=True)
    parser.add_argument("--split", choices=("dev", "eval"), default="eval")
    parser.add_argument("--each", type=int, default=10, help="digit strings per speaker and length")
    parser.add_argument("--conditions", nargs="+", choices=sorted(CONDITIONS), default=NAMED)
    args = parser.parse_args()
    torch.set_num_threads(1)
    decisions = read(args.decision)
    listener = Listener(args.weights)
    print("| prompts, condition | recordings | right | another | order changed | one word changed |\n|---|---|---|---|---|---|")
    for kind, (names, recordings) in material(args.split, listener, args.each).items():
        decision = decisions["digits" if kind == "digits" else "words"]
        for condition in args.conditions:
            some = [r for r in recordings if kind != "digits" or condition == "clean" or len(r.words) == USUAL]
            scorer = Scorer(listener, kind, names)
            scored = [s for r in some for s in scorer(r, CONDITIONS[condition])]
            print(row(f"{kind}, {condition}", scored, decision), flush=True)
            if condition != "clean" or kind == "sentences":
                continue
            for length in sorted({s.length for s in scored}):
                print(row(f"{length} {kind}, {condition}", (s for s in scored if s.length == length), decision), flush=True)


if __name__ == "__main__":
    main()
