//! Speed and memory, as ratios between alternatives measured in one run.

mod python;
pub(super) mod samples;
pub(super) mod signal;
mod soak;
mod verify;

use crate::exit::{Exit, Failure};
use crate::wiring::Context;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Time each stage of a verification, beside the bare ONNX Runtime call and the same work in Python.
    Verify(verify::Args),
    /// Start a server, send it many verifications over HTTP and watch its memory.
    Soak(soak::Args),
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Verify(args) => verify::run(args, context).await,
        // Threads with blocking connections, so it has no use for the runtime.
        Command::Soak(args) => tokio::task::block_in_place(|| soak::run(&args, context)),
    }
}
