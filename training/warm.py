"""Starting weights: a first ECAPA-TDNN kept as ONNX, or Resemblyzer's GE2E."""

import re
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from training.models.ecapa import EcapaTdnn

RENAME = (
    (r"^n\.i\.c\.", "stem.conv."), (r"^n\.i\.b\.", "stem.norm."), (r"^n\.b\.(\d)\.", r"blocks.\1."),
    (r"\.a\.c\.", ".tdnn1.conv."), (r"\.a\.b\.", ".tdnn1.norm."), (r"\.z\.c\.", ".tdnn2.conv."), (r"\.z\.b\.", ".tdnn2.norm."),
    (r"\.r\.(\d)\.c\.", r".res2net_block.blocks.\1.conv."), (r"\.r\.(\d)\.b\.", r".res2net_block.blocks.\1.norm."),
    (r"\.se\.f\.1\.", ".se_block.conv1."), (r"\.se\.f\.3\.", ".se_block.conv2."), (r"^n\.m\.", "mfa.conv."),
    (r"^n\.att\.0\.", "asp.tdnn.conv."), (r"^n\.att\.2\.", "asp.tdnn.norm."), (r"^n\.att\.4\.", "asp.conv."),
    (r"^n\.bn\.", "asp_bn."), (r"^n\.fc\.", "fc."), (r"^n\.bo\.", "output_norm."),
)


def load_onnx(model: EcapaTdnn, path: Path) -> None:
    """Loads the first checkpoint's tensors; it has no normalization after the aggregation, so that one stays an identity."""
    state = model.state_dict()
    given = {}
    for tensor in onnx.load(path).graph.initializer:
        name = tensor.name
        for pattern, replacement in RENAME:
            name = re.sub(pattern, replacement, name)
        if name in state:
            given[name] = torch.from_numpy(numpy_helper.to_array(tensor).copy()).reshape(state[name].shape)
    missing = {k for k in state if k not in given and not k.endswith("num_batches_tracked")}
    if missing - {f"mfa.norm.{k}" for k in ("weight", "bias", "running_mean", "running_var")}:
        raise ValueError(f"{path} does not fit this network; missing: {sorted(missing)[:5]}")
    model.load_state_dict(given, strict=False)


def keep_scale(norm: nn.BatchNorm1d, activations: Tensor) -> None:
    """Sets a fresh batch normalization so that it passes these activations `(batch, channels, frames)` unchanged, in training too."""
    variance, mean = torch.var_mean(activations, dim=(0, 2))
    with torch.no_grad():
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(mean)
