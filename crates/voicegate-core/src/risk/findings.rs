//! What each factor finds in a login.

use jiff::Timestamp;

use super::robust::{self, Standing};
use super::travel::{FASTEST_KMH, travel};
use super::{FactorName, History, Observed, PastLogin, WhyNot};
use crate::QualityMeasures;
use crate::decide::{Countermeasures, Suspicion};
use crate::device::TrustLevel;

/// Evidence that a factor found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// How much, in [0, 1].
    pub evidence: f32,
    /// What it is, with its numbers.
    pub because: String,
}

type Finding = Result<Found, WhyNot>;

/// Robust standard deviations that are usual, and from which on a value is an outlier (Iglewicz and Hoaglin).
const OUTLIER: [f32; 2] = [2.0, 3.5];

/// Spread of similarities and of seconds of reaction below which a person's logins are not told apart.
const LEAST_SIMILARITY: f32 = 0.03;
const LEAST_REACTION_S: f32 = 0.5;

impl FactorName {
    /// What this factor finds.
    pub(super) fn find(self, observed: &Observed, history: &History) -> Finding {
        match self {
            Self::DeviceTrust => Ok(device_trust(known(observed.device)?)),
            Self::NewNetwork => new_network(observed, history),
            Self::ImpossibleTravel => impossible_travel(observed, history),
            Self::UnusualHour => unusual_hour(observed, history),
            Self::RecentFailures => Ok(recent_failures(known(observed.recent_failures)?)),
            Self::ScoreTrend => score_trend(observed, history),
            Self::Spoofing => spoofing(&known(observed.countermeasures)?),
            Self::Quality => quality(&known(observed.quality)?),
            Self::ReactionTime => reaction_time(observed, history),
            Self::ManyAccounts => many_accounts(observed),
            Self::DeviceVoice => Ok(device_voice(number(observed.device_similarity)?)),
        }
    }
}

fn known<T>(value: Option<T>) -> Result<T, WhyNot> {
    value.ok_or(WhyNot::NotKnown)
}

/// A number; what is none is not known.
fn number(value: Option<f32>) -> Result<f32, WhyNot> {
    known(value.filter(|value| !value.is_nan()))
}

fn found(evidence: f32, because: impl Into<String>) -> Found {
    Found { evidence, because: because.into() }
}

/// 0 up to `from`, 1 beyond `to`, and a straight line between; falling where `to` is the lower one.
fn ramp(value: f32, [from, to]: [f32; 2]) -> f32 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}

fn device_trust(level: TrustLevel) -> Found {
    match level {
        TrustLevel::Trusted => found(0.0, "The device is trusted."),
        TrustLevel::Pending => found(0.5, "The device is new for this person."),
        TrustLevel::Suspicious => found(0.75, "The device was suspicious before."),
        TrustLevel::Revoked => found(1.0, "The device was revoked."),
    }
}

fn new_network(observed: &Observed, history: &History) -> Finding {
    let network = known(observed.network)?;
    let mut before = history.logins().filter_map(|login| login.network).peekable();
    known(before.peek())?;
    let seen = before.any(|other| other == network);
    Ok(found(if seen { 0.0 } else { 1.0 }, "The person has not come from this network lately."))
}

fn impossible_travel(observed: &Observed, history: &History) -> Finding {
    let here = (known(observed.coordinates)?, known(observed.at)?);
    let there = known(history.logins().find_map(|login| Some((login.coordinates?, login.at))))?;
    let travel = known(travel(there, here))?;
    let evidence = ramp((travel.speed_kmh / FASTEST_KMH) as f32, [1.0, 2.0]);
    let hours = here.1.duration_since(there.1).as_secs_f64() / 3600.0;
    let because = format!("The last login was {:.0} km away and {hours:.1} h before.", travel.distance_km);
    Ok(found(evidence, because))
}

/// The values of past logins, if there are enough of them.
fn habit(history: &History, of: impl Fn(&PastLogin) -> Option<f32>) -> Result<Vec<f32>, WhyNot> {
    let values: Vec<f32> = history.logins().filter_map(of).filter(|value| !value.is_nan()).collect();
    if values.len() < robust::FEWEST { Err(WhyNot::NotEnoughHistory) } else { Ok(values) }
}

