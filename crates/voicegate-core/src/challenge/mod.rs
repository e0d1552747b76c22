//! Words that have to be said for this one attempt: what is asked, and how much a recording speaks for having said it.
//!
//! A prompt is drawn at random, so that no recording made before can answer it, and belongs to one person, device and
//! purpose for a short time. What was said is judged by a likelihood ratio over the phone posteriors of a recogniser,
//! without a transcript; where the recogniser is one that gives nothing else, by the words of its transcript.
//!
//! | module | holds |
//! |---|---|
//! | [`lexicon`] | the words of each language and how they sound |
//! | [`prompt`] | drawing words, and how hard they are to guess |
//! | [`ticket`] | whom a challenge is for, and until when |
//! | [`posteriors`] | what a recogniser makes of a recording |
//! | [`likelihood`] | how likely a recording is, if certain words were said |
//! | [`evidence`] | what speaks for a prompt, as a whole and word by word |
//! | [`timing`] | reaction, pace and pauses |
//! | [`verdict`] | evidence → likelihood ratio → passed or failed |
//! | [`transcript`] | the same from a transcript |

pub mod evidence;
pub mod lexicon;
pub mod likelihood;
pub mod posteriors;
pub mod prompt;
pub mod ticket;
pub mod timing;
pub mod transcript;
pub mod verdict;

pub use lexicon::{Language, Lexicon};
pub use posteriors::Posteriors;
pub use prompt::{Prompt, PromptError, PromptKind, PromptSpec};
pub use ticket::{Challenge, ChallengeId, Purpose, Refusal};
pub use verdict::{Decision, Heard, Rules};
