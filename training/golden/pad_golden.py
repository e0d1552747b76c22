"""Reference answers of the error rates of presentation attack detection, for the tests of `voicegate-core`.

    python -m training.golden.pad_golden

Rates are counted anew for every threshold with NumPy, so no code or idea is shared with the Rust module. Writes
`crates/voicegate-core/tests/golden/pad.json`.
"""

import json
from pathlib import Path

import numpy as np

from training.golden.metrics_golden import cllr, min_cllr

OUTPUT = Path(__file__).resolve().parents[2] / "crates/voicegate-core/tests/golden/pad.json"
LIMITS = (0.01, 0.05)
THRESHOLD = 0.5


def point(attacks: np.ndarray, bona_fide: np.ndarray, threshold: float) -> list[float]:
    """Attacks below the threshold pass for bona fide, bona fide from it on for attacks."""
    return [float(np.mean(attacks < threshold)), float(np.mean(bona_fide >= threshold))]


def metrics(attacks: np.ndarray, bona_fide: np.ndarray) -> dict:
    thresholds = [*np.unique(np.concatenate([attacks, bona_fide])), np.inf]
    points = [point(attacks, bona_fide, t) for t in thresholds]
    equal = min(points, key=lambda p: abs(p[0] - p[1]))
    return {
        "eer": (equal[0] + equal[1]) / 2.0,
        "apcer_at_bpcer": [min(p[0] for p in points if p[1] <= limit) for limit in LIMITS],
        "bpcer_at_apcer": [min(p[1] for p in points if p[0] <= limit) for limit in LIMITS],
        "cllr": cllr(attacks, bona_fide),
        "min_cllr": min_cllr(attacks, bona_fide),
    }


def case(rng: np.random.Generator, species: dict[str, tuple[int, float]], bona_fide: int, silent: float) -> dict:
    """Scores of few digits, hence with ties; NaN, here `null`, where the detector did not answer."""

    def draw(count: int, mean: float) -> np.ndarray:
        scores = np.round(rng.normal(mean, 1.5, count), 1)
        scores[rng.random(count) < silent] = np.nan
        return scores

    attacks = {name: draw(count, mean) for name, (count, mean) in species.items()}
    bona = draw(bona_fide, -1.5)
    answered = lambda scores: scores[~np.isnan(scores)]
    listed = lambda scores: [None if np.isnan(s) else float(s) for s in scores]
    every = np.concatenate([answered(scores) for scores in attacks.values()])
    return {
        "threshold": THRESHOLD,
        "attacks": {name: listed(scores) for name, scores in attacks.items()},
        "bona_fide": listed(bona),
        "pooled": metrics(every, answered(bona)),
        "species": {name: metrics(answered(scores), answered(bona)) for name, scores in attacks.items()},
        "apcer": {name: float(np.mean(answered(scores) < THRESHOLD)) for name, scores in attacks.items()},
        "apnrr": {name: float(np.mean(np.isnan(scores))) for name, scores in attacks.items()},
        "bpcer": float(np.mean(answered(bona) >= THRESHOLD)),
        "bpnrr": float(np.mean(np.isnan(bona))),
    }


def main() -> None:
    rng = np.random.default_rng(30_107)
    cases = {
        "easy_and_hard_species": case(rng, {"synthesis": (80, 3.0), "conversion": (120, 0.5), "replay": (40, -1.0)}, 400, 0.1),
        "few": case(rng, {"one": (5, 1.0), "other": (3, 2.0)}, 12, 0.0),
    }
    OUTPUT.write_text(json.dumps(cases, separators=(",", ":")).replace('},"', '},\n"') + "\n")


if __name__ == "__main__":
    main()
