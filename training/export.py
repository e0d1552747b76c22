"""Exports to ONNX (opset 17, dynamic batch and time) with a check against PyTorch, and a golden vector beside each file.

`python -m training.export --kind ecapa-c256 --weights runs/x/model.pt --out runs/export/NAME.onnx`. Kinds beyond our own models:
`ge2e` (Resemblyzer's checkpoint), `speechbrain-ecapa` (`embedding_model.ckpt`), `resnetse34l` and `resnetse34v2` (`*.model`).
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from training import models
from training.models.ecapa import EcapaTdnn
from training.models.ge2e import Ge2e, load_resemblyzer
from training.models.resnet_se34 import LIGHT, V2, ResNetSe34

TOLERANCE = 1e-4
OPSET = 17
PULLED = ("resemblyzer", "speechbrain-ecapa", "resnetse34l", "resnetse34v2")


def rename_speechbrain(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """SpeechBrain's ECAPA tensor names to ours."""
    renamed = {}
    for name, tensor in state.items():
        name = re.sub(r"\.(conv|norm|conv1|conv2|fc|asp_bn)\.(conv|norm)\.", r".\1.", name)
        name = re.sub(r"^(fc|asp_bn)\.(conv|norm)\.", r"\1.", name)
        name = re.sub(r"^blocks\.0\.", "stem.", name)
        name = re.sub(r"^blocks\.([123])\.", lambda m: f"blocks.{int(m[1]) - 1}.", name)
        renamed[name] = tensor.squeeze(-1) if name == "fc.weight" else tensor
    return renamed


def load(kind: str, weights: Path) -> nn.Module:
    """A network with its weights, ready for inference."""
    if kind == "resemblyzer":
        return load_resemblyzer(str(weights))
    state = torch.load(weights, map_location="cpu", weights_only=True)
    if kind == "speechbrain-ecapa":
        net: nn.Module = EcapaTdnn(channels=1024, aggregated=3072, padding_mode="reflect")
        state = rename_speechbrain(state)
    elif kind in ("resnetse34l", "resnetse34v2"):
        net = ResNetSe34(LIGHT, 40, 512) if kind == "resnetse34l" else ResNetSe34(V2, 64, 512)
        prefix = "__S__."
        state = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        state = {k: v for k, v in state.items() if k in net.state_dict()}
    else:
        net = models.build(kind)
        state = state.get("average", state)
    net.load_state_dict(state)
    return net.eval()


def example(net: nn.Module, batch: int, frames: int, seed: int) -> Tensor:
    """A synthetic input: log-mel-like noise with a mean of 0, or mel power for GE2E (always 160 frames)."""
    rng = np.random.default_rng(seed)
    if isinstance(net, Ge2e):
        return torch.from_numpy(np.exp(rng.normal(-6.0, 2.0, (batch, 160, 40))).astype(np.float32))
    x = rng.normal(0.0, 2.0, (batch, net.n_mels, frames)).astype(np.float32)
    return torch.from_numpy(x - x.mean(axis=2, keepdims=True))


def write(net: nn.Module, path: Path) -> float:
    """Writes the ONNX file and returns its largest difference from PyTorch over several batch sizes and lengths."""
    ge2e = isinstance(net, Ge2e)
    name = "mel_power" if ge2e else "log_mel"
    dynamic = {name: {0: "batch"} if ge2e else {0: "batch", 2: "frames"}, "embedding": {0: "batch"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        net, (example(net, 2, 200, 0),), str(path), input_names=[name], output_names=["embedding"], dynamic_axes=dynamic,
        opset_version=OPSET, dynamo=False,
    )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for batch, frames in ((1, 101), (1, 300), (3, 57), (2, 1001)):
        x = example(net, batch, frames, frames)
        with torch.no_grad():
            expected = net(x).numpy()
        worst = max(worst, float(np.abs(session.run(None, {name: x.numpy()})[0] - expected).max()))
    if worst > TOLERANCE:
        raise ValueError(f"{path} differs from PyTorch by {worst:.2e}, more than {TOLERANCE:.0e}")
    return worst


def golden_of_file(model: Path, frames: int = 40, seed: int = 99) -> None:
    """Writes `NAME.golden.json` and `.npz`: a small synthetic input and the file's own answer, for the self-test at load."""
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    rng = np.random.default_rng(seed)
    shape = session.get_inputs()[0].shape
    if name == "mel_power":
        x = np.exp(rng.normal(-6.0, 2.0, (1, 160, 40)))
    elif len(shape) == 2:
        x = np.abs(rng.normal(0.0, 1.0, (1, shape[1])))
        x /= np.linalg.norm(x)
    else:
        x = rng.normal(0.0, 2.0, (1, shape[1], frames))
        x -= x.mean(axis=2, keepdims=True)
    # Rounded before use, so that the text holds exactly what went in.
    x = np.vectorize(lambda v: float(f"{v:.5g}"))(x).astype(np.float32)
    embedding = session.run(None, {name: x})[0]
    content = dict(
        input=name, shape=list(x.shape), values=[float(f"{v:.5g}") for v in x.ravel()],
        embedding=[float(f"{v:.8g}") for v in embedding.ravel()],
    )
    model.with_suffix(".golden.json").write_text(json.dumps(content))
    np.savez_compressed(model.with_suffix(".golden.npz"), **{name: x, "embedding": embedding})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", required=True, choices=[*sorted(models.BUILDERS), *PULLED])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    net = load(args.kind, args.weights)
    print(f"{args.out}: largest difference from PyTorch {write(net, args.out):.2e}")
    golden_of_file(args.out)


if __name__ == "__main__":
    main()
