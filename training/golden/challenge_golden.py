"""Golden vectors of the challenge's likelihoods: `python -m training.golden.challenge_golden --weights FILE --decision decision.json`.

Posteriors of two digit strings of dev speakers, prompts right and wrong, and their evidence. Each
log-likelihood is first held against PyTorch's CTC loss, summed over the pronunciations.
Writes `crates/voicegate-core/tests/golden/challenge.json`.
"""

import argparse
import itertools
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from training.golden.models_golden import ROOT
from training.recogniser import decision
from training.recogniser.decision import Decision, pooled, usable
from training.recogniser.lexicon import DIGITS, read, rivals
from training.recogniser.listen import Listener
from training.recogniser.phones import SYMBOLS
from training.recogniser.score import Word, prompts_evidence
from training.recogniser.texts import split, spoken
from training.recogniser.trials import Recording, draw, joined, word_pieces

OUT = ROOT / "crates" / "voicegate-core" / "tests" / "golden" / "challenge.json"


def recordings(listener: Listener) -> list[Recording]:
    """Two strings of five digits, cut out of dev speakers' recordings."""
    items = [s for s in split(spoken("train"))[1] if s.text and set(s.text.split()) <= set(DIGITS)]
    pieces = pooled(usable(word_pieces("train", items, listener), digits=True))["all"]
    rng = np.random.default_rng(4)
    drawn = [draw(rng, sorted(pieces), 5) for _ in range(2)]
    return [Recording(joined(rng, [pieces[w][0] for w in said]), "all", said) for said in drawn]


def ctc(log_post: np.ndarray, words: list[Word]) -> float:
    """A prompt's log-likelihood by PyTorch: the sum over every choice of pronunciations."""
    ways = [[p for phones in choice for p in phones] for choice in itertools.product(*words)]
    post = torch.from_numpy(log_post)[:, None].expand(-1, len(ways), -1)
    lengths = torch.tensor([len(w) for w in ways])
    targets = torch.tensor([p for w in ways for p in w])
    losses = torch.nn.functional.ctc_loss(post, targets, torch.full_like(lengths, len(log_post)), lengths, reduction="none")
    return float(torch.logsumexp(-losses, dim=0))


def case(log_post: np.ndarray, said: tuple[str, ...], decide: Decision) -> dict:
    """One recording with the right prompt, one with a word changed, one in another order, and another one."""
    lexicon = read()
    digits = {w: lexicon[w] for w in DIGITS}
    spare = next(w for w in DIGITS if w not in said)
    others = [said, (*said[:2], spare, *said[3:]), said[::-1], tuple(DIGITS[::2])]
    prompts = []
    for names in others:
        words = [lexicon[w] for w in names]
        against = [[lexicon[r] for r in rivals(w, digits)] for w in names]
        (evidence,) = prompts_evidence(log_post, [words], [against])
        expected = ctc(log_post, words)
        if abs(evidence.log_likelihood - expected) > 1e-6:
            raise ValueError(f"{names}: {evidence.log_likelihood} is not CTC's {expected}")
        prompts.append({
            "words": names, "log_likelihood": round(evidence.log_likelihood, 6), "free": round(evidence.free, 6),
            "rivals": [round(float(v), 6) for v in evidence.rivals], "clarity": round(evidence.clarity, 6),
            "llr": round(float(decide(evidence.features())), 6),
        })
    return {"log_posteriors": log_post.tolist(), "prompts": prompts}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--decision", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    digits = decision.read(args.decision)["digits"]
    listener = Listener(args.weights)
    cases = []
    for recording in recordings(listener):
        # Rounded down, so that no frame sums above one, and before use, so that the text holds what was scored.
        cases.append(case(np.floor(listener(recording.pcm) * 1000.0) / 1000.0, recording.words, digits))
    content = {"symbols": SYMBOLS, "decision": asdict(digits), "cases": cases}
    OUT.write_text(json.dumps(content, separators=(",", ":")) + "\n")
    print(f"{OUT.relative_to(ROOT)}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
