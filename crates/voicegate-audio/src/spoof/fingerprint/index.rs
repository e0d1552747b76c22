//! Where one fingerprint fits on another: looked up, not tried everywhere.
//!
//! Frames of the same recording agree in whole runs of bits here and there, however much noise there is. Each such agreement
//! votes for the alignment that it implies, and only the alignments with the most votes are compared bit by bit.

use std::cmp::Reverse;

use super::{FEWEST, HOP, MOST_WITH_BITS, Match, NO_BITS};
use crate::pcm::SAMPLE_RATE;

/// Parts of a frame's 32 bits that are looked up by themselves.
const PARTS: usize = 2;
const VALUES: usize = 1 << 16;
/// Alignments that are compared. With as few as this, none of 1,350 changed copies of recordings of the train list is lost
/// that all alignments find.
const ALIGNMENTS: usize = 8;
/// Most frames with the same part that vote: a hum would vote for everything.
const MOST_ALIKE: usize = 8;

/// A fingerprint that others are compared with.
pub(super) struct Index {
    /// Position and bits of each frame that carries some.
    frames: Vec<(usize, u32)>,
    /// For each value of each part one more than the last of `frames` that has it, or 0.
    last: Vec<u16>,
    /// The same for each part of each of `frames`: the one before it that has the same.
    before: Vec<[u16; PARTS]>,
}

/// The frames that are compared.
fn sounding(bits: &[u32]) -> Vec<(usize, u32)> {
    let frames = bits.iter().copied().enumerate().filter(|&(_, bits)| bits != NO_BITS);
    frames.take(MOST_WITH_BITS).collect()
}

fn length(frames: &[(usize, u32)]) -> usize {
    frames.last().map_or(0, |&(position, _)| position + 1)
}

fn slot(bits: u32, part: usize) -> usize {
    part * VALUES + (bits >> (16 * part)) as usize % VALUES
}

impl Index {
    pub(super) fn new(bits: &[u32]) -> Self {
        let frames = sounding(bits);
        let mut last = vec![0; PARTS * VALUES];
        let number = 1_u16..;
        let before = frames.iter().zip(number).map(|(&(_, bits), number)| {
            std::array::from_fn(|part| std::mem::replace(&mut last[slot(bits, part)], number))
        });
        let before = before.collect();
        Self { frames, last, before }
    }

    /// The best of the alignments that seem to fit and keep at least half of the shorter one's bits. None where there is none,
    /// or too little to compare.
    pub(super) fn compare(&self, other: &[u32]) -> Option<Match> {
        let others = sounding(other);
        let other = &other[..length(&others)];
        let needed = (self.frames.len().min(others.len()) / 2).max(FEWEST);
        let compared = self.alignments(&others).into_iter().filter_map(|ahead| {
            let (mut compared, mut errors) = (0, 0);
            for &(position, bits) in &self.frames {
                let other = (position + other.len()).checked_sub(ahead).and_then(|at| other.get(at));
                if let Some(&other) = other.filter(|&&bits| bits != NO_BITS) {
                    compared += 1;
                    errors += (bits ^ other).count_ones();
                }
            }
            (compared >= needed).then(|| Match {
                bit_error_rate: errors as f32 / (compared * 32) as f32,
                compared_s: (compared * HOP) as f32 / SAMPLE_RATE as f32,
            })
        });
        compared.min_by(|a, b| a.bit_error_rate.total_cmp(&b.bit_error_rate))
    }

    /// The alignments with the most votes: by how many frames the other one's end is past this one's start.
    fn alignments(&self, others: &[(usize, u32)]) -> Vec<usize> {
        let length_of_other = length(others);
        let mut votes = vec![0_u16; length(&self.frames) + length_of_other];
        for &(position, bits) in others {
            for part in 0..PARTS {
                let mut at = usize::from(self.last[slot(bits, part)]);
                for _ in 0..MOST_ALIKE {
                    let Some(frame) = at.checked_sub(1) else { break };
                    votes[self.frames[frame].0 + length_of_other - position] += 1;
                    at = usize::from(self.before[frame][part]);
                }
            }
        }
        let mut voted: Vec<(u16, usize)> =
            votes.into_iter().zip(0..).filter(|&(votes, _)| votes > 0).collect();
        if voted.len() > ALIGNMENTS {
            voted.select_nth_unstable_by_key(ALIGNMENTS, |&vote| Reverse(vote));
            voted.truncate(ALIGNMENTS);
        }
        voted.into_iter().map(|(_, ahead)| ahead).collect()
    }
}
