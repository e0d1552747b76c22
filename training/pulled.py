"""Makes a mirror of a published checkpoint: a folder from which `voicegate models pull ID --from DIR` takes it.

    python -m training.pulled --kind speechbrain-ecapa --weights embedding_model.ckpt --id spkrec-ecapa-voxceleb \\
        --version 1 --licence Apache-2.0 --source "speechbrain/spkrec-ecapa-voxceleb, trained on VoxCeleb" --out mirror

The graph takes PCM and holds the front end that the network was trained with. The metadata has no calibration:
`voicegate eval fit` makes one.
"""

import argparse
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from training import export
from training.golden.models_golden import glottal, render
from training.models.waveform import Waveform
from training.paths import SAMPLE_RATE

# Another processor adds in another order; a wrong front end is off by far more.
TOLERANCE = 0.001


@dataclass(frozen=True)
class Facts:
    """What no file says of itself."""

    id: str
    version: str
    licence: str
    source: str


def place(net: Waveform, architecture: str, facts: Facts, folder: Path) -> dict:
    """Writes `ID.onnx` and `ID.json` into the folder, and returns the metadata."""
    onnx = folder / f"{facts.id}.onnx"
    print(f"largest difference from PyTorch {export.write(net, onnx):.2e}")
    session = onnxruntime.InferenceSession(str(onnx), providers=["CPUExecutionProvider"])
    answer = session.run(None, {"pcm": glottal()[None]})[0][0]
    answer = answer / np.linalg.norm(answer)
    content = onnx.read_bytes()
    metadata = {
        "id": facts.id, "version": facts.version, "task": "speaker_verification",
        "architecture": architecture, "precision": "fp32",
        "input": {"features": "waveform", "sample_rate": SAMPLE_RATE}, "output": {"dimensions": len(answer)},
        "file": {
            "path": f"biometric/speaker_verification/{onnx.name}", "sha256": hashlib.sha256(content).hexdigest(),
            "size_bytes": len(content),
        },
        "licence": facts.licence, "source": facts.source, "calibration": None,
        "self_test": {
            "signal": "glottal", "embedding_prefix": [round(float(v), 6) for v in answer[:16]], "tolerance": TOLERANCE,
        },
    }
    (folder / f"{facts.id}.json").write_text(render(metadata))
    return metadata


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", required=True, choices=export.WAVEFORM)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--id", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--licence", required=True, help="SPDX identifier of the weights' licence")
    parser.add_argument("--source", required=True, help="where the weights come from and what they were trained on")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    args = parser.parse_args()
    sha256 = hashlib.sha256(args.weights.read_bytes()).hexdigest()
    source = f"{args.source}; exported from {args.weights.name}, SHA-256 {sha256}"
    architecture = "ecapa_tdnn" if args.kind == "speechbrain-ecapa" else "resnet34_se"
    facts = Facts(args.id, args.version, args.licence, source)
    place(export.load(args.kind, args.weights), architecture, facts, args.out)
    print(f"voicegate models pull {args.id} --from {args.out}")


if __name__ == "__main__":
    main()
