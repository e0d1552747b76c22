"""Training losses: additive angular margin softmax with sub-centres, and distillation from another encoder's embeddings."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class AamSoftmax(nn.Module):
    """ArcFace (Deng et al., 2019, arXiv:1801.07698); with `sub_centres` > 1 each class takes its nearest centre."""

    def __init__(self, embedding: int, classes: int, scale: float = 30.0, sub_centres: int = 1):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(classes * sub_centres, embedding))
        self.classes = classes
        self.scale = scale

    def forward(self, embeddings: Tensor, labels: Tensor, margin: float) -> tuple[Tensor, Tensor]:
        """Mean loss, and the share of embeddings nearest to their own class."""
        cosine = F.linear(F.normalize(embeddings), F.normalize(self.weight))
        cosine = cosine.view(len(embeddings), -1, self.classes).amax(dim=1)
        own = cosine.gather(1, labels[:, None]).clamp(-1.0 + 1e-6, 1.0 - 1e-6)
        # Beyond pi - margin the angle can't be widened; there the loss goes on linearly.
        widened = torch.where(
            own > -torch.cos(torch.tensor(margin)), torch.cos(torch.acos(own) + margin),
            own - margin * torch.sin(torch.tensor(margin)),
        )
        logits = cosine.scatter(1, labels[:, None], widened) * self.scale
        return F.cross_entropy(logits, labels), (cosine.argmax(1) == labels).float().mean()


class Distillation(nn.Module):
    """Pulls a linear image of the embedding towards the teacher's embedding, both seen from the teacher's mean."""

    def __init__(self, embedding: int, teacher_mean: Tensor):
        super().__init__()
        self.register_buffer("mean", teacher_mean)
        self.image = nn.Linear(embedding, len(teacher_mean))
        if embedding == len(teacher_mean):
            nn.init.eye_(self.image.weight)
            with torch.no_grad():
                self.image.bias.copy_(-teacher_mean)

    def forward(self, embeddings: Tensor, teacher: Tensor) -> Tensor:
        """Mean of 1 - cosine."""
        return 1.0 - F.cosine_similarity(self.image(embeddings), teacher - self.mean).mean()
