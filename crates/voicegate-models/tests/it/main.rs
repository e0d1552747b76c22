//! Tests with the real runtime and the shipped model.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod activate;
mod fusion;
mod golden;
mod http_server;
mod mirror;
mod pool;
mod pull;
mod serving;
mod support;
mod waveform;
mod whisper;
mod whisper_peer;
