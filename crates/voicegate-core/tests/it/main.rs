//! Integration tests of the core.

mod calibration;
mod challenge;
mod metrics;
mod metrics_laws;
mod pad;
