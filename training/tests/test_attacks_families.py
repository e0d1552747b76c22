"""Each family changes what it should, and nothing else."""

import numpy as np
import pytest

from training.attacks import converted, harmonic, lpc, psola, replayed, room, spectral, spliced, vocoded, world
from training.attacks.dress import BARE, background, dress, edges
from training.attacks.dsp import active_rms, mel_filters, noise_like, rms
from training.paths import SAMPLE_RATE
from training.tests.attack_speech import vowels


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def pitch(pcm: np.ndarray) -> float:
    """Median F0 in Hz of the voiced frames, 0 without any."""
    f0 = world.track_f0(pcm)[0]
    return float(np.median(f0[f0 > 0.0])) if (f0 > 0.0).any() else 0.0


def spectrum_db(pcm: np.ndarray) -> np.ndarray:
    """Long-term level in 24 mel bands up to 4 kHz, mean 0."""
    frames = np.lib.stride_tricks.sliding_window_view(pcm, 1024)[::256] * np.hanning(1024)
    bands = 10.0 * np.log10((np.abs(np.fft.rfft(frames)) ** 2).mean(0) @ mel_filters(24, 1024, SAMPLE_RATE, 4000.0).T + 1e-12)
    return bands - bands.mean()


def share_db(pcm: np.ndarray, low: float, high: float) -> float:
    """Mean power spectral density between two frequencies, in dB."""
    power = np.abs(np.fft.rfft(pcm)) ** 2
    hertz = np.fft.rfftfreq(len(pcm), 1.0 / SAMPLE_RATE)
    return float(10.0 * np.log10(power[(hertz >= low) & (hertz < high)].mean() + 1e-20))


@pytest.mark.parametrize("factor", [0.75, 0.9, 1.2, 1.35])
@pytest.mark.parametrize("shift", [psola.shift_pitch, spectral.shift_pitch])
def test_pitch_moves_by_the_factor(shift, factor):
    speech = vowels(140.0)
    moved = shift(speech, factor)
    assert len(moved) == len(speech)
    assert pitch(moved) / pitch(speech) == pytest.approx(factor, rel=0.03)


def test_psola_keeps_formants_and_the_phase_vocoder_moves_them():
    speech = vowels(120.0, formants=(1500.0,))

    def peak(pcm: np.ndarray) -> float:
        frames = [share_db(pcm, c - 150.0, c + 150.0) for c in range(600, 3000, 50)]
        return 600.0 + 50.0 * int(np.argmax(frames))

    assert peak(psola.shift_pitch(speech, 1.3)) == pytest.approx(peak(speech), rel=0.07)
    assert peak(spectral.shift_pitch(speech, 1.3)) == pytest.approx(1.3 * peak(speech), rel=0.07)


def test_conversion_takes_the_other_speakers_pitch():
    low, high = vowels(110.0), vowels(180.0, seed=3)
    for convert in (converted.world_voice, converted.mel_cepstra):
        made, _ = convert(low, high, generator())
        assert pitch(made) == pytest.approx(180.0, rel=0.03)


def test_cepstral_mapping_comes_closer_to_the_other_spectrum():
    own, other = vowels(120.0, formants=(500.0, 1200.0)), vowels(120.0, formants=(900.0, 2200.0))
    made, _ = converted.mel_cepstra(own, other, generator())
    assert np.abs(spectrum_db(made) - spectrum_db(other)).mean() < 0.5 * np.abs(spectrum_db(own) - spectrum_db(other)).mean()


def test_a_warped_voice_has_its_formant_moved():
    voice = world.analyse(vowels(120.0, formants=(1500.0,)))
    middle = len(voice.f0) // 2
    before = int(np.argmax(voice.envelope[middle]))
    after = int(np.argmax(world.warp(voice, 1.2).envelope[middle]))
    assert after / before == pytest.approx(1.2, rel=0.03)


@pytest.mark.parametrize("make", [vocoded.world_full, vocoded.world_coded, vocoded.griffin_lim, vocoded.harmonics])
def test_copy_synthesis_keeps_pitch_and_spectrum_but_not_the_waveform(make):
    speech = vowels(130.0)
    made = make(speech, generator(1))[0][: len(speech)]
    # Forty mel bands don't resolve harmonics, so Griffin-Lim's pitch wanders.
    assert pitch(made) == pytest.approx(pitch(speech), rel=0.05 if make is vocoded.griffin_lim else 0.03)
    assert np.abs(spectrum_db(made) - spectrum_db(speech[: len(made)])).mean() < 4.0
    assert rms(made - speech[: len(made)]) > 0.3 * rms(speech)


def test_lpc_keeps_the_envelope_and_whispering_loses_the_pitch():
    speech = vowels(130.0)
    voiced, whispered = (lpc.vocode(speech, 16, 240, whisper, generator()) for whisper in (False, True))
    for made in (voiced, whispered):
        assert np.abs(spectrum_db(made) - spectrum_db(speech)).mean() < 3.0
    assert pitch(voiced) == pytest.approx(pitch(speech), rel=0.03)
    frames = world.track_f0(whispered)[0]
    assert (frames > 0.0).mean() < 0.3 * (world.track_f0(voiced)[0] > 0.0).mean()


def test_lpc_predicts_an_all_pole_signal():
    taps, _ = lpc.predict(vowels(130.0, formants=(1500.0,))[8000:8512] * np.hanning(512), 4)
    roots = np.roots(taps)
    strongest = roots[np.argmax(np.abs(roots) * (roots.imag > 0.0))]
    assert np.angle(strongest) * SAMPLE_RATE / (2.0 * np.pi) == pytest.approx(1500.0, rel=0.05)


