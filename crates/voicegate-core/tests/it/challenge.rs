//! The evidence for a prompt equals its Python reference (`training/golden/challenge_golden.py`).

use serde::Deserialize;
use voicegate_core::challenge::{Decision, Language, Posteriors, Prompt, PromptKind};

#[derive(Deserialize)]
struct Golden {
    symbols: Vec<String>,
    decision: Decision,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    log_posteriors: Vec<Vec<f32>>,
    prompts: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    words: Vec<String>,
    log_likelihood: f64,
    free: f64,
    rivals: Vec<f64>,
    clarity: f64,
    llr: f64,
}

/// P5.2
#[test]
fn likelihoods_and_ratios_are_those_of_the_reference() {
    let golden: Golden = serde_json::from_str(include_str!("../golden/challenge.json")).unwrap();
    assert!(golden.cases.iter().map(|case| case.prompts.len()).sum::<usize>() >= 4);
    for case in golden.cases {
        let values = case.log_posteriors.concat();
        let posteriors = Posteriors::new(&values, golden.symbols.len()).unwrap();
        for expected in case.prompts {
            let (language, kind) = (Language::En, PromptKind::Digits);
            let prompt = Prompt { language, kind, words: expected.words.clone() };
            let evidence = golden.decision.evidence(&posteriors, &prompt, &golden.symbols).unwrap();
            let heard = golden.decision.judge(&posteriors, &prompt, &golden.symbols, 0.03).unwrap();
            let near = |found: f64, reference: f64, what: &str| {
                assert!((found - reference).abs() < 1e-3, "{:?}: {what} {found} {reference}", expected.words);
            };
            near(evidence.log_likelihood, expected.log_likelihood, "log-likelihood");
            near(evidence.against_free, expected.free, "against the best path");
            for (found, reference) in evidence.against_rivals.iter().zip(&expected.rivals) {
                near(*found, *reference, "against rivals");
            }
            near(evidence.clarity, expected.clarity, "clarity");
            near(heard.llr, expected.llr, "llr");
        }
    }
}
