"""Trials of the challenge: recordings of known words, and for each the right prompt and wrong ones.

Digit strings are joined from single recordings, word strings from words that are cut out of read sentences by forced alignment;
sentences are taken as they are.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.data import load, read_audio
from training.paths import SAMPLE_RATE, SPEECH
from training.recogniser.lexicon import DIGITS
from training.recogniser.listen import Listener, word_spans
from training.recogniser.phones import pronunciations
from training.recogniser.texts import Spoken

RIGHT, OTHER, ORDER, CHANGED = "right", "other", "order", "changed"


@dataclass(frozen=True)
class Recording:
    """One recording: PCM, who speaks, the words said."""

    pcm: np.ndarray
    speaker: str
    words: tuple[str, ...]


Prompts = list[tuple[str, tuple[str, ...]]]
Pieces = dict[str, dict[str, list[np.ndarray]]]
"""Recordings of single words: by speaker, by word."""


def joined(rng: np.random.Generator, pieces: Sequence[np.ndarray]) -> np.ndarray:
    """Recordings at equal level with pauses of 0.05 to 0.4 s between, over faint noise (50 dB below) throughout."""
    level = [p / max(float(np.sqrt(np.mean(p**2))), 1e-6) * 0.05 for p in pieces]
    parts = [np.zeros(int(rng.uniform(0.2, 0.5) * SAMPLE_RATE))]
    for piece in level:
        parts += [piece, np.zeros(int(rng.uniform(0.05, 0.4) * SAMPLE_RATE))]
    pcm = np.concatenate(parts)
    return np.clip(pcm + rng.normal(0.0, 0.05 * 10**-2.5, len(pcm)), -1.0, 1.0).astype(np.float32)


def digit_pieces() -> Pieces:
    """The recordings of `digits.tsv`."""
    found: Pieces = {}
    with open(SPEECH / "digits.tsv", newline="") as f:
        for row in csv.DictReader(f, delimiter="\t"):
            pcm = read_audio(SPEECH / row["path"]).astype(np.float32) / 32768.0
            found.setdefault(row["speaker"], {}).setdefault(DIGITS[int(row["digit"])], []).append(pcm)
    return found


def word_pieces(name: str, items: Sequence[Spoken], listener: Listener) -> Pieces:
    """Words cut out of sentences."""
    pcm = load(name)[1]
    found: Pieces = {}
    for item in items:
        if not item.text:
            continue
        u = item.utterance
        wave = np.array(pcm[u.start : u.start + u.samples], np.float32) / 32768.0
        words = item.text.split()
        for word, (a, b) in zip(words, word_spans(listener(wave), [pronunciations(w)[0] for w in words]), strict=True):
            found.setdefault(u.key, {}).setdefault(word, []).append(wave[a:b])
    return found


def strings(pieces: Pieces, length: int, each: int, rng: np.random.Generator, distinct: int = 4) -> list[Recording]:
    """`each` strings of `length` words of every speaker who has `distinct` words; no word follows itself."""
    made = []
    for speaker, words in sorted(pieces.items()):
        names = sorted(words)
        if len(names) < distinct:
            continue
        for _ in range(each):
            said = draw(rng, names, length)
            made.append(Recording(joined(rng, [words[w][rng.integers(len(words[w]))] for w in said]), speaker, said))
    return made


def sentences(name: str, items: Sequence[Spoken]) -> list[Recording]:
    """Read sentences of three words or more as they are."""
    pcm = load(name)[1]
    found = []
    for item in items:
        words = tuple(item.text.split())
        if len(words) >= 3:
            u = item.utterance
            found.append(Recording(np.array(pcm[u.start : u.start + u.samples], np.float32) / 32768.0, u.key, words))
    return found


def draw(rng: np.random.Generator, names: Sequence[str], length: int) -> tuple[str, ...]:
    """A random string without the same word twice in a row."""
    said: list[str] = []
    while len(said) < length:
        word = names[rng.integers(len(names))]
        if not said or word != said[-1]:
            said.append(word)
    return tuple(said)


def prompts_for(rng: np.random.Generator, said: tuple[str, ...], names: Sequence[str], others: int) -> Prompts:
    """The right prompt, `others` random ones, one with the order changed (if there is another order), one with a word changed."""
    prompts = [(RIGHT, said)]
    while len(prompts) <= others:
        other = draw(rng, names, len(said))
        if other != said:
            prompts.append((OTHER, other))
    if len(set(said)) > 1:
        order = said
        while order == said:
            order = tuple(said[i] for i in rng.permutation(len(said)))
        prompts.append((ORDER, order))
    at, word = rng.integers(len(said)), said[0]
    while word == said[at]:
        word = names[rng.integers(len(names))]
    prompts.append((CHANGED, (*said[:at], word, *said[at + 1 :])))
    return prompts
