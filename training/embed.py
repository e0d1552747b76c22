"""Embeddings of whole utterances, from PyTorch models or ONNX files, by either front end."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from training.features import HOP, ge2e_mel, log_mel
from training.paths import SAMPLE_RATE

# Resemblyzer's windows: 160 frames, 1.3 a second, the last one kept when at least 75 % of it is speech.
PARTIAL = 160
STEP = round(SAMPLE_RATE / 1.3 / HOP)
COVERAGE = 0.75
BATCH = 16

Forward = Callable[[Tensor], Tensor]


def partials(pcm: Tensor) -> Tensor:
    """PCM in [-1, 1] to GE2E's windows of mel power `(windows, 160, 40)`."""
    frames = -(-(len(pcm) + 1) // HOP)
    starts = list(range(0, max(1, frames - PARTIAL + STEP + 1), STEP))
    if len(starts) > 1 and (len(pcm) - starts[-1] * HOP) / (PARTIAL * HOP) < COVERAGE:
        starts.pop()
    mel = ge2e_mel(pcm)
    need = starts[-1] + PARTIAL
    mel = torch.nn.functional.pad(mel, (0, 0, 0, max(0, need - len(mel))))
    return torch.stack([mel[s : s + PARTIAL] for s in starts])


def onnx_forward(path: Path, threads: int = 1) -> Forward:
    """An ONNX file as a function of one tensor."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: torch.from_numpy(session.run(None, {name: x.numpy()})[0])


def embed_all(forward: Forward, ge2e: bool, waves: Iterable[Tensor]) -> np.ndarray:
    """Unit-length embeddings `(utterances, embedding)`: a log-mel network's output, or the mean over GE2E's windows."""
    prepare = partials if ge2e else log_mel
    result: dict[int, np.ndarray] = {}
    waiting: dict[tuple[int, ...], list[tuple[int, Tensor]]] = {}

    def flush(items: list[tuple[int, Tensor]]) -> None:
        numbers, inputs = zip(*items, strict=True)
        with torch.no_grad():
            out = forward(torch.cat(inputs) if ge2e else torch.stack(inputs))
        parts = out.split([len(x) if ge2e else 1 for x in inputs])
        for number, part in zip(numbers, parts, strict=True):
            result[number] = torch.nn.functional.normalize(part.mean(0), dim=0).numpy()
        items.clear()

    for number, wave in enumerate(waves):
        x = prepare(wave)
        # Only equal lengths share a batch: padding would change the result.
        items = waiting.setdefault(tuple(x.shape[1:]), [])
        items.append((number, x))
        if len(items) == BATCH:
            flush(items)
    for items in waiting.values():
        if items:
            flush(items)
    return np.stack([result[i] for i in range(len(result))])
