//! Speed and memory, as ratios between alternatives measured in one run.

mod login;
mod names;
mod python;
pub(super) mod samples;
mod server;
pub(super) mod signal;
mod soak;
mod verify;

use crate::exit::{Exit, Failure};
use crate::wiring::Context;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Time each stage of a verification, beside the bare ONNX Runtime call and the same work in Python.
    Verify(verify::Args),
    /// Time the full evidence of a login, decode to decision, on one core.
    Login(login::Args),
    /// Start a server and see whether logins tell, by time or answer, who is enrolled.
    Names(names::Args),
    /// Start a server, send it many verifications over HTTP and watch its memory.
    Soak(soak::Args),
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Verify(args) => verify::run(args, context).await,
        Command::Login(args) => tokio::task::block_in_place(|| login::run(&args, context)),
        Command::Names(args) => tokio::task::block_in_place(|| names::run(&args, context)),
        // Threads with blocking connections, so it has no use for the runtime.
        Command::Soak(args) => tokio::task::block_in_place(|| soak::run(&args, context)),
    }
}

fn seconds(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(seconds) if (1.0..=20.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number from 1 to 20".into()),
    }
}
