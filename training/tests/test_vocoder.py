"""Vocoders: shapes, determinism, that a few steps teach them something, and the plain error without weights."""

import json

import numpy as np
import pytest
import torch

from training.vocoder import VARIANTS, degrade, resynthesize, segments, spectra, synthesis
from training.vocoder.mu_law import eight_bit
from training.vocoder.networks import build
from training.vocoder.pitch import fundamental
from training.vocoder.pitched import source
from training.vocoder.quality import distances
from training.vocoder.trainer import Trainer, run


def vowel(samples: int, hz: float = 130.0, rate: int = 16_000) -> np.ndarray:
    """Harmonics with falling amplitudes under a slow tremolo, a little noise."""
    t = np.arange(samples) / rate
    tone = sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 30))
    noise = np.random.default_rng(0).normal(0, 0.02, samples)
    return ((0.2 + 0.05 * np.sin(8 * t)) * tone + noise).astype(np.float32)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """An empty folder for runs, nothing loaded."""
    monkeypatch.setattr(synthesis, "RUNS", tmp_path)
    synthesis.load_stages.cache_clear()
    yield tmp_path
    synthesis.load_stages.cache_clear()


@pytest.fixture
def corpus(monkeypatch, tmp_path):
    """Two speakers of synthetic speech, one of them kept away."""
    from training import data

    tones = np.concatenate([vowel(24_000, hz) for hz in (110.0, 190.0)])
    (np.clip(tones, -1, 1) * 32767).astype(np.int16).tofile(tmp_path / "train.i16")
    rows = [dict(path=f"{n}.wav", dataset="d", speaker=n, start=i * 24_000, samples=24_000, age="", sex="") for i, n in enumerate("ab")]
    (tmp_path / "train.json").write_text(json.dumps(rows))
    monkeypatch.setattr(data, "CACHE", tmp_path)
    monkeypatch.setattr(segments, "dev_speakers", lambda: {"d/b"})


def save_untrained(folder, variant: str) -> None:
    """Weights as training saves them, of a network that has learnt nothing."""
    torch.manual_seed(1)
    (folder / "vocoder").mkdir(exist_ok=True)
    torch.save({stage: build(variant).state_dict() for stage in ("early", "final")}, folder / "vocoder" / f"{variant}.pt")


@pytest.mark.parametrize("variant", VARIANTS)
def test_as_long_as_loud_and_the_same_for_a_seed(runs, variant):
    save_untrained(runs, variant)
    for samples in (100, 7_777, 16_000):
        pcm = vowel(samples)
        made = [resynthesize(pcm, variant, np.random.default_rng(seed)) for seed in (3, 3, 4)]
        assert made[0].shape == pcm.shape and made[0].dtype == np.float32 and np.isfinite(made[0]).all()
        assert np.array_equal(made[0], made[1]) and not np.array_equal(made[0], made[2])
        assert np.abs(made[0]).max() == pytest.approx(np.abs(pcm).max(), rel=0.1)
    assert not resynthesize(np.zeros(5_000, np.float32), variant, np.random.default_rng(1)).any()


def test_missing_weights_and_unknown_names_are_said_plainly(runs):
    with pytest.raises(FileNotFoundError, match="no weights of vocoder 'vocos'.*python -m training.vocoder"):
        resynthesize(vowel(4_000), "vocos", np.random.default_rng(0))
    with pytest.raises(ValueError, match="unknown vocoder 'wavenet'"):
        resynthesize(vowel(4_000), "wavenet", np.random.default_rng(0))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_few_steps_reduce_the_loss(corpus, variant):
    trainer = Trainer(variant, seed=1, batch=2)
    name = "spectral" if trainer.net.judged_by_ear else "own"
    losses = [trainer.train_step(0.1)[name] for _ in range(12)]
    assert np.mean(losses[-3:]) < 0.9 * losses[0]


def test_discriminators_learn_and_reach_the_generator(corpus):
    trainer = Trainer("vocos", seed=1, batch=2)
    judged = [trainer.train_step(0.5)["judges"] for _ in range(6)]
    assert judged[-1] < judged[0]


