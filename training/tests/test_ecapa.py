"""Our ECAPA-TDNN against SpeechBrain's class on random weights (P2.2), and the exactness of the split pooling convolution."""

import torch

from training.export import rename_speechbrain
from training.models.ecapa import AttentiveStatistics, EcapaTdnn
from training.tests.speechbrain_parts import speechbrain_parts


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
    theirs = speechbrain_parts().ECAPA_TDNN(80, lin_neurons=192, channels=[64, 64, 64, 64, 192], se_channels=32, attention_channels=128).eval()
    torch.manual_seed(3)
    randomize(theirs)
    ours = EcapaTdnn(channels=64, se_channels=32, padding_mode="reflect").eval()
    ours.load_state_dict(rename_speechbrain(theirs.state_dict()))
    x = torch.randn(2, 80, 137)
    with torch.no_grad():
        difference = (ours(x) - theirs(x.transpose(1, 2))[:, 0]).abs().max()
    assert difference <= 1e-4


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
