//! How similar a voice must be: a base, moved by what is known of the circumstances, always inside [`BOUNDS`].
//!
//! Every move has a name and a reason and is part of the answer. What is not known moves nothing: a missing measurement
//! is never a bad one.

mod adjustment;
mod reachable;

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use serde::Serialize;

pub use adjustment::{Adjustment, AdjustmentName, AdjustmentTable};
pub use reachable::{advice, reachable};

use crate::QualityMeasures;

/// The base threshold where an operator sets none: at most one stranger in 1000 passes a calibrated system.
pub const BASE: f32 = 0.75;

/// No circumstance moves a threshold out of these: at most one stranger in 100, and at most one in 30 000.
pub const BOUNDS: RangeInclusive<f32> = 0.65..=0.90;

/// What is known of the device that an attempt comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceTrust {
    /// Bound to the person, and in good standing.
    Trusted,
    /// Never seen with the person, or not bound yet.
    New,
}

/// How risky an attempt is, apart from the voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskLevel {
    /// Nothing stands out.
    Low,
    /// Something stands out.
    Elevated,
    /// Much does.
    High,
}

/// The circumstances of an attempt. `None` is not known, and moves nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Context {
    /// The device; `None` where none took part.
    pub device: Option<DeviceTrust>,
    /// Time since the voice was last accepted, or enrolled if it never was.
    pub since_verified: Option<SignedDuration>,
    /// Attempts rejected since the voice was last accepted, within the operator's window.
    pub recent_failures: Option<u32>,
    /// How well the voice could be heard in the attempt.
    pub quality: Option<QualityMeasures>,
    /// The risk of the attempt.
    pub risk: Option<RiskLevel>,
}

/// The least similarity that is accepted, and how it came about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Threshold {
    /// The operator's, inside [`BOUNDS`].
    pub base: f32,
    /// What moved it, in the order of [`AdjustmentName`].
    pub adjustments: Vec<Adjustment>,
    /// What the similarity is compared with, inside [`BOUNDS`].
    pub value: f32,
    /// Whether the sum lay outside [`BOUNDS`], so that `value` is one of them.
    pub bounded: bool,
}

impl Threshold {
    /// The threshold under `context`.
    #[must_use]
    pub fn new(base: f32, table: &AdjustmentTable, context: &Context) -> Self {
        let base = bound(base);
        let adjustments = table.adjustments(context);
        let sum = adjustments.iter().fold(base, |sum, adjustment| sum + adjustment.amount);
        // Steps of 0.0001 are far below what can be measured, and print without the noise of binary fractions.
        let exact = (sum * 1e4).round() / 1e4;
        let value = bound(exact);
        Self { base, adjustments, value, bounded: value != exact }
    }

    /// A threshold that nothing moves.
    #[must_use]
    pub fn fixed(base: f32) -> Self {
        Self::new(base, &AdjustmentTable::default(), &Context::default())
    }
}

/// The nearest value inside [`BOUNDS`]; the strictest for what is no number.
fn bound(value: f32) -> f32 {
    if value.is_nan() { *BOUNDS.end() } else { value.clamp(*BOUNDS.start(), *BOUNDS.end()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn quality(net_speech_s: f32, snr_db: Option<f32>) -> QualityMeasures {
        QualityMeasures { net_speech_s, snr_db, telephone_band: None }
    }

    /// L3
    #[test]
    fn each_circumstance_moves_the_threshold_by_its_name() {
        use AdjustmentName::*;
        let none = Context::default();
        let rows = [
            (none, vec![], 0.75),
            (Context { device: Some(DeviceTrust::Trusted), ..none }, vec![TrustedDevice], 0.70),
            (Context { device: Some(DeviceTrust::New), ..none }, vec![NewDevice], 0.80),
            (Context { since_verified: Some(HOUR * 24), ..none }, vec![], 0.75),
            (Context { since_verified: Some(HOUR * 24 * 90), ..none }, vec![LongSinceVerified], 0.77),
            (Context { recent_failures: Some(0), ..none }, vec![], 0.75),
            (Context { recent_failures: Some(9), ..none }, vec![RecentFailures], 0.80),
            (Context { quality: Some(quality(2.0, None)), ..none }, vec![], 0.75),
            (Context { quality: Some(quality(2.0, Some(8.0))), ..none }, vec![PoorQuality], 0.77),
            (Context { risk: Some(RiskLevel::Low), ..none }, vec![], 0.75),
            (Context { risk: Some(RiskLevel::Elevated), ..none }, vec![RiskElevated], 0.80),
            (Context { risk: Some(RiskLevel::High), ..none }, vec![RiskHigh], 0.85),
        ];
        for (context, names, value) in rows {
            let threshold = Threshold::new(BASE, &AdjustmentTable::default(), &context);
            let found: Vec<_> = threshold.adjustments.iter().map(|a| a.name).collect();
            assert_eq!((found, threshold.value, threshold.bounded), (names, value, false), "{context:?}");
        }
    }

    #[test]
    fn the_bounds_hold_and_are_told() {
        let worst = Context {
            device: Some(DeviceTrust::New),
            recent_failures: Some(1000),
            risk: Some(RiskLevel::High),
            ..Context::default()
        };
        let high = Threshold::new(0.80, &AdjustmentTable::default(), &worst);
        assert_eq!((high.value, high.bounded), (0.90, true));
        let best = Context { device: Some(DeviceTrust::Trusted), ..Context::default() };
        let low = Threshold::new(0.65, &AdjustmentTable::default(), &best);
        assert_eq!((low.value, low.bounded), (0.65, true));
        assert_eq!(Threshold::fixed(f32::NAN).value, 0.90);
    }

    fn context() -> impl Strategy<Value = Context> {
        use prop::option::of;
        let device = of(prop_oneof![Just(DeviceTrust::Trusted), Just(DeviceTrust::New)]);
        let risk = of(prop_oneof![Just(RiskLevel::Low), Just(RiskLevel::Elevated), Just(RiskLevel::High)]);
        let since = of((0i64..100_000).prop_map(SignedDuration::from_hours));
        let heard = of((0f32..100.0, of(-10f32..60.0)).prop_map(|(speech, snr)| quality(speech, snr)));
        (device, since, of(any::<u32>()), heard, risk).prop_map(
            |(device, since_verified, recent_failures, quality, risk)| Context {
                device,
                since_verified,
                recent_failures,
                quality,
                risk,
            },
        )
    }

    proptest! {
        /// L3
        #[test]
        fn always_inside_the_bounds_and_the_sum_of_what_is_named(base in -1f32..2.0, context in context()) {
            let threshold = Threshold::new(base, &AdjustmentTable::default(), &context);
            prop_assert!(BOUNDS.contains(&threshold.value));
            let sum = threshold.base + threshold.adjustments.iter().map(|a| a.amount).sum::<f32>();
            prop_assert!((bound(sum) - threshold.value).abs() < 1e-4);
            prop_assert!(threshold.adjustments.windows(2).all(|pair| pair[0].name < pair[1].name));
        }

        #[test]
        fn more_failures_never_lower_it(base in 0.65f32..0.9, few in 0u32..50, more in 0u32..50) {
            let after = |failures| {
                let context = Context { recent_failures: Some(failures), ..Context::default() };
                Threshold::new(base, &AdjustmentTable::default(), &context).value
            };
            prop_assert!(after(few) <= after(few.saturating_add(more)));
        }
    }
}
