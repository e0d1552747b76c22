"""Static INT8 quantization (QDQ, u8 activations, per-channel s8 weights) calibrated on train speech.

`python -m training.quantize --model runs/export/NAME.onnx` writes `NAME.int8.onnx` and its golden vector, and prints the cosine to FP32.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from training.data import dev_speakers, load
from training.export import golden_of_file
from training.features import log_mel

# Convolutions and matrix products gain; the pooling's small reductions lose accuracy and gain nothing.
OPERATORS = ["Conv", "Gemm", "MatMul"]


def speech(count: int, seconds: float, held_out: bool, seed: int = 11) -> Iterator[np.ndarray]:
    """Log-mel `(1, 80, frames)` of random train utterances: of dev speakers if `held_out`, else of the others."""
    utterances, pcm = load("train")
    dev = dev_speakers()
    fit = [u for u in utterances if (u.key in dev) == held_out]
    rng = np.random.default_rng(seed)
    for i in rng.choice(len(fit), count, replace=False):
        u = fit[i]
        wave = pcm[u.start : u.start + min(u.samples, int(seconds * 16_000))].astype(np.float32) / 32768.0
        yield log_mel(torch.from_numpy(wave))[None].numpy()


class Reader(CalibrationDataReader):
    """Feeds calibration speech to ONNX Runtime."""

    def __init__(self, name: str, count: int, seconds: float):
        self.items = ({name: x} for x in speech(count, seconds, held_out=False))

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.items, None)


def quantize(model: Path, count: int, seconds: float) -> Path:
    """Writes the INT8 model beside the FP32 one."""
    name = onnx.load(model).graph.input[0].name
    if name != "log_mel":
        raise ValueError(f"{model}: only log-mel networks are quantized; an LSTM has no INT8 kernel in ONNX Runtime")
    out = model.with_suffix(".int8.onnx")
    prepared = out.with_suffix(".prepared")
    quant_pre_process(str(model), str(prepared), skip_symbolic_shape=True)
    quantize_static(
        str(prepared), str(out), Reader(name, count, seconds), quant_format=QuantFormat.QDQ, op_types_to_quantize=OPERATORS,
        per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax, extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
    )
    prepared.unlink()
    return out


def agreement(first: Path, second: Path, count: int = 24) -> np.ndarray:
    """Cosines between two models' embeddings of dev speech."""
    a, b = (onnxruntime.InferenceSession(str(p), providers=["CPUExecutionProvider"]) for p in (first, second))
    cosines = []
    for x in speech(count, 3.0, held_out=True):
        u, v = (s.run(None, {"log_mel": x})[0][0] for s in (a, b))
        cosines.append(float(u @ v / np.linalg.norm(u) / np.linalg.norm(v)))
    return np.array(cosines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--utterances", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=3.0)
    args = parser.parse_args()
    out = quantize(args.model, args.utterances, args.seconds)
    golden_of_file(out)
    cosines = agreement(args.model, out)
    print(f"{out}: {out.stat().st_size} bytes; cosine to FP32 mean {cosines.mean():.4f}, lowest {cosines.min():.4f}")


if __name__ == "__main__":
    main()
