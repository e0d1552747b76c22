"""SpeechBrain's own classes, as references.

Its package imports optional parts (torchaudio, YAML, checkpoint keeping) that these classes need not have here; empty modules stand in for them.
"""

import importlib
import importlib.util
import sys
import types

import pytest
import torch

PACKAGES = ("", ".lobes", ".lobes.models", ".nnet", ".dataio", ".utils", ".processing")


def speechbrain_parts() -> types.SimpleNamespace:
    """`ECAPA_TDNN`, `Fbank` and `InputNormalization`."""
    if "speechbrain" not in sys.modules:
        spec = importlib.util.find_spec("speechbrain")
        if spec is None:
            pytest.skip("speechbrain is not installed: requirements-nodeps.lock")
        replace_packages(spec.submodule_search_locations[0])
    return types.SimpleNamespace(
        ECAPA_TDNN=importlib.import_module("speechbrain.lobes.models.ECAPA_TDNN").ECAPA_TDNN,
        Fbank=importlib.import_module("speechbrain.lobes.features").Fbank,
        InputNormalization=importlib.import_module("speechbrain.processing.features").InputNormalization,
    )


def replace_packages(folder: str) -> None:
    """Packages that run no code of their own, and the modules that would need more than is installed."""
    for suffix in PACKAGES:
        module = types.ModuleType(f"speechbrain{suffix}")
        module.__path__ = [folder + suffix.replace(".", "/")]
        sys.modules[module.__name__] = module
    hooks = ("mark_as_loader", "mark_as_saver", "mark_as_transfer", "register_checkpoint_hooks")
    for name, attributes in (
        ("speechbrain.dataio.dataio", {"length_to_mask": length_to_mask}),
        ("speechbrain.utils.logger", {"get_logger": lambda _name: None}),
        ("speechbrain.utils.checkpoints", {hook: lambda decorated: decorated for hook in hooks}),
    ):
        module = types.ModuleType(name)
        vars(module).update(attributes)
        sys.modules[name] = module
    sys.modules.setdefault("torchaudio", types.ModuleType("torchaudio"))


def length_to_mask(lengths, max_len, device):
    """Full-length masks, which is all that these tests need."""
    return (torch.arange(max_len, device=device)[None] < lengths[:, None]).to(torch.float32)