def test_harmonics_stop_where_they_should():
    speech = vowels(150.0, formants=(600.0, 2500.0, 4300.0))

    def flatness(highest: float) -> float:
        """Geometric over arithmetic mean of power from 3.5 to 5 kHz: small for separate harmonics."""
        made = harmonic.resynthesize(speech, highest, generator())[8000:24000]
        frames = np.lib.stride_tricks.sliding_window_view(made, 1024)[::512] * np.hanning(1024)
        power = np.abs(np.fft.rfft(frames))[:, 224:320] ** 2
        return float((np.exp(np.log(power).mean(1)) / power.mean(1)).mean())

    assert flatness(3000.0) > 1.5 * flatness(5500.0)


def test_more_griffin_lim_iterations_agree_better_with_the_mel_spectrum():
    speech = vowels(130.0)
    filters = mel_filters(80, 1024, SAMPLE_RATE, 8000.0)

    def mel(pcm: np.ndarray) -> np.ndarray:
        frames = np.lib.stride_tricks.sliding_window_view(pcm, 1024)[::256] * np.hanning(1024)
        return np.abs(np.fft.rfft(frames)) @ filters.T

    few, many = (np.abs(mel(spectral.griffin_lim(speech, 80, 1024, 256, n, generator())) - mel(speech)).mean() for n in (1, 40))
    assert many < 0.7 * few


def test_splices_are_at_the_noted_places():
    cuts = [vowels(100.0 + 20.0 * i, 0.6, seed=i) for i in range(4)]
    whole, joins = spliced.abrupt(cuts)
    assert joins == tuple(len(cuts[0]) * i for i in (1, 2, 3))
    for start, cut in zip((0, *joins), cuts, strict=True):
        assert np.array_equal(whole[start : start + len(cut)], cut)
    smooth, middles = spliced.faded(cuts)
    assert len(smooth) == len(whole) - 3 * spliced.FADE
    second = cuts[1][spliced.FADE : -spliced.FADE]
    start = middles[0] + spliced.FADE // 2
    assert np.allclose(smooth[start : start + len(second)], second)


def test_pieces_come_from_the_utterances_and_are_of_the_right_length():
    utterances = [vowels(120.0, seed=1), 0.5 * vowels(120.0, seed=2)]
    cuts = spliced.pieces(utterances, (0.2, 0.3), 2.0, generator())
    assert all(0.2 * SAMPLE_RATE <= len(c) <= 0.3 * SAMPLE_RATE for c in cuts)
    assert 2.0 <= sum(map(len, cuts)) / SAMPLE_RATE < 2.3


@pytest.mark.parametrize("kind", [replayed.PHONE, replayed.LAPTOP, replayed.LARGE])
def test_loudspeakers_limit_the_band(kind):
    noise = 0.1 * generator().standard_normal(4 * SAMPLE_RATE)
    for seed in range(4):
        played, _ = replayed.play(noise, kind, generator(seed))
        middle = share_db(played, 1500.0, 4000.0)
        assert middle - share_db(played, 5.0, kind.low[0] / 3.0) > 12.0
    assert kind is replayed.LARGE or share_db(played, 1500.0, 4000.0) - share_db(played, 20.0, kind.low[0] / 4.0) > 15.0


def test_a_phone_distorts_a_tone_more_than_a_large_loudspeaker():
    tone = 0.5 * np.sin(2.0 * np.pi * 1000.0 * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE)

    def harmonics_db(kind: replayed.Loudspeaker) -> float:
        levels = []
        for seed in range(8):
            played, _ = replayed.play(tone, kind, generator(seed))
            levels.append(share_db(played, 1990.0, 2010.0) - share_db(played, 990.0, 1010.0))
        return float(np.mean(levels))

    assert harmonics_db(replayed.PHONE) > harmonics_db(replayed.LARGE) + 6.0


def test_a_room_decays_in_its_reverberation_time():
    for seed in range(3):
        space = room.draw(generator(seed))
        response = room.response(space, generator(seed))
        late = response[int(0.05 * SAMPLE_RATE) :].astype(np.float64)
        energy = 10.0 * np.log10(np.cumsum(late[::-1] ** 2)[::-1] + 1e-20)
        energy -= energy[0]
        at = [int(np.argmax(energy < level)) for level in (-5.0, -25.0)]
        assert 0.35 * space.decay < 3.0 * (at[1] - at[0]) / SAMPLE_RATE < 1.6 * space.decay


def test_the_direct_sound_comes_first_and_has_gain_one():
    space = room.Room(np.array([5.0, 4.0, 3.0]), 0.3, 0.8, np.array([2.5, 2.0, 1.5]), np.array([2.5, 2.2, 1.5]))
    response = room.response(space, generator())
    assert np.argmax(np.abs(response)) < 20
    assert response[:24].sum() == pytest.approx(1.0, abs=0.25)


def test_synthetic_speech_gets_the_recordings_level_pauses_and_background():
    noise = noise_like(1.0 / np.linspace(1.0, 40.0, 129) ** 2, 3 * SAMPLE_RATE, generator(9))
    recording = 0.2 * vowels(120.0, 3.0) + 1e-4 * noise
    clean = np.pad(vowels(200.0, 1.5), SAMPLE_RATE)
    bare = 0
    for seed in range(40):
        dressed = dress(clean, recording, generator(seed))
        assert active_rms(dressed) == pytest.approx(active_rms(recording), rel=0.25)
        assert abs(edges(dressed)[0] - edges(recording)[0]) <= 1600
        quiet = rms(dressed[:1600])
        digital_silence = not dressed[:1600].any()
        bare += digital_silence
        assert digital_silence or quiet == pytest.approx(background(recording)[1], rel=0.5)
    assert 0 < bare < 40 * 4 * BARE
