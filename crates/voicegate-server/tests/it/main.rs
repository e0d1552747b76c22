//! The HTTP front end over a real database and the real model, without sockets unless sockets are the topic.

#![expect(clippy::unwrap_used, reason = "all of this is test code; a panic is how a test fails")]

mod access;
mod app;
mod bad_input;
mod challenges;
mod configuration;
mod contract;
mod experiments;
mod fuzz;
mod idempotency;
mod limits;
mod liveness;
mod openapi;
mod operation;
mod recordings;
mod sockets;
mod story;
