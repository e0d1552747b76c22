//! Which arm of an experiment a person is in.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::PersonId;

/// One of the two arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arm {
    /// As everybody was judged before.
    A,
    /// As the experiment says.
    B,
}

impl Arm {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// The arm of `person` when `share_percent` of all people are in arm b. The same person and name give the same arm
    /// each time, and a larger share moves nobody back from b to a. Another name deals the people anew.
    #[must_use]
    pub fn of(person: &PersonId, experiment: &str, share_percent: f32) -> Self {
        // The smallest share is a basis point. The conversion saturates, so no share reaches beyond everybody.
        let share = (share_percent * 100.0).round() as u64;
        if place(person, experiment) < share { Self::B } else { Self::A }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a person stands among 10 000 places.
fn place(person: &PersonId, experiment: &str) -> u64 {
    // The zero byte, which no name of a person holds, keeps "x" + "yz" apart from "xy" + "z".
    let parts = [experiment.as_bytes(), &[0], person.as_str().as_bytes()];
    let digest = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize();
    let first = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    first % 10_000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn person(name: &str) -> PersonId {
        PersonId::new(name).unwrap()
    }

    /// A change of the assignment would move people in the middle of an experiment.
    #[test]
    fn the_places_stay_where_they_are() {
        let places = ["alice", "bob", "carol"].map(|name| place(&person(name), "stricter"));
        assert_eq!(places, [9208, 941, 8533], "the first 8 bytes of SHA-256, modulo 10 000");
    }

    #[test]
    fn about_the_share_of_many_is_in_arm_b() {
        for (experiment, share) in [("stricter", 1.0_f32), ("stricter", 10.0), ("other", 50.0), ("x", 99.5)] {
            let people = 20_000;
            let in_b =
                (0..people).filter(|n| Arm::of(&person(&format!("user-{n}")), experiment, share) == Arm::B);
            let expected = f64::from(people) * f64::from(share) / 100.0;
            // Five standard deviations of a fair draw.
            let slack = 5.0 * (expected * (1.0 - f64::from(share) / 100.0)).sqrt();
            let found = in_b.count() as f64;
            assert!((found - expected).abs() < slack, "{found} of {people} at {share} %");
        }
    }

    #[test]
    fn names_of_experiments_deal_anew() {
        let moved = (0..1000)
            .map(|n| person(&format!("user-{n}")))
            .filter(|person| Arm::of(person, "first", 50.0) != Arm::of(person, "second", 50.0));
        assert!((400..600).contains(&moved.count()));
    }

    proptest! {
        #[test]
        fn the_arm_stays_and_a_larger_share_only_adds(
            name in "[a-z0-9@+][a-zA-Z0-9._@+:-]{0,60}", experiment in ".{1,20}",
            small in 0.0_f32..=100.0, large in 0.0_f32..=100.0,
        ) {
            let person = person(&name);
            let (small, large) = (small.min(large), small.max(large));
            prop_assert_eq!(Arm::of(&person, &experiment, small), Arm::of(&person, &experiment, small));
            prop_assert!(Arm::of(&person, &experiment, small) <= Arm::of(&person, &experiment, large));
            prop_assert_eq!(Arm::of(&person, &experiment, 0.0), Arm::A);
            prop_assert_eq!(Arm::of(&person, &experiment, 100.0), Arm::B);
        }
    }
}
