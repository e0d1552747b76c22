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
use clap::error::ErrorKind;

use crate::cli::Cli;
use crate::exit::Failure;
use crate::output::Format;
use crate::wiring::Context;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
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

/// Answers what is no command: with the help that was asked for, or as a failure like any other.
fn refuse(error: &clap::Error) -> ExitCode {
    let help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if help || !error.use_stderr() {
        error.exit();
    }
    // What was meant is not known, so the option is looked for wherever it may stand.
    let json = std::env::args_os().any(|argument| argument == "--json");
    let format = if json { Format::Json } else { Format::Text };
    let message = error.render().to_string();
    let message = message.strip_prefix("error: ").unwrap_or(&message).trim_end();
    let failure = Failure::new("usage", message);
    format.fail(&failure);
    failure.into()
}
