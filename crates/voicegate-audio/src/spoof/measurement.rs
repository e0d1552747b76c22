//! A number, or why there is none.

use std::ops::RangeInclusive;

use serde::Serialize;

/// What a detector answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measurement {
    /// The value, in the unit and within the range of its [`Signal`](super::Signal).
    Measured(f32),
    /// Why there is no value here. It speaks neither for nor against anybody.
    NotMeasured(Unmeasured),
}

/// Why a signal could not be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmeasured {
    /// Too little speech.
    TooShort,
    /// Too little voiced speech.
    TooFewVoiced,
    /// Too few or too short pauses.
    NoPauses,
    /// The low frequencies that it looks at do not reach us: a telephone, a microphone or a codec takes them away.
    NoLowBand,
    /// The source is band-limited as a telephone call is.
    BandLimited,
    /// No sound fades freely enough.
    NoDecays,
}

impl Measurement {
    pub(super) fn new(measured: Result<f32, Unmeasured>, range: &RangeInclusive<f32>) -> Self {
        match measured {
            Ok(value) => Self::Measured(value.clamp(*range.start(), *range.end())),
            Err(reason) => Self::NotMeasured(reason),
        }
    }

    /// The value, where there is one.
    pub fn value(&self) -> Option<f32> {
        match self {
            Self::Measured(value) => Some(*value),
            Self::NotMeasured(_) => None,
        }
    }
}
