"""Puts a trained countermeasure into `models/voice`: ONNX with its front end, metadata, self-test.

`python -m training.countermeasure.ship --weights training/runs/NAME/model.pt --id ID --version 1 --source "what it was trained on"`.
The registry is edited by hand afterwards, and `voicegate eval fit-pad --write` fits the fusion with the signal detectors.
"""

import argparse
from pathlib import Path

from training import export, pulled
from training.countermeasure.evaluate import network
from training.countermeasure.network import LogBands
from training.models.waveform import Waveform
from training.ship import VOICE


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--id", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--source", required=True, help="where the weights come from and what they were trained on")
    args = parser.parse_args()
    onnx = VOICE / "biometric" / "antispoofing" / f"{args.id}.onnx"
    net = Waveform(LogBands(), network(args.weights)).eval()
    print(f"largest difference from PyTorch {export.write(net, onnx):.2e}")
    pulled.describe(onnx, "spoof_resnet", pulled.Facts(args.id, args.version, "Apache-2.0", args.source))
    onnx.with_suffix(".json").rename(VOICE / "biometric" / "config" / f"{args.id}.json")


if __name__ == "__main__":
    main()
