//! The program as its users meet it: the real binary, real files, real sockets.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod advisor;
mod architecture;
mod challenge;
mod commands;
mod crash;
#[path = "../../../voicegate-models/tests/it/http_server.rs"]
#[expect(dead_code, reason = "the tests of the server use the rest")]
mod http_server;
mod migrate;
mod models;
#[path = "../../../voicegate-server/tests/it/ollama_peer.rs"]
#[expect(dead_code, reason = "the tests of the server use the rest")]
mod ollama_peer;
mod pad;
mod serve;
#[path = "../../src/commands/bench/signal.rs"]
mod signal;
mod speech;
mod support;
