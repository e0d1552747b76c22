//! The command line as a tree of arguments.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::commands::{
    advisor, analyze, audit, bench, completions, config, enroll, eval, key, keys, migrate, models, profile,
    serve, verify,
};
use crate::output::Format;

const EXIT_STATUS: &str = "\
Exit status:
  0  done; the voice was accepted, the check found nothing wrong
  1  the answer is no: the voice was rejected, the check found something wrong
  2  wrong usage, or it could not be done
  3  inconclusive: the recording could not be judged, or the enrolment needs more samples
  4  more proof is asked for: the voice matches, and something besides it is needed

Answers go to standard output; messages, logs and progress go to standard error. A failure (2) is told on standard
error as 'voicegate: error[CODE]: MESSAGE' and, with --json, on standard output as {\"error\": {\"code\", \"message\"}}; the
codes are stable.";

/// Self-hosted voice authentication.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_STATUS, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Folder of the database and the master key.
    #[arg(long, global = true, value_name = "DIR", env = "VOICEGATE_DATA_DIR", default_value = "data")]
    pub(crate) data_dir: PathBuf,

    /// Configuration file [default: config/voice_auth_config.yaml, if there is one].
    #[arg(long, global = true, value_name = "FILE", env = "VOICEGATE_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,

    /// Log more to standard error; twice for still more.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Global {
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Text }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the HTTP API.
    Serve(serve::Args),
    /// Enrol a voice from recordings.
    Enroll(enroll::Args),
    /// Compare a recording with an enrolled voice.
    Verify(verify::Args),
    /// Measure a recording: format, speech, noise, and whether it could be used.
    Analyze(analyze::Args),
    /// Look at voice profiles and end them.
    #[command(subcommand)]
    Profile(profile::Command),
    /// Make, list and revoke API keys.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Take over voices that another system enrolled.
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// List, check, fetch, choose and compare models.
    #[command(subcommand)]
    Models(models::Command),
    /// Read the audit log and check that it is whole.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Try the language model that is asked about logins.
    #[command(subcommand)]
    Advisor(advisor::Command),
    /// Check and show the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Look after the master key.
    #[command(subcommand)]
    Key(key::Command),
    /// Check the installation and say what to do about each fault.
    Doctor,
    /// Measure error rates on labelled recordings.
    #[command(subcommand)]
    Eval(eval::Command),
    /// Measure speed and memory.
    #[command(subcommand)]
    Bench(bench::Command),
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
    /// Print the completion script of a shell.
    Completions(completions::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_tree_is_consistent() {
        Cli::command().debug_assert();
    }

    /// Scripts may put `--json` and `--data-dir` before or after the command.
    #[test]
    fn global_options_are_taken_on_both_sides_of_the_command() {
        let before =
            Cli::try_parse_from(["voicegate", "--json", "--data-dir", "d", "verify", "--user", "a", "f"]);
        let after =
            Cli::try_parse_from(["voicegate", "verify", "--user", "a", "f", "--json", "--data-dir", "d"]);
        for cli in [before.unwrap(), after.unwrap()] {
            assert_eq!(cli.global.format(), Format::Json);
            assert_eq!(cli.global.data_dir, PathBuf::from("d"));
        }
    }
}
