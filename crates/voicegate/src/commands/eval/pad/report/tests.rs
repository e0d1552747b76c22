//! Rates by hand, from scores that nobody had to hear.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use voicegate_core::countermeasure::{
    Detector, DetectorWeights, FittedSpoofFusion, Orientation, SCHEMA, SpoofFusion,
};

use super::super::super::condition::Condition;
use super::super::super::report::{faults, plan};
use super::super::list::Row;
use super::super::measure::Measured;
use super::super::voices::Voice;
use super::{Case, Report, Setting};

const NAUGHTY: &str = "<script>alert('a & \"b\"')</script>";

/// An attack from 3 on, suspicious from 1 on; the fusion reads `edge` the other way round.
fn fitted() -> FittedSpoofFusion {
    let weights = |slope| DetectorWeights { offset: 0.0, slope, low: -9.0, high: 9.0 };
    let detectors = BTreeMap::from([("net".to_owned(), weights(1.0)), ("edge".to_owned(), weights(-1.0))]);
    FittedSpoofFusion {
        schema: SCHEMA,
        id: NAUGHTY.into(),
        fusion: SpoofFusion { detectors },
        threshold_llr: 3.0,
        suspicious_llr: 1.0,
        attacks: BTreeMap::new(),
        bona_fide: BTreeMap::new(),
        fitted_on: String::new(),
    }
}

