//! What a handler is told of a signed request.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use axum::{Extension, Router};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;
use voicegate_server::AppState;
use voicegate_server::client_address::ClientAddress;
use voicegate_server::middleware::body::body;
use voicegate_server::middleware::signed::{Signed, signed};
use voicegate_service::signature::{Window, public_key, verify};

use crate::app::App;
use crate::signing::Signer;

const PATH: &str = "/login/%41?at=%2F&x=1";
const BODY: &str = "--b\r\n\r\nany \u{7f} bytes\r\n--b--";

/// A handler behind the same middleware as a real one: says who signed, after proving it, and where it came from.
fn router(state: &AppState, device: &Signer) -> Router {
    let key = public_key::from_jwk(&device.jwk()).unwrap();
    let now = state.service.now();
    let handler =
        async move |Extension(Signed(claim)): Extension<Signed>, ClientAddress(from), text: String| {
            let Some(claim) = claim else { return format!("nobody from {from}") };
            let proven = verify(&claim, &key, now, Window::default());
            format!("{} {} {proven:?} {} from {from}", claim.device, claim.nonce, text == BODY)
        };
    Router::new()
        .route("/login/{name}", post(handler))
        .route_layer(from_fn_with_state(state.clone(), signed))
        .route_layer(from_fn_with_state(state.clone(), body))
        .with_state(state.clone())
}

async fn send(router: &Router, mut request: Request) -> (StatusCode, String) {
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([198, 51, 100, 7], 4711))));
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    if status == StatusCode::UNAUTHORIZED {
        assert!(response.headers().contains_key("www-authenticate"));
    }
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

/// A request for `address`, signed as one for `signed_for`.
fn request(app: &App, device: &Signer, signed_for: &str, body: &'static str) -> Request {
    let mut request = Request::post(PATH).header("host", "voice.test:8443").body(Body::from(body)).unwrap();
    let headers = device.sign("POST", signed_for, BODY.as_bytes(), "n-1", app.service.now());
    request.headers_mut().extend(headers);
    request
}

#[tokio::test]
async fn a_handler_is_told_who_signed_what_was_sent() {
    let app = App::start().await;
    let device = Signer::new(Uuid::from_u128(7));
    let router = router(&app.state, &device);
    let uri = format!("http://voice.test:8443{PATH}");
    let (_, said) = send(&router, request(&app, &device, &uri, BODY)).await;
    assert_eq!(said, format!("{} n-1 Ok(()) true from 198.51.100.7", device.device));
    // Another address, as another server would be asked for.
    for other in [uri.replace("8443", "8444"), uri.replace("%41", "A"), uri.replace("http:", "https:")] {
        let (_, said) = send(&router, request(&app, &device, &other, BODY)).await;
        assert!(said.contains("Err(Mismatch)"), "{other}: {said}");
    }
    let unsigned = Request::post(PATH).body(Body::from(BODY)).unwrap();
    assert_eq!(send(&router, unsigned).await, (StatusCode::OK, "nobody from 198.51.100.7".into()));
}

#[tokio::test]
async fn behind_a_proxy_the_public_address_is_signed() {
    let server = json!({
        "public_url": "https://voice.example.org/auth",
        "trusted_proxies": "198.51.100.0/24",
    });
    let app = App::with(json!({ "server": server })).await;
    let device = Signer::new(Uuid::from_u128(7));
    let router = router(&app.state, &device);
    let uri = format!("https://voice.example.org/auth{PATH}");
    let mut proxied = request(&app, &device, &uri, BODY);
    proxied.headers_mut().insert("x-forwarded-for", "1.1.1.1, 2600:1:2:3:4::5".parse().unwrap());
    let (_, said) = send(&router, proxied).await;
    assert_eq!(said, format!("{} n-1 Ok(()) true from 2600:1:2:3::", device.device));
    let direct = format!("http://voice.test:8443{PATH}");
    assert!(send(&router, request(&app, &device, &direct, BODY)).await.1.contains("Err(Mismatch)"));
}

#[tokio::test]
async fn a_signature_that_is_no_good_is_refused_with_the_reason() {
    let app = App::start().await;
    let device = Signer::new(Uuid::from_u128(7));
    let router = router(&app.state, &device);
    let uri = format!("http://voice.test:8443{PATH}");
    let good = || request(&app, &device, &uri, BODY);
    let without = |header: &str| {
        let mut request = good();
        request.headers_mut().remove(header);
        request
    };
    let with = |header: &'static str, value: &'static str| {
        let mut request = good();
        request.headers_mut().append(header, value.parse().unwrap());
        request
    };
    for (request, expected) in [
        (request(&app, &device, &uri, "{}"), "Content-Digest is not the SHA-256 of the body."),
        (without("content-digest"), "The header Content-Digest is missing."),
        (without("signature"), "The header Signature is missing."),
        (without("host"), "The header Host is missing."),
        (with("host", "other.test"), "The header Host says one thing twice."),
        (with("signature", "voicegate=:AAAA:"), "The header Signature says one thing twice."),
        (with("signature-input", "x=("), "Signature-Input cannot be read."),
    ] {
        let (status, said) = send(&router, request).await;
        let problem: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{said}");
        assert_eq!(problem["type"], "/problems/signature-refused", "{said}");
        assert_eq!(problem["detail"], expected);
    }
}
