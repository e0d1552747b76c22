"""The work of one verification in PyTorch, timed stage by stage, for `voicegate bench verify --python`.

Decoding by libsndfile, log-mel features by `torch.stft`, the network with the weights of the ONNX file, cosine against one
stored vector. One thread, as the program's worker has. Prints one JSON object: milliseconds per stage and iteration.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import soundfile
import torch
from torch.nn import functional as F

from training.features import htk_filters
from training.models.ecapa import EcapaTdnn
from training.warm import load_onnx

FILTERS = htk_filters(80, 512)
WINDOW = torch.hamming_window(400)


def log_mel(samples: torch.Tensor) -> torch.Tensor:
    """Pre-emphasis, power spectrum, 80 mel filters, logarithm, mean taken off: `(1, 80, frames)`."""
    emphasised = torch.cat([samples[:1], samples[1:] - 0.97 * samples[:-1]])
    spectrum = torch.stft(emphasised, 512, 160, 400, WINDOW, center=True, pad_mode="reflect", return_complex=True)
    mel = torch.log(FILTERS.T @ spectrum.abs().square() + 1e-6)
    return (mel - mel.mean(dim=1, keepdim=True)).unsqueeze(0)


def network(path: Path) -> EcapaTdnn:
    """The network of the ONNX file at `path`; its width is that of the first convolution."""
    first = next(t for t in onnx.load(path).graph.initializer if len(t.dims) == 3)
    channels = first.dims[0]
    model = EcapaTdnn(channels=channels, se_channels=channels // 4, output_norm=True, summed=True)
    load_onnx(model, path)
    return model.eval()


def session(path: Path) -> onnxruntime.InferenceSession:
    """ONNX Runtime with one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recording", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--warm-up", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model, runtime = network(args.model), session(args.model)
    enrolled = None
    times: dict[str, list[float]] = {
        name: [] for name in ("decode", "features", "network", "compared model", "score", "whole", "onnx runtime")
    }
    with torch.inference_mode():
        for i in range(args.warm_up + args.iterations):
            marks = [time.perf_counter()]
            samples, rate = soundfile.read(args.recording, dtype="float32")
            if rate != 16_000 or samples.ndim != 1:
                raise SystemExit("the recording must be 16 kHz mono")
            marks.append(time.perf_counter())
            features = log_mel(torch.from_numpy(samples))
            marks.append(time.perf_counter())
            embedding = F.normalize(model(features)[0], dim=0)
            marks.append(time.perf_counter())
            enrolled = embedding if enrolled is None else enrolled
            score = float(embedding @ enrolled)
            marks.append(time.perf_counter())
            (reference,) = runtime.run(None, {runtime.get_inputs()[0].name: features.numpy()})
            last = time.perf_counter()
            if i == 0:
                agreement = float(np.dot(reference[0], embedding.numpy()) / np.linalg.norm(reference[0]))
                if agreement < 0.9999:
                    raise SystemExit(f"torch and ONNX Runtime disagree (cosine {agreement:.6f}): other weights or another network")
            if not 0.999 < score < 1.001:
                raise SystemExit("the same recording gives another embedding")
            if i >= args.warm_up:
                decode, feature, net, compare = np.diff(marks) * 1e3
                for name, ms in (
                    ("decode", decode), ("features", feature), ("network", net), ("compared model", feature + net),
                    ("score", compare), ("whole", (marks[-1] - marks[0]) * 1e3), ("onnx runtime", (last - marks[-1]) * 1e3),
                ):
                    times[name].append(float(ms))
    json.dump(times, sys.stdout)


if __name__ == "__main__":
    main()
