"""The channel treats bona fide speech and attacks alike."""

import numpy as np
import pytest

from training.attacks import channel
from training.attacks.channel import CODECS, ODDS, Channel, Codec
from training.attacks.dsp import rms
from training.paths import SAMPLE_RATE
from training.tests.attack_speech import vowels

PLAIN = Channel(band=None, noise=None, codec=Codec.NONE, quality=0.0, level_db=0.0, gap=0)


def test_the_channel_is_drawn_without_regard_to_the_speech():
    """Both sides see the same generator, and what is left of it after the draw is the same, too."""
    for seed in range(20):
        one, two = np.random.default_rng(seed), np.random.default_rng(seed)
        assert channel.draw(one) == channel.draw(two)
        assert one.random() == two.random()
    person, machine = vowels(120.0), vowels(210.0, seed=4)
    for seed in range(5):
        # What the channel does to one it does to the other: the change in level is the same within the codec's error.
        gains = [rms(channel.apply(pcm, np.random.default_rng(seed))) / rms(pcm) for pcm in (person, machine)]
        assert gains[0] == pytest.approx(gains[1], rel=0.4)


def test_each_codec_comes_as_often_as_its_odds_say():
    drawn = [channel.draw(np.random.default_rng(seed)) for seed in range(2000)]
    for codec, odds in zip(CODECS, ODDS, strict=True):
        assert np.mean([c.codec is codec for c in drawn]) == pytest.approx(odds, abs=0.04)
    assert np.mean([c.band is not None for c in drawn]) == pytest.approx(0.3, abs=0.04)
    assert all(8.0 <= c.quality <= 48.0 for c in drawn if c.codec is Codec.OPUS)


def test_the_same_seed_gives_the_same_samples_and_another_does_not():
    speech = vowels(130.0)
    first, again, other = (channel.apply(speech, np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("codec, quality", [(Codec.OPUS, 24.0), (Codec.OPUS, 8.0), (Codec.MP3, 0.3), (Codec.MP3, 0.8), (Codec.TELEPHONE, 0.0)])
def test_codecs_keep_timing_and_length(codec, quality):
    speech = vowels(130.0)
    coded = channel.send(speech, Channel(None, None, codec, quality, 0.0, 0), np.random.default_rng(0))
    assert len(coded) == len(speech)
    lag = np.fft.irfft(np.fft.rfft(coded, 65536) * np.conj(np.fft.rfft(speech, 65536)))
    assert abs((int(np.argmax(lag)) + 32768) % 65536 - 32768) <= 8


def test_a_band_a_level_noise_and_a_gap_do_what_they_say():
    noise = 0.05 * np.random.default_rng(1).standard_normal(2 * SAMPLE_RATE).astype(np.float32)
    narrow = channel.send(noise, Channel((300.0, 3400.0), None, Codec.NONE, 0.0, 0.0, 0), np.random.default_rng(0))
    power = np.abs(np.fft.rfft(narrow)) ** 2
    hertz = np.fft.rfftfreq(len(narrow), 1.0 / SAMPLE_RATE)
    inside = power[(hertz > 500.0) & (hertz < 3000.0)].mean()
    assert power[hertz > 5000.0].mean() < 1e-3 * inside
    assert power[hertz < 80.0].mean() < 0.05 * inside

    speech = vowels(130.0)
    half = channel.send(speech, Channel(None, None, Codec.NONE, 0.0, -6.0206, 0), np.random.default_rng(0))
    assert rms(half) == pytest.approx(0.5 * rms(speech), rel=0.01)
    noisy = channel.send(speech, Channel(None, (20.0, 0.0), Codec.NONE, 0.0, 0.0, 1600), np.random.default_rng(0))
    assert not noisy[-1600:].any() and noisy[-1700:-1600].any()
    assert channel.send(speech, PLAIN, np.random.default_rng(0)) == pytest.approx(speech, abs=1e-4)
