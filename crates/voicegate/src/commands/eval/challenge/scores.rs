//! Every trial as a line of a file.

use std::fmt::Write as _;

use super::hear::Answer;

/// The answers, tab-separated, under a heading; `names` are those of the speakers. Numbers are written so that they read
/// back as they were.
pub(super) fn scores(answers: &[Answer], names: &[String]) -> String {
    let mut text = String::from("speaker\tspoken\tprompt\tlength\tkind\tllr\tpassed\n");
    for Answer { speaker, spoken, prompt, length, kind, llr, passed } in answers {
        let (name, spoken, kind) = (&names[*speaker], spoken.name(), kind.name());
        let _ = writeln!(text, "{name}\t{spoken}\t{prompt}\t{length}\t{kind}\t{llr}\t{passed}");
    }
    text
}

#[cfg(test)]
mod tests {
    use voicegate_core::challenge::PromptKind;

    use super::super::hear::Spoken;
    use super::super::trials::Kind;
    use super::*;

    #[test]
    fn a_line_for_each_answer() {
        let answer = |speaker, kind, llr| Answer {
            speaker,
            spoken: Spoken::Joined,
            prompt: PromptKind::Digits,
            length: 7,
            kind,
            llr,
            passed: llr > 0.0,
        };
        let answers = [answer(1, Kind::Right, 0.1), answer(0, Kind::OneChanged, -2.5)];
        assert_eq!(
            scores(&answers, &["ann".to_owned(), "bo".to_owned()]),
            "speaker\tspoken\tprompt\tlength\tkind\tllr\tpassed\nbo\tjoined\tdigits\t7\tright\t0.1\ttrue\n\
             ann\tjoined\tdigits\t7\tone_changed\t-2.5\tfalse\n"
        );
    }
}
