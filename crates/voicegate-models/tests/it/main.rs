//! Tests with the real runtime and the shipped model.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod golden;
mod pool;
mod serving;
mod support;
