"""AASIST (Jung et al., 2022, arXiv:2110.01200): an antispoofing network on PCM. Inference only: dropout is left out.

Sinc filters and a residual encoder give a map of filters over time. Its maxima over time and over filters are the nodes of a
spectral and of a temporal graph; two branches of heterogeneous attention join them, each with a node of its own that hears all.
"""

import math
import re
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.models.graph_attention import Branch, GraphAttention, GraphPool
from training.paths import SAMPLE_RATE

# Samples that the network was trained on, and that its spectral positions and node counts stand for.
WINDOW_SAMPLES = 64_600
FILTERS, TAPS, POOL = 70, 129, 3
# Frames after the front end and after each block.
FRAMES = [(WINDOW_SAMPLES - TAPS + 1) // POOL ** (1 + blocks) for blocks in range(7)]


@dataclass(frozen=True)
class Variant:
    """What tells the published configurations apart and no weight shows: the share of nodes that each pooling keeps."""

    spectral: float
    temporal: float
    branch: float


# By the encoder's width: AASIST and AASIST-L.
PUBLISHED = {64: Variant(0.5, 0.7, 0.5), 24: Variant(0.4, 0.5, 0.7)}


def window(pcm: np.ndarray) -> np.ndarray:
    """What the network hears of a recording `(samples,)`: repeated until it is long enough, and cut to `WINDOW_SAMPLES`."""
    return np.resize(pcm, WINDOW_SAMPLES)


def sinc_filters() -> Tensor:
    """Band-pass filters `(70, 129)` between edges equally spaced on the mel scale up to Nyquist, under a Hamming window."""
    top = 2595.0 * np.log10(1.0 + SAMPLE_RATE / 2 / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(0.0, top, FILTERS + 1) / 2595.0) - 1.0)
    times = np.arange(TAPS) - TAPS // 2
    low_pass = 2.0 * edges[:, None] / SAMPLE_RATE * np.sinc(2.0 * edges[:, None] * times / SAMPLE_RATE)
    return torch.tensor(np.diff(low_pass, axis=0) * np.hamming(TAPS), dtype=torch.float32)


