use super::super::{SURE, thresholds};
use super::*;
use crate::metrics::{Scores, Tally, cllr, min_cllr, pad};

/// Deterministic numbers that are spread like a normal distribution.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..12).map(|_| uniform()).sum::<f64>() - 6.0
    }
}

/// Three detectors: a good one, its echo, and one that says nothing; each is missing now and then.
fn presentations(count: u32, seed: u64) -> Vec<Presentation> {
    let mut noise = noise(seed);
    let one = |n: u32| {
        let attack = n.is_multiple_of(3);
        let good = noise() + if attack { 2.0 } else { 0.0 };
        let mut scores = BTreeMap::from([
            ("good".to_owned(), 100.0 + 10.0 * good),
            ("echo".to_owned(), good + 0.3 * noise()),
            ("idle".to_owned(), noise()),
        ]);
        if n.is_multiple_of(7) {
            scores.remove("good");
        }
        if n.is_multiple_of(5) {
            scores.insert("echo".to_owned(), f64::NAN);
        }
        Presentation { scores, attack, group: n % 2, unit: n / 10 }
    };
    (0..count).map(one).collect()
}

fn names(of: &[&str]) -> Vec<Detector> {
    let detector = |name: &&str| Detector { name: (*name).to_owned(), orientation: Orientation::High };
    of.iter().map(detector).collect()
}

fn costs(fusion: &SpoofFusion, all: &[Presentation]) -> (f64, f64) {
    let trial = |p: &Presentation| {
        let llr = fusion.evaluate(|name| p.scores.get(name).copied()).llr;
        if p.attack { pad::attack(llr, 0) } else { pad::bona_fide(llr, 0) }
    };
    let tally = Tally::new(&Scores::new(all.iter().map(trial).collect()).unwrap());
    (cllr(&tally), min_cllr(&tally))
}

#[test]
fn the_sum_is_calibrated_on_others_and_with_a_detector_missing() {
    let fusion = fit(&presentations(3000, 1), &names(&["good", "echo", "idle"])).unwrap();
    fusion.check().unwrap();
    let others = presentations(3000, 2);
    let (actual, least) = costs(&fusion, &others);
    assert!(actual < 0.62 && actual - least < 0.05, "{actual} {least}");
    let mut without = others;
    without.iter_mut().for_each(|p| _ = p.scores.remove("good"));
    let (actual, least) = costs(&fusion, &without);
    // It claims less than it could, and so stays below what no information costs.
    assert!(actual < 0.85 && actual > least, "{actual} {least}");
}

#[test]
fn a_detector_that_points_the_wrong_way_is_left_out() {
    let mut all = presentations(900, 3);
    for p in &mut all {
        let turned = p.scores.get("good").map_or(0.0, |score| -score);
        p.scores.insert("turned".into(), turned);
    }
    let fusion = fit(&all, &names(&["good", "turned"])).unwrap();
    assert_eq!(fusion.detectors.keys().collect::<Vec<_>>(), ["good"]);
    assert_eq!(fit(&all, &names(&["turned"])), Err(SpoofFitError::Nothing));
    let either = Detector { name: "turned".into(), orientation: Orientation::Either };
    assert!(fit(&all, &[either]).unwrap().detectors["turned"].slope < 0.0);
}

#[test]
fn what_cannot_be_fitted_is_named() {
    let all = presentations(300, 4);
    assert_eq!(fit(&all, &names(&["absent"])), Err(SpoofFitError::Constant("absent".into())));
    let bona_fide: Vec<Presentation> = all.iter().filter(|p| !p.attack).cloned().collect();
    let error = fit(&bona_fide, &names(&["good"])).unwrap_err();
    assert!(matches!(error, SpoofFitError::Regression { source: FitError::NoTargets, .. }), "{error}");
    assert_eq!(thresholds(&fit(&all, &names(&["good"])).unwrap(), &[]), None);
}

#[test]
fn classes_that_are_told_apart_without_error_get_no_certainty() {
    let one = |n: u32| Presentation {
        scores: BTreeMap::from([("a".to_owned(), f64::from(n % 2) + f64::from(n) * 1e-6)]),
        attack: n % 2 == 1,
        group: 0,
        unit: n,
    };
    let all: Vec<Presentation> = (0..200).map(one).collect();
    let fusion = fit(&all, &names(&["a"])).unwrap();
    let ends = [0.0, 1.0].map(|score| fusion.evaluate(|_| Some(score)).llr);
    assert!(ends[0] < -1.0 && ends[1] > 1.0 && ends[1] - ends[0] < 20.0, "{ends:?}");
}

#[test]
fn a_species_counts_as_much_as_another_however_many_recordings_it_has() {
    let all = presentations(600, 5);
    let repeated: Vec<Presentation> =
        all.iter().flat_map(|p| std::iter::repeat_n(p.clone(), if p.group == 0 { 3 } else { 1 })).collect();
    let [once, often] = [&all, &repeated].map(|list| fit(list, &names(&["idle", "echo"])).unwrap());
    for (name, weights) in &once.detectors {
        // The spread that the pull is measured by moves a little.
        assert!((weights.slope - often.detectors[name].slope).abs() < 0.05 * weights.slope, "{name}");
    }
}

#[test]
fn few_bona_fide_presentations_are_suspicious_and_an_attack_is_sure() {
    let all = presentations(3000, 6);
    let fusion = fit(&all, &names(&["good", "echo"])).unwrap();
    let found = thresholds(&fusion, &all).unwrap();
    let own: Vec<&Presentation> = all.iter().filter(|p| !p.attack).collect();
    let evidence: Vec<_> = own.iter().map(|p| fusion.evaluate(|n| p.scores.get(n).copied())).collect();
    let answered: Vec<f64> = evidence.iter().filter(|e| !e.contributions.is_empty()).map(|e| e.llr).collect();
    let share =
        |least: f64| answered.iter().filter(|llr| **llr >= least).count() as f64 / answered.len() as f64;
    assert!(share(found.suspicious_llr) <= 0.01 && share(found.suspicious_llr) > 0.005, "{found:?}");
    assert!(found.threshold_llr >= SURE && found.threshold_llr >= found.suspicious_llr, "{found:?}");
}

#[test]
fn intervals_hold_the_weights_and_show_what_is_not_needed() {
    let (all, detectors) = (presentations(600, 7), names(&["good", "idle"]));
    let plan = Resampling { draws: 40, level: 0.95, seed: 1 };
    let found = weight_intervals(&all, &detectors, &plan).unwrap();
    let slope = fit(&all, &names(&["good"])).unwrap().detectors["good"].slope;
    assert!(found["good"].low < slope && slope < found["good"].high && found["good"].low > 0.0, "{found:?}");
    assert_eq!(found["idle"].low, 0.0);
    assert_eq!(weight_intervals(&all, &detectors, &Resampling { draws: 0, ..plan }), None);
}