/// Name of the species or source, ratio, what the voice says. `net` gives the ratio, `edge` its negative.
type Given = (&'static str, bool, Option<f64>, Option<Voice>);

const GIVEN: [Given; 11] = [
    (NAUGHTY, true, Some(5.0), Some(Voice::Matches)),
    (NAUGHTY, true, Some(5.0), None),
    (NAUGHTY, true, Some(5.0), None),
    (NAUGHTY, true, Some(-1.0), Some(Voice::Matches)),
    ("replay", true, Some(0.0), Some(Voice::Differs)),
    ("replay", true, Some(2.0), Some(Voice::Matches)),
    ("replay", true, None, Some(Voice::Matches)),
    ("readers", false, Some(-2.0), None),
    ("readers", false, Some(-2.0), None),
    ("readers", false, Some(1.5), None),
    ("callers", false, Some(4.0), None),
];

fn report(fused: bool) -> Report {
    let fitted = fitted();
    let row = |(group, attack, ..): &Given| Row {
        name: "x".into(),
        path: PathBuf::from("x"),
        attack: *attack,
        group: (*group).into(),
        system: (*group).into(),
        speaker: None,
    };
    let measured = |(_, _, llr, _): &Given| {
        let scores =
            llr.iter().flat_map(|llr| [("net".to_owned(), *llr), ("edge".to_owned(), -llr)]).collect();
        Measured { scores, llr: llr.filter(|_| fused) }
    };
    let (rows, found): (Vec<Row>, Vec<Measured>) =
        GIVEN.iter().map(|given| (row(given), measured(given))).unzip();
    let case = |i: usize| Case { row: &rows[i], measured: &found[i], unit: i as u32, voice: GIVEN[i].3 };
    let cases: Vec<Case> = (0..rows.len()).map(case).collect();
    let detector = |name: &str, orientation| Detector { name: name.into(), orientation };
    let setting = Setting {
        lists: &[PathBuf::from(NAUGHTY)],
        condition: Condition::Telephone,
        detectors: &[detector("net", Orientation::High), detector("edge", Orientation::Either)],
        fusion: fused.then_some(&fitted),
        plan: plan(50),
    };
    Report::new(&setting, &cases)
}

fn json(fused: bool) -> Value {
    serde_json::to_value(report(fused)).unwrap()
}

#[test]
fn rates_are_by_species_and_by_source_and_the_worst_is_named() {
    let report = json(true);
    let [first, second] = [&report["species"][0], &report["species"][1]];
    assert_eq!([&first["name"], &second["name"]], [NAUGHTY, "replay"]);
    let rate = |of: &Value, what: &str| (of[what]["count"].clone(), of[what]["trials"].clone());
    assert_eq!(rate(first, "apcer"), (json!(1), json!(4)));
    assert_eq!(rate(second, "apcer"), (json!(2), json!(2)));
    assert_eq!(rate(second, "unsuspected"), (json!(1), json!(2)));
    assert_eq!(rate(second, "non_response"), (json!(1), json!(3)));
    assert_eq!(rate(&report["all"], "apcer"), (json!(3), json!(6)));
    assert_eq!(report["worst"]["species"], "replay");

    let sources = report["sources"].as_array().unwrap();
    let names: Vec<&Value> = sources.iter().map(|source| &source["name"]).collect();
    assert_eq!(names, ["callers", "readers", "all"]);
    assert_eq!(rate(&sources[1], "bpcer"), (json!(0), json!(3)));
    assert_eq!(rate(&sources[1], "suspected"), (json!(1), json!(3)));
    assert_eq!(rate(&sources[2], "bpcer"), (json!(1), json!(4)));
    // With 4 bona fide recordings nobody may be above the threshold for 1 %, so it lies above 4, and 3 attacks of 6 are caught.
    let fused = &report["all"]["fused"];
    assert_eq!(fused["apcer_at_bpcer"][0]["rate"]["value"], 0.5);
    assert_eq!(fused["apcer_at_bpcer"][0]["measurable"], false);
    // Read the way the fusion reads it, the negative says as much.
    let detectors = &report["all"]["detectors"];
    assert_eq!(detectors["edge"]["equal_error_rate"], detectors["net"]["equal_error_rate"]);
    assert!(fused["cllr"]["value"].is_number() && detectors["net"]["cllr"].is_null());
    assert_eq!(report["measured"][0]["attacks_unmeasured"], 1.0 / 7.0);
}

#[test]
fn an_attack_is_accepted_where_the_voice_matches_and_nothing_is_suspicious() {
    let report = json(true);
    let of = |n: usize, what: &str| report["end_to_end"][n][what]["count"].clone();
    // One matching voice of two is caught.
    assert_eq!([of(0, "voice_matches"), of(0, "iapar"), of(0, "asked_for_more")], [2, 1, 0]);
    // One matching voice is suspicious, and one without an answer of the detectors is not accepted.
    assert_eq!([of(1, "voice_matches"), of(1, "iapar"), of(1, "asked_for_more")], [2, 0, 1]);
    assert_eq!(of(2, "iapar"), 1);
    assert_eq!(report["end_to_end"][2]["presentations"], 5);
    assert_eq!(json(false)["end_to_end"][1]["iapar"]["count"], 2, "without a fusion nothing is suspicious");
}

#[test]
fn without_a_fusion_there_are_detectors_alone() {
    let report = json(false);
    assert!(report["policy"].is_null() && report["worst"].is_null() && report["all"]["fused"].is_null());
    assert!(report["sources"][2]["bpcer"].is_null() && report["species"][0]["apcer"].is_null());
    assert!(report["all"]["detectors"]["net"]["equal_error_rate"]["value"].is_number());
}

#[test]
fn the_page_is_whole_and_needs_nothing_from_elsewhere() {
    for fused in [true, false] {
        let page = report(fused).html();
        assert_eq!(faults(&page), [""; 0]);
        for wrong in ["<script", "http:", "https:", "url(", "@import", " src=", "NaN", "\"inf"] {
            assert!(!page.contains(wrong), "{wrong}");
        }
        assert_eq!(page.matches("<svg viewBox=\"0 0 400").count(), usize::from(fused));
        assert_eq!(page.contains("It is worst for <strong>replay</strong>"), fused);
        assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
    }
}

#[test]
fn the_text_names_the_worst_species_and_what_is_too_few() {
    let text = report(true).text();
    assert!(text.contains("Worst species: replay, APCER 100.00 ["), "{text}");
    // 7 attacks and 4 bona fide recordings show no rate of 1 % or 5 %.
    assert!(text.contains("(50.00"), "{text}");
    assert!(report(false).text().starts_with("no fusion serves"));
}
