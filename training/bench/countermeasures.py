"""What countermeasures on PCM cost in time and in errors, side by side; the first named is what the others are held against.

    python -m training.bench.countermeasures --models mirror/aasist.onnx mirror/aasist-int8.onnx --spoof ../shared/speech/spoof.tsv

A score is the logit of bona fide less that of spoof. Recordings of dev speakers show how well two files agree: choose by those.
`spoof.tsv` is only reported on. Time is the processor's for one window, one thread, in turns, with the program's session options.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
import onnxruntime

from training.data import read_audio
from training.metrics import eer, threshold_at
from training.models.aasist import window
from training.paths import SPEECH
from training.quantize import waves


def session(path: Path) -> onnxruntime.InferenceSession:
    """A session as the program's worker has it: one thread, no arena."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def score(model: onnxruntime.InferenceSession, pcm: np.ndarray) -> float:
    """Bona fide less spoof for the first window of a recording."""
    spoof, bonafide = model.run(None, {"pcm": window(pcm)[None]})[0][0]
    return float(bonafide - spoof)


def milliseconds(models: list[onnxruntime.InferenceSession], turns: int) -> np.ndarray:
    """Processor time `(turns, models)` of a window each, in turns."""
    pcm = np.random.default_rng(0).normal(0.0, 0.1, 64_600).astype(np.float32)
    times = np.empty((turns + 1, len(models)))
    for row in times:
        for i, model in enumerate(models):
            start = time.thread_time()
            score(model, pcm)
            row[i] = 1e3 * (time.thread_time() - start)
    return times[1:]


def eer_interval(bonafide: np.ndarray, spoof: np.ndarray, seed: int = 0, draws: int = 1000) -> tuple[float, float]:
    """95 % bootstrap interval of the EER over clips, of either kind by itself."""
    rng = np.random.default_rng(seed)
    values = [eer(rng.choice(bonafide, len(bonafide)), rng.choice(spoof, len(spoof))) for _ in range(draws)]
    return float(np.percentile(values, 2.5)), float(np.percentile(values, 97.5))


def agreement(first: np.ndarray, second: np.ndarray, threshold: float) -> str:
    """Largest difference, correlation, and share of decisions that stay."""
    same = ((first >= threshold) == (second >= threshold)).mean()
    return f"largest difference {np.abs(first - second).max():.2f}, r {np.corrcoef(first, second)[0, 1]:.4f}, same decision {same:.1%}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    parser.add_argument("--spoof", type=Path, default=SPEECH / "spoof.tsv")
    parser.add_argument("--recordings", type=int, default=100, help="of dev speakers")
    parser.add_argument("--turns", type=int, default=30)
    args = parser.parse_args()
    models = [session(path) for path in args.models]
    times = milliseconds(models, args.turns)
    for path, column in zip(args.models, times.T, strict=True):
        faster = np.median(times[:, 0] / column)
        print(f"{path.name}: least {column.min():.0f} ms, median {np.median(column):.0f} ms, {faster:.2f} times as fast as the first", flush=True)

    with open(args.spoof, newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    clips = [read_audio(args.spoof.parent / row["path"]).astype(np.float32) / 32768.0 for row in rows]
    bonafide = np.array([row["kind"] == "bonafide" for row in rows])
    speech = list(waves(args.recordings, held_out=True))
    on_clips = np.array([[score(model, pcm) for pcm in clips] for model in models])
    on_speech = np.array([[score(model, pcm) for pcm in speech] for model in models])
    # Where the first file's rates cross.
    threshold = threshold_at(on_clips[0, ~bonafide], eer(on_clips[0, bonafide], on_clips[0, ~bonafide]))
    for path, clip, train in zip(args.models, on_clips, on_speech, strict=True):
        low, high = eer_interval(clip[bonafide], clip[~bonafide])
        print(f"{path.name}: EER {eer(clip[bonafide], clip[~bonafide]):.1%} ({low:.1%}–{high:.1%})")
        print(f"  dev speech: {agreement(on_speech[0], train, threshold)}")
        print(f"  {args.spoof.name}: {agreement(on_clips[0], clip, threshold)}")


if __name__ == "__main__":
    main()