def test_a_resumed_run_equals_an_unbroken_one(corpus, tmp_path):
    def weights(folder):
        return torch.load(folder / "flow.pt", weights_only=True)

    run(Trainer("flow", seed=5, batch=1), tmp_path / "whole", None, 4)
    broken = Trainer("flow", seed=5, batch=1)
    for step in range(2):
        broken.train_step(step / 4)
        broken.used += 1.0
        broken.keep(broken.used / 4)
    (tmp_path / "parts").mkdir()
    broken.save(tmp_path / "parts" / "flow.last.pt")
    run(Trainer("flow", seed=5, batch=1), tmp_path / "parts", None, 4)
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert set(whole) == set(parts) == {"early", "middle", "final"}
    for stage in whole:
        assert all(torch.equal(whole[stage][key], parts[stage][key]) for key in whole[stage])
    assert not torch.equal(whole["early"]["net.last.weight"], whole["final"]["net.last.weight"])


def test_dev_speakers_are_left_out(corpus):
    drawn = segments.Segments(seed=1, samples=16_000).draw(4)
    hz = fundamental(drawn, 160)
    assert hz[hz > 0].median() == pytest.approx(110.0, rel=0.02)


@pytest.mark.parametrize("hz", [80.0, 150.0, 300.0])
def test_fundamental(hz):
    found = fundamental(torch.from_numpy(vowel(16_000, hz))[None], 160)
    assert found.shape == (1, 100)
    assert (found[0, 5:-5] / hz - 1).abs().max() < 0.03
    noise = torch.randn(1, 16_000, generator=torch.Generator().manual_seed(1))
    assert (fundamental(noise, 160) > 0).float().mean() < 0.1


def test_flow_gives_back_a_spectrum_that_it_is_led_to():
    net, pcm = build("flow"), torch.from_numpy(vowel(8_192))[None]
    features = net.analyse(pcm)
    target = net.flat_spectrum(pcm, features[:, :-1])
    assert 0.3 < target.std() < 3.0
    net.velocity = lambda x, _, time: (target - x) / (1.0 - time[:, None, None])
    assert torch.allclose(net(features, torch.Generator().manual_seed(0)), pcm, atol=1e-3)


def test_source_has_every_harmonic_alike_and_noise_without_a_fundamental():
    hz = torch.full((1, 200), 200.0)
    hz[:, 100:] = 0.0
    made = source(hz, 160, torch.Generator().manual_seed(0))[0]
    lines = torch.fft.rfft(made[:8_000]).abs()
    harmonics = lines[100:3_900:100]
    assert harmonics.max() < 1.3 * harmonics.min() and harmonics.min() > 5 * lines[50:3_900:100].max()
    assert made[:16_000].std() == pytest.approx(0.1, rel=0.05) and made[16_000:].std() == pytest.approx(0.1, rel=0.05)


def test_codec_says_more_with_more_codebooks():
    torch.manual_seed(0)
    net, latent = build("codec"), torch.randn(1, 128, 600)
    one, few = (net.quantize(latent, books)[0][0].T.round(decimals=3) for books in (1, 3))
    # One codebook has 256 things to say, three have 256 to the third.
    assert len(torch.unique(one, dim=0)) <= 256 < len(torch.unique(few, dim=0))


def test_blur_and_warp():
    mel = torch.zeros(1, 80, 50)
    mel[0, 40, 25] = 1.0
    smooth = degrade.blur(mel, 1.0, 0.5)
    assert smooth.sum() == pytest.approx(1.0, abs=1e-4) and smooth.max() < 0.5
    assert degrade.warp(mel, 1.1)[0, :, 25].argmax() == 44


def test_eight_bit_noise_is_where_mu_law_puts_it():
    pcm = 0.5 * vowel(16_000)
    coded = eight_bit(pcm, np.random.default_rng(0))
    ratio = 10 * np.log10(np.mean(pcm**2) / np.mean((coded - pcm) ** 2))
    assert 20 < ratio < 40


def test_spectral_loss_is_zero_for_the_same_and_grows():
    pcm = torch.from_numpy(vowel(7_680))[None]
    noisy = pcm + 0.05 * torch.randn(pcm.shape, generator=torch.Generator().manual_seed(0))
    assert spectra.spectral_loss(pcm, pcm) == 0
    assert spectra.spectral_loss(noisy, pcm) > 0.1


def test_distances():
    pcm = vowel(16_000)
    same = distances(pcm, pcm)
    assert same == {"mel_l1_db": 0.0, "mcd_db": 0.0, "pitch_kept": 1.0}
    # Twice the amplitude is 6 dB on every mel, and no other cepstrum than the zeroth.
    louder = distances(0.5 * pcm, pcm)
    assert louder["mel_l1_db"] == pytest.approx(6.02, abs=0.05) and louder["mcd_db"] < 0.05
    assert distances(pcm, vowel(16_000, 160.0))["pitch_kept"] < 0.1
