"""Graph attention as AASIST uses it (Jung et al., 2022, arXiv:2110.01200): within one graph, over two kinds of nodes, and pooling.

A graph is complete and is its nodes: `(batch, nodes, width)`. Inference only: dropout is left out.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def attend(x: Tensor, keys: Tensor, project: nn.Linear) -> Tensor:
    """What attention weights are made of, from the products of every node in `x` with every node in `keys`."""
    return torch.tanh(project(x[:, :, None] * keys[:, None]))


class Update(nn.Module):
    """Nodes `(batch, nodes, width)` from their neighbours' weighted sum and from themselves."""

    def __init__(self, width: int, out: int):
        super().__init__()
        self.attended = nn.Linear(width, out)
        self.own = nn.Linear(width, out)

    def forward(self, x: Tensor, weights: Tensor, sources: Tensor) -> Tensor:
        return self.attended(weights @ sources) + self.own(x)


class GraphAttention(nn.Module):
    """Attention among the nodes of one graph: `(batch, nodes, width)` to the same shape."""

    def __init__(self, width: int, temperature: float = 2.0):
        super().__init__()
        self.temperature = temperature
        self.att_proj = nn.Linear(width, width)
        self.att_weight = nn.Parameter(torch.empty(width, 1))
        self.update = Update(width, width)
        self.bn = nn.BatchNorm1d(width)

    def forward(self, x: Tensor) -> Tensor:
        logits = (attend(x, x, self.att_proj) @ self.att_weight)[..., 0] / self.temperature
        x = self.update(x, logits.softmax(dim=2), x)
        return F.selu(self.bn(x.transpose(1, 2)).transpose(1, 2))


class HeterogeneousAttention(nn.Module):
    """Attention over the nodes of two graphs with a weight for each pair of kinds, and over all of them for a stack node."""

    def __init__(self, width: int, out: int, temperature: float = 100.0):
        super().__init__()
        self.temperature = temperature
        self.proj_type1 = nn.Linear(width, width)
        self.proj_type2 = nn.Linear(width, width)
        self.att_proj = nn.Linear(width, out)
        self.att_weight11 = nn.Parameter(torch.empty(out, 1))
        self.att_weight12 = nn.Parameter(torch.empty(out, 1))
        self.att_weight22 = nn.Parameter(torch.empty(out, 1))
        self.att_projM = nn.Linear(width, out)
        self.att_weightM = nn.Parameter(torch.empty(out, 1))
        self.update = Update(width, out)
        self.update_stack = Update(width, out)
        self.bn = nn.BatchNorm1d(out)

    def forward(self, first: Tensor, second: Tensor, stack: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        n = first.shape[1]
        x = torch.cat([self.proj_type1(first), self.proj_type2(second)], dim=1)
        weights = torch.cat([self.att_weight11, self.att_weight12, self.att_weight22], dim=1)
        same1, mixed, same2 = (attend(x, x, self.att_proj) @ weights).unbind(dim=3)
        above = torch.cat([same1[:, :n, :n], mixed[:, :n, n:]], dim=2)
        below = torch.cat([mixed[:, n:, :n], same2[:, n:, n:]], dim=2)
        attention = (torch.cat([above, below], dim=1) / self.temperature).softmax(dim=2)
        heard = ((attend(stack, x, self.att_projM) @ self.att_weightM)[..., 0] / self.temperature).softmax(dim=2)
        stack = self.update_stack(stack, heard, x)
        x = F.selu(self.bn(self.update(x, attention, x).transpose(1, 2)).transpose(1, 2))
        return x[:, :n], x[:, n:], stack


class GraphPool(nn.Module):
    """Keeps the `share` of nodes with the highest scores, best first, each multiplied by its score."""

    def __init__(self, width: int, share: float):
        super().__init__()
        self.share = share
        self.proj = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        scores = torch.sigmoid(self.proj(x))
        count = max(int(x.shape[1] * self.share), 1)
        best = scores.topk(count, dim=1).indices
        return (x * scores).gather(1, best.expand(-1, -1, x.shape[2]))


class Branch(nn.Module):
    """Two layers of heterogeneous attention, the second around a shortcut, with pooling between them."""

    def __init__(self, width: int, out: int, share: float):
        super().__init__()
        self.stack = nn.Parameter(torch.empty(1, 1, width))
        self.first = HeterogeneousAttention(width, out)
        self.pool_temporal = GraphPool(out, share)
        self.pool_spectral = GraphPool(out, share)
        self.second = HeterogeneousAttention(out, out)

    def forward(self, temporal: Tensor, spectral: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        temporal, spectral, stack = self.first(temporal, spectral, self.stack)
        nodes = self.pool_temporal(temporal), self.pool_spectral(spectral), stack
        return tuple(x + change for x, change in zip(nodes, self.second(*nodes), strict=True))
