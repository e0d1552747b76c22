//! Points of the detection error trade-off, for plotting.

use super::probit::probit;
use super::tally::{OperatingPoint, Tally};

/// At most `count` points of the ROC in ascending order of threshold, the first and the last always among them (so
/// there are two if `count` is less).
///
/// They are chosen evenly along the curve on probit axes (Martin et al., Eurospeech 1997), so that the corners with few
/// errors are drawn as finely as the middle.
#[must_use]
pub fn det_points(tally: &Tally, count: usize) -> Vec<OperatingPoint> {
    // A rate of 0 or 1 has no finite place on the axis; half a trial stands for none.
    let place = |rate: f64, weight: f64| {
        let half = (0.5 / weight).min(0.5);
        probit(rate.clamp(half, 1.0 - half))
    };
    // Rises along the curve, as FRR only rises and FAR only falls: the length of the way in steps along the axes.
    let way =
        |point: &OperatingPoint| place(point.frr, tally.targets()) - place(point.far, tally.impostors());
    let last = OperatingPoint::REJECT_ALL;
    let end = way(&last);
    let places = (count.max(2) - 1) as f64;
    let mut points: Vec<OperatingPoint> = Vec::new();
    let (mut start, mut taken) = (0.0, 0.0);
    for point in tally.operating_points() {
        let here = way(&point);
        if points.is_empty() {
            start = here;
            points.push(point);
            continue;
        }
        // The first point in each of the even places, the last of which is kept for the end.
        let place = ((here - start) / (end - start) * places).floor();
        if place > taken && place < places {
            taken = place;
            points.push(point);
        }
    }
    points.push(last);
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Scores;

    #[test]
    fn thinned_points_keep_the_ends_and_the_corners() {
        let targets: Vec<f64> = (0..1000).map(|n| f64::from(n) + 500.0).collect();
        let impostors: Vec<f64> = (0..1000).map(f64::from).collect();
        let tally = Tally::new(&Scores::without_speakers(&targets, &impostors).unwrap());
        let points = det_points(&tally, 20);
        assert!(points.len() > 10 && points.len() <= 20, "{}", points.len());
        assert_eq!(points[0], OperatingPoint { threshold: 0.0, frr: 0.0, far: 1.0 });
        assert_eq!(points.last(), Some(&OperatingPoint::REJECT_ALL));
        assert!(points.windows(2).all(|w| w[0].frr <= w[1].frr && w[0].far >= w[1].far));
        // Points one in a hundred apart would have none here.
        assert!(points.iter().any(|p| p.far > 0.0 && p.far < 0.01));
        let all: Vec<_> = tally.operating_points().collect();
        assert!(det_points(&tally, usize::MAX).len() <= all.len());
        assert!(points.iter().all(|point| all.contains(point)));
        assert_eq!(det_points(&tally, 0).len(), 2);
    }

    #[test]
    fn one_trial_of_each_kind_has_two_ends() {
        let tally = Tally::new(&Scores::without_speakers(&[1.0], &[1.0]).unwrap());
        let points = det_points(&tally, 9);
        assert_eq!(points.iter().map(|p| (p.frr, p.far)).collect::<Vec<_>>(), [(0.0, 1.0), (1.0, 0.0)]);
    }
}
