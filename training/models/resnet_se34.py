"""ResNet34 with squeeze-excitation for speaker embeddings: the light and the larger shape of voxceleb_trainer (Chung et al., 2020,
arXiv:2003.11982; Kwon et al., 2021, arXiv:2009.14153), and one of ours on log-mel input. Parameter names are voxceleb_trainer's,
so that its checkpoints load as they are."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BLOCKS = (3, 4, 6, 3)


@dataclass(frozen=True)
class Shape:
    """What tells the variants apart. Strides are (frequency, time)."""

    filters: tuple[int, int, int, int]
    stem_kernel: int
    stem_stride: tuple[int, int]
    stem_bias: bool
    last_stride: int
    pooling: Literal["self-attentive", "attentive-statistics"]
    # Order of the stem's normalization and ReLU.
    norm_first: bool


LIGHT = Shape((16, 32, 64, 128), 7, (2, 1), False, 1, "self-attentive", True)
V2 = Shape((32, 64, 128, 256), 3, (1, 1), True, 2, "attentive-statistics", False)
OURS = Shape((16, 32, 64, 128), 7, (2, 2), False, 2, "attentive-statistics", True)


class SqueezeExcitation(nn.Module):
    """Scales each feature map by a gate computed from the means of all maps."""

    def __init__(self, channels: int):
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // 8), nn.ReLU(), nn.Linear(channels // 8, channels), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.fc(x.mean(dim=(2, 3)))[:, :, None, None]


class Block(nn.Module):
    """Two 3x3 convolutions with squeeze-excitation and a skip connection."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.se = SqueezeExcitation(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn1(F.relu(self.conv1(x)))
        y = self.se(self.bn2(self.conv2(y)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNetSe34(nn.Module):
    """Mean-normalized log-mel `(batch, n_mels, frames)` to embedding `(batch, embedding)`, not normalized."""

    def __init__(self, shape: Shape = OURS, n_mels: int = 80, embedding: int = 192):
        super().__init__()
        self.shape = shape
        self.n_mels = n_mels
        first, last = shape.filters[0], shape.filters[-1]
        kernel = shape.stem_kernel
        self.conv1 = nn.Conv2d(1, first, kernel, shape.stem_stride, kernel // 2, bias=shape.stem_bias)
        self.bn1 = nn.BatchNorm2d(first)
        inputs = first
        for i, (width, depth) in enumerate(zip(shape.filters, BLOCKS, strict=True)):
            stride = (1, 2, 2, shape.last_stride)[i]
            blocks = [Block(inputs if b == 0 else width, width, stride if b == 0 else 1) for b in range(depth)]
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
            inputs = width
        if shape.pooling == "self-attentive":
            self.sap_linear = nn.Linear(last, last)
            self.attention = nn.Parameter(torch.empty(last, 1))
            nn.init.xavier_normal_(self.attention)
            self.fc = nn.Linear(last, embedding)
        else:
            rows = -(-n_mels // (shape.stem_stride[0] * 4 * shape.last_stride))
            self.attention = nn.Sequential(
                nn.Conv1d(last * rows, 128, 1), nn.ReLU(), nn.BatchNorm1d(128), nn.Conv1d(128, last * rows, 1), nn.Softmax(dim=2)
            )
            self.fc = nn.Linear(2 * last * rows, embedding)

    def forward(self, log_mel: Tensor) -> Tensor:
        x = self.conv1(log_mel[:, None])
        x = F.relu(self.bn1(x)) if self.shape.norm_first else self.bn1(F.relu(x))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        pooled = self._attend(x) if self.shape.pooling == "self-attentive" else self._statistics(x.flatten(1, 2))
        return self.fc(pooled)

    def _attend(self, x: Tensor) -> Tensor:
        x = x.mean(dim=2).transpose(1, 2)
        weights = (torch.tanh(self.sap_linear(x)) @ self.attention).softmax(dim=1)
        return (x * weights).sum(dim=1)

    def _statistics(self, x: Tensor) -> Tensor:
        weights = self.attention(x)
        mean = (weights * x).sum(dim=2)
        square = (weights * x.square()).sum(dim=2)
        return torch.cat([mean, (square - mean.square()).clamp(min=1e-5).sqrt()], dim=1)
