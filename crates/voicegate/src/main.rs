//! voicegate: self-hosted voice authentication in one program.
//!
//! | module | holds |
//! |---|---|
//! | `cli` | the command line as a tree of arguments |
//! | `commands` | one command per file |
//! | `config` | the configuration file: read, written once, watched |
//! | `wiring` | puts store, models, clock and configuration together |
//! | `output`, `progress`, `logging` | standard output is the answer; everything else goes to standard error |
//! | `exit` | exit status and failures |
//! | `system` | the machine's clock and random generator |

mod cli;
mod commands;
mod config;
mod exit;
mod logging;
mod output;
mod progress;
mod system;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::exit::Failure;
use crate::wiring::Context;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let context = Context::new(&cli.global);
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("system", format!("no threads: {error}")))
        .and_then(|runtime| runtime.block_on(commands::run(cli.command, &context)));
    match done {
        Ok(exit) => exit.into(),
        Err(failure) => {
            context.format.fail(&failure);
            failure.into()
        }
    }
}
