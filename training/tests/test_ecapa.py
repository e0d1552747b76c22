"""Our ECAPA-TDNN against SpeechBrain's class on random weights (P2.2), and the exactness of the split pooling convolution."""

import importlib.util
import sys
import types

import pytest
import torch

from training.models.ecapa import AttentiveStatistics, EcapaTdnn


def speechbrain_class():
    """SpeechBrain's class; its package imports optional parts that this file doesn't need, so they are replaced by empty modules."""
    spec = importlib.util.find_spec("speechbrain")
    if spec is None:
        pytest.skip("speechbrain is not installed")
    folder = spec.submodule_search_locations[0]
    for name in ("speechbrain", "speechbrain.lobes", "speechbrain.lobes.models", "speechbrain.nnet", "speechbrain.dataio", "speechbrain.utils"):
        module = types.ModuleType(name)
        module.__path__ = [f"{folder}/{'/'.join(name.split('.')[1:])}"]
        sys.modules[name] = module
    for name, attributes in (
        ("speechbrain.dataio.dataio", {"length_to_mask": length_to_mask}),
        ("speechbrain.utils.logger", {"get_logger": lambda _name: None}),
    ):
        module = types.ModuleType(name)
        vars(module).update(attributes)
        sys.modules[name] = module
    sys.modules.setdefault("torchaudio", types.ModuleType("torchaudio"))
    return importlib.import_module("speechbrain.lobes.models.ECAPA_TDNN").ECAPA_TDNN


def length_to_mask(lengths, max_len, device):
    """Full-length masks, which is all that this test needs."""
    return (torch.arange(max_len, device=device)[None] < lengths[:, None]).to(torch.float32)


def randomize(net: torch.nn.Module) -> None:
    """Random batch-norm statistics and affine parameters: fresh ones would hide a wrong order."""
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_(0, 0.5)
            module.running_var.uniform_(0.5, 2)
            with torch.no_grad():
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.5)


def test_equals_speechbrain():
    theirs = speechbrain_class()(80, lin_neurons=192, channels=[64, 64, 64, 64, 192], se_channels=32, attention_channels=128).eval()
    torch.manual_seed(3)
    randomize(theirs)
    ours = EcapaTdnn(channels=64, se_channels=32, padding_mode="reflect").eval()
    ours.load_state_dict(from_speechbrain(theirs.state_dict()))
    x = torch.randn(2, 80, 137)
    with torch.no_grad():
        difference = (ours(x) - theirs(x.transpose(1, 2))[:, 0]).abs().max()
    assert difference <= 1e-4


def from_speechbrain(state):
    from training.export import rename_speechbrain

    return rename_speechbrain(state)


def test_split_convolution_is_exact():
    torch.manual_seed(4)
    pool = AttentiveStatistics(16, 8).eval()
    x = torch.randn(3, 16, 50)
    mean = x.mean(2, keepdim=True).expand_as(x)
    std = x.var(2, keepdim=True, correction=0).sqrt().expand_as(x)
    weights = pool.conv(torch.tanh(pool.tdnn(torch.cat([x, mean, std], 1)))).softmax(2)
    m = (weights * x).sum(2)
    s = (weights * (x - m[..., None]).square()).sum(2).sqrt()
    assert torch.allclose(pool(x), torch.cat([m, s], 1), atol=1e-5)
