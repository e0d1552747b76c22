//! How much recordings of one person agree when they are enrolled.

use voicegate_core::{Exemplar, Fusion};

use super::super::corpus::Speaker;
use super::super::embed::Heard;

/// Share of one person's triples that the agreement refuses.
const REFUSED: f64 = 0.01;

/// The agreement that refuses one in a hundred triples of one person; `None` without a triple.
pub(super) fn fit(heard: &[Heard], speakers: &[Speaker], fusion: &Fusion) -> Option<f32> {
    let link = |of: &Exemplar, with: &[&Exemplar]| -> Option<f32> {
        let all: Option<Vec<f32>> =
            with.iter().map(|w| fusion.similarity(&of.voiceprint, &w.voiceprint)).collect();
        all.map(|all| all.iter().sum::<f32>() / all.len() as f32)
    };
    let mut weakest = Vec::new();
    for speaker in speakers {
        let usable: Vec<&Exemplar> =
            speaker.rows.iter().filter_map(|&row| heard[row].enrolment.as_ref().ok()).collect();
        for [a, b, c] in usable.as_chunks::<3>().0 {
            // The weaker of the two joins of average linkage, over which join comes first.
            let joins = [(a, b, c), (a, c, b), (b, c, a)];
            let joined =
                joins.into_iter().filter_map(|(x, y, z)| Some(link(x, &[y])?.min(link(z, &[x, y])?)));
            weakest.extend(joined.reduce(f32::max));
        }
    }
    weakest.sort_unstable_by(f32::total_cmp);
    weakest.get((REFUSED * weakest.len() as f64) as usize).copied()
}
