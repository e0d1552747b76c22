//! Who may do what. The table is the OpenAPI document itself, so no route can be forgotten.

use axum::http::Method;
use serde_json::{Value, json};
use voicegate_core::access::Scope;

use crate::app::{App, CONFIG, KEYS, VERIFY};
use crate::contract::Contract;

/// A route as the document has it.
#[derive(Debug)]
struct Route {
    method: Method,
    /// With its parameters filled in.
    path: String,
    /// The scopes of which an API key needs one; none if no key is taken.
    scopes: Vec<Scope>,
    /// Whether a session will do.
    session: bool,
    /// Whether nothing is needed.
    open: bool,
}

async fn routes(app: &App) -> Vec<Route> {
    let document = Contract::of(&app.router).await.document;
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
            let entries = operation["security"].as_array().unwrap();
            let scopes = |scheme: &str| {
                let named = entries.iter().filter_map(|entry| entry.get(scheme));
                named.map(|entry| entry[0].as_str().unwrap().parse::<Scope>().unwrap()).collect::<Vec<_>>()
            };
            assert_eq!(scopes("bearer"), scopes("api_key"), "{method} {path}");
            let path = path
                .replace("{user_id}", "nobody")
                .replace("{kind}", "internal")
                .replace("{name}", "nothing")
                .replace("keys/{id}", "keys/018f0000-0000-7000-8000-000000000000")
                .replace("sessions/{id}", "sessions/018f0000-0000-7000-8000-000000000000")
                .replace("{id}", "x");
            routes.push(Route {
                method,
                path,
                scopes: scopes("bearer"),
                session: entries.iter().any(|entry| entry.get("session").is_some()),
                open: entries.contains(&json!({})),
            });
        }
    }
    routes
}

/// P7.1
#[tokio::test]
async fn every_route_asks_for_what_the_document_names() {
    let app = App::start().await;
    let routes = routes(&app).await;
    assert!(routes.len() >= 34, "{routes:?}");
    let public =
        ["/api/v1/accounts", "/api/v1/sessions", "/api/v1/voice/auth/challenge", "/api/v1/voice/auth/login"];
    for Route { method, path, scopes, session, open } in routes {
        let what = format!("{method} {path}");
        let send = |key: Option<String>| {
            let call = app.anonymous(method.clone(), &path);
            async move { if let Some(key) = key { call.key(&key) } else { call }.send().await }
        };
        let anonymous = send(None).await;
        if open && scopes.is_empty() {
            let open =
                ["/health", "/health/live", "/health/ready", "/api/openapi.json", "/problems/internal"];
            assert!(open.contains(&path.as_str()), "{what} is open to all");
            anonymous.expect(200);
            continue;
        }
        if open {
            assert!(public.contains(&path.as_str()), "{what} is open to the public");
            assert_ne!(anonymous.status.as_u16(), 401, "{what}");
        } else {
            assert!(anonymous.header("www-authenticate").is_some_and(|h| h.starts_with("Bearer ")), "{what}");
            anonymous.expect_problem(401, "unauthenticated");
        }
        // A token of the right form that was never given out.
        send(Some(format!("vgs_{}", "A".repeat(43)))).await.expect_problem(401, "unauthenticated");
        let Some(named) = scopes.first() else {
            assert!(session, "{what}");
            send(Some(app.admin.clone())).await.expect_problem(403, "forbidden");
            continue;
        };
        let enough: Vec<Scope> = scopes.iter().copied().chain([Scope::Admin]).collect();
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| !enough.contains(scope)).collect();
        let refused = send(Some(app.key(&others).await)).await.expect_problem(403, "forbidden");
        assert_eq!(refused["scope"], named.as_str(), "{what}");

        for right in &enough {
            let status = send(Some(app.key(&[*right]).await)).await.status.as_u16();
            assert!(![401, 403].contains(&status), "{what}: {status}");
        }
    }
}

/// P7.1
#[tokio::test]
async fn the_paths_are_those_that_were_asked_for() {
    let app = App::start().await;
    let routes = routes(&app).await;
    for (method, path) in [
        ("POST", "/api/v1/voice/auth/enroll-biometric"),
        ("POST", "/api/v1/voice/auth/verify-biometric"),
        ("POST", "/api/v1/voice/auth/verify-age-acoustic"),
        ("GET", "/api/v1/voice/auth/profile/nobody/biometric"),
        ("PUT", "/api/v1/voice/auth/profile/nobody/update"),
        ("DELETE", "/api/v1/voice/auth/profile/nobody/revoke"),
        ("GET", "/api/v1/voice/auth/config"),
        ("PUT", "/api/v1/voice/auth/config"),
    ] {
        assert!(routes.iter().any(|route| route.method == method && route.path == path), "{method} {path}");
    }
    app.call(Method::POST, "/api/v1/voice/auth/verify-age-acoustic")
        .send()
        .await
        .expect_problem(501, "not-implemented");
}

