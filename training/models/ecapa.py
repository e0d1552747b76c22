"""ECAPA-TDNN (Desplanques et al., 2020, arXiv:2005.07143) with attentive statistics pooling over a global context.

The arithmetic equals SpeechBrain's `ECAPA_TDNN` (a test holds the two against each other); the pooling is written without a mask
and without concatenating `[x, mean, std]`: the first 1x1 convolution is split into `W1 x + (W2 mean + W3 std)`, which is exact.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Tdnn(nn.Module):
    """Convolution over time, ReLU, batch normalization."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, dilation: int = 1, padding_mode: str = "zeros"):
        super().__init__()
        self.conv = nn.Conv1d(
            inputs, outputs, kernel, dilation=dilation, padding=dilation * (kernel - 1) // 2, padding_mode=padding_mode
        )
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(F.relu(self.conv(x)))


class Res2Net(nn.Module):
    """Splits the channels into `scale` groups; each group also sees the result of the group before it."""

    def __init__(self, channels: int, kernel: int, dilation: int, scale: int, padding_mode: str):
        super().__init__()
        self.width = channels // scale
        self.blocks = nn.ModuleList(
            Tdnn(self.width, self.width, kernel, dilation, padding_mode) for _ in range(scale - 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        first, *rest = x.split(self.width, dim=1)
        outputs = [first]
        y = None
        for group, block in zip(rest, self.blocks, strict=True):
            y = block(group if y is None else group + y)
            outputs.append(y)
        return torch.cat(outputs, dim=1)


class SqueezeExcitation(nn.Module):
    """Scales each channel by a gate computed from all channels' means."""

    def __init__(self, channels: int, bottleneck: int):
        super().__init__()
        self.conv1 = nn.Conv1d(channels, bottleneck, 1)
        self.conv2 = nn.Conv1d(bottleneck, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = F.relu(self.conv1(x.mean(dim=2, keepdim=True)))
        return x * torch.sigmoid(self.conv2(gate))


class SeRes2Block(nn.Module):
    """1x1 convolution, Res2Net, 1x1 convolution, squeeze-excitation, and a skip connection."""

    def __init__(self, channels: int, dilation: int, se_channels: int, padding_mode: str, scale: int = 8):
        super().__init__()
        self.tdnn1 = Tdnn(channels, channels)
        self.res2net_block = Res2Net(channels, 3, dilation, scale, padding_mode)
        self.tdnn2 = Tdnn(channels, channels)
        self.se_block = SqueezeExcitation(channels, se_channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.se_block(self.tdnn2(self.res2net_block(self.tdnn1(x))))


class AttentiveStatistics(nn.Module):
    """Attention-weighted mean and standard deviation over time, per channel."""

    def __init__(self, channels: int, attention: int = 128):
        super().__init__()
        self.channels = channels
        self.tdnn = Tdnn(3 * channels, attention)
        self.conv = nn.Conv1d(attention, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(dim=2, keepdim=True)
        std = (x - mean).square().mean(dim=2, keepdim=True).clamp(min=1e-12).sqrt()
        w_x, w_mean, w_std = self.tdnn.conv.weight.split(self.channels, dim=1)
        context = F.conv1d(mean, w_mean) + F.conv1d(std, w_std)
        hidden = F.conv1d(x, w_x, self.tdnn.conv.bias) + context
        weights = self.conv(torch.tanh(self.tdnn.norm(F.relu(hidden)))).softmax(dim=2)
        mean = (weights * x).sum(dim=2)
        std = (weights * (x - mean.unsqueeze(2)).square()).sum(dim=2).clamp(min=1e-12).sqrt()
        return torch.cat([mean, std], dim=1)


class EcapaTdnn(nn.Module):
    """Log-mel `(batch, n_mels, frames)` to embedding `(batch, embedding)`, not normalized.

    With `summed` a block sees the sum of all outputs before it, as in the paper; without, only the last one, as in SpeechBrain,
    whose padding is `padding_mode="reflect"`. `output_norm` appends a batch normalization to the embedding.
    """

    def __init__(
        self, n_mels: int = 80, channels: int = 512, aggregated: int | None = None, embedding: int = 192,
        se_channels: int = 128, padding_mode: str = "zeros", output_norm: bool = False,
        summed: bool = False,
    ):
        super().__init__()
        aggregated = aggregated or 3 * channels
        self.summed = summed
        self.n_mels = n_mels
        self.stem = Tdnn(n_mels, channels, 5, 1, padding_mode)
        self.blocks = nn.ModuleList(SeRes2Block(channels, d, se_channels, padding_mode) for d in (2, 3, 4))
        self.mfa = Tdnn(3 * channels, aggregated)
        self.asp = AttentiveStatistics(aggregated)
        self.asp_bn = nn.BatchNorm1d(2 * aggregated)
        self.fc = nn.Linear(2 * aggregated, embedding)
        self.output_norm = nn.BatchNorm1d(embedding) if output_norm else nn.Identity()

    def forward(self, log_mel: Tensor) -> Tensor:
        x = self.stem(log_mel)
        outputs = []
        for block in self.blocks:
            outputs.append(block(x))
            x = x + outputs[-1] if self.summed else outputs[-1]
        pooled = self.asp(self.mfa(torch.cat(outputs, dim=1)))
        return self.output_norm(self.fc(self.asp_bn(pooled)))
