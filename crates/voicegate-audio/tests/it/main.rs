//! Integration tests of the audio front end.

mod containers;
mod features;
mod hostile;
mod resample;
mod speech;
mod stream;
mod support;
mod wav;
