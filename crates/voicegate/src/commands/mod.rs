//! One command per file.

pub(crate) mod advisor;
pub(crate) mod analyze;
pub(crate) mod audit;
pub(crate) mod bench;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod enroll;
pub(crate) mod eval;
pub(crate) mod key;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod models;
pub(crate) mod openapi;
pub(crate) mod profile;
pub(crate) mod serve;
pub(crate) mod verify;

mod recording;
mod text;

use voicegate_service::ports::Actor;
use voicegate_service::usecase::Caller;

use crate::cli::Command;
use crate::exit::{Exit, Failure};
use crate::wiring::Context;

/// Carries out `command`.
pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Serve(args) => serve::run(args, context).await,
        Command::Enroll(args) => enroll::run(args, context).await,
        Command::Verify(args) => verify::run(args, context).await,
        Command::Analyze(args) => analyze::run(&args, context),
        Command::Profile(command) => profile::run(command, context).await,
        Command::Keys(command) => keys::run(command, context).await,
        Command::Migrate(command) => migrate::run(command, context).await,
        Command::Models(command) => models::run(&command, context),
        Command::Audit(command) => audit::run(command, context).await,
        Command::Advisor(command) => advisor::run(command, context).await,
        Command::Config(command) => config::run(command, context).await,
        Command::Key(command) => key::run(&command, context).await,
        Command::Doctor => doctor::run(context).await,
        Command::Eval(command) => eval::run(&command, context),
        Command::Bench(command) => bench::run(command, context).await,
        Command::Openapi => openapi::run(),
        Command::Completions(args) => completions::run(&args),
    }
}

/// Whoever is at the machine.
fn operator() -> Caller {
    Caller { actor: Actor::Operator, request_id: None }
}

/// A person's name on the command line; clap shows why a name is refused.
fn person(name: &str) -> Result<voicegate_core::PersonId, voicegate_core::person::PersonIdError> {
    voicegate_core::PersonId::new(name)
}
