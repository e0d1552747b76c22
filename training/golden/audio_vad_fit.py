"""Fits the network of voicegate's voice activity detector and writes its weights as Rust.

Usage: python audio_vad_fit.py DIR > crates/voicegate-audio/src/vad/weights.rs
DIR: written by `cargo run --release -p voicegate-audio --example vad_compare -- train DIR`, so only `train` speakers are seen.
Packages: numpy 2.4.6, scipy 1.17.1.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

MEASURES, HIDDEN, DECAY = 19, 12, 1e-4


def load(folder):
    inputs, truths = [], []
    for path in sorted(Path(folder).glob("*.measures")):
        measures = np.fromfile(path, np.float32).reshape(-1, MEASURES)
        truth = np.fromfile(path.with_suffix(".truth"), np.uint8)
        counted = truth < 2
        inputs.append(measures[counted])
        truths.append(truth[counted])
    return np.concatenate(inputs), np.concatenate(truths).astype(np.float32)


def unpack(parameters):
    a = MEASURES * HIDDEN
    w1, b1 = parameters[:a].reshape(HIDDEN, MEASURES), parameters[a : a + HIDDEN]
    return w1, b1, parameters[a + HIDDEN : a + 2 * HIDDEN], parameters[-1]


def loss(parameters, x, t):
    w1, b1, w2, b2 = unpack(parameters)
    h = np.tanh(x @ w1.T + b1)
    z = h @ w2 + b2
    value = np.mean(np.logaddexp(0, z) - t * z) + DECAY * np.sum(parameters**2)
    dz = (1 / (1 + np.exp(-z)) - t) / len(t)
    dh = np.outer(dz, w2) * (1 - h**2)
    gradient = np.concatenate([(dh.T @ x).ravel(), dh.sum(0), h.T @ dz, [dz.sum()]])
    return value, gradient + 2 * DECAY * parameters


def numbers(values):
    return ", ".join(f"{value:.4f}" for value in values)


def main():
    x, t = load(sys.argv[1])
    rng = np.random.default_rng(1)
    some = rng.choice(len(x), min(len(x), 300_000), replace=False)
    x, t = x[some].astype(np.float64), t[some].astype(np.float64)
    mean, scale = x.mean(0), x.std(0) + 1e-6
    x = (x - mean) / scale
    start = rng.normal(0, 0.3, MEASURES * HIDDEN + 2 * HIDDEN + 1)
    fit = minimize(loss, start, (x, t), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    print(f"loss {fit.fun:.4f} after {fit.nit} steps on {len(t)} frames", file=sys.stderr)
    w1, b1, w2, b2 = unpack(fit.x)
    b1, w1 = b1 - w1 @ (mean / scale), w1 / scale  # takes the measures as they are
    print("//! Weights of the network, written by `training/golden/audio_vad_fit.py`.\n")
    print('#![expect(clippy::approx_constant, reason = "a fitted number may lie near a famous one")]\n')
    print("use super::measures::MEASURES;\n")
    print(f"/// Units of the hidden layer.\npub(super) const HIDDEN: usize = {HIDDEN};\n")
    print("/// From the measures to the hidden layer.")
    print("#[rustfmt::skip]\npub(super) const HIDDEN_WEIGHTS: [[f32; MEASURES]; HIDDEN] = [")
    for row in w1:
        print(f"    [{numbers(row)}],")
    print("];\n\n/// Offsets of the hidden layer.")
    print(f"#[rustfmt::skip]\npub(super) const HIDDEN_OFFSETS: [f32; HIDDEN] = [{numbers(b1)}];\n")
    print("/// From the hidden layer to the score's logit.")
    print(f"#[rustfmt::skip]\npub(super) const SCORE_WEIGHTS: [f32; HIDDEN] = [{numbers(w2)}];\n")
    print(f"/// Offset of the score's logit.\npub(super) const SCORE_OFFSET: f32 = {b2:.4f};")


main()
