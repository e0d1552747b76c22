//! What a recogniser makes of a recording.

/// Most frames: two minutes at the usual 30 ms, and far more than a prompt takes.
pub const MAX_FRAMES: usize = 4096;
/// Most symbols of a recogniser.
pub const MAX_SYMBOLS: usize = 4096;
/// The symbol that stands for none; the first, by convention.
pub const BLANK: usize = 0;
/// How far the posteriors of a frame may be from summing to one: more than single precision rounds.
const SLACK: f64 = 1e-2;

/// Why posteriors cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// There is no frame, or no symbol besides the blank.
    #[error("there are no posteriors")]
    Empty,
    /// The values make no whole frames.
    #[error("{values} values are no frames of {symbols} symbols")]
    Shape {
        /// How many there are.
        values: usize,
        /// How many make a frame.
        symbols: usize,
    },
    /// More than [`MAX_FRAMES`] or [`MAX_SYMBOLS`].
    #[error("there are too many posteriors")]
    TooLarge,
    /// A frame holds what is no distribution: not a number, or not summing to one.
    #[error("frame {frame} is no distribution over the symbols")]
    NoDistribution {
        /// Which, from 0.
        frame: usize,
    },
}

/// Natural-log posteriors of a recogniser's symbols, frame by frame.
#[derive(Debug, Clone, Copy)]
pub struct Posteriors<'a> {
    values: &'a [f32],
    symbols: usize,
    reversed: bool,
}

impl<'a> Posteriors<'a> {
    /// Takes a matrix of frames × `symbols`, row by row. Minus infinity is a symbol that cannot be.
    ///
    /// # Errors
    /// See [`Unusable`].
    pub fn new(values: &'a [f32], symbols: usize) -> Result<Self, Unusable> {
        if values.is_empty() || symbols < 2 {
            return Err(Unusable::Empty);
        }
        if symbols > MAX_SYMBOLS || values.len() / symbols > MAX_FRAMES {
            return Err(Unusable::TooLarge);
        }
        if !values.len().is_multiple_of(symbols) {
            return Err(Unusable::Shape { values: values.len(), symbols });
        }
        for (frame, row) in values.chunks_exact(symbols).enumerate() {
            let sum: f64 = row.iter().map(|&value| f64::from(value).exp()).sum();
            if sum.is_nan() || (sum - 1.0).abs() > SLACK {
                return Err(Unusable::NoDistribution { frame });
            }
        }
        Ok(Self { values, symbols, reversed: false })
    }

    /// The same from the last frame to the first.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { reversed: !self.reversed, ..self }
    }

    /// Number of frames; at least one.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.values.len() / self.symbols
    }

    /// Number of symbols, the blank included; at least two.
    #[must_use]
    pub fn symbols(&self) -> usize {
        self.symbols
    }

    /// The frames in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'a [f32]> {
        let (values, symbols, reversed) = (self.values, self.symbols, self.reversed);
        let frames = self.frames();
        (0..frames).map(move |t| {
            let t = if reversed { frames - 1 - t } else { t };
            &values[t * symbols..(t + 1) * symbols]
        })
    }

    /// For the first t frames, t from 0 to all, the log-likelihood of the best path, whatever it says.
    pub(super) fn best_paths(&self) -> Vec<f64> {
        sums(self.rows().map(best))
    }

    /// Log-posteriors of silence on the first t frames, t from 0 to all.
    pub(super) fn silence(&self) -> Vec<f64> {
        sums(self.rows().map(|row| f64::from(row[BLANK])))
    }
}

fn best(row: &[f32]) -> f64 {
    f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max))
}

/// Zero, and the sums of ever more of `values`.
fn sums(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let running = values.scan(0.0, |sum, value| {
        *sum += value;
        Some(*sum)
    });
    std::iter::once(0.0).chain(running).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_distribution_is_refused() {
        let new = |values: &[f32], symbols| Posteriors::new(values, symbols).map(|p| p.frames());
        assert_eq!(new(&[], 3), Err(Unusable::Empty));
        assert_eq!((new(&[0.0], 0), new(&[0.0], 1)), (Err(Unusable::Empty), Err(Unusable::Empty)));
        assert_eq!(new(&[-1.0; 7], 3), Err(Unusable::Shape { values: 7, symbols: 3 }));
        assert_eq!(new(&vec![0.0; 2 * (MAX_FRAMES + 1)], 2), Err(Unusable::TooLarge));
        assert_eq!(new(&vec![-9.0; MAX_SYMBOLS + 1], MAX_SYMBOLS + 1), Err(Unusable::TooLarge));
        let half = 0.5_f32.ln();
        for wrong in [f32::NAN, f32::INFINITY, 0.1, -5.0, f32::NEG_INFINITY] {
            let values = [half, half, half, wrong];
            assert_eq!(new(&values, 2), Err(Unusable::NoDistribution { frame: 1 }), "{wrong}");
        }
        assert_eq!(new(&[0.0, f32::NEG_INFINITY, half, half], 2), Ok(2));
    }

    #[test]
    fn running_sums_count_from_nothing_to_all() {
        let values = [0.2_f32, 0.8, 0.9, 0.1].map(f32::ln);
        let posteriors = Posteriors::new(&values, 2).unwrap();
        let near = |found: Vec<f64>, expected: [f64; 3]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} {expected:?}");
        };
        let [a, b, c] = [0.2_f64.ln(), 0.8_f64.ln(), 0.9_f64.ln()];
        near(posteriors.silence(), [0.0, a, a + c]);
        near(posteriors.reversed().silence(), [0.0, c, c + a]);
        near(posteriors.best_paths(), [0.0, b, b + c]);
        near(posteriors.reversed().best_paths(), [0.0, c, c + b]);
    }
}
