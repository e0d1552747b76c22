//! The page is whole, and nothing of the corpus becomes a part of its structure.

use std::collections::BTreeMap;

use voicegate_core::QualityMeasures;
use voicegate_core::decide::Outcome;
use voicegate_core::score::SpeakerScore;
use voicegate_core::similarity::similarity;

use super::super::case::Case;
use super::super::curves::Curves;
use super::super::group::{Enrolled, Group, Worst};
use super::super::share::plan;
use super::super::threshold::AtThreshold;
use super::super::{Breakdown, Condition, Report, group};
use super::html;
use crate::commands::eval::compare::{Backend, Row};
use crate::commands::eval::corpus::Sex;

const NAUGHTY: &str = "<script>alert('a & \"b\"')</script>";

/// Twelve speakers, each against each.
fn report(calibrated: bool) -> Report {
    let scores: Vec<SpeakerScore> = (0..1440)
        .map(|n| {
            let (own, tested) = (n % 12, n / 12 % 12);
            let middle = if own == tested { 9.0 } else { -9.0 };
            let llr = middle + f64::from(n * 7919 % 1000) / 50.0 - 10.0;
            SpeakerScore {
                cosines: BTreeMap::new(),
                llr,
                similarity: similarity(llr).unwrap(),
                reachable: 1.0,
            }
        })
        .collect();
    let case = |(n, score): (u32, &'static SpeakerScore)| Case {
        owner: n % 12,
        tested: n / 12 % 12,
        dataset: NAUGHTY,
        target: n % 12 == n / 12 % 12,
        outcome: if score.similarity >= 0.75 { Outcome::Accept } else { Outcome::Reject },
        score: Some(score),
        quality: QualityMeasures { net_speech_s: 3.0, snr_db: Some(20.0), telephone_band: None },
        owner_sex: Some(if n % 2 == 0 { Sex::Female } else { Sex::Male }),
        tested_sex: None,
        owner_age: Some(12),
    };
    let cases: Vec<Case> = (0..).zip(scores.leak()).map(|(n, score)| case((n, score))).collect();
    let every: Vec<&Case> = cases.iter().collect();
    let plan = plan(20);
    let all = Group::new("all".into(), &every, calibrated, &plan);
    let breakdowns: Vec<Breakdown> =
        group::KINDS.iter().map(|kind| Breakdown::new(kind, &every, calibrated, &plan)).collect();
    let datasets = vec![Group { name: NAUGHTY.into(), ..all.clone() }];
    let thresholds = [0.70, 0.75].map(|t| AtThreshold::new(&cases, t, &Default::default(), &plan));
    Report {
        corpus: NAUGHTY.into(),
        model: NAUGHTY.into(),
        calibration: calibrated.then(|| NAUGHTY.into()),
        condition: Condition::Clean,
        threshold: 0.75,
        min_agreement: 0.3,
        enroll_files: 3,
        draws: 20,
        enrolments: vec![Enrolled::new("all".into(), std::iter::empty())],
        worst: Worst::among(datasets.iter().map(|group| ("data set", group))),
        curves: Curves::new(&every, calibrated),
        thresholds: if calibrated { thresholds.to_vec() } else { Vec::new() },
        all,
        datasets,
        breakdowns,
        comparison: vec![Row {
            system: NAUGHTY.into(),
            backend: Backend::AsNorm,
            calibration: None,
            metrics: None,
        }],
    }
}

/// The faults of a page: tags that are not closed in their order, text with bare signs, names that stand twice.
pub(in crate::commands::eval) fn faults(page: &str) -> Vec<String> {
    let (mut open, mut faults, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for piece in page.strip_prefix("<!DOCTYPE html>\n").unwrap().split('<').skip(1) {
        let Some((tag, text)) = piece.split_once('>') else {
            faults.push(format!("no end: {piece}"));
            continue;
        };
        let entity = |rest: &str| ["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|e| rest.starts_with(e));
        if text.contains('>') || text.split('&').skip(1).any(|rest| !entity(rest)) {
            faults.push(format!("bare sign: {text}"));
        }
        if tag.matches('"').count() % 2 == 1 {
            faults.push(format!("quotes: {tag}"));
        }
        ids.extend(tag.split(" id=\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned));
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or_default().to_owned();
        if tag.starts_with('/') {
            if open.pop().as_ref() != Some(&name) {
                faults.push(format!("closed out of order: {tag}"));
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    faults.extend(open.into_iter().map(|tag| format!("open: {tag}")));
    ids.sort();
    faults.extend(ids.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| format!("twice: {}", pair[0])));
    faults
}

#[test]
fn the_page_is_whole_and_needs_nothing_from_elsewhere() {
    for calibrated in [true, false] {
        let page = html(&report(calibrated));
        assert_eq!(faults(&page), [""; 0]);
        for wrong in ["<script", "http:", "https:", "url(", "@import", " src=", "NaN", "\"inf"] {
            assert!(!page.contains(wrong), "{wrong}");
        }
        assert!(page.contains("&lt;script&gt;alert(&#39;a &amp; &quot;b&quot;&#39;)"));
        assert_eq!(page.matches("<svg viewBox=\"0 0 400").count(), if calibrated { 3 } else { 1 });
        assert_eq!(page.matches("<desc").count(), page.matches("<title id").count());
        assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
    }
}

#[test]
fn the_answer_is_on_top_in_plain_words() {
    let page = html(&report(true));
    let answer = page.find("Of 1000 owners <strong>").unwrap();
    assert!(answer < page.find("<table").unwrap() && answer < page.find("<h2").unwrap());
    assert!(page.contains("Of 1000 strangers <strong>"));
    assert!(page.contains("It is worst for"));
    assert!(html(&report(false)).contains("The scores are not calibrated"));
}

/// The same for a terminal.
#[test]
fn the_text_names_the_worst_group_and_fits_a_page() {
    let text = report(true).text();
    assert!(text.contains("Of 1000 owners") && text.contains("Worst group"), "{text}");
    assert!(text.contains("not measurable with 1320 trials, 3000 needed"), "{text}");
    assert!(text.lines().count() < 60, "{text}");
    assert!(report(false).text().contains("Without a calibration"));
}

#[test]
fn json_says_null_where_there_is_no_calibration() {
    let report = serde_json::to_value(report(false)).unwrap();
    let metrics = &report["all"]["metrics"];
    assert!(metrics["cllr"].is_null() && metrics["detection_cost"][0]["actual"].is_null());
    assert!(metrics["equal_error_rate"]["value"].is_number() && report["all"]["false_reject"].is_null());
}
