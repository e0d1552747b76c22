//! Checks the installation without changing it.

mod data;
mod machine;
mod models;

use std::fmt::Write as _;

use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::wiring::Context;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Warn,
    Fail,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    name: &'static str,
    status: Status,
    /// What was found.
    found: String,
    /// What to do about it.
    advice: Option<String>,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, found: found.into(), advice: None }
    }

    fn warn(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, status: Status::Warn, found: found.into(), advice: Some(advice.into()) }
    }

    fn fail(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, status: Status::Fail, found: found.into(), advice: Some(advice.into()) }
    }
}

pub(crate) async fn run(context: &Context) -> Result<Exit, Failure> {
    let mut checks = Vec::new();
    match context.configure() {
        Ok(live) => {
            checks.push(Check::ok("configuration", context.config.described()));
            let config = live.current();
            checks.extend(models::checks(context, &config.models));
            checks.extend(data::checks(context, &config.storage).await);
            checks.push(machine::port(config.server.listen));
        }
        Err(failure) => checks.push(Check::fail(
            "configuration",
            failure.message,
            "correct the fields that are named; `voicegate config default` prints a file that is right",
        )),
    }
    checks.push(machine::space(&context.data_dir));
    checks.push(machine::clock(&context.data_dir));
    context.format.print(checks.as_slice(), describe)?;
    let failed = checks.iter().any(|check| check.status == Status::Fail);
    Ok(if failed { Exit::Bad } else { Exit::Good })
}

fn describe(checks: &[Check]) -> String {
    let mut text = String::new();
    for Check { name, status, found, advice } in checks {
        let mark = match status {
            Status::Ok => "ok  ",
            Status::Warn => "warn",
            Status::Fail => "FAIL",
        };
        let _ = writeln!(text, "{mark}  {name}: {found}");
        if let Some(advice) = advice {
            let _ = writeln!(text, "      -> {advice}");
        }
    }
    text
}
