"""Front ends, augmentation, losses, metrics and schedule."""

import numpy as np
import pytest
import torch

from training.augment import Augmenter
from training.features import LOG_MEL_80, filters, log_mel, slaney_filters, stretch, voice_matrix
from training.losses import AamSoftmax
from training.metrics import eer, frr_at, threshold_at
from training.models.ecapa import EcapaTdnn
from training.paths import WEIGHTS
from training.protocol import multiple, single
from training.sampler import crop, speech_frames
from training.schedule import Schedule
from training.warm import load_onnx


def test_log_mel_and_first_checkpoint_equal_their_golden_vectors():
    path = WEIGHTS / "bootstrap" / "golden.npz"
    if not path.exists():
        pytest.skip(f"{path} is absent: set VOICEGATE_WEIGHTS")
    golden = np.load(path)
    net = EcapaTdnn(channels=256, se_channels=64, output_norm=True, summed=True).eval()
    load_onnx(net, path.parent / "ecapa-tdnn-c256.onnx")
    net.mfa.norm.running_var.fill_(1.0 - net.mfa.norm.eps)
    for i in range(4):
        logs = log_mel(torch.from_numpy(golden[f"pcm{i}"]))
        assert np.abs(logs.numpy() - golden[f"log_mel{i}"]).max() <= 1e-4
        with torch.no_grad():
            assert np.abs(net(logs[None])[0].numpy() - golden[f"embedding{i}"]).max() <= 1e-4


def test_slaney_filters_have_unit_area():
    # The area in Hz is the sum over bins times the bins' distance; narrow low filters are sampled coarsely.
    area = slaney_filters(40, 400).sum(0) * 40.0
    assert torch.allclose(area[10:], torch.ones(30), atol=0.05)


def test_stretch_moves_a_peak():
    spectrum = torch.zeros(257, dtype=torch.float64)
    spectrum[100] = 1.0
    assert int((spectrum @ stretch(257, 1.2)).argmax()) == 120
    assert int((spectrum @ stretch(257, 0.8)).argmax()) == 80


def test_an_unchanged_voice_is_unchanged_and_pitch_leaves_the_envelope():
    assert torch.allclose(voice_matrix(257, 1.0, 1.0), torch.eye(257), atol=1e-5)
    hertz = torch.linspace(0, 8000, 257)
    envelope = 3.0 * torch.exp(-(((hertz - 2000) / 900) ** 2))
    harmonics = torch.cos(2 * torch.pi * hertz / 160.0)
    lower = (envelope + harmonics) @ voice_matrix(257, 1.0, 0.8)
    expected = envelope + torch.cos(2 * torch.pi * hertz / 128.0)
    assert (lower - expected)[10:190].abs().mean() < 0.1


def test_augmentation_keeps_shape_and_depends_on_the_seed_only():
    mel = filters(LOG_MEL_80)
    power = torch.rand(6, 80, 60, generator=torch.Generator().manual_seed(1)) + 0.01
    first, again, other = (Augmenter(mel, torch.Generator().manual_seed(s))(power.clone()) for s in (2, 2, 3))
    assert first.shape == power.shape
    assert bool(first.isfinite().all()) and bool((first > 0).all())
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_a_short_utterance_is_repeated_and_tempo_is_interpolated():
    bank = np.arange(8, dtype=np.float16)[:, None]
    rng = np.random.default_rng(0)
    assert crop(rng, bank, np.arange(5), 12, 1.0).shape == (1, 12)
    rows = crop(rng, bank, np.arange(8), 4, 1.5)[0]
    assert np.allclose(np.diff(rows), 1.5)


def test_pauses_are_cut():
    log_power = np.full((100, 4), -18.0)
    log_power[40:60] = -2.0
    kept = speech_frames(log_power, widen=5)
    assert kept[0] == 35 and kept[-1] == 64


def test_margin_makes_the_loss_larger():
    torch.manual_seed(0)
    loss = AamSoftmax(8, 5, sub_centres=2)
    x, labels = torch.randn(16, 8), torch.arange(16) % 5
    assert float(loss(x, labels, 0.3)[0]) > float(loss(x, labels, 0.0)[0])


def test_error_rates():
    genuine, impostor = np.array([0.9, 0.8, 0.7, 0.2]), np.array([0.5, 0.3, 0.1, 0.0])
    assert eer(genuine, impostor) == 0.25
    assert eer(genuine + 1, impostor) == 0.0
    threshold = threshold_at(impostor, 0.25)
    assert (impostor >= threshold).mean() <= 0.25
    assert frr_at(genuine, impostor, 0.25) == 0.25


def test_perfect_embeddings_make_no_errors():
    speakers = np.repeat(np.arange(4), 7)
    x = np.eye(4)[speakers]
    for trials in (single(x @ x.T, speakers), multiple([x], speakers, 5, [x])):
        assert eer(trials.genuine, trials.impostor) == 0.0
        assert len(trials.genuine) and len(trials.impostor)


def test_schedule_rises_falls_and_tunes():
    schedule = Schedule(1e-3, 0.2, 0.3)
    assert schedule.at(0.0).learning_rate < schedule.at(0.05).learning_rate
    assert schedule.at(0.8).learning_rate < schedule.at(0.3).learning_rate
    assert schedule.at(0.1).margin < schedule.at(0.5).margin < schedule.at(0.95).margin
