"""Resemblyzer's GE2E encoder (Wan et al., 2018, arXiv:1710.10467): three LSTM layers, a projection, ReLU, unit length."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Ge2e(nn.Module):
    """Mel power `(batch, frames, 40)` of one partial (160 frames) to a unit-length embedding `(batch, 256)`.

    Parameter names are those of Resemblyzer's checkpoint, so that it loads as it is.
    """

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(40, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)

    def forward(self, mel_power: Tensor) -> Tensor:
        _, (hidden, _) = self.lstm(mel_power)
        return F.normalize(F.relu(self.linear(hidden[-1])), dim=1)


def load_resemblyzer(checkpoint: str) -> Ge2e:
    """Builds the encoder with the weights of `resemblyzer/pretrained.pt`."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["model_state"]
    model = Ge2e()
    model.load_state_dict({k: v for k, v in state.items() if k.startswith(("lstm.", "linear."))})
    return model.eval()
