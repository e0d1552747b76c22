"""Reference answers of the error metrics, for the tests of `voicegate-core`.

    python -m training.golden.metrics_golden

Every rate is counted anew for every threshold, min Cllr comes from SciPy's isotonic regression, and resampled speakers
repeat their trials, so no code or idea is shared with the Rust module. Writes `crates/voicegate-core/tests/golden/metrics.json`.
"""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import expit

OUTPUT = Path(__file__).resolve().parents[2] / "crates/voicegate-core/tests/golden/metrics.json"
FAR_LIMITS = (0.01, 0.001, 0.0001)
PRIORS = (0.01, 0.05)
BIN_EDGES = (-4.0, -2.0, 0.0, 2.0, 4.0)


def rates(targets: np.ndarray, impostors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thresholds, ascending, with the shares of targets below and of impostors not below."""
    thresholds = np.append(np.unique(np.concatenate([targets, impostors])), np.inf)
    frr = np.array([np.mean(targets < t) for t in thresholds])
    far = np.array([np.mean(impostors >= t) for t in thresholds])
    return thresholds, frr, far


def cllr(targets: np.ndarray, impostors: np.ndarray) -> float:
    """Cost of log-likelihood ratios in bits."""
    of_targets = np.logaddexp(0.0, -targets).mean()
    of_impostors = np.logaddexp(0.0, impostors).mean()
    return float((of_targets + of_impostors) / 2.0 / np.log(2.0))


def min_cllr(targets: np.ndarray, impostors: np.ndarray) -> float:
    """`cllr` of the log-likelihood ratios that isotonic regression makes of the scores."""
    scores, at = np.unique(np.concatenate([targets, impostors]), return_inverse=True)
    own = np.concatenate([np.ones(len(targets)), np.zeros(len(impostors))])
    trials = np.bincount(at)
    share = isotonic_regression(np.bincount(at, weights=own) / trials, weights=trials).x
    with np.errstate(divide="ignore"):
        llr = np.log(share / (1.0 - share)) - np.log(len(targets) / len(impostors))
    return cllr(llr[at[own == 1.0]], llr[at[own == 0.0]])


def costs(targets: np.ndarray, impostors: np.ndarray, prior: float) -> tuple[float, float]:
    """Normalised minimum and actual detection cost."""
    _, frr, far = rates(targets, impostors)
    bayes = -np.log(prior / (1.0 - prior))
    actual = prior * np.mean(targets < bayes) + (1.0 - prior) * np.mean(impostors >= bayes)
    return float((prior * frr + (1.0 - prior) * far).min() / prior), float(actual / prior)


def reliability(targets: np.ndarray, impostors: np.ndarray) -> list[tuple[float, float]]:
    """Mean predicted probability and share of targets by bin of score, at equal priors."""
    scores = np.concatenate([targets, impostors])
    own = np.concatenate([np.ones(len(targets)), np.zeros(len(impostors))])
    weight = np.where(own == 1.0, 0.5 / len(targets), 0.5 / len(impostors))
    place = np.digitize(scores, BIN_EDGES[1:-1])
    chosen = [place == n for n in range(len(BIN_EDGES) - 1) if (place == n).any()]
    mean = lambda values, at: float(np.average(values[at], weights=weight[at]))
    return [(mean(expit(scores), at), mean(own, at)) for at in chosen]


def metrics(targets: np.ndarray, impostors: np.ndarray) -> dict:
    thresholds, frr, far = rates(targets, impostors)
    equal = int(np.argmin(np.abs(frr - far)))
    at_far = [int(np.flatnonzero(far <= limit)[0]) for limit in FAR_LIMITS]
    return {
        "eer": float(frr[equal] + far[equal]) / 2.0,
        "eer_threshold": float(thresholds[equal]),
        # Absent where fewer than three errors would be expected.
        "frr_at_far": [float(frr[at]) if len(impostors) * limit > 3.0 - 1e-9 else None for at, limit in zip(at_far, FAR_LIMITS)],
        "costs": [costs(targets, impostors, prior) for prior in PRIORS],
        "cllr": cllr(targets, impostors),
        "min_cllr": min_cllr(targets, impostors),
        "reliability": reliability(targets, impostors),
    }


def case(rng: np.random.Generator, counts: tuple[int, int], speakers: int, means: tuple[float, float], spread: float, digits: int) -> dict:
    """Trials with scores of few digits, hence with ties, and the metrics with every speaker once and resampled."""
    targets = np.round(rng.normal(means[0], spread, counts[0]), digits)
    impostors = np.round(rng.normal(means[1], spread, counts[1]), digits)
    enrolled = rng.integers(speakers, size=sum(counts))
    # Another speaker than the enrolled one.
    tested = (enrolled + rng.integers(1, speakers, size=sum(counts))) % speakers
    drawn = np.bincount(rng.integers(speakers, size=speakers), minlength=speakers)
    repeat_targets = drawn[enrolled[: counts[0]]]
    repeat_impostors = drawn[enrolled[counts[0] :]] * drawn[tested[counts[0] :]]
    return {
        "targets": [[s, int(e)] for s, e in zip(targets, enrolled)],
        "impostors": [[s, int(e), int(t)] for s, e, t in zip(impostors, enrolled[counts[0] :], tested[counts[0] :])],
        "drawn": drawn.tolist(),
        "once": metrics(targets, impostors),
        "resampled": metrics(np.repeat(targets, repeat_targets), np.repeat(impostors, repeat_impostors)),
    }


def main() -> None:
    rng = np.random.default_rng(20_240_501)
    cases = {
        # Normal scores with means ±v/2 and variance v are calibrated LLRs.
        "calibrated": case(rng, (300, 900), 20, (4.5, -4.5), 3.0, 2),
        "few_and_tied": case(rng, (40, 160), 8, (1.0, -0.5), 1.0, 1),
        "cosines": case(rng, (150, 1350), 30, (0.55, 0.1), 0.15, 3),
    }
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(cases, separators=(",", ":")).replace('},"', '},\n"') + "\n")


if __name__ == "__main__":
    main()
