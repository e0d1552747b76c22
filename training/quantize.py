"""Static INT8 quantization (QDQ, u8 activations, per-channel s8 weights) calibrated on train speech.

`python -m training.quantize --model runs/export/NAME.onnx` writes `NAME.int8.onnx` and its golden vector, and prints the cosine to FP32.
`windows` quantizes a countermeasure on PCM, for `training.pulled --int8`.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, create_calibrator, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from training.data import dev_speakers, load
from training.export import golden_of_file
from training.features import log_mel
from training.models.aasist import window

# Convolutions and matrix products gain; the pooling's small reductions lose accuracy and gain nothing.
OPERATORS = ["Conv", "Gemm", "MatMul"]


def waves(count: int, held_out: bool, seed: int = 11) -> Iterator[np.ndarray]:
    """PCM in [-1, 1] of random train utterances: of dev speakers if `held_out`, else of the others."""
    utterances, pcm = load("train")
    dev = dev_speakers()
    fit = [u for u in utterances if (u.key in dev) == held_out]
    rng = np.random.default_rng(seed)
    for i in rng.choice(len(fit), count, replace=False):
        yield pcm[fit[i].start : fit[i].start + fit[i].samples].astype(np.float32) / 32768.0


def speech(count: int, seconds: float, held_out: bool) -> Iterator[np.ndarray]:
    """Log-mel `(1, 80, frames)` of the first `seconds` of such utterances."""
    for wave in waves(count, held_out):
        yield log_mel(torch.from_numpy(wave[: int(seconds * 16_000)]))[None].numpy()


class Reader(CalibrationDataReader):
    """Feeds calibration speech to ONNX Runtime."""

    def __init__(self, name: str, items: Iterator[np.ndarray]):
        self.items = ({name: x} for x in items)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.items, None)


def write_int8(prepared: Path, out: Path, reader: Reader, operators: list[str], excluded: list[str], ranges: dict) -> None:
    """Writes the INT8 form of a prepared file. `ranges` are overrides by tensor; what has none takes its range from the reader's items."""
    quantize_static(
        str(prepared), str(out), reader, quant_format=QuantFormat.QDQ, op_types_to_quantize=operators, nodes_to_exclude=excluded,
        per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
        extra_options={
            "ActivationSymmetric": False, "WeightSymmetric": True, "TensorQuantOverrides": ranges, "ForceQuantizeNoInputCheck": True,
        },
    )


def quantize(model: Path, count: int, seconds: float) -> Path:
    """Writes the INT8 model beside the FP32 one."""
    name = onnx.load(model).graph.input[0].name
    if name != "log_mel":
        raise ValueError(f"{model}: only log-mel networks are quantized; an LSTM has no INT8 kernel in ONNX Runtime")
    out = model.with_suffix(".int8.onnx")
    prepared = out.with_suffix(".prepared")
    quant_pre_process(str(model), str(prepared), skip_symbolic_shape=True)
    write_int8(prepared, out, Reader(name, speech(count, seconds, held_out=False)), OPERATORS, [], {})
    prepared.unlink()
    return out


def shared_ranges(model: Path, reader: Reader) -> dict[str, list[dict]]:
    """The range of what goes into and comes out of each convolution over all stretches of time that the graph treats one by one.

    What goes into a max-pooling gets the range of what comes out: smaller values are never seen again.
    """
    calibrator = create_calibrator(
        model, ["Conv", "MaxPool"], str(model.with_suffix(".augmented")), CalibrationMethod.MinMax, extra_options={"symmetric": False}
    )
    calibrator.collect_data(reader)
    found = {name: data.range_value for name, data in calibrator.compute_data().items()}
    model.with_suffix(".augmented").unlink()
    groups: dict[tuple[str, str], list[str]] = {}
    for node in onnx.load(model).graph.node:
        # The exporter numbers the repeated calls of one layer.
        layer = re.sub(r"_\d+(?=/|$)", "", node.name)
        if node.op_type == "Conv":
            groups.setdefault((layer, "in"), []).append(node.input[0])
        if node.op_type == "MaxPool":
            found[node.input[0]] = found[node.output[0]]
            groups.setdefault((layer, "out"), []).append(node.input[0])
        if node.op_type in ("Conv", "MaxPool"):
            groups.setdefault((layer, "out"), []).append(node.output[0])
    ranges = {}
    for names in groups.values():
        low, high = np.min([found[name][0] for name in names]), np.max([found[name][1] for name in names])
        ranges |= {name: [{"rmin": low, "rmax": high}] for name in names}
    return ranges


def windows(model: Path, out: Path, count: int) -> None:
    """Writes the INT8 form of AASIST, calibrated on `count` windows of train speech.

    Convolutions of one channel stay as they are: they cost little, and have no fast INT8 kernel. Max-pooling of bytes is fast, and
    the same before rounding as after it.
    """
    prepared = out.with_suffix(".prepared")
    quant_pre_process(str(model), str(prepared), skip_symbolic_shape=True)
    graph = onnx.load(prepared).graph
    weights = {tensor.name: tensor.dims for tensor in graph.initializer}
    excluded = [
        node.name for node in graph.node
        if node.op_type == "Conv" and weights[node.input[1]][1] == 1 or node.op_type == "MaxPool" and "front_end" in node.name
    ]
    ranges = shared_ranges(prepared, Reader("pcm", (window(wave)[None] for wave in waves(count, held_out=False))))
    reader = Reader("pcm", (window(wave)[None] for wave in waves(1, held_out=False)))
    write_int8(prepared, out, reader, ["Conv", "MaxPool"], excluded, ranges)
    prepared.unlink()


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
