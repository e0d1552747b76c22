//! The models: which there are, where they come from, which of them serve, how fast they are.

mod activate;
mod bench;
mod list;
mod pull;

use voicegate_models::Role;

use crate::exit::{Exit, Failure};
use crate::wiring::Context;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the models and fusions, and check the hash of every file.
    List,
    /// Check every file, load the active models and run their self-tests.
    Verify,
    /// Take a model from a mirror: check licence, size and hash, and list it without using it yet.
    Pull(pull::Args),
    /// Let a listed model or fusion serve its task from the next start on, after loading it and its self-test.
    Activate(activate::Args),
    /// Compare the listed speaker models: time of an embedding, size, and error rates on labelled recordings.
    Bench(bench::Args),
}

pub(crate) fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::List => list::run(list::Depth::Files, context),
        Command::Verify => list::run(list::Depth::Loaded, context),
        Command::Pull(args) => pull::run(args, context),
        Command::Activate(args) => activate::run(args, context),
        Command::Bench(args) => bench::run(args, context),
    }
}

/// A role in a table.
fn role(role: Role) -> &'static str {
    match role {
        Role::Active => "active",
        Role::Fallback => "fallback",
        Role::Member => "member",
        Role::Unassigned => "",
    }
}
