"""The decision out of a prompt's evidence: a logistic regression for each kind of prompt, fitted on the dev speakers alone.

`python -m training.recogniser.decision --weights FILE --out decision.json`.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from training.conditions import CONDITIONS, Condition
from training.recogniser.lexicon import DIGITS, rivals
from training.recogniser.listen import Listener
from training.recogniser.phones import pronunciations
from training.recogniser.score import prompts_evidence
from training.recogniser.texts import split, spoken
from training.recogniser.trials import RIGHT, Pieces, Prompts, Recording, prompts_for, sentences, strings, word_pieces

DIGIT_LENGTHS = (5, 6, 7, 8)
WORD_LENGTHS = (3, 4, 5)
OTHERS = 2
# Shortest words, in phones, that word strings are made of; prompts have none shorter either.
WORD_PHONES = 4


@dataclass(frozen=True)
class Scored:
    """A prompt's features with where they come from."""

    kind: str
    length: int
    prompt: str
    speaker: str
    features: tuple[float, ...]


@dataclass(frozen=True)
class Decision:
    """Log-likelihood ratio `bias + weights · features`; a prompt is accepted from `threshold` on."""

    bias: float
    weights: tuple[float, ...]
    threshold: float

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Log-likelihood ratio of features `(..., 3)`."""
        return features @ np.array(self.weights) + self.bias


def read(path: Path) -> dict[str, Decision]:
    """The decisions as written, by kind of prompt."""
    stored = json.loads(path.read_text())
    return {kind: Decision(d["bias"], tuple(d["weights"]), d["threshold"]) for kind, d in stored.items()}


class Scorer:
    """Scores recordings against prompts whose words are out of one vocabulary."""

    def __init__(self, listener: Listener, kind: str, names: list[str], seed: int = 5):
        self.listener, self.kind, self.names = listener, kind, sorted(names)
        self.words = {w: tuple(pronunciations(w)) for w in self.names}
        self.rivals: dict[str, list[str]] = {}
        self.rng = np.random.default_rng(seed)

    def __call__(self, recording: Recording, condition: Condition, prompts: Prompts | None = None) -> list[Scored]:
        """One recording under a condition, against the right prompt and drawn wrong ones."""
        if prompts is None:
            prompts = prompts_for(self.rng, recording.words, self.names, OTHERS)
        for word in {w for _, said in prompts for w in said} - self.rivals.keys():
            self.rivals[word] = rivals(word, self.words)
        pcm = condition(recording.pcm, self.rng)
        spoken_words = [[self.words[w] for w in said] for _, said in prompts]
        against = [[[self.words[r] for r in self.rivals[w]] for w in said] for _, said in prompts]
        evidence = prompts_evidence(self.listener(pcm), spoken_words, against)
        return [
            Scored(self.kind, len(said), prompt, recording.speaker, tuple(e.features().tolist()))
            for (prompt, said), e in zip(prompts, evidence, strict=True)
        ]


def usable(pieces: Pieces, digits: bool) -> Pieces:
    """Only the digits, or only words of at least `WORD_PHONES` phones."""
    def fits(word: str) -> bool:
        return word in DIGITS if digits else word not in DIGITS and len(pronunciations(word)[0]) >= WORD_PHONES
    return {speaker: {w: p for w, p in words.items() if fits(w)} for speaker, words in pieces.items()}


def pooled(pieces: Pieces) -> Pieces:
    """All speakers' recordings as of one, since hardly any dev speaker says more than three digits."""
    found: dict[str, list[np.ndarray]] = {}
    for words in pieces.values():
        for word, recordings in words.items():
            found.setdefault(word, []).extend(recordings)
    return {"all": found}


def dev_trials(listener: Listener, each: int = 1, seed: int = 3) -> list[Scored]:
    """Digits, words and sentences of the dev speakers; each recording under a condition drawn at random."""
    rng = np.random.default_rng(seed)
    items = [s for s in split(spoken("train"))[1] if s.text]
    pieces = word_pieces("train", items, listener)
    names = sorted({w for words in usable(pieces, False).values() for w in words})
    found: list[Scored] = []
    made = {
        "digits": (DIGITS, [r for n in DIGIT_LENGTHS for r in strings(pooled(usable(pieces, True)), n, 40 * each, rng)]),
        "words": (names, [r for n in WORD_LENGTHS for r in strings(usable(pieces, False), n, each, rng)]),
        "sentences": (sorted({w for words in pieces.values() for w in words}), sentences("train", items)[::2]),
    }
    for kind, (vocabulary, recordings) in made.items():
        scorer = Scorer(listener, kind, vocabulary)
        for recording in recordings:
            found += scorer(recording, CONDITIONS[("clean", "telephone", "noise15")[rng.integers(3)]])
    return found


def fit(scored: list[Scored], accepted: float = 0.985) -> Decision:
    """Right against wrong prompts, every kind of prompt with the same weight; the threshold accepts `accepted` of the right ones."""
    x = torch.tensor([s.features for s in scored], dtype=torch.float64)
    right = torch.tensor([s.prompt == RIGHT for s in scored])
    count = {p: sum(s.prompt == p for s in scored) for p in {s.prompt for s in scored}}
    weight = torch.tensor([(0.5 if s.prompt == RIGHT else 0.5 / (len(count) - 1)) / count[s.prompt] for s in scored])
    scale = x.std(dim=0)
    parameters = torch.zeros(x.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([parameters], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        logits = (x / scale) @ parameters[1:] + parameters[0]
        losses = torch.nn.functional.softplus(torch.where(right, -logits, logits))
        value = (weight * losses).sum() + 1e-5 * parameters[1:].square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    weights = parameters[1:].detach() / scale
    bias = float(parameters[0].detach())
    ratios = (x @ weights + bias)[right]
    return Decision(bias, tuple(weights.tolist()), float(ratios.quantile(1.0 - accepted)))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    scored = dev_trials(Listener(args.weights))
    groups = {"digits": [s for s in scored if s.kind == "digits"], "words": [s for s in scored if s.kind != "digits"]}
    decisions = {kind: fit(some) for kind, some in groups.items()}
    args.out.write_text(json.dumps({kind: asdict(d) for kind, d in decisions.items()}, indent=2) + "\n")
    for kind in sorted({s.kind for s in scored}):
        decision = decisions["digits" if kind == "digits" else "words"]
        for prompt in sorted({s.prompt for s in scored}):
            some = np.array([s.features for s in scored if s.kind == kind and s.prompt == prompt])
            print(f"{kind} {prompt}: {len(some)}, accepted {np.mean(decision(some) >= decision.threshold):.4f}")


if __name__ == "__main__":
    main()
