//! Integration tests of the core.

mod calibration;
mod metrics;
mod metrics_laws;
