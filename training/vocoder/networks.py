"""The vocoders by name."""

from training.vocoder.base import Vocoder
from training.vocoder.codec import Codec
from training.vocoder.flow import Flow
from training.vocoder.istft import HiftNet, Vocos
from training.vocoder.source_filter import SourceFilter
from training.vocoder.transposed import HifiGan

BUILDERS = {"hifigan": HifiGan, "vocos": Vocos, "hiftnet": HiftNet, "nsf": SourceFilter, "codec": Codec, "flow": Flow}


def build(variant: str) -> Vocoder:
    """Builds the vocoder called `variant`, one of the keys of `BUILDERS`."""
    if variant not in BUILDERS:
        raise ValueError(f"unknown vocoder {variant!r}; known: {', '.join(BUILDERS)}")
    return BUILDERS[variant]()
