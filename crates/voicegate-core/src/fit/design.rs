//! The table of numbers that a fit learns from.

/// One row per trial, one column per score or quality measure; row-major and never of zero columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    rows: Vec<f64>,
    columns: usize,
}

impl Design {
    /// A table of `rows.len() / columns` rows; `None` if the values do not fill whole rows.
    #[must_use]
    pub fn new(rows: Vec<f64>, columns: usize) -> Option<Self> {
        (columns > 0 && rows.len().is_multiple_of(columns)).then_some(Self { rows, columns })
    }

    /// The rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.rows.chunks_exact(self.columns)
    }

    /// Number of columns, at least 1.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Whether all values are finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.rows.iter().all(|value| value.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_rows_make_a_table() {
        assert_eq!(Design::new(vec![], 0), None);
        assert_eq!(Design::new(vec![1.0; 5], 2), None);
        let design = Design::new(vec![1.0, 2.0, 3.0, f64::NAN], 2).unwrap();
        assert_eq!(design.rows().next(), Some(&[1.0, 2.0][..]));
        assert_eq!((design.rows().len(), design.is_finite()), (2, false));
    }
}
