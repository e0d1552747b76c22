"""Makes a mirror of a published checkpoint: a folder from which `voicegate models pull ID --from DIR` takes it.

    python -m training.pulled --kind speechbrain-ecapa --weights embedding_model.ckpt --id spkrec-ecapa-voxceleb \\
        --version 1 --licence Apache-2.0 --source "speechbrain/spkrec-ecapa-voxceleb, trained on VoxCeleb" --out mirror

The graph takes PCM and holds the front end that the network was trained with. The metadata has no calibration:
`voicegate eval fit` makes one.
"""

import argparse
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from training import export, quantize, self_test
from training.golden.models_golden import render
from training.models.aasist import WINDOW_SAMPLES
from training.paths import SAMPLE_RATE

# An INT8 network rounds differently on another processor; a broken one is off by far more.
TOLERANCE = {"fp32": self_test.TOLERANCE, "int8": 0.1}
ARCHITECTURE = {
    "speechbrain-ecapa": "ecapa_tdnn", "clovaai-resnetse34l": "resnet34_se", "clovaai-resnetse34v2": "resnet34_se", "aasist": "aasist",
}


@dataclass(frozen=True)
class Facts:
    """What no file says of itself."""

    id: str
    version: str
    licence: str
    source: str


def describe(onnx: Path, architecture: str, facts: Facts, precision: str = "fp32", quantized: str | None = None) -> dict:
    """Writes the metadata of a file that lies in its mirror beside the file, and returns it."""
    spoofing = architecture in ("aasist", "spoof_resnet")
    task = "antispoofing" if spoofing else "speaker_verification"
    window, tolerance = WINDOW_SAMPLES if architecture == "aasist" else None, TOLERANCE[precision]
    test = self_test.of_logits(onnx, window, tolerance) if spoofing else self_test.of_embedding(onnx, tolerance)
    content = onnx.read_bytes()
    metadata = {
        "id": facts.id, "version": facts.version, "task": task, "architecture": architecture, "precision": precision,
    } | ({"quantized": quantized} if quantized else {}) | {
        "input": {"features": "waveform", "sample_rate": SAMPLE_RATE} | ({"window_samples": window} if window else {}),
        "output": {"dimensions": self_test.answer(onnx, window).size},
        "file": {
            "path": f"biometric/{task}/{onnx.name}", "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content),
        },
        "licence": facts.licence, "source": facts.source, "calibration": None, "self_test": test,
    }
    onnx.with_suffix(".json").write_text(render(metadata))
    return metadata


def place(net: nn.Module, architecture: str, facts: Facts, folder: Path, calibration: int = 0) -> dict:
    """Writes `ID.onnx` and `ID.json` into the folder, and returns the metadata.

    With windows for `calibration` also `ID-int8.onnx` and `ID-int8.json`, which the first then names.
    """
    onnx = folder / f"{facts.id}.onnx"
    print(f"largest difference from PyTorch {export.write(net, onnx):.2e}")
    if not calibration:
        return describe(onnx, architecture, facts)
    int8 = replace(facts, id=f"{facts.id}-int8")
    quantize.windows(onnx, folder / f"{int8.id}.onnx", calibration)
    describe(folder / f"{int8.id}.onnx", architecture, int8, "int8")
    return describe(onnx, architecture, facts, quantized=int8.id)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", required=True, choices=ARCHITECTURE)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--id", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--licence", required=True, help="SPDX identifier of the weights' licence")
    parser.add_argument("--source", required=True, help="where the weights come from and what they were trained on")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    parser.add_argument("--int8", action="store_true", help="also an INT8 form, calibrated on train speech (aasist)")
    parser.add_argument("--windows", type=int, default=48, help="recordings that calibrate the INT8 form")
    args = parser.parse_args()
    if args.int8 and args.kind != "aasist":
        parser.error("--int8 is for aasist")
    sha256 = hashlib.sha256(args.weights.read_bytes()).hexdigest()
    source = f"{args.source}; exported from {args.weights.name}, SHA-256 {sha256}"
    facts = Facts(args.id, args.version, args.licence, source)
    place(export.load(args.kind, args.weights), ARCHITECTURE[args.kind], facts, args.out, args.windows if args.int8 else 0)
    print(f"voicegate models pull {args.id} --from {args.out}")


if __name__ == "__main__":
    main()
