//! The arithmetic, on made-up answers.

use voicegate_core::challenge::PromptKind;
use voicegate_core::metrics::Resampling;

use super::super::super::condition::Condition;
use super::super::hear::{Answer, Spoken};
use super::super::trials::Kind;
use super::group::{Group, Trials};
use super::{Report, Setting, Taken};

/// Six speakers say ten strings of each length. Speaker 5's are heard badly: every second is refused. Of the other
/// prompts of 8 digits one in ten is taken for right, with a ratio above that of half of the right ones.
fn report(speakers: usize) -> Report {
    let mut answers = Vec::new();
    for speaker in 0..speakers {
        for (length, string) in [7, 8].into_iter().flat_map(|length| (0..10).map(move |n| (length, n))) {
            let mut answer = |kind, llr: f64| {
                let (spoken, prompt) = (Spoken::Joined, PromptKind::Digits);
                answers.push(Answer { speaker, spoken, prompt, length, kind, llr, passed: llr >= 0.0 });
            };
            let refused = speaker == 5 && string % 2 == 0;
            answer(Kind::Right, if refused { -1.0 } else { 1.0 + f64::from(string) });
            answer(Kind::Other, if length == 8 && string == 3 { 5.5 } else { -20.0 });
            answer(Kind::OneChanged, -2.0);
        }
    }
    let names: Vec<String> = (0..speakers).map(|n| format!("s{n}")).collect();
    let setting = Setting {
        recogniser: "made-up",
        corpora: vec!["digits.tsv".to_owned()],
        condition: Condition::Clean,
        sentences: Some(Taken { listed: 100, usable: 3 }),
        names: &names,
        plan: Resampling { draws: 200, level: 0.95, seed: 7 },
    };
    Report::new(setting, &answers)
}

fn trials(group: &Group, kind: Kind) -> &Trials {
    group.trials.iter().find(|trials| trials.kind == kind).unwrap()
}

#[test]
fn acceptance_is_counted_by_length_kind_and_speaker() {
    let report = report(6);
    let lengths: Vec<Option<usize>> = report.groups.iter().map(|group| group.length).collect();
    assert_eq!(lengths, [Some(7), Some(8), None]);
    let [seven, eight, all] = [0, 1, 2].map(|place| &report.groups[place]);
    let count = |group: &Group, kind| {
        let accepted = trials(group, kind).accepted;
        (accepted.count, accepted.trials)
    };
    assert_eq!((count(seven, Kind::Right), count(all, Kind::Right)), ((55, 60), (110, 120)));
    assert_eq!((count(seven, Kind::Other), count(eight, Kind::Other)), ((0, 60), (6, 60)));
    assert_eq!(seven.trials.len(), 3, "nothing was exchanged");
    let speakers: Vec<&str> = report.speakers.iter().filter_map(|group| group.speaker.as_deref()).collect();
    assert_eq!(speakers, ["s0", "s1", "s2", "s3", "s4", "s5"]);
    assert_eq!(
        (count(&report.speakers[0], Kind::Right), count(&report.speakers[5], Kind::Right)),
        ((20, 20), (10, 20))
    );
}

#[test]
fn intervals_are_of_speakers_where_there_are_enough() {
    let right = |report: &Report| trials(&report.groups[0], Kind::Right).accepted;
    let method = |report: &Report| serde_json::to_value(right(report).interval).unwrap();
    let six = report(6);
    // Without speaker 5, and with that one drawn as often as is not unlikely.
    assert_eq!(method(&six), "bootstrap");
    assert!(right(&six).high == 1.0 && (0.6..0.9).contains(&right(&six).low), "{:?}", right(&six));
    let other = trials(&six.groups[0], Kind::Other).accepted;
    assert!(other.high > 0.04 && other.high < 0.06, "the rule of three: {other:?}");
    assert_eq!(method(&report(4)), "rule_of_three");
    assert_eq!(serde_json::to_value(six.speakers[5].trials[0].accepted.interval).unwrap(), "wilson");
}

#[test]
fn rates_over_thresholds_and_quantiles_are_of_the_ratios() {
    let report = report(4);
    let [seven, eight] = [0, 1].map(|place| &report.groups[place]);
    assert_eq!(trials(seven, Kind::Right).equal_error_rate, None);
    assert_eq!(trials(seven, Kind::Other).equal_error_rate.unwrap().value, 0.0);
    // Ratios 1 to 10 against one in ten of 5.5: at a threshold between 1 and 2 a tenth of both is wrong.
    let found = trials(eight, Kind::Other).equal_error_rate.unwrap();
    assert!((found.value - 0.1).abs() < 1e-12 && found.low.is_none(), "{found:?}");
    let ratios: Vec<(f64, f64)> =
        trials(seven, Kind::Right).llr.iter().map(|quantile| (quantile.at, quantile.llr)).collect();
    let expected =
        [(0.01, 1.0), (0.05, 1.0), (0.25, 3.0), (0.5, 5.0), (0.75, 8.0), (0.95, 10.0), (0.99, 10.0)];
    assert_eq!(ratios, expected);
}

#[test]
fn the_text_shows_every_group_and_says_that_three_sentences_are_few() {
    let text = report(6).text();
    for line in [
        "recogniser made-up, digits.tsv, clean",
        "7 digits, joined    right        60   91.67 [",
        "8 digits, joined    other        60   10.00 [10.00, 10.00]",
        "all digits, joined  one_changed  120  0.00 [0.00, 2.47]",
        "3 of 100 sentences could be prompts; that is too few to show much.",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
