//! The error metrics equal their Python references (`training/golden/metrics_golden.py`) to 1e-6.

use std::collections::BTreeMap;

use serde_json::Value;
use voicegate_core::metrics::{
    Bins, Measurability, PointMetrics, Scores, Tally, Trial, equal_error_rate, reliability,
};

#[test]
fn metrics_match_the_python_references() {
    for (name, case) in cases() {
        let scores = Scores::new(trials(&case)).unwrap();
        check(&format!("{name}, once"), &Tally::new(&scores), &case["once"]);

        let drawn = |speaker: u32| case["drawn"][speaker as usize].as_f64().unwrap();
        let weight = |trial: &Trial| match trial.is_target() {
            true => drawn(trial.enrolled()),
            false => drawn(trial.enrolled()) * drawn(trial.tested()),
        };
        let resampled = Tally::weighted(&scores, weight).unwrap();
        check(&format!("{name}, resampled"), &resampled, &case["resampled"]);
    }
}

#[test]
fn the_equal_error_rate_of_lists_matches_too() {
    for (name, case) in cases() {
        let list = |target: bool| -> Vec<f32> {
            let some = trials(&case).into_iter().filter(|trial| trial.is_target() == target);
            some.map(|trial| trial.score() as f32).collect()
        };
        let (rate, threshold) = equal_error_rate(&list(true), &list(false)).unwrap();
        close(&name, rate, &case["once"]["eer"]);
        close(&name, f64::from(threshold), &case["once"]["eer_threshold"]);
    }
}

fn cases() -> BTreeMap<String, Value> {
    serde_json::from_str(include_str!("../golden/metrics.json")).expect("the golden file is JSON")
}

fn trials(case: &Value) -> Vec<Trial> {
    let rows = |kind: &str| case[kind].as_array().expect("a list").clone();
    let speaker =
        |value: &Value| u32::try_from(value.as_u64().expect("a whole number")).expect("a small one");
    let score = |row: &Value| row[0].as_f64().expect("a number");
    let targets = rows("targets").into_iter().map(|row| Trial::target(score(&row), speaker(&row[1])));
    let impostors = rows("impostors")
        .into_iter()
        .map(|row| Trial::impostor(score(&row), speaker(&row[1]), speaker(&row[2])));
    targets.chain(impostors).collect()
}

fn check(name: &str, tally: &Tally, expected: &Value) {
    let found = PointMetrics::new(tally);
    close(name, found.equal_error.rate, &expected["eer"]);
    // A score without weight may be the threshold in place of the next one: the decisions are the same.
    let at = tally.at(expected["eer_threshold"].as_f64().expect("a number"));
    assert!((0.5 * (at.frr + at.far) - found.equal_error.rate).abs() < 1e-12, "{name}");
    for (frr, expected) in found.frr_at_far.iter().zip(expected["frr_at_far"].as_array().expect("a list")) {
        match frr.result {
            Measurability::Measured(point) => close(name, point.frr, expected),
            Measurability::NotMeasurable { .. } => assert!(expected.is_null(), "{name}: {frr:?}"),
        }
    }
    for (cost, expected) in found.detection_cost.iter().zip(expected["costs"].as_array().expect("a list")) {
        close(name, cost.min, &expected[0]);
        close(name, cost.actual, &expected[1]);
    }
    close(name, found.cllr, &expected["cllr"]);
    close(name, found.min_cllr, &expected["min_cllr"]);
    let bins = reliability(tally, &Bins::new(-4.0, 4.0, 4).expect("a range"));
    assert_eq!(bins.len(), expected["reliability"].as_array().expect("a list").len(), "{name}");
    for (n, bin) in bins.iter().enumerate() {
        close(name, bin.predicted, &expected["reliability"][n][0]);
        close(name, bin.observed, &expected["reliability"][n][1]);
    }
}

#[track_caller]
fn close(name: &str, found: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap_or_else(|| panic!("{name}: {found} for {expected}"));
    assert!((found - expected).abs() < 1e-6, "{name}: {found} instead of {expected}");
}
