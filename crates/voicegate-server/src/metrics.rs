//! Names and labels of all metrics, and the recorder that keeps them.
//!
//! Labels are closed sets from our own code (routes as templates, outcomes, reason codes): nothing a caller sends and no
//! name of a person becomes a label, so the number of series is bounded and a scrape tells nothing about anybody.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{
    counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram, with_local_recorder,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use voicegate_core::decide::{Outcome, Reason};
use voicegate_service::advisor::NoAdvice;
use voicegate_service::ports::Delivered;
use voicegate_service::usecase::sample::Timings;

/// Requests answered, by method, route template and status.
pub const REQUESTS: &str = "voicegate_http_requests_total";
/// Seconds from request head to answer, by method and route template.
pub const REQUEST_SECONDS: &str = "voicegate_http_request_duration_seconds";
/// Requests refused because too many were being worked on.
pub const OVERLOADED: &str = "voicegate_http_overloaded_total";
/// Requests being worked on.
pub const IN_FLIGHT: &str = "voicegate_http_requests_in_flight";
/// Answers by operation and outcome.
pub const DECISIONS: &str = "voicegate_decisions_total";
/// Reasons other than success, by operation and code.
pub const REASONS: &str = "voicegate_reasons_total";
/// Seconds per stage of a verification.
pub const STAGE_SECONDS: &str = "voicegate_stage_duration_seconds";
/// Seconds until the advisor's model answered or did not, by outcome.
pub const ADVICE_SECONDS: &str = "voicegate_advice_duration_seconds";
/// Attempts to send a notice to the webhook, by outcome.
pub const NOTICES: &str = "voicegate_notices_total";
/// Utterances that wait for the speaker model.
pub const QUEUE_DEPTH: &str = "voicegate_speaker_queue_depth";

/// Upper bounds of the histograms, in seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What was asked for when a decision was made.
#[derive(Debug, Clone, Copy)]
pub enum Operation {
    /// Enrolment.
    Enroll,
    /// Update of a profile.
    Update,
    /// Verification.
    Verify,
    /// Login.
    Login,
    /// Binding a device.
    Bind,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Enroll => "enroll",
            Self::Update => "update",
            Self::Verify => "verify",
            Self::Login => "login",
            Self::Bind => "bind",
        }
    }
}

/// The counters of one server. The recorder is held here and not installed for the whole process, so that two servers
/// (or tests) in one process count apart.
#[derive(Clone)]
pub struct Metrics {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
}

