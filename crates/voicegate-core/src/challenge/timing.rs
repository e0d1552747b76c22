//! How a prompt was said: numbers for a risk assessment, which decide nothing here.

use serde::Serialize;

use super::evidence::Span;

/// When and how fast the words came.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Timing {
    /// From the beginning of the recording to the first word, in seconds. With a client that records from the moment when
    /// it shows the prompt, the time of reading it.
    pub reaction_s: f64,
    /// Words per second from the first word to the last.
    pub words_per_s: f64,
    /// Longest silence between two words, in seconds; 0 for a single word.
    pub longest_pause_s: f64,
    /// Standard deviation of the silences between words, in seconds; 0 for fewer than two. What was put together from
    /// single recordings is often too even, or has one word far off.
    pub pause_deviation_s: f64,
}

impl Timing {
    /// The timing of words at `spans`, in order, with frames `frame_s` seconds apart. `None` without a word.
    #[must_use]
    pub fn new(spans: &[Span], frame_s: f64) -> Option<Self> {
        let (first, last) = (spans.first()?, spans.last()?);
        let pauses: Vec<f64> =
            spans.windows(2).map(|pair| pair[1].start.saturating_sub(pair[0].end) as f64 * frame_s).collect();
        let count = pauses.len().max(1) as f64;
        let mean = pauses.iter().sum::<f64>() / count;
        let variance = pauses.iter().map(|pause| (pause - mean).powi(2)).sum::<f64>() / count;
        let took = last.end.saturating_sub(first.start).max(1) as f64 * frame_s;
        Some(Self {
            reaction_s: first.start as f64 * frame_s,
            words_per_s: spans.len() as f64 / took,
            longest_pause_s: pauses.iter().copied().fold(0.0, f64::max),
            pause_deviation_s: variance.sqrt(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_off_the_spans() {
        let spans = [(50, 70), (80, 100), (140, 150)].map(|(start, end)| Span { start, end });
        let timing = Timing::new(&spans, 0.02).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(timing.reaction_s, 1.0) && near(timing.words_per_s, 1.5), "{timing:?}");
        assert!(near(timing.longest_pause_s, 0.8) && near(timing.pause_deviation_s, 0.3), "{timing:?}");
        let single = Timing::new(&spans[..1], 0.02).unwrap();
        assert!(near(single.words_per_s, 2.5) && near(single.longest_pause_s, 0.0));
        assert_eq!(Timing::new(&[], 0.02), None);
    }
}
