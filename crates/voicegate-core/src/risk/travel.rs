//! Whether somebody can have travelled from one place to another.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A place on the earth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coordinates {
    /// Degrees north of the equator, −90 to 90.
    pub latitude: f64,
    /// Degrees east of Greenwich, −180 to 180.
    pub longitude: f64,
}

/// Mean radius of the earth in km (IUGG).
const EARTH_RADIUS_KM: f64 = 6371.0088;

/// Distances below this many km are not told apart: addresses are placed no better.
const SAME_PLACE_KM: f64 = 100.0;

/// Speed in km/h that an airliner reaches.
pub(super) const FASTEST_KMH: f64 = 900.0;

/// How a person would have travelled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Travel {
    /// The shortest way, in km.
    pub distance_km: f64,
    /// How fast; infinite where there was no time, 0 within one place.
    pub speed_kmh: f64,
}

impl Coordinates {
    /// Whether it is a place on the earth.
    fn is_valid(self) -> bool {
        (-90.0..=90.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude)
    }

    /// Great-circle distance in km, by the haversine formula (R. W. Sinnott, *Virtues of the Haversine*, 1984), which
    /// stays exact for places close together.
    fn distance_km(self, other: Self) -> f64 {
        let half_chord = |one: f64, other: f64| ((other - one).to_radians() / 2.0).sin().powi(2);
        let of_parallels = self.latitude.to_radians().cos() * other.latitude.to_radians().cos();
        let haversine = half_chord(self.latitude, other.latitude)
            + of_parallels * half_chord(self.longitude, other.longitude);
        2.0 * EARTH_RADIUS_KM * haversine.clamp(0.0, 1.0).sqrt().asin()
    }
}

/// The way between two places and times; `None` unless both are places on the earth.
pub(super) fn travel(from: (Coordinates, Timestamp), to: (Coordinates, Timestamp)) -> Option<Travel> {
    if !(from.0.is_valid() && to.0.is_valid()) {
        return None;
    }
    let distance_km = from.0.distance_km(to.0);
    // Clocks of replicas may differ: a login before the last one was made at the same time.
    let hours = to.1.duration_since(from.1).max(SignedDuration::ZERO).as_secs_f64() / 3600.0;
    let speed_kmh = if distance_km < SAME_PLACE_KM { 0.0 } else { distance_km / hours };
    Some(Travel { distance_km, speed_kmh })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BERLIN: Coordinates = Coordinates { latitude: 52.52, longitude: 13.405 };
    const POTSDAM: Coordinates = Coordinates { latitude: 52.39, longitude: 13.06 };
    const NEW_YORK: Coordinates = Coordinates { latitude: 40.7128, longitude: -74.006 };

    fn after(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn distances_are_those_of_an_atlas() {
        let pole = Coordinates { latitude: 90.0, longitude: 0.0 };
        let equator = Coordinates { latitude: 0.0, longitude: 77.0 };
        let quarter = std::f64::consts::FRAC_PI_2 * EARTH_RADIUS_KM;
        for (one, other, km, within) in
            [(BERLIN, NEW_YORK, 6385.0, 5.0), (BERLIN, POTSDAM, 27.5, 1.0), (pole, equator, quarter, 1e-6)]
        {
            assert!((one.distance_km(other) - km).abs() < within, "{one:?} {other:?}");
        }
    }

    #[test]
    fn speed_is_counted_between_places_only() {
        let speed = |to, minutes| travel((BERLIN, after(0)), (to, after(minutes))).unwrap().speed_kmh;
        assert!((speed(NEW_YORK, 60) - 6385.0).abs() < 5.0);
        assert!(speed(NEW_YORK, 9 * 60) < FASTEST_KMH);
        assert_eq!(speed(POTSDAM, 0), 0.0);
        assert_eq!(speed(NEW_YORK, 0), f64::INFINITY);
        assert_eq!(speed(NEW_YORK, -60), f64::INFINITY);
        let nowhere = Coordinates { latitude: f64::NAN, ..BERLIN };
        assert_eq!(travel((BERLIN, after(0)), (nowhere, after(60))), None);
    }

    proptest! {
        #[test]
        fn no_way_is_longer_than_half_round_the_earth_and_none_depends_on_its_direction(
            here in (-90f64..=90.0, -180f64..=180.0), there in (-90f64..=90.0, -180f64..=180.0),
        ) {
            let [here, there] =
                [here, there].map(|(latitude, longitude)| Coordinates { latitude, longitude });
            let km = here.distance_km(there);
            prop_assert!((0.0..=20_016.0).contains(&km));
            prop_assert!((km - there.distance_km(here)).abs() < 1e-6);
        }
    }
}
