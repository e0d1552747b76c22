//! Where to draw the lines.

use super::{Presentation, SpoofFusion};

/// Thresholds on the ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// From here on it is an attack: [`SURE`], or the other threshold where that is higher.
    pub threshold_llr: f64,
    /// From here on it is suspicious; 1 % of the bona fide presentations of the fit are.
    pub suspicious_llr: f64,
}

/// Share of the bona fide presentations of the fit that are asked for more.
const BPCER: f64 = 0.01;

/// Ratio from which an attack is ten times likelier than a living voice where one of twenty presentations is an attack:
/// ln(10 · 0.95 / 0.05). An attack is turned away whatever else is found, and a fit knows few microphones; what is less
/// sure is asked for more, which an attack cannot give.
pub const SURE: f64 = 5.247;

/// The thresholds; `None` without an answered bona fide presentation.
#[must_use]
pub fn thresholds(fusion: &SpoofFusion, presentations: &[Presentation]) -> Option<Thresholds> {
    let own = presentations.iter().filter(|p| !p.attack);
    let evidence = own.map(|p| fusion.evaluate(|name| p.scores.get(name).copied()));
    let mut llrs: Vec<f64> =
        evidence.filter(|found| !found.contributions.is_empty()).map(|found| found.llr).collect();
    llrs.sort_unstable_by(|a, b| b.total_cmp(a));
    let suspicious_llr = llrs.get((BPCER * llrs.len() as f64) as usize)?.next_up();
    Some(Thresholds { threshold_llr: suspicious_llr.max(SURE), suspicious_llr })
}
