"""Golden values of voicegate-core's calibration, PLDA and AS-norm, on seeded synthetic data.

Usage: python calibration_golden.py   (writes crates/voicegate-core/tests/golden/calibration.json)
Packages: numpy 2.4.6, scipy 1.17.1.

Computed another way than in Rust: the regression by a general optimizer on the written-out loss, and for the constrained one over all
choices of the columns that stand at zero; PLDA as the ratio of densities of all recordings side by side; AS-norm by sorting.
"""

import itertools
import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize, root
from scipy.special import expit, logit
from scipy.stats import multivariate_normal

OUT = Path(__file__).resolve().parents[2] / "crates/voicegate-core/tests/golden/calibration.json"
rng = np.random.default_rng(20260)


def regression(rows, targets, weights, p, l2, nonnegative):
    """Coefficients, then the intercept."""
    x = np.hstack([rows, np.ones((len(rows), 1))])
    shares = np.where(targets, p * weights / weights[targets].sum(), (1 - p) * weights / weights[~targets].sum())
    signs, strengths = np.where(targets, 1.0, -1.0), np.append(l2, 0.0)

    def loss(w):
        return shares @ np.logaddexp(0, -signs * (x @ w + logit(p))) + strengths @ w**2 / 2

    def slope(w):
        return x.T @ (-shares * signs * expit(-signs * (x @ w + logit(p)))) + strengths * w

    best = None
    held = [j for j, n in enumerate(nonnegative) if n]
    for zero in itertools.chain.from_iterable(itertools.combinations(held, n) for n in range(len(held) + 1)):
        kept = [j for j in range(x.shape[1]) if j not in zero]
        whole = lambda part: np.bincount(kept, part, x.shape[1])
        found = minimize(lambda v: loss(whole(v)), np.zeros(len(kept)), jac=lambda v: slope(whole(v))[kept], method="BFGS")
        found = whole(root(lambda v: slope(whole(v))[kept], found.x, tol=1e-14).x)
        if all(found[j] >= 0 for j in held) and (best is None or loss(found) < loss(best)):
            best = found
    assert all(abs(slope(best)[j]) < 1e-12 or (best[j] == 0 and slope(best)[j] > 0) for j in range(x.shape[1]))
    return best


def regressions():
    count = 240
    targets = rng.random(count) < 0.3
    score = np.where(targets, 0.45, 0.05) + 0.2 * rng.standard_normal(count)
    second = 0.6 * score + 0.15 * rng.standard_normal(count)
    # Alone the third helps; beside the first its sign turns.
    third = score - 0.15 * targets + 0.2 * rng.standard_normal(count)
    quality = rng.uniform(0, 3, count) - 0.2 * targets
    rows = np.round(np.column_stack([score, second, third, quality]), 4)
    weights = np.round(rng.uniform(0.2, 3, count), 3)
    cases = [
        dict(p_target=0.5, l2=[0.0] * 4, nonnegative=[False] * 4),
        dict(p_target=0.01, l2=[1e-4, 1e-4, 1e-3, 1e-2], nonnegative=[False] * 4),
        dict(p_target=0.05, l2=[1e-5] * 4, nonnegative=[True, True, True, False]),
        dict(p_target=0.05, l2=[1e-5] * 4, nonnegative=[True] * 4),
    ]
    for case in cases:
        *case["coefficients"], case["intercept"] = regression(
            rows, targets, weights, case["p_target"], np.array(case["l2"]), case["nonnegative"]
        ).tolist()
        print(case)
    return dict(columns=4, rows=rows.ravel().tolist(), targets=targets.tolist(), weights=weights.tolist(), cases=cases)


def unit(x):
    """Like `Embedding::new`: from single precision to unit length in single precision."""
    x = x.astype(np.float32).astype(np.float64)
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32).astype(np.float64)


def shrunk(covariance, amount):
    return (1 - amount) * covariance + amount * np.trace(covariance) / len(covariance) * np.eye(len(covariance))


def plda():
    d = 5
    noise = 0.4 * np.eye(d) + 0.1 * rng.standard_normal((d, d))
    draw = lambda n: np.round(rng.standard_normal(d) * np.linspace(0.6, 1.4, d) + 1 + rng.standard_normal((n, d)) @ noise, 3)
    speakers = [draw(int(rng.integers(1, 6))) for _ in range(80)]
    tests = [draw(4) for _ in range(6)]
    raw = [unit(x) for x in speakers]
    centre = np.mean([x.mean(0) for x in raw], 0)
    prepared = lambda x: (unit(x) - centre) / np.linalg.norm(unit(x) - centre, axis=1, keepdims=True)
    z = [prepared(x) for x in speakers]
    means = np.array([x.mean(0) for x in z])
    mu = means.mean(0)
    within = sum((x - x.mean(0)).T @ (x - x.mean(0)) for x in z) / (sum(map(len, z)) - len(z))
    between = np.cov(means.T) - within * np.mean([1 / len(x) for x in z])
    cases = []
    for shrink_between, shrink_within in [(0.0, 0.0), (0.3, 0.1)]:
        b, w = shrunk(between, shrink_between), shrunk(within, shrink_within)
        assert np.linalg.eigvalsh(b).min() > 0

        def log_density(recordings):
            """Of recordings of one voice, side by side."""
            n = len(recordings)
            covariance = np.kron(np.ones((n, n)), b) + np.kron(np.eye(n), w)
            return multivariate_normal.logpdf(recordings.ravel(), np.tile(mu, n), covariance)

        trials = []
        for enrolled, attempt, n in [(0, 0, 1), (0, 1, 1), (2, 2, 2), (2, 3, 2), (4, 4, 3), (4, 5, 3), (1, 1, 3), (3, 0, 3)]:
            e, a = prepared(tests[enrolled][:n]), prepared(tests[attempt][3:])
            llr = log_density(np.vstack([e, a])) - log_density(e) - log_density(a)
            trials.append(dict(enrolled=enrolled, attempt=attempt, recordings=n, llr=float(llr)))
        print([round(t["llr"], 2) for t in trials])
        cases.append(dict(between=shrink_between, within=shrink_within, trials=trials))
    return dict(speakers=[x.tolist() for x in speakers], tests=[x.tolist() for x in tests], cases=cases)


def as_norm():
    d, k = 8, 10
    cohort = np.round(rng.standard_normal((40, d)), 3)
    pairs = np.round(rng.standard_normal((6, 2, d)), 3)
    trials = []
    for enrolled, attempt in pairs:
        cosine = float(unit(enrolled) @ unit(attempt))
        sides = [np.sort(unit(cohort) @ unit(side))[::-1][:k] for side in (enrolled, attempt)]
        score = float(np.mean([(cosine - s.mean()) / s.std() for s in sides]))
        trials.append(dict(enrolled=enrolled.tolist(), attempt=attempt.tolist(), cosine=cosine, score=score))
    return dict(cohort=cohort.tolist(), nearest=k, trials=trials)


OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(json.dumps(dict(logistic=regressions(), plda=plda(), as_norm=as_norm())) + "\n")
print(OUT.stat().st_size, "bytes")
