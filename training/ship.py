"""Puts a trained network into `models/voice`: ONNX in FP32 and INT8, metadata, self-tests.

`python -m training.ship --kind ecapa-c256 --weights training/runs/NAME/model.pt --id ID --version 1 --source "what it was trained on"`.
The registry is edited by hand afterwards, and `voicegate eval fit --write` makes the calibrations.
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path

from training import export, models, quantize
from training.golden import models_golden
from training.paths import RUNS

VOICE = models_golden.ROOT / "models" / "voice"
FOLDER = "biometric/speaker_verification"
ARCHITECTURE = {"ecapa-c256": "ecapa_tdnn", "ecapa-c512": "ecapa_tdnn", "resnet34se": "resnet34_se"}
# An INT8 network rounds differently on another processor; a broken one is off by far more.
TOLERANCE = {"fp32": 0.001, "int8": 0.02}


def metadata(identity: str, kind: str, file: Path, args: argparse.Namespace, precision: str, quantized: str | None) -> dict:
    """The metadata of a file that lies in its place."""
    content = file.read_bytes()
    result = {
        "id": identity, "version": args.version, "task": "speaker_verification", "architecture": ARCHITECTURE[kind],
        "precision": precision, "quantized": quantized,
        "input": {"features": "log_mel", "sample_rate": 16000, "mel_bins": 80}, "output": {"dimensions": 192},
        "file": {"path": f"{FOLDER}/{file.name}", "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)},
        "licence": "Apache-2.0", "source": args.source, "calibration": None,
    }
    if quantized is None:
        del result["quantized"]
    return result


def place(identity: str, onnx: Path, args: argparse.Namespace, precision: str, quantized: str | None) -> None:
    """Copies the file, writes its metadata, and has its self-test computed."""
    target = VOICE / FOLDER / f"{identity}.onnx"
    shutil.copyfile(onnx, target)
    config = VOICE / "biometric" / "config" / f"{identity}.json"
    config.write_text(json.dumps(metadata(identity, args.kind, target, args, precision, quantized), indent=2))
    models_golden.main(identity, TOLERANCE[precision])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", required=True, choices=sorted(set(ARCHITECTURE) & set(models.BUILDERS)))
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--id", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--source", required=True, help="where the weights come from and what they were trained on")
    args = parser.parse_args()
    onnx = RUNS / "export" / f"{args.id}.onnx"
    print(f"largest difference from PyTorch {export.write(export.load(args.kind, args.weights), onnx):.2e}")
    int8 = quantize.quantize(onnx, count=200, seconds=3.0)
    cosines = quantize.agreement(onnx, int8)
    print(f"INT8: cosine to FP32 mean {cosines.mean():.4f}, lowest {cosines.min():.4f}")
    place(f"{args.id}-int8", int8, args, "int8", None)
    place(args.id, onnx, args, "fp32", f"{args.id}-int8")


if __name__ == "__main__":
    main()
