//! What an answer may tell somebody who was not recognised: nothing that depends on whether the person exists, on the
//! enrolled voice, or on earlier attempts.

use voicegate_core::decide::{Decision, Outcome, Reason};

use super::rules::DEVICE_REVOKED;

/// Reasons of a rejection that lie in the recording alone, or in a device whose key the caller holds.
const TELLABLE: [&str; 3] = ["not_a_living_voice", "wrong_words", DEVICE_REVOKED];

/// The reasons of `decision` as they are told.
pub(super) fn told(decision: &Decision) -> Vec<Reason> {
    if decision.outcome != Outcome::Reject {
        return decision.reasons.clone();
    }
    let tellable = |reason: &&Reason| TELLABLE.contains(&reason.code.as_ref());
    let mut told: Vec<Reason> = decision.reasons.iter().filter(tellable).cloned().collect();
    if told.iter().all(|reason| reason.code == DEVICE_REVOKED) {
        let message = "You were not recognised. Please speak close to the microphone, or log in another way.";
        told.insert(0, Reason::new("not_recognised", message));
    }
    told
}

#[cfg(test)]
mod tests {
    use voicegate_core::threshold::Threshold;

    use super::*;

    #[test]
    fn a_rejection_tells_nothing_of_the_person() {
        let told = |codes: &[&'static str]| {
            let reasons = codes.iter().map(|code| Reason::new(*code, "…")).collect();
            let threshold = Threshold::fixed(0.75);
            let decision = Decision { outcome: Outcome::Reject, reasons, similarity: Some(0.7), threshold };
            let told = told(&decision);
            told.into_iter().map(|reason| reason.code.into_owned()).collect::<Vec<_>>()
        };
        for code in ["voice_differs", "heard_before", "wrong_signature", "risk_too_high", "advisor_rejects"] {
            assert_eq!(told(&[code]), ["not_recognised"]);
            assert_eq!(told(&[code, "wrong_words"]), ["wrong_words"]);
        }
        assert_eq!(told(&["voice_differs", DEVICE_REVOKED]), ["not_recognised", DEVICE_REVOKED]);
        assert_eq!(told(&["not_a_living_voice", "heard_before"]), ["not_a_living_voice"]);
    }
}