#[tokio::test]
async fn keys_come_in_either_header_but_not_in_both() {
    let app = App::start().await;
    let key = &app.admin;
    let get = || app.anonymous(Method::GET, CONFIG);
    get().header("authorization", format!("Bearer {key}")).send().await.expect(200);
    get().header("authorization", format!("bearer {key}")).send().await.expect(200);
    get().header("x-api-key", key.as_str()).send().await.expect(200);
    for call in [
        get().header("authorization", format!("Bearer {key}")).header("x-api-key", key.as_str()),
        get().header("x-api-key", key.as_str()).header("x-api-key", key.as_str()),
        get().header("authorization", format!("Basic {key}")),
        get().header("authorization", key.as_str()),
        get().header("authorization", "Bearer"),
        get().header("authorization", "Bearer "),
        get().header("authorization", "Bearer vg_0000"),
        get().header("authorization", format!("Bearer vg_{}", "0".repeat(64))),
        get().header("x-api-key", ""),
    ] {
        call.send().await.expect_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn who_may_not_ask_is_refused_before_the_body_is_looked_at() {
    let app = App::start().await;
    let call = app.anonymous(Method::POST, VERIFY).body("text/plain", vec![0; 64]);
    call.header("content-length", "99999999999").send().await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_key_is_made_used_listed_and_revoked() {
    let app = App::start().await;
    let new = json!({"name": "front desk", "scopes": ["verify", "read-profile"]});
    let answer = app.call(Method::POST, KEYS).json(&new).send().await;
    let location = answer.header("location").unwrap().to_owned();
    let created = answer.expect(201);
    let key = created["key"].as_str().unwrap().to_owned();
    assert_eq!(location, format!("/api/v1/keys/{}", created["id"].as_str().unwrap()));

    let profile = "/api/v1/voice/auth/profile/nobody/biometric";
    app.anonymous(Method::GET, profile).key(&key).send().await.expect_problem(404, "not-enrolled");
    app.anonymous(Method::GET, CONFIG).key(&key).send().await.expect_problem(403, "forbidden");

    let list = app.get(KEYS).await;
    assert!(!String::from_utf8_lossy(&list.bytes).contains(&key), "the secret is listed");
    let list = list.expect(200);
    let entry = list.as_array().unwrap().iter().find(|entry| entry["id"] == created["id"]).unwrap();
    assert_eq!(entry["scopes"], json!(["verify", "read-profile"]));
    assert_eq!(entry["revoked_at"], Value::Null);

    app.call(Method::DELETE, &location).send().await.expect(204);
    app.anonymous(Method::GET, profile).key(&key).send().await.expect_problem(401, "unauthenticated");
    app.call(Method::DELETE, &location).send().await.expect_problem(404, "not-found");
    assert_eq!((app.audited("api_key_created").await, app.audited("api_key_revoked").await), (2, 1));
}

#[tokio::test]
async fn a_key_ends_when_it_was_meant_to() {
    let app = App::start().await;
    let new = json!({"name": "visitor", "scopes": ["read-config"], "expires_at": "2026-01-01T13:00:00Z"});
    let created = app.call(Method::POST, KEYS).json(&new).send().await.expect(201);
    let key = created["key"].as_str().unwrap();
    app.anonymous(Method::GET, CONFIG).key(key).send().await.expect(200);
    app.later(1);
    app.anonymous(Method::GET, CONFIG).key(key).send().await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn wrong_keys_are_refused_with_the_field() {
    let app = App::start().await;
    for (body, field) in [
        (json!({"name": "x", "scopes": ["root"]}), Some("scopes[0]")),
        (json!({"name": "x", "scopes": ["verify"], "expires_at": "tomorrow"}), Some("expires_at")),
        (
            json!({"name": "x", "scopes": ["verify"], "expires_at": "2025-01-01T00:00:00Z"}),
            Some("expires_at"),
        ),
        (json!({"name": 7, "scopes": ["verify"]}), Some("name")),
        (json!({"name": "x", "scopes": ["verify"], "secret": "s"}), Some("secret")),
        (json!({"name": "x", "scopes": []}), None),
        (json!({"name": " ", "scopes": ["verify"]}), None),
        (json!({"scopes": ["verify"]}), None),
        (json!([1]), None),
    ] {
        let problem =
            app.call(Method::POST, KEYS).json(&body).send().await.expect_problem(400, "invalid-request");
        assert_eq!(problem.get("field").and_then(Value::as_str), field, "{body}");
    }
    let new = json!({"name": "x", "scopes": ["verify"]});
    app.call(Method::POST, KEYS)
        .body("text/plain", new.to_string())
        .send()
        .await
        .expect_problem(415, "unsupported-media-type");
    let remembered = app.call(Method::POST, KEYS).header("idempotency-key", "k").json(&new).send().await;
    assert_eq!(remembered.expect_problem(400, "invalid-request")["field"], "idempotency-key");
    app.call(Method::DELETE, "/api/v1/keys/7").send().await.expect_problem(400, "invalid-request");
    assert_eq!(app.audited("api_key_created").await, 1, "only the first key was made");
}