class SincMaxima(nn.Module):
    """Largest magnitude of three neighbouring filters at three neighbouring samples: PCM `(batch, samples)` to `(batch, 1, 23, frames)`.

    The same as filters at every sample, magnitude, and 3 by 3 max-pooling without overlap: the convolution steps by three samples and
    holds each filter three times, moved by 0, 1 and 2 taps, so that pooling is over nine neighbouring channels. The 70th filter
    falls out of the pooling.
    """

    def __init__(self):
        super().__init__()
        kept = sinc_filters()[: FILTERS // POOL * POOL]
        moved = torch.stack([F.pad(kept, (by, POOL - 1 - by)) for by in range(POOL)], dim=1)
        # Part of the state, because the exporter shares what is and repeats what isn't.
        self.register_buffer("kernels", moved.flatten(0, 1)[:, None])

    def forward(self, pcm: Tensor) -> Tensor:
        bands = F.conv1d(pcm[:, None], self.kernels, stride=POOL)
        return F.max_pool2d(bands.abs()[:, None], (POOL * POOL, 1))


def pad(x: Tensor, before: int, after: int, value: float = 0.0) -> Tensor:
    """Frames of `value` on either side, or as many frames fewer where negative."""
    return F.pad(x, (before, after), value=value) if before or after else x


# SELU's constants: scale * x above 0, scale * alpha * (exp(x) - 1) below.
ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805
CORNER = math.log(ALPHA)


def shifted_selu(x: Tensor) -> Tensor:
    """`selu(x - CORNER) / SCALE + ALPHA + CORNER`, from operators that run vectorized in ONNX Runtime, whose SELU does not."""
    return x.clamp(min=CORNER) + x.clamp(max=CORNER).exp()


class ResidualBlock(nn.Module):
    """Two convolutions over filters and time around a shortcut, then the maximum of every three frames: time becomes a third.

    The published class normalizes its input too, but convolves the input as it came, so that normalization is left out here. Batch
    normalization and the constants of SELU lie in the convolutions (`fold`).
    """

    # Frames that the convolutions look beyond what is pooled, on either side.
    CONTEXT = 2

    def __init__(self, channels: int, out: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, (2, 3), padding=(1, 0))
        self.conv2 = nn.Conv2d(out, out, (2, 3))
        self.conv_downsample = nn.Conv2d(channels, out, (1, 3)) if channels != out else None

    def forward(self, x: Tensor, before: int, after: int) -> Tensor:
        """`(batch, channels, 23, frames)` whose context lacks `before` and `after` frames, because there sound starts or ends."""
        inner = shifted_selu(self.conv1(pad(x, min(before, 1), min(after, 1))))
        inner = self.conv2(pad(inner, max(before - 1, 0), max(after - 1, 0), ALPHA + CORNER))
        shortcut = self.conv_downsample or nn.Identity()
        needs = self.CONTEXT - (self.conv_downsample is not None)
        return F.max_pool2d(inner + shortcut(pad(x, before - needs, after - needs)), (1, POOL))


def fold(block: dict[str, Tensor]) -> dict[str, Tensor]:
    """A published block's tensors to `ResidualBlock`'s: `bn2` into `conv1`, and what `shifted_selu` leaves out into both convolutions.

    `bn1` has no part in the published computation.
    """
    ours = {name: tensor for name, tensor in block.items() if not name.startswith("bn")}
    gain = block["bn2.weight"] / (block["bn2.running_var"] + 1e-5).sqrt()
    ours["conv1.weight"] = block["conv1.weight"] * gain[:, None, None, None]
    ours["conv1.bias"] = (block["conv1.bias"] - block["bn2.running_mean"]) * gain + block["bn2.bias"] + CORNER
    ours["conv2.weight"] = block["conv2.weight"] * SCALE
    ours["conv2.bias"] = block["conv2.bias"] - (ALPHA + CORNER) * ours["conv2.weight"].sum(dim=(1, 2, 3))
    return ours


class Aasist(nn.Module):
    """PCM in [-1, 1] `(batch, 64600)` to the logits `(batch, 2)` of [spoof, bona fide].

    The front end and the first `tiled` blocks run over `tiles` stretches of time one after another, each with the context that it
    needs. The result is the same; but a block's maps (66 MB each in the first) then stay small enough for the processor's cache
    and for memory that was used before.
    """

    def __init__(
        self, width: int, variant: Variant, first_width: int = 32, graph_width: int = 32, spectral_nodes: int = 23,
        tiled: int = 3, tiles: int = 32,
    ):
        super().__init__()
        self.tiled, self.tiles = tiled, tiles
        self.front_end = SincMaxima()
        self.first_bn = nn.BatchNorm2d(1)
        widths = [1, first_width, first_width, width, width, width, width]
        self.encoder = nn.ModuleList(ResidualBlock(a, b) for a, b in zip(widths, widths[1:], strict=False))
        self.positions = nn.Parameter(torch.empty(1, spectral_nodes, width))
        self.spectral, self.pool_spectral = GraphAttention(width), GraphPool(width, variant.spectral)
        self.temporal, self.pool_temporal = GraphAttention(width), GraphPool(width, variant.temporal)
        self.branches = nn.ModuleList(Branch(width, graph_width, variant.branch) for _ in range(2))
        self.out_layer = nn.Linear(5 * graph_width, 2)

    def frames(self, pcm: Tensor, blocks: int, start: int, end: int) -> Tensor:
        """Frames `start` to `end` of what comes out of the first `blocks` blocks."""
        if blocks == 0:
            return F.selu(self.first_bn(self.front_end(pcm[:, POOL * start : POOL * end + TAPS - 1])))
        first, last = POOL * start - ResidualBlock.CONTEXT, POOL * end + ResidualBlock.CONTEXT
        before, after = max(-first, 0), max(last - FRAMES[blocks - 1], 0)
        return self.encoder[blocks - 1](self.frames(pcm, blocks - 1, first + before, last - after), before, after)

    def encode(self, pcm: Tensor) -> Tensor:
        """What the encoder makes of the window: `(batch, width, 23, 29)`."""
        edges = [FRAMES[self.tiled] * i // self.tiles for i in range(self.tiles + 1)]
        x = torch.cat([self.frames(pcm, self.tiled, a, b) for a, b in zip(edges, edges[1:], strict=False)], dim=3)
        for block, frames in zip(self.encoder[self.tiled :], FRAMES[self.tiled :], strict=False):
            x = block(x, ResidualBlock.CONTEXT, ResidualBlock.CONTEXT - frames % POOL)
        return x

    def forward(self, pcm: Tensor) -> Tensor:
        magnitude = self.encode(pcm).abs()
        spectral = self.pool_spectral(self.spectral(magnitude.amax(dim=3).transpose(1, 2) + self.positions))
        temporal = self.pool_temporal(self.temporal(magnitude.amax(dim=2).transpose(1, 2)))
        one, other = (branch(temporal, spectral) for branch in self.branches)
        temporal, spectral, stack = (torch.maximum(a, b) for a, b in zip(one, other, strict=True))
        graphs = [read for x in (temporal, spectral) for read in (x.abs().amax(dim=1), x.mean(dim=1))]
        return self.out_layer(torch.cat([*graphs, stack[:, 0]], dim=1))


RENAMED = (
    (r"^pos_S$", "positions"),
    (r"^GAT_layer_S\.", "spectral."),
    (r"^GAT_layer_T\.", "temporal."),
    (r"^pool_S\.", "pool_spectral."),
    (r"^pool_T\.", "pool_temporal."),
    (r"^master(\d)$", lambda m: f"branches.{int(m[1]) - 1}.stack"),
    (r"^HtrgGAT_layer_ST(\d)1\.", lambda m: f"branches.{int(m[1]) - 1}.first."),
    (r"^HtrgGAT_layer_ST(\d)2\.", lambda m: f"branches.{int(m[1]) - 1}.second."),
    (r"^pool_hS(\d)\.", lambda m: f"branches.{int(m[1]) - 1}.pool_spectral."),
    (r"^pool_hT(\d)\.", lambda m: f"branches.{int(m[1]) - 1}.pool_temporal."),
    (r"\.proj_with_att\.", ".update.attended."),
    (r"\.proj_without_att\.", ".update.own."),
    (r"\.proj_with_attM\.", ".update_stack.attended."),
    (r"\.proj_without_attM\.", ".update_stack.own."),
)


def rename_published(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The published state to ours."""
    renamed: dict[str, Tensor] = {}
    blocks: dict[str, dict[str, Tensor]] = {}
    for name, tensor in state.items():
        if block := re.match(r"encoder\.(\d)\.0\.(.+)", name):
            blocks.setdefault(block[1], {})[block[2]] = tensor
            continue
        for pattern, ours in RENAMED:
            name = re.sub(pattern, ours, name)
        renamed[name] = tensor
    return renamed | {f"encoder.{i}.{name}": tensor for i, block in blocks.items() for name, tensor in fold(block).items()}


def published_aasist(state: dict[str, Tensor]) -> Aasist:
    """AASIST or AASIST-L, whichever the published weights are of.

    Raises:
        ValueError: the encoder's width is that of neither.
    """
    state = rename_published(state)
    width = state["positions"].shape[2]
    if width not in PUBLISHED:
        raise ValueError(f"an encoder {width} channels wide is neither AASIST's (64) nor AASIST-L's (24)")
    net = Aasist(width, PUBLISHED[width])
    net.load_state_dict(state | {"front_end.kernels": net.front_end.kernels})
    return net
