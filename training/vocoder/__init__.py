"""Small neural vocoders of our own, one of each family in use, as training attacks for a countermeasure.

Copy-synthesis through a vocoder trains a countermeasure nearly as well as whole text-to-speech systems do (Wang and Yamagishi, 2023).
`synthesis` has what the attacks call.
"""

from training.vocoder.synthesis import VARIANTS, resynthesize

__all__ = ["VARIANTS", "resynthesize"]
