//! Integration tests of the audio front end.

mod containers;
mod features;
mod fingerprint;
mod hostile;
mod resample;
mod speech;
mod spoof;
mod stream;
mod support;
mod wav;
