"""Measures Silero VAD on the scenes that `cargo run --release -p voicegate-audio --example vad_compare -- LIST DIR` wrote.

Usage: python audio_vad_silero.py DIR
Packages: silero-vad 6.2.3 (only its ONNX file is used, install it with --no-deps), onnxruntime 1.31.1, numpy 2.4.6.
"""

import sys
import time
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime

FRAME = 256  # samples per label; Silero decides on 512 with 64 samples of context


def silero(session, samples):
    chunks = len(samples) // 512
    state = np.zeros((2, 1, 128), np.float32)
    context = np.zeros(64, np.float32)
    scores = np.zeros(len(samples) // FRAME, np.float32)
    for n in range(chunks):
        chunk = samples[n * 512 : (n + 1) * 512]
        inputs = {"input": np.concatenate([context, chunk])[None], "state": state, "sr": np.array(16000, np.int64)}
        out, state = session.run(None, inputs)
        scores[2 * n : 2 * n + 2] = out[0, 0]
        context = chunk[-64:]
    return scores


def measures(scores, truth):
    order = np.argsort(-scores, kind="stable")
    scores, truth = scores[order], truth[order].astype(np.float64)
    hits, alarms = np.cumsum(truth), np.cumsum(1 - truth)
    last = np.append(np.diff(scores) != 0, True)  # equal scores cross the threshold together
    hits, alarms, scores = hits[last], alarms[last], scores[last]
    speech, other = hits[-1], max(alarms[-1], 1)
    auc = np.trapezoid(np.append(0, hits), np.append(0, alarms)) / (speech * other)
    wrong = alarms + speech - hits
    best = int(np.argmin(wrong))
    miss = 1 - np.interp(0.05 * other, np.append(0, alarms), np.append(0, hits)) / speech
    fixed = wrong[np.searchsorted(-scores, -0.5, side="right") - 1] if scores[0] > 0.5 else speech
    return auc, 100 * wrong[best] / len(truth), scores[best], 100 * miss, 100 * fixed / len(truth)


def main():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = Path(find_spec("silero_vad").origin).parent / "data" / "silero_vad.onnx"
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    rows = defaultdict(lambda: ([], [], [], []))
    for path in sorted(Path(sys.argv[1]).glob("*.f32")):
        samples = np.fromfile(path, np.float32)
        truth = np.fromfile(path.with_suffix(".truth"), np.uint8)
        start = time.perf_counter()
        scores = silero(session, samples)
        took = time.perf_counter() - start
        counted = truth < 2
        for key in (path.stem.split("-", 1)[1], "all"):
            row = rows[key]
            row[0].append(scores[counted])
            row[1].append(truth[counted])
            row[2].append(took)
            row[3].append(len(samples) / 16000)
    for key, (scores, truth, took, seconds) in sorted(rows.items()):
        auc, error, at, miss, fixed = measures(np.concatenate(scores), np.concatenate(truth))
        cost = sum(took) / sum(seconds) * 1e6
        print(
            f"silero                       {key:14} auc {auc:.4f}  error {error:5.2f} (at {at:.3f})  "
            f"at 0.5 {fixed:5.2f}  miss {miss:5.2f}  {cost:6.0f} µs/s"
        )


main()
