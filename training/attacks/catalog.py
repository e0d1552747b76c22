"""Every species: its name, its family, how a clip of it is made, and how many there are."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from training.attacks import converted, neural, replayed, room, spliced, tts, vocoded, voices
from training.attacks.base import Family, Made, Source
from training.attacks.dress import dress
from training.attacks.dsp import active_rms, fit_length, opus, to_level
from training.attacks.sources import Corpus
from training.vocoder import VARIANTS

Make = Callable[[Corpus, Source, np.random.Generator], Made]
# Seconds of a piece: about a syllable or two, and a phrase.
UNITS, CHUNKS = (0.08, 0.35), (0.5, 1.5)


@dataclass(frozen=True)
class Species:
    """`make` turns a source into an attack; `train` and `eval` are the numbers of clips."""

    name: str
    family: Family
    make: Make
    train: int = 300
    eval: int = 94

    def clip(self, corpus: Corpus, number: int, rng: np.random.Generator) -> tuple[Source, Made, np.ndarray]:
        """Clip `number`: its source, what was made, and the speech as 16-bit samples.

        All go through Opus at 20 to 34 kbit/s, as the bona fide recordings of the lists have.
        """
        source = corpus.draw(number, rng)
        made = self.make(corpus, source, rng)
        if not np.isfinite(made.pcm).all():
            raise ValueError(f"{self.name}: clip {number} is not finite")
        level = active_rms(source.pcm) * 10.0 ** (rng.uniform(-6.0, 6.0) / 20.0)
        pcm = opus(to_level(made.pcm - made.pcm.mean(), level), rng.uniform(20.0, 34.0))
        return source, made, np.clip(np.round(pcm * 32767.0), -32768, 32767).astype(np.int16)


def speaking(speak: Callable[..., tuple[np.ndarray, str]]) -> Make:
    """Text-to-speech, dressed like the source."""

    def make(corpus: Corpus, source: Source, rng: np.random.Generator) -> Made:
        text = corpus.text(source.dev, rng)
        pcm, voice = speak(text, rng)
        return Made(dress(pcm, source.pcm, rng), voice, text)

    return make


def alone(change: Callable[[np.ndarray, np.random.Generator], tuple[np.ndarray, str]]) -> Make:
    """What needs nothing but the source."""

    def make(corpus: Corpus, source: Source, rng: np.random.Generator) -> Made:
        pcm, setting = change(source.pcm, rng)
        return Made(fit_length(pcm, len(source.pcm)), setting)

    return make


def towards(convert: Callable[..., tuple[np.ndarray, str]]) -> Make:
    """What moves the source towards another speaker."""

    def make(corpus: Corpus, source: Source, rng: np.random.Generator) -> Made:
        other = corpus.other(source, rng)
        pcm, setting = convert(source.pcm, other.pcm, rng)
        return Made(fit_length(pcm, len(source.pcm)), f"{setting} ({other.speaker})")

    return make


def glued(join: Callable[[list[np.ndarray]], tuple[np.ndarray, tuple[int, ...]]], seconds: tuple[float, float]) -> Make:
    """Splices of the source and up to five other utterances of its speaker."""

    def make(corpus: Corpus, source: Source, rng: np.random.Generator) -> Made:
        own = [source.pcm] + [corpus.crop(source.speaker, rng, (2.0, 6.0)).pcm for _ in range(5)]
        pcm, joins = join(spliced.pieces(own, seconds, rng.uniform(2.0, 5.0), rng))
        return Made(pcm, f"{join.__name__} pieces of {seconds[0]}-{seconds[1]} s", joins=joins)

    return make


def replayed_synthesis(corpus: Corpus, source: Source, rng: np.random.Generator) -> Made:
    """Synthetic speech of one of several kinds, played to the microphone."""
    speak = (voices.hibari, voices.piper, partial(tts.espeak, variants=tts.ESPEAK_VARIANTS), partial(tts.flite, voices=tts.FLITE_CLUNITS))
    text = corpus.text(source.dev, rng)
    pcm, voice = speak[rng.integers(len(speak))](text, rng)
    kind = (replayed.PHONE, replayed.LAPTOP, replayed.LARGE)[rng.integers(3)]
    out, setting = replayed.replay(dress(pcm, source.pcm, rng), kind, rng)
    return Made(out, f"{voice}; {setting}", text)


def neurally(variant: str) -> Make:
    """Copy-synthesis by a neural vocoder trained here."""
    return alone(lambda pcm, rng: neural.resynthesize(pcm, variant, rng))


def playing(kind: replayed.Loudspeaker) -> Make:
    """Replay through one class of loudspeakers."""
    return alone(lambda pcm, rng: replayed.replay(pcm, kind, rng))


SPECIES = {
    s.name: s
    for s in (
        Species("direct_room", Family.BONA_FIDE, alone(room.heard), train=900, eval=188),
        Species("espeak", Family.TTS, speaking(partial(tts.espeak, variants=tts.ESPEAK_VARIANTS))),
        Species("espeak_klatt", Family.TTS, speaking(partial(tts.espeak, variants=tts.KLATT_VARIANTS)), train=150),
        Species("flite_diphone", Family.TTS, speaking(partial(tts.flite, voices=tts.FLITE_DIPHONE)), train=150),
        Species("flite_clunits", Family.TTS, speaking(partial(tts.flite, voices=tts.FLITE_CLUNITS))),
        Species("festival_diphone", Family.TTS, speaking(partial(tts.festival, voices=tts.FESTIVAL_DIPHONE)), train=240),
        Species("festival_hts", Family.TTS, speaking(partial(tts.festival, voices=tts.FESTIVAL_HTS)), train=180, eval=60),
        Species("festival_clunits", Family.TTS, speaking(partial(tts.festival, voices=tts.FESTIVAL_CLUNITS)), train=90, eval=60),
        Species("piper", Family.TTS, speaking(voices.piper)),
        Species("hibari", Family.TTS, speaking(voices.hibari)),
        Species("kokoro", Family.TTS, speaking(voices.kokoro), train=150, eval=60),
        Species("world", Family.VOCODED, alone(vocoded.world_full)),
        Species("world_coded", Family.VOCODED, alone(vocoded.world_coded)),
        Species("griffin_lim", Family.VOCODED, alone(vocoded.griffin_lim)),
        Species("lpc", Family.VOCODED, alone(vocoded.linear_prediction)),
        Species("harmonic_noise", Family.VOCODED, alone(vocoded.harmonics)),
        Species("codec2", Family.VOCODED, alone(vocoded.codec2)),
        Species("hifigan", Family.VOCODED, alone(vocoded.hifigan)),
        *(Species(f"neural_{v}", Family.VOCODED, neurally(v)) for v in VARIANTS),
        Species("world_conversion", Family.CONVERTED, towards(converted.world_voice)),
        Species("cepstral_conversion", Family.CONVERTED, towards(converted.mel_cepstra)),
        Species("phase_vocoder", Family.CONVERTED, towards(converted.phase_vocoder)),
        Species("psola", Family.CONVERTED, towards(converted.overlap_add)),
        Species("splice_units", Family.SPLICED, glued(spliced.faded, UNITS)),
        Species("splice_abrupt", Family.SPLICED, glued(spliced.abrupt, CHUNKS)),
        Species("replay_phone", Family.REPLAYED, playing(replayed.PHONE)),
        Species("replay_laptop", Family.REPLAYED, playing(replayed.LAPTOP)),
        Species("replay_large", Family.REPLAYED, playing(replayed.LARGE)),
        Species("replay_synthesis", Family.REPLAYED, replayed_synthesis),
    )
}
