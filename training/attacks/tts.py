"""Text-to-speech by rule, diphones, unit selection and hidden Markov models: espeak-ng, flite and festival, as packaged by Debian."""

import numpy as np

from training.attacks.programs import spoken

ESPEAK_LANGUAGES = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029", "de", "fr-fr", "es", "it", "pl", "nl", "pt-br", "sv")
ESPEAK_VARIANTS = (
    "f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "Alex", "Alicia", "Andy", "Annie", "Denis",
    "Gene", "Jacky", "Lee", "Mario", "Michael", "Mike", "adam", "anika", "belinda", "david", "grandma", "linda", "max", "pablo",
    "robert", "shelby", "steph", "travis", "zac",
)  # fmt: skip
KLATT_VARIANTS = ("klatt", "klatt2", "klatt3", "klatt4", "klatt5", "klatt6")
FLITE_DIPHONE = ("kal", "kal16")
FLITE_CLUNITS = ("awb", "rms", "slt")
FESTIVAL_DIPHONE = (
    "kal_diphone", "ked_diphone", "lp_diphone", "pc_diphone", "hy_fi_mv_diphone", "suo_fi_lj_diphone",
    "czech_dita", "czech_krb", "czech_machac", "czech_ph",
)  # fmt: skip
FESTIVAL_HTS = ("cmu_us_slt_arctic_hts", "upc_ca_ona_hts")
FESTIVAL_CLUNITS = ("msu_ru_nsh_clunits",)


def espeak(text: str, rng: np.random.Generator, variants: tuple[str, ...]) -> tuple[np.ndarray, str]:
    """Formant synthesis: mostly English, some text read with other languages' rules; any speed and pitch a listener bears."""
    english = rng.random() < 0.7
    language = str(rng.choice(ESPEAK_LANGUAGES[:5] if english else ESPEAK_LANGUAGES[5:]))
    voice = f"{language}+{rng.choice(variants)}"
    speed, pitch = int(rng.integers(120, 210)), int(rng.integers(20, 80))
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-f", "{text}", "--stdout"]
    return spoken(command, text), f"espeak-ng {voice} s{speed} p{pitch}"


def flite(text: str, rng: np.random.Generator, voices: tuple[str, ...]) -> tuple[np.ndarray, str]:
    """Flite's voices; those named `kal` are diphones, the others units chosen from recordings."""
    voice, stretch = str(rng.choice(voices)), rng.uniform(0.85, 1.25)
    command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch:.2f}", "-f", "{text}", "-o", "{wav}"]
    if voice in FLITE_DIPHONE:
        command[3:3] = ["--setf", f"int_f0_target_mean={rng.uniform(85.0, 180.0):.0f}"]
    return spoken(command, text), f"flite {voice} x{stretch:.2f}"


def festival(text: str, rng: np.random.Generator, voices: tuple[str, ...]) -> tuple[np.ndarray, str]:
    """Festival's voices; those of other languages read the text by their own rules."""
    voice, stretch = str(rng.choice(voices)), rng.uniform(0.85, 1.25)
    setting = f"(begin (voice_{voice}) (Parameter.set 'Duration_Stretch {stretch:.2f}))"
    return spoken(["text2wave", "-eval", setting, "-o", "{wav}", "{text}"], text), f"festival {voice} x{stretch:.2f}"
