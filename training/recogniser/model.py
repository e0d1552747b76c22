"""The network: depthwise-separable convolutions over time with squeeze-excitation (QuartzNet, Kriman et al., 2020,
arXiv:1910.10261; ContextNet, Han et al., 2020, arXiv:2005.03191), trained with CTC."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.models.ecapa import SqueezeExcitation
from training.recogniser.phones import SYMBOLS

STRIDE = 3


class Block(nn.Module):
    """Depthwise convolution, two 1x1 convolutions with a wider layer between, squeeze-excitation, skip connection."""

    def __init__(self, channels: int, kernel: int, dropout: float):
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False)
        self.norm = nn.BatchNorm1d(channels)
        self.wide = nn.Conv1d(channels, 2 * channels, 1)
        self.narrow = nn.Conv1d(2 * channels, channels, 1, bias=False)
        self.norm_out = nn.BatchNorm1d(channels)
        self.se = SqueezeExcitation(channels, channels // 4)
        self.dropout = nn.Dropout(dropout)
        # Each block begins as the identity.
        nn.init.constant_(self.norm_out.weight, 0.1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x))
        y = self.norm_out(self.narrow(self.dropout(F.relu(self.wide(y)))))
        return x + self.se(y)


class CtcConv(nn.Module):
    """Log-mel `(batch, 80, frames)` to natural log posteriors `(batch, ceil(frames / 3), symbols)`, blank first."""

    def __init__(self, n_mels: int = 80, channels: int = 176, blocks: int = 8, kernel: int = 11, dropout: float = 0.1):
        super().__init__()
        self.n_mels = n_mels
        self.stem = nn.Conv1d(n_mels, channels, 9, stride=STRIDE, padding=4)
        self.stem_norm = nn.BatchNorm1d(channels)
        self.blocks = nn.ModuleList(Block(channels, kernel, dropout) for _ in range(blocks))
        self.middle = nn.Conv1d(channels, len(SYMBOLS), 1)
        self.head = nn.Conv1d(channels, len(SYMBOLS), 1)

    def forward(self, log_mel: Tensor) -> Tensor:
        return self.both(log_mel)[0]

    def both(self, log_mel: Tensor) -> tuple[Tensor, Tensor]:
        """The outputs of the last block and of the middle one, which is trained beside it (Lee and Watanabe, 2021)."""
        x = self.stem_norm(F.relu(self.stem(log_mel)))
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i == len(self.blocks) // 2 - 1:
                middle = self.middle(x)
        return tuple(y.float().transpose(1, 2).log_softmax(dim=2) for y in (self.head(x), middle))
