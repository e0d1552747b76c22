"""Exports to ONNX (opset 17, dynamic batch and time) with a check against PyTorch, and a golden vector beside each file.

`python -m training.export --kind ecapa-c256 --weights runs/x/model.pt --out runs/export/NAME.onnx`. Kinds beyond our own models:
`resemblyzer` (`pretrained.pt`), and with their own front end in the graph `speechbrain-ecapa` (`embedding_model.ckpt`),
`clovaai-resnetse34l` and `clovaai-resnetse34v2` (`*.model`), and `aasist` (`AASIST.pth` or `AASIST-L.pth`).
"""

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from training import models
from training.features import HOP
from training.models.aasist import WINDOW_SAMPLES, Aasist, published_aasist
from training.models.ecapa import EcapaTdnn
from training.models.ge2e import Ge2e, load_resemblyzer
from training.models.resnet_se34 import LIGHT, V2, ResNetSe34
from training.models.waveform import ClovaMel, SpeechBrainFbank, Waveform
from training.paths import SAMPLE_RATE

TOLERANCE = 1e-4
OPSET = 17
CLOVAAI = {"clovaai-resnetse34l": LIGHT, "clovaai-resnetse34v2": V2}
# Kinds whose graph takes PCM.
WAVEFORM = ("speechbrain-ecapa", *CLOVAAI, "aasist")
PULLED = ("resemblyzer", *WAVEFORM)


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


def speechbrain_ecapa(state: dict[str, Tensor]) -> Waveform:
    """SpeechBrain's ECAPA-TDNN with its front end; the widths are those of the weights."""
    state = rename_speechbrain(state)
    width, n_mels = state["stem.conv.weight"].shape[:2]
    net = EcapaTdnn(
        n_mels, width, aggregated=state["mfa.conv.weight"].shape[0], embedding=state["fc.weight"].shape[0],
        se_channels=state["blocks.0.se_block.conv1.weight"].shape[0], padding_mode="reflect",
    )
    net.load_state_dict(state)
    return Waveform(SpeechBrainFbank(n_mels), net)


def clovaai_resnet(kind: str, state: dict[str, Tensor]) -> Waveform:
    """voxceleb_trainer's network with its front end; the widths are those of the weights.

    The published classes differ in pre-emphasis, and the checkpoint holds their front end's tensors, so it decides.
    """
    prefix = "__S__."
    state = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    if not state:
        raise ValueError(f"no tensor is named {prefix}…: this is no checkpoint of voxceleb_trainer")
    front = {name: state.pop(name) for name in list(state) if name.startswith("torchfb.")}
    stored = {name.rsplit(".", 1)[1]: tensor for name, tensor in front.items() if tensor.numel()}
    n_mels = stored["fb"].shape[1] if "fb" in stored else 40 if kind == "clovaai-resnetse34l" else 64
    if "flipped_filter" in stored:
        pre_emphasis = -float(stored["flipped_filter"][0, 0, 0])
    else:
        pre_emphasis = 0.97 if not stored and kind == "clovaai-resnetse34v2" else 0.0
    front_end = ClovaMel(n_mels, pre_emphasis)
    ours = {"fb": front_end.filters.T, "window": torch.hamming_window(400)}
    for name in ours.keys() & stored.keys():
        if ours[name].shape != stored[name].shape or not torch.allclose(ours[name], stored[name], atol=1e-3):
            raise ValueError(f"the checkpoint's front end has another {name} than the published class")
    filters = tuple(state[f"layer{i}.0.conv1.weight"].shape[0] for i in (1, 2, 3, 4))
    net = ResNetSe34(replace(CLOVAAI[kind], filters=filters), n_mels, state["fc.weight"].shape[0])
    net.load_state_dict(state)
    return Waveform(front_end, net)


def load(kind: str, weights: Path) -> nn.Module:
    """A network with its weights, ready for inference."""
    if kind == "resemblyzer":
        return load_resemblyzer(str(weights))
    state = torch.load(weights, map_location="cpu", weights_only=True)
    if kind == "speechbrain-ecapa":
        return speechbrain_ecapa(state).eval()
    if kind in CLOVAAI:
        return clovaai_resnet(kind, state).eval()
    if kind == "aasist":
        return published_aasist(state).eval()
    net = models.build(kind)
    net.load_state_dict(state.get("average", state))
    return net.eval()


def example(net: nn.Module, batch: int, frames: int, seed: int) -> Tensor:
    """A synthetic input: log-mel-like noise with a mean of 0, mel power for GE2E (always 160 frames), or noise in bursts as PCM
    (for AASIST always one window)."""
    rng = np.random.default_rng(seed)
    if isinstance(net, Waveform | Aasist):
        time = np.arange(frames * HOP + 77 if isinstance(net, Waveform) else WINDOW_SAMPLES) / SAMPLE_RATE
        return torch.from_numpy((rng.normal(0.0, 0.1, (batch, len(time))) * (0.01 + np.sin(7.0 * time) ** 2)).astype(np.float32))
    if isinstance(net, Ge2e):
        return torch.from_numpy(np.exp(rng.normal(-6.0, 2.0, (batch, 160, 40))).astype(np.float32))
    x = rng.normal(0.0, 2.0, (batch, net.n_mels, frames)).astype(np.float32)
    return torch.from_numpy(x - x.mean(axis=2, keepdims=True))


def write(net: nn.Module, path: Path) -> float:
    """Writes the ONNX file and returns its largest difference from PyTorch over several batch sizes and lengths."""
    output = "embedding"
    if isinstance(net, Ge2e):
        name, axes = "mel_power", {0: "batch"}
    elif isinstance(net, Waveform):
        name, axes = "pcm", {0: "batch", 1: "samples"}
    elif isinstance(net, Aasist):
        name, axes, output = "pcm", {0: "batch"}, "logits"
    else:
        name, axes = "log_mel", {0: "batch", 2: "frames"}
    dynamic = {name: axes, output: {0: "batch"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        net, (example(net, 2, 200, 0),), str(path), input_names=[name], output_names=[output], dynamic_axes=dynamic,
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
    if name == "pcm":
        x = rng.normal(0.0, 0.1, (1, frames * HOP))
    elif name == "mel_power":
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