impl Metrics {
    /// Counters at zero.
    #[must_use]
    pub fn new() -> Self {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&BUCKETS)
            .expect("the list of buckets is not empty")
            .build_recorder();
        let handle = recorder.handle();
        let metrics = Self { recorder: Arc::new(recorder), handle };
        metrics.record(|| {
            describe_counter!(REQUESTS, "Requests answered");
            describe_histogram!(REQUEST_SECONDS, "Seconds from request head to answer");
            describe_counter!(OVERLOADED, "Requests refused because too many were being worked on");
            describe_gauge!(IN_FLIGHT, "Requests being worked on");
            describe_counter!(DECISIONS, "Answers by operation and outcome");
            describe_counter!(REASONS, "Reasons other than success, by operation and code");
            describe_histogram!(STAGE_SECONDS, "Seconds per stage of a verification");
            describe_histogram!(ADVICE_SECONDS, "Seconds until the advisor's model answered or did not");
            describe_counter!(NOTICES, "Attempts to send a notice to the webhook, by outcome");
            describe_gauge!(QUEUE_DEPTH, "Utterances that wait for the speaker model");
            counter!(OVERLOADED).absolute(0);
        });
        metrics
    }

    /// Counts one answered request.
    pub fn request(&self, method: &Method, route: &str, status: StatusCode, elapsed: Duration) {
        let method = method_label(method);
        let route = route.to_owned();
        self.record(|| {
            let status = status.as_u16().to_string();
            counter!(REQUESTS, "method" => method, "route" => route.clone(), "status" => status).increment(1);
            histogram!(REQUEST_SECONDS, "method" => method, "route" => route).record(elapsed.as_secs_f64());
        });
    }

    /// Counts one request refused as overloaded.
    pub fn overloaded(&self) {
        self.record(|| counter!(OVERLOADED).increment(1));
    }

    /// Counts one decision with its reasons.
    pub fn decision(&self, operation: Operation, outcome: Outcome, reasons: &[Reason]) {
        let operation = operation.as_str();
        self.record(|| {
            counter!(DECISIONS, "operation" => operation, "outcome" => outcome.as_str()).increment(1);
            if outcome != Outcome::Accept {
                for reason in reasons {
                    let code = reason.code.to_string();
                    counter!(REASONS, "operation" => operation, "code" => code).increment(1);
                }
            }
        });
    }

    /// Notes the stage times of a verification.
    pub fn stages(&self, timings: &Timings) {
        self.record(|| {
            for (stage, ms) in [
                ("decode", timings.decode_ms),
                ("quality", timings.quality_ms),
                ("signals", timings.signals_ms),
                ("networks", timings.networks_ms),
                ("score", timings.score_ms),
                ("store", timings.store_ms),
            ] {
                histogram!(STAGE_SECONDS, "stage" => stage).record(f64::from(ms) / 1e3);
            }
        });
    }

    /// Notes what came of asking the advisor's model.
    pub fn advice(&self, no_advice: Option<NoAdvice>, elapsed: Duration) {
        let outcome = no_advice.map_or("advice", |why| why.as_str());
        self.record(|| histogram!(ADVICE_SECONDS, "outcome" => outcome).record(elapsed.as_secs_f64()));
    }

    /// Counts attempts to send notices to the webhook.
    pub fn notices(&self, ended: &[Delivered]) {
        for delivered in ended {
            let outcome = match delivered {
                Delivered::Done => "taken",
                Delivered::Retry(_) => "failed",
                Delivered::Dead => "given_up",
            };
            self.record(|| counter!(NOTICES, "outcome" => outcome).increment(1));
        }
    }

    /// Everything in the Prometheus text format; the two depths are those of the moment.
    #[must_use]
    pub fn render(&self, in_flight: usize, queue_depth: usize) -> String {
        self.record(|| {
            gauge!(IN_FLIGHT).set(in_flight as f64);
            gauge!(QUEUE_DEPTH).set(queue_depth as f64);
        });
        self.handle.render()
    }

    /// Folds noted times into the histograms. Without it, memory grows while nobody scrapes.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    fn record(&self, note: impl FnOnce()) {
        with_local_recorder(&*self.recorder, note);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(..)")
    }
}

/// Any token may be sent as a method; only those that mean something here become a label.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_rendered() {
        let metrics = Metrics::new();
        metrics.request(&Method::POST, "/x/{id}", StatusCode::OK, Duration::from_millis(3));
        metrics.decision(Operation::Verify, Outcome::Inconclusive, &[Reason::new("too_short", "…")]);
        metrics.decision(Operation::Verify, Outcome::Accept, &[Reason::new("voice_matches", "…")]);
        let text = metrics.render(2, 7);
        for line in [
            r#"voicegate_http_requests_total{method="POST",route="/x/{id}",status="200"} 1"#,
            r#"voicegate_decisions_total{operation="verify",outcome="INCONCLUSIVE"} 1"#,
            r#"voicegate_reasons_total{operation="verify",code="too_short"} 1"#,
            "voicegate_speaker_queue_depth 7",
            "voicegate_http_requests_in_flight 2",
            r#"voicegate_http_request_duration_seconds_bucket{method="POST",route="/x/{id}",le="0.005"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("voice_matches"), "success is no reason to count");
    }

    #[test]
    fn servers_count_apart_and_invented_methods_share_a_label() {
        let (one, other) = (Metrics::new(), Metrics::new());
        one.request(&Method::from_bytes(b"BREW").unwrap(), "unmatched", StatusCode::OK, Duration::ZERO);
        assert!(one.render(0, 0).contains(r#"method="other""#));
        assert!(!other.render(0, 0).contains(r#"method="other""#));
    }
}
