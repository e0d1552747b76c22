"""Speaker-embedding networks and how to build one by name."""

from torch import nn

from training.models.ecapa import EcapaTdnn
from training.models.ge2e import Ge2e
from training.models.resnet_se34 import ResNetSe34

BUILDERS = {
    "ecapa-c256": lambda: EcapaTdnn(channels=256, se_channels=64, output_norm=True, summed=True),
    "ecapa-c512": lambda: EcapaTdnn(channels=512, se_channels=128, output_norm=True, summed=True),
    "resnet34se": lambda: ResNetSe34(),
    "ge2e": Ge2e,
}


def build(name: str) -> nn.Module:
    """Builds the network called `name`; the names are the keys of `BUILDERS`."""
    if name not in BUILDERS:
        raise ValueError(f"unknown model {name!r}; known: {', '.join(BUILDERS)}")
    return BUILDERS[name]()
