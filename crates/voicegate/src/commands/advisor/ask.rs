use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};
use voicegate_core::advisor::{Advice, Facts, Question, UserContext};
use voicegate_core::device::TrustLevel;
use voicegate_core::risk::{History, Observed, Risk, RiskPolicy};
use voicegate_service::advisor::{Advisor, NoAdvice, Standing};
use voicegate_service::config::{LiveConfig, merge};

use crate::exit::{Exit, Failure};
use crate::logging::{self, Purpose};
use crate::system::SystemClock;
use crate::wiring::Context;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address of Ollama, in place of advisor.url.
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// What Ollama calls the model, in place of advisor.model.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,

    /// Longest time for the advice, in place of advisor.timeout_ms: the first question loads the model.
    #[arg(long, value_name = "MS")]
    timeout_ms: Option<u64>,
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Tried {
    url: String,
    model: String,
    /// Whether the server has the model.
    standing: Standing,
    /// What the model was shown.
    facts: Facts,
    advice: Option<Advice>,
    no_advice: Option<NoAdvice>,
    elapsed_ms: u128,
    /// What the rules say to the same.
    rules: Advice,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let mut layers = context.config.layers()?;
    merge(&mut layers.environment, &json!({ "advisor": args.overrides() }));
    let config = LiveConfig::new(layers)?.current();
    logging::start(&config.log, Purpose::OneShot, context.verbose)?;
    let Some(url) = config.advisor.url.clone() else {
        return Err(Failure::new(
            "usage",
            "there is no model to ask: set advisor.url, or name one with --url",
        ));
    };
    let advisor = Advisor::new(&config.advisor, Arc::new(SystemClock))
        .map_err(|error| Failure::new("invalid-configuration", format!("advisor.url: {error}")))?;
    let (question, risk) = example();
    let facts = Facts::new(&question, Some(&risk));
    let standing = advisor.health().await;
    let asked = advisor.ask(&facts).await;
    let tried = Tried {
        url,
        model: config.advisor.model.clone(),
        standing,
        facts,
        no_advice: asked.advice.as_ref().err().copied(),
        advice: asked.advice.ok(),
        elapsed_ms: asked.elapsed.as_millis(),
        rules: Advice::from_rules(&question, Some(&risk)),
    };
    context.format.print(&tried, describe)?;
    Ok(if tried.advice.is_some() { Exit::Good } else { Exit::Bad })
}

impl Args {
    fn overrides(self) -> Map<String, Value> {
        let given = [
            ("url", self.url.map(Value::from)),
            ("model", self.model.map(Value::from)),
            ("timeout_ms", self.timeout_ms.map(Value::from)),
        ];
        given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

/// A voice that matches by a little, from a device that was odd before.
fn example() -> (Question, Risk) {
    let device = Some(TrustLevel::Suspicious);
    let user_context =
        UserContext { user_id: "example".into(), device_trust_level: device, is_new_device: false };
    let question = Question { similarity_score: 0.77, threshold: 0.75, user_context };
    let observed = Observed { device, ..Observed::default() };
    (question, Risk::assess(&observed, &History::default(), &RiskPolicy::default()))
}

fn describe(tried: &Tried) -> String {
    let Tried { url, model, facts, elapsed_ms, .. } = tried;
    let standing = match tried.standing {
        Standing::Ready => "is there".to_owned(),
        Standing::Missing => format!("is not there; `ollama pull {model}` fetches it"),
        Standing::Off | Standing::Unreachable => "may be there; the server does not say".to_owned(),
    };
    let answer = match (&tried.advice, tried.no_advice) {
        (Some(advice), _) => format!("{} after {elapsed_ms} ms", words(advice)),
        (None, Some(NoAdvice::Timeout)) => {
            format!(
                "none after {elapsed_ms} ms. The first question loads the model: ask again, or with a longer --timeout-ms"
            )
        }
        (None, why) => {
            let why = why.map(|why| why.to_string()).unwrap_or_default();
            format!("none after {elapsed_ms} ms: {why}")
        }
    };
    format!(
        "model   {model} at {url} {standing}\nlogin   similarity {}, threshold {}, device {}\nadvice  {answer}\nrules   {}\n",
        facts.similarity,
        facts.threshold,
        facts.device.map_or("unknown", TrustLevel::as_str),
        words(&tried.rules),
    )
}

fn words(advice: &Advice) -> String {
    format!(
        "{}, risk {}, confidence {:.2}: {}",
        advice.recommendation.as_str(),
        advice.risk_level.as_str(),
        advice.confidence,
        advice.reasoning
    )
}
