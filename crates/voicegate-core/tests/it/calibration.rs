//! Calibration, PLDA and AS-norm equal their Python references (`training/golden/calibration_golden.py`).

use serde::Deserialize;
use voicegate_core::Embedding;
use voicegate_core::as_norm::{AsNorm, Cohort};
use voicegate_core::fit::plda::Shrinkage;
use voicegate_core::fit::{Design, logistic, plda};
use voicegate_core::plda::Latent;

#[derive(Deserialize)]
struct Golden {
    logistic: Logistic,
    plda: Plda,
    as_norm: Norm,
}

#[derive(Deserialize)]
struct Logistic {
    columns: usize,
    rows: Vec<f64>,
    targets: Vec<bool>,
    weights: Vec<f64>,
    cases: Vec<LogisticCase>,
}

#[derive(Deserialize)]
struct LogisticCase {
    p_target: f64,
    l2: Vec<f64>,
    nonnegative: Vec<bool>,
    coefficients: Vec<f64>,
    intercept: f64,
}

#[derive(Deserialize)]
struct Plda {
    speakers: Vec<Vec<Vec<f32>>>,
    tests: Vec<Vec<Vec<f32>>>,
    cases: Vec<PldaCase>,
}

#[derive(Deserialize)]
struct PldaCase {
    between: f64,
    within: f64,
    trials: Vec<PldaTrial>,
}

#[derive(Deserialize)]
struct PldaTrial {
    enrolled: usize,
    attempt: usize,
    recordings: u32,
    llr: f64,
}

#[derive(Deserialize)]
struct Norm {
    cohort: Vec<Vec<f32>>,
    nearest: usize,
    trials: Vec<NormTrial>,
}

#[derive(Deserialize)]
struct NormTrial {
    enrolled: Vec<f32>,
    attempt: Vec<f32>,
    cosine: f64,
    score: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/calibration.json")).expect("a golden file")
}

fn embeddings(vectors: Vec<Vec<f32>>) -> Vec<Embedding> {
    vectors.into_iter().map(|values| Embedding::new(values).expect("a direction")).collect()
}

#[track_caller]
fn assert_close(ours: f64, theirs: f64, relative: f64) {
    assert!((ours - theirs).abs() <= relative * theirs.abs(), "{ours} is not {theirs}");
}

/// To 1e-9 of each value: both minimize to rounding.
#[test]
fn logistic_regression() {
    let golden = golden().logistic;
    let design = Design::new(golden.rows, golden.columns).unwrap();
    for case in golden.cases {
        let rule = |(&l2, &nonnegative)| logistic::Rule { l2, nonnegative };
        let rules: Vec<_> = case.l2.iter().zip(&case.nonnegative).map(rule).collect();
        let fit = logistic::fit(&design, &golden.targets, &golden.weights, case.p_target, &rules).unwrap();
        assert!(fit.iterations < 20, "{fit:?}");
        assert_close(fit.intercept, case.intercept, 1e-9);
        for (ours, theirs) in fit.coefficients.iter().zip(&case.coefficients) {
            assert_close(*ours, *theirs, 1e-9);
        }
    }
}

/// To 1e-9 of each ratio: the estimate, and the ratio against that of the densities of all recordings side by side.
#[test]
fn plda_of_one_and_of_several_recordings() {
    let golden = golden().plda;
    let speakers: Vec<_> = golden.speakers.into_iter().map(embeddings).collect();
    let speakers: Vec<Vec<&Embedding>> = speakers.iter().map(|own| own.iter().collect()).collect();
    let tests: Vec<_> = golden.tests.into_iter().map(embeddings).collect();
    for case in golden.cases {
        let shrinkage = Shrinkage { between: case.between, within: case.within };
        let plda = plda::fit(&speakers, shrinkage).unwrap();
        for trial in case.trials {
            let own = &tests[trial.enrolled][..trial.recordings as usize];
            let own: Vec<_> = own.iter().map(|recording| plda.project(recording).unwrap()).collect();
            let attempt = plda.project(&tests[trial.attempt][3]).unwrap();
            let llr = plda.llr(&Latent::mean(&own).unwrap(), trial.recordings, &attempt).unwrap();
            assert_close(llr, trial.llr, 1e-9);
        }
    }
}

/// To 1e-12 of each score: both are in double precision.
#[test]
fn adaptive_symmetric_normalization() {
    let golden = golden().as_norm;
    let norm = AsNorm::new(Cohort::new(embeddings(golden.cohort)).unwrap(), golden.nearest).unwrap();
    for trial in golden.trials {
        let [enrolled, attempt] = [trial.enrolled, trial.attempt].map(|v| Embedding::new(v).unwrap());
        assert_close(norm.normalize(trial.cosine, &enrolled, &attempt).unwrap(), trial.score, 1e-12);
        // Kept statistics of one side give the same.
        let kept = norm.statistics(&enrolled).unwrap();
        let score = norm.statistics(&attempt).unwrap().normalize(kept, trial.cosine);
        assert_close(score, trial.score, 1e-12);
    }
}
