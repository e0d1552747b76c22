"""Exports the recogniser: `python -m training.recogniser.export --weights training/runs/NAME/model.pt --out DIR --source TEXT`.

Writes `ID.onnx` (input `log_mel` `(batch, 80, frames)`, output `log_posteriors` `(batch, frames / 3, symbols)`, checked against
PyTorch) and `ID.json`, its metadata for the registry with symbols and self-test.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from training.export import OPSET, TOLERANCE, example
from training.features import HOP
from training.golden.models_golden import glottal, log_mel, render
from training.paths import SAMPLE_RATE
from training.recogniser.listen import Listener
from training.recogniser.model import STRIDE
from training.recogniser.phones import SYMBOLS

FOLDER = "biometric/speech_recognition"
PREFIX = 2 * len(SYMBOLS)


def write(listener: Listener, path: Path) -> float:
    """Writes the ONNX file; returns its largest difference from PyTorch over several sizes."""
    net = listener.net
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        net, (example(net, 2, 200, 0),), str(path), input_names=["log_mel"], output_names=["log_posteriors"],
        dynamic_axes={"log_mel": {0: "batch", 2: "frames"}, "log_posteriors": {0: "batch", 1: "output_frames"}},
        opset_version=OPSET, dynamo=False,
    )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for batch, frames in ((1, 101), (1, 300), (3, 57), (2, 1001)):
        x = example(net, batch, frames, frames)
        with torch.no_grad():
            expected = net(x).numpy()
        worst = max(worst, float(np.abs(session.run(None, {"log_mel": x.numpy()})[0] - expected).max()))
    # Log posteriors reach -30; a hundredfold of what embeddings may differ is still far below a nat.
    if worst > 100 * TOLERANCE:
        raise ValueError(f"{path} differs from PyTorch by {worst:.2e}")
    return worst


def metadata(identity: str, version: str, file: Path, source: str) -> dict:
    """What the registry says of the file; the self-test holds the first two frames of the answer to the signal `glottal`."""
    content = file.read_bytes()
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    answer = session.run(None, {"log_mel": log_mel(glottal())[None]})[0][0].ravel()[:PREFIX]
    return {
        "id": identity, "version": version, "task": "speech_recognition", "architecture": "ctc_conv", "precision": "fp32",
        "input": {"features": "log_mel", "sample_rate": SAMPLE_RATE, "mel_bins": 80},
        "output": {"dimensions": len(SYMBOLS), "symbols": SYMBOLS, "frame_seconds": HOP * STRIDE / SAMPLE_RATE},
        "file": {"path": f"{FOLDER}/{file.name}", "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)},
        "licence": "Apache-2.0", "source": source, "calibration": None,
        "self_test": {"signal": "glottal", "answer": [round(float(v), 5) for v in answer], "tolerance": 0.01},
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--id", default="ctc-conv-en-v1")
    parser.add_argument("--version", default="1")
    parser.add_argument("--source", required=True, help="what the weights were trained on")
    args = parser.parse_args()
    torch.set_num_threads(1)
    file = args.out / f"{args.id}.onnx"
    print(f"largest difference from PyTorch {write(Listener(args.weights), file):.2e}")
    (args.out / f"{args.id}.json").write_text(render(metadata(args.id, args.version, file, args.source)))
    print(f"{file}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
