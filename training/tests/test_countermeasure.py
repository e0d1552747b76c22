"""The countermeasure of our own: front end, draws, and that it learns."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from training import export
from training.countermeasure import bank, train
from training.countermeasure.network import BANDS, LogBands, SpoofNet
from training.models.waveform import Waveform


def noise(seconds: float, seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0.0, 0.1, (1, int(16_000 * seconds))).astype(np.float32))


def test_level_and_a_fixed_filter_change_nothing_that_the_network_sees():
    pcm = noise(1.0, 1) * torch.linspace(0.2, 1.0, 16_000)
    front = LogBands()
    plain = front(pcm)
    assert plain.shape == (1, BANDS, 101)
    assert torch.allclose(plain, front(0.01 * pcm), atol=1e-3)
    assert plain.mean(dim=2).abs().max() < 1e-4


def test_the_graph_takes_any_length(tmp_path):
    net = Waveform(LogBands(), SpoofNet()).eval()
    assert export.write(net, tmp_path / "net.onnx") < 1e-4
    assert net(noise(0.7, 2)).shape == (1, 2)


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """A bank in which attacks are louder in the upper half of the bands every other frame."""
    rng = np.random.default_rng(3)
    items, rows, at = [], [], 0
    for n in range(60):
        family, species = [("bonafide", "bonafide"), ("tts", "espeak"), ("replayed", "replay_phone")][n % 3]
        x = rng.normal(0.0, 1.0, (150, BANDS))
        if family != "bonafide":
            x[::2, BANDS // 2 :] += 3.0
        items.append(bank.Item(species, family, "setting", f"set/{n}", "set", n >= 48, 0, at, len(x)))
        rows.append(x.astype(np.float16))
        at += len(x)
    monkeypatch.setattr(bank, "CACHE", tmp_path)
    monkeypatch.setattr(train, "RUNS", tmp_path / "runs")
    np.concatenate(rows).tofile(bank.path("train"))
    bank.path("train").with_suffix(".json").write_text(json.dumps([asdict(item) for item in items]))
    return bank.load("train")


def test_draws_are_half_bona_fide_without_dev_speakers_and_held_out_species(made_up):
    draw = train.Draw(*made_up, without={"espeak"}, seed=1)
    seen = {id(draw._item(True, np.random.default_rng(n))) for n in range(200)}
    drawn = [item for item in draw.items if id(item) in seen]
    assert {item.species for item in drawn} == {"replay_phone"} and not any(item.dev for item in drawn)
    x, labels = draw.batch(0, 16, 100)
    assert x.shape == (16, BANDS, 100) and int(labels.sum()) == 8
    assert torch.equal(x, draw.batch(0, 16, 100)[0])


def test_it_learns_and_goes_on_after_a_stop(made_up):
    before = train.train("a", 5, set(), batch=8, seed=1)
    weights = train.train("a", 40, set(), batch=8, seed=1)
    assert before == weights
    net = SpoofNet()
    net.load_state_dict(torch.load(weights.parent / "last.pt", weights_only=True)["net"])
    items, bands = made_up
    with torch.inference_mode():
        logits = net.eval()(torch.from_numpy(np.stack([bank.crop(bands, item, 150, None) for item in items if item.dev])))
    attack = torch.tensor([item.is_attack for item in items if item.dev])
    assert (logits[:, 0] - logits[:, 1])[attack].mean() > (logits[:, 0] - logits[:, 1])[~attack].mean()