fn unusual_hour(observed: &Observed, history: &History) -> Finding {
    let hour = hour_of_day(known(observed.at)?);
    let usual = habit(history, |login| Some(hour_of_day(login.at)))?;
    let apart = known(robust::hours_from_habit(&usual, hour))?;
    let because = format!("The person hardly ever comes within {apart:.1} h of this hour of the day.");
    Ok(found(ramp(apart, [2.0, 6.0]), because))
}

/// Hour of the day in UTC, in [0, 24).
fn hour_of_day(at: Timestamp) -> f32 {
    at.as_second().rem_euclid(24 * 3600) as f32 / 3600.0
}

fn recent_failures(count: u32) -> Found {
    let because = match count {
        1 => "One attempt was rejected shortly before.".to_owned(),
        _ => format!("{count} attempts were rejected shortly before."),
    };
    found(ramp(count as f32, [0.0, 5.0]), because)
}

fn score_trend(observed: &Observed, history: &History) -> Finding {
    let similarity = number(observed.similarity)?;
    let usual = habit(history, |login| login.similarity)?;
    let Standing { median, z } = known(robust::standing(&usual, similarity, LEAST_SIMILARITY))?;
    let because = format!("The similarity of {similarity:.2} is below the person's usual {median:.2}.");
    Ok(found(ramp(-z, OUTLIER), because))
}

/// The ratio counts from even odds up to a thousand to one; a verdict says at least half or all of it, since it knows what
/// the thresholds of the deployment are.
fn spoofing(countermeasures: &Countermeasures) -> Finding {
    const THOUSAND_TO_ONE: f32 = 3.0 * std::f32::consts::LN_10;
    let llr = number(Some(countermeasures.llr as f32))?;
    let least = match countermeasures.suspicion {
        Suspicion::None => 0.0,
        Suspicion::Some => 0.5,
        Suspicion::Attack => 1.0,
    };
    let because = format!("Something sounds played or made by a machine (log-likelihood ratio {llr:.1}).");
    Ok(found(ramp(llr, [0.0, THOUSAND_TO_ONE]).max(least), because))
}

fn quality(measures: &QualityMeasures) -> Finding {
    let speech = number(Some(measures.net_speech_s))?;
    let snr = measures.snr_db.filter(|snr| !snr.is_nan());
    let evidence = ramp(speech, [3.0, 1.0]).max(snr.map_or(0.0, |snr| ramp(snr, [20.0, 5.0])));
    let because = match snr {
        Some(snr) => format!("The recording has {speech:.1} s of speech, {snr:.0} dB above the noise."),
        None => format!("The recording has {speech:.1} s of speech."),
    };
    Ok(found(evidence, because))
}

/// Both ways: a machine that first has to make a voice is slow, one that knew the words is fast.
fn reaction_time(observed: &Observed, history: &History) -> Finding {
    let reaction = number(observed.reaction_s)?;
    let usual = habit(history, |login| login.reaction_s)?;
    let Standing { median, z } = known(robust::standing(&usual, reaction, LEAST_REACTION_S))?;
    let because = format!("The answer began after {reaction:.1} s; the person usually takes {median:.1} s.");
    Ok(found(ramp(z.abs(), OUTLIER), because))
}

/// A device is shared by a family at most; an address by a household or an office.
fn many_accounts(observed: &Observed) -> Finding {
    let device = observed.others_on_device.map(|others| (ramp(others as f32, [1.0, 4.0]), others, "device"));
    let address =
        observed.others_on_address.map(|others| (ramp(others as f32, [3.0, 20.0]), others, "address"));
    let (evidence, others, from) =
        known([device, address].into_iter().flatten().max_by(|one, other| one.0.total_cmp(&other.0)))?;
    Ok(found(evidence, format!("This {from} tried for {others} other persons lately.")))
}

/// Nothing from the least threshold on; all where another voice is the likelier one.
fn device_voice(similarity: f32) -> Found {
    let because = format!("The voice is not like the one last heard from this device ({similarity:.2}).");
    found(ramp(similarity, [0.65, 0.45]), because)
}
