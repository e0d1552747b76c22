//! The HTTP front end over a real database and the real model, without sockets unless sockets are the topic.

#![expect(clippy::unwrap_used, reason = "all of this is test code; a panic is how a test fails")]

mod access;
mod accounts;
mod advised_login;
mod advisor;
mod answers;
mod app;
mod bad_input;
mod challenges;
mod configuration;
mod contract;
mod devices;
mod experiments;
mod fuzz;
mod heard;
#[path = "../../../voicegate-models/tests/it/http_server.rs"]
mod http_server;
mod idempotency;
mod indistinguishable;
mod limits;
mod liveness;
mod login;
mod login_limits;
mod ollama_peer;
mod openapi;
mod operation;
mod person;
mod recordings;
mod rescore;
mod scenarios;
mod signatures;
mod signing;
mod sockets;
mod story;
mod voices;
mod webhook;
