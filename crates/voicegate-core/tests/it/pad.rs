//! The error rates of presentation attack detection equal their Python references (`training/golden/pad_golden.py`).

use std::collections::BTreeMap;

use serde::Deserialize;
use voicegate_core::metrics::pad::{PadMetrics, Responses, attack, bona_fide};
use voicegate_core::metrics::{Scores, Tally};

#[derive(Deserialize)]
struct Case {
    threshold: f64,
    attacks: BTreeMap<String, Vec<Option<f64>>>,
    bona_fide: Vec<Option<f64>>,
    pooled: Expected,
    species: BTreeMap<String, Expected>,
    apcer: BTreeMap<String, f64>,
    apnrr: BTreeMap<String, f64>,
    bpcer: f64,
    bpnrr: f64,
}

#[derive(Deserialize)]
struct Expected {
    eer: f64,
    apcer_at_bpcer: [f64; 2],
    bpcer_at_apcer: [f64; 2],
    cllr: f64,
    min_cllr: f64,
}

#[test]
fn rates_by_species_match_the_python_references() {
    let cases: BTreeMap<String, Case> =
        serde_json::from_str(include_str!("../golden/pad.json")).expect("a golden file");
    for (name, case) in cases {
        let bona = Responses::count(case.bona_fide.iter().copied(), case.threshold);
        close(&name, bona.bpcer().unwrap().rate, case.bpcer);
        close(&name, bona.non_response().unwrap().rate, case.bpnrr);
        for (species, scores) in &case.attacks {
            let found = Responses::count(scores.iter().copied(), case.threshold);
            close(species, found.apcer().unwrap().rate, case.apcer[species]);
            close(species, found.non_response().unwrap().rate, case.apnrr[species]);
            check(species, scores.iter(), &case.bona_fide, &case.species[species]);
        }
        check(&name, case.attacks.values().flatten(), &case.bona_fide, &case.pooled);
    }
}

fn check<'a>(
    name: &str,
    attacks: impl Iterator<Item = &'a Option<f64>>,
    bona: &[Option<f64>],
    expected: &Expected,
) {
    let attacks = attacks.flatten().map(|score| attack(*score, 0));
    let trials = attacks.chain(bona.iter().flatten().map(|score| bona_fide(*score, 0)));
    let found = PadMetrics::new(&Tally::new(&Scores::new(trials.collect()).expect("scores of both kinds")));
    close(name, found.equal_error.rate, expected.eer);
    for i in 0..2 {
        close(name, found.apcer_at_bpcer[i].apcer, expected.apcer_at_bpcer[i]);
        close(name, found.bpcer_at_apcer[i].bpcer, expected.bpcer_at_apcer[i]);
    }
    close(name, found.cllr, expected.cllr);
    close(name, found.min_cllr, expected.min_cllr);
}

#[track_caller]
fn close(name: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{name}: {found} instead of {expected}");
}
