"""Rewrites the checkpoint of Resemblyzer's GE2E encoder as an ONNX file, with the standard library alone.

`python3 convert.py CHECKPOINT OUT`, where CHECKPOINT is `resemblyzer/pretrained.pt` of resemblyzer 0.1.4 (Apache-2.0).

The network (Wan et al., 2018, arXiv:1710.10467; the same as training/models/ge2e.py): mel power `(batch, frames, 40)` goes
through three LSTM layers of 256; the last state of the third goes through a linear layer, ReLU and division by its length, and is
the embedding `(batch, 256)`. The same checkpoint always gives the same bytes.
"""

import sys
from pathlib import Path
from typing import Dict, List, Tuple

import onnx_bytes as onnx
import torch_legacy

MELS = 40
HIDDEN = 256
LAYERS = 3
# torch.nn.functional.normalize divides by no less than this.
SHORTEST = 1e-12


def to_onnx_gates(rows: bytes) -> bytes:
    """Reorders the gates of an LSTM tensor, each a quarter of it: PyTorch has input, forget, cell, output; ONNX input, output,
    forget, cell."""
    quarter = len(rows) // 4
    i, f, c, o = (rows[n * quarter : (n + 1) * quarter] for n in range(4))
    return i + o + f + c


def expected_shapes() -> Dict[str, Tuple[int, ...]]:
    """The checkpoint's tensors that the network is made of."""
    shapes: Dict[str, Tuple[int, ...]] = {"linear.weight": (HIDDEN, HIDDEN), "linear.bias": (HIDDEN,)}
    for layer in range(LAYERS):
        shapes[f"lstm.weight_ih_l{layer}"] = (4 * HIDDEN, HIDDEN if layer else MELS)
        shapes[f"lstm.weight_hh_l{layer}"] = (4 * HIDDEN, HIDDEN)
        shapes[f"lstm.bias_ih_l{layer}"] = shapes[f"lstm.bias_hh_l{layer}"] = (4 * HIDDEN,)
    return shapes


def weights_of(state: Dict[str, torch_legacy.Tensor]) -> Dict[str, bytes]:
    """The values of the tensors that the network needs, each of the shape it must have."""
    weights = {}
    for name, shape in expected_shapes().items():
        if name not in state or state[name].shape != shape:
            raise ValueError(f"the checkpoint has no {name} of shape {shape}")
        weights[name] = state[name].values()
    return weights


def lstm_layer(layer: int, weights: Dict[str, bytes]) -> Tuple[List[bytes], List[bytes]]:
    """Nodes and constants of one layer. ONNX has frames first and one direction as an axis of its own."""
    inputs = HIDDEN if layer else MELS
    bias = to_onnx_gates(weights[f"lstm.bias_ih_l{layer}"]) + to_onnx_gates(weights[f"lstm.bias_hh_l{layer}"])
    constants = [
        onnx.floats(f"lstm{layer}.w", (1, 4 * HIDDEN, inputs), to_onnx_gates(weights[f"lstm.weight_ih_l{layer}"])),
        onnx.floats(f"lstm{layer}.r", (1, 4 * HIDDEN, HIDDEN), to_onnx_gates(weights[f"lstm.weight_hh_l{layer}"])),
        onnx.floats(f"lstm{layer}.b", (1, 8 * HIDDEN), bias),
    ]
    taken = [f"frames{layer}"] + [f"lstm{layer}.{part}" for part in "wrb"]
    # An LSTM node can give all states (frames, directions, batch, 256) and the last one (directions, batch, 256). The next
    # layer takes all of them, the embedding is made of the last.
    if layer < LAYERS - 1:
        outputs, axis, squeezed = [f"states{layer}"], "second_axis", f"frames{layer + 1}"
    else:
        outputs, axis, squeezed = ["", f"states{layer}"], "first_axis", "last_state"
    nodes = [
        onnx.node("LSTM", taken, outputs, [onnx.attribute_int("hidden_size", HIDDEN)]),
        onnx.node("Squeeze", [f"states{layer}", axis], [squeezed]),
    ]
    return nodes, constants


def build(weights: Dict[str, bytes]) -> bytes:
    """The whole ONNX file."""
    nodes = [onnx.node("Transpose", ["mel_power"], ["frames0"], [onnx.attribute_ints("perm", (1, 0, 2))])]
    constants = [
        onnx.int64s("first_axis", (0,)),
        onnx.int64s("second_axis", (1,)),
        onnx.floats("shortest", (), onnx.float_bytes(SHORTEST)),
        onnx.floats("linear.weight", (HIDDEN, HIDDEN), weights["linear.weight"]),
        onnx.floats("linear.bias", (HIDDEN,), weights["linear.bias"]),
    ]
    for layer in range(LAYERS):
        more_nodes, more_constants = lstm_layer(layer, weights)
        nodes += more_nodes
        constants += more_constants
    nodes += [
        onnx.node("Gemm", ["last_state", "linear.weight", "linear.bias"], ["projected"], [onnx.attribute_int("transB", 1)]),
        onnx.node("Relu", ["projected"], ["positive"]),
        onnx.node("ReduceL2", ["positive"], ["length"], [onnx.attribute_ints("axes", (1,)), onnx.attribute_int("keepdims", 1)]),
        onnx.node("Max", ["length", "shortest"], ["divisor"]),
        onnx.node("Div", ["positive", "divisor"], ["embedding"]),
    ]
    graph = onnx.graph(
        "ge2e",
        nodes,
        constants,
        [onnx.value("mel_power", ("batch", "frames", MELS))],
        [onnx.value("embedding", ("batch", HIDDEN))],
    )
    return onnx.model(graph)


def convert(checkpoint: Path, out: Path) -> None:
    """Reads a checkpoint and writes the ONNX file."""
    with checkpoint.open("rb") as file:
        state = torch_legacy.load(file)["model_state"]
    out.write_bytes(build(weights_of(state)))


if __name__ == "__main__":
    convert(*map(Path, sys.argv[1:]))
