//! The program as its users meet it: the real binary, real files, real sockets.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod architecture;
mod challenge;
mod commands;
mod crash;
mod migrate;
mod models;
mod pad;
mod serve;
#[path = "../../src/commands/bench/signal.rs"]
mod signal;
mod speech;
mod support;
