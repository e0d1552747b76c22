//! Reading and changing the configuration.

use axum::http::Method;
use serde_json::json;

use crate::app::{Answer, App, CONFIG};

async fn put(app: &App, if_match: &str, body: serde_json::Value) -> Answer {
    app.call(Method::PUT, CONFIG).header("if-match", if_match.to_owned()).json(&body).send().await
}

/// P1.3, P7.2
#[tokio::test]
async fn a_change_names_the_version_it_is_based_on() {
    let app = App::start().await;
    let before = app.get(CONFIG).await;
    assert_eq!(before.header("etag"), Some("\"0\""));
    assert_eq!(before.expect(200)["effective"]["enrolment"]["min_samples"], 3);

    let body = json!({"enrolment": {"min_samples": 4}});
    app.call(Method::PUT, CONFIG).json(&body).send().await.expect_problem(428, "precondition-required");
    put(&app, "\"7\"", body.clone()).await.expect_problem(412, "precondition-failed");
    let changed = put(&app, "\"0\"", body.clone()).await;
    assert_eq!(changed.header("etag"), Some("\"1\""));
    let changed = changed.expect(200);
    assert_eq!(
        (&changed["effective"]["enrolment"]["min_samples"], &changed["overrides"]),
        (&json!(4), &body)
    );
    put(&app, "\"0\"", json!({})).await.expect_problem(412, "precondition-failed");

    let patched = app.call(Method::PATCH, CONFIG).header("if-match", "\"1\"");
    let patched = patched.json(&json!({"enrolment": {"max_samples": 9}})).send().await.expect(200);
    assert_eq!(patched["overrides"], json!({"enrolment": {"min_samples": 4, "max_samples": 9}}));
    let reset = put(&app, "*", json!({})).await.expect(200);
    assert_eq!((&reset["version"], &reset["effective"]["enrolment"]["min_samples"]), (&json!(3), &json!(3)));
    assert_eq!(app.audited("config").await, 3);
}

/// RFC 7396: `null` takes an override away, and what is not named stays.
#[tokio::test]
async fn a_patch_takes_overrides_away() {
    let app = App::with(json!({"verification": {"score_threshold": 0.7}})).await;
    let patch = async |content_type: &str, body: serde_json::Value| {
        let call = app.call(Method::PATCH, CONFIG).header("if-match", "*");
        call.body(content_type, body.to_string()).send().await
    };
    let body = json!({
        "enrolment": {"min_samples": 4, "max_samples": 9},
        "verification": {"score_threshold": null},
        "audio": {"max_seconds": 60.0},
    });
    let replaced = put(&app, "*", body).await.expect(200);
    assert_eq!(
        replaced["effective"]["verification"]["score_threshold"],
        json!(null),
        "PUT sets what it says"
    );
    let body =
        json!({"enrolment": {"min_samples": null}, "verification": {"score_threshold": null}, "audio": null});
    let patched = patch("application/merge-patch+json", body).await.expect(200);
    assert_eq!(patched["overrides"], json!({"enrolment": {"max_samples": 9}, "verification": {}}));
    let effective = &patched["effective"];
    assert_eq!(
        (&effective["enrolment"]["min_samples"], &effective["enrolment"]["max_samples"]),
        (&json!(3), &json!(9))
    );
    let threshold = effective["verification"]["score_threshold"].as_f64().unwrap();
    assert!((threshold - 0.7).abs() < 1e-6, "the file holds again: {threshold}");
    patch("text/plain", json!({})).await.expect_problem(415, "unsupported-media-type");
    patch("application/json", json!([])).await.expect_problem(400, "invalid-request");
}

/// P1.3
#[tokio::test]
async fn a_threshold_that_accepts_everybody_or_nobody_is_refused() {
    let app = App::start().await;
    for threshold in [-1.0, 0.0, 1.0] {
        let body = json!({"verification": {"score_threshold": threshold}});
        let problem = put(&app, "\"0\"", body).await.expect_problem(422, "invalid-configuration");
        assert_eq!(problem["faults"][0]["path"], "verification.score_threshold");
    }
}

/// P1.3
#[tokio::test]
async fn a_wrong_configuration_lists_every_fault_and_changes_nothing() {
    let app = App::start().await;
    let body = json!({"enrolment": {"min_samples": 0, "min_sampels": 3}, "verification": {"score_threshold": "high"}});
    let problem = put(&app, "\"0\"", body).await.expect_problem(422, "invalid-configuration");
    let mut paths: Vec<_> =
        problem["faults"].as_array().unwrap().iter().map(|fault| fault["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["enrolment.min_sampels", "enrolment.min_samples", "verification.score_threshold"]);
    let problem = put(&app, "\"0\"", json!({"storage": {"url": "sqlite:/tmp/x"}})).await;
    assert_eq!(problem.expect_problem(422, "invalid-configuration")["faults"][0]["path"], "storage");
    for body in [json!([]), json!("x"), json!(null)] {
        put(&app, "\"0\"", body).await.expect_problem(400, "invalid-request");
    }
    assert_eq!(app.get(CONFIG).await.expect(200)["version"], 0);
    assert_eq!(app.audited("config").await, 0);
}

/// P7.2
#[tokio::test]
async fn of_parallel_changes_on_one_version_one_wins() {
    let app = App::start().await;
    let mut statuses = Vec::new();
    let puts = (4..14).map(|n| put(&app, "\"0\"", json!({"enrolment": {"min_samples": n}})));
    for answer in futures_join(puts).await {
        statuses.push(answer.status.as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [[200].as_slice(), &[412; 9]].concat());
    assert_eq!(app.get(CONFIG).await.expect(200)["version"], 1);
}

/// Polls all of them together.
pub(crate) async fn futures_join<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, output) in &mut futures {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    futures.into_iter().filter_map(|(_, output)| output).collect()
}
