//! Statistics that a few odd values do not move. None of them speaks before [`FEWEST`] values.

/// Fewest values of which habits can be told.
pub(super) const FEWEST: usize = 5;

/// Standard deviation of a normal distribution per median absolute deviation.
const SIGMA_PER_MAD: f32 = 1.4826;

/// A value among its like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standing {
    /// The middle of the others.
    pub median: f32,
    /// How far the value lies above it, in robust standard deviations; negative below.
    pub z: f32,
}

/// Where a value lies among others: its modified z-score (B. Iglewicz and D. Hoaglin, *How to Detect and Handle Outliers*,
/// 1993), the distance from the median in units of 1.4826 × the median absolute deviation, or of `least_spread` if that is
/// more.
pub(super) fn standing(values: &[f32], value: f32, least_spread: f32) -> Option<Standing> {
    let median_of_values = median(values.to_vec())?;
    let mad = median(values.iter().map(|other| (other - median_of_values).abs()).collect())?;
    let spread = (SIGMA_PER_MAD * mad).max(least_spread);
    (values.len() >= FEWEST)
        .then(|| Standing { median: median_of_values, z: (value - median_of_values) / spread })
}

/// How many hours of the day an hour lies from the tenth of the others that is nearest, two at least, in [0, 12].
///
/// Working hours have no single middle and some people come twice a day, so no median would do; but a single login at night
/// does not make the night a habit.
pub(super) fn hours_from_habit(hours: &[f32], hour: f32) -> Option<f32> {
    let mut apart: Vec<f32> = hours.iter().map(|other| hours_between(*other, hour)).collect();
    apart.sort_by(f32::total_cmp);
    let nearest = hours.len().div_ceil(10).max(2);
    if hours.len() < FEWEST { None } else { apart.get(nearest - 1).copied() }
}

/// The shorter way round the clock between two hours of the day, in [0, 12].
fn hours_between(one: f32, other: f32) -> f32 {
    let apart = (one - other).rem_euclid(24.0);
    apart.min(24.0 - apart)
}

/// The middle value, or the mean of the two in the middle; `None` of nothing.
fn median(mut values: Vec<f32>) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
    }

    /// The median of 1, 2, 3, 4, 100 is 3, the median distance from it 1.
    #[test]
    fn an_odd_value_moves_nothing() {
        let found = standing(&[1.0, 2.0, 3.0, 4.0, 100.0], 10.0, 0.1).unwrap();
        assert_eq!(found.median, 3.0);
        assert!((found.z - 7.0 / 1.4826).abs() < 1e-5);
        assert_eq!(standing(&[1.0, 2.0, 3.0, 4.0], 10.0, 0.1), None);
    }

    #[test]
    fn equal_values_are_as_wide_as_the_least_spread() {
        assert_eq!(standing(&[0.75; 5], 0.5, 0.125).unwrap().z, -2.0);
    }

    #[test]
    fn one_night_is_no_habit_and_midnight_no_border() {
        assert_eq!(hours_from_habit(&[9.0, 9.0, 10.0, 17.0], 3.0), None);
        assert_eq!(hours_from_habit(&[9.0, 9.0, 10.0, 17.0, 3.0], 3.0), Some(6.0));
        assert_eq!(hours_from_habit(&[9.0, 9.0, 10.0, 2.0, 3.0], 3.0), Some(1.0));
        assert_eq!(hours_from_habit(&[22.0, 23.0, 0.0, 1.0, 2.0], 12.0), Some(10.0));
        // Five in fifty, fewer are not a tenth.
        let nights = |count: usize| [vec![3.0; count], vec![12.0; 50 - count]].concat();
        assert_eq!([4, 5].map(|count| hours_from_habit(&nights(count), 3.0)), [Some(9.0), Some(0.0)]);
    }

    proptest! {
        /// Clocks may be set as they like.
        #[test]
        fn turning_the_clock_changes_nothing(
            hours in prop::collection::vec(0u8..24, FEWEST..12), hour in 0u8..24, turn in 0u8..24,
        ) {
            let after = |turn: u8| {
                let turned = |hour: u8| f32::from((hour + turn) % 24);
                let hours: Vec<f32> = hours.iter().copied().map(turned).collect();
                hours_from_habit(&hours, turned(hour)).unwrap()
            };
            prop_assert_eq!(after(0), after(turn));
            prop_assert!((0.0..=12.0).contains(&after(0)));
        }
    }
}
