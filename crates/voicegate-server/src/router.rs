//! Every route, with the scope that it needs.
//!
//! A request passes, from the outside in: request id → security headers → access log → panics → gate → authentication →
//! pace → body → time limit → idempotency → handler. Whoever may not ask is refused before a byte of the body is read.

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use axum::{Extension, Router};
use utoipa::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};
use voicegate_core::access::Scope;

use crate::endpoints::{self as on, openapi_json::Rendered};
use crate::error::ApiError;
use crate::middleware::access_log::access_log;
use crate::middleware::authenticate::{Guard, authenticate};
use crate::middleware::body::body;
use crate::middleware::gate::gate;
use crate::middleware::idempotency::{idempotency, unrepeatable};
use crate::middleware::pace::pace;
use crate::middleware::panics::catch_panics;
use crate::middleware::request_id::request_id;
use crate::middleware::security_headers::security_headers;
use crate::middleware::signed::signed;
use crate::middleware::timeout::timeout;
use crate::openapi::Frame;
use crate::problem::Kind;
use crate::state::AppState;

/// The whole application.
pub fn router(state: AppState) -> Router {
    let behind = |guard, routes| protected(&state, guard, Repeats::Remembered, routes);
    let each_anew = |guard, routes| protected(&state, guard, Repeats::EachAnew, routes);
    // Inside of the rest: it reads the body as it was sent.
    let signed = |guard, routes: UtoipaMethodRouter<AppState>| {
        let state = state.clone();
        each_anew(guard, routes.map(|methods| methods.route_layer(from_fn_with_state(state, signed))))
    };
    let api = OpenApiRouter::new()
        .routes(behind(Guard::Key(Scope::Enroll), routes!(on::enroll_biometric::enroll_biometric)))
        .routes(each_anew(Guard::Key(Scope::Verify), routes!(on::verify_biometric::verify_biometric)))
        .routes(each_anew(
            Guard::EitherKeyOrAnyone(Scope::Verify, Scope::Login),
            routes!(on::challenge_create::challenge_create),
        ))
        .routes(each_anew(Guard::Key(Scope::Verify), routes!(on::voice_verification::voice_verification)))
        .routes(behind(Guard::Key(Scope::Verify), routes!(on::verify_age_acoustic::verify_age_acoustic)))
        .routes(behind(Guard::Key(Scope::ReadProfile), routes!(on::profile_biometric::profile_biometric)))
        .routes(behind(Guard::Key(Scope::Enroll), routes!(on::profile_update::profile_update)))
        .routes(behind(Guard::Key(Scope::RevokeProfile), routes!(on::profile_revoke::profile_revoke)))
        .routes(behind(Guard::Key(Scope::ReadConfig), routes!(on::config_get::config_get)))
        .routes(behind(
            Guard::Key(Scope::WriteConfig),
            routes!(on::config_put::config_put, on::config_patch::config_patch),
        ))
        .routes(behind(Guard::Key(Scope::ReadConfig), routes!(on::experiment_report::experiment_report)))
        .routes(behind(Guard::Key(Scope::ReadConfig), routes!(on::models::models)))
        .routes(behind(Guard::Key(Scope::ReadConfig), routes!(on::model_health::model_health)))
        .routes(behind(Guard::Key(Scope::ReadAudit), routes!(on::audit_list::audit_list)))
        .routes(behind(Guard::Key(Scope::ReadAudit), routes!(on::audit_verify::audit_verify)))
        .routes(behind(Guard::Key(Scope::Admin), routes!(on::keys_list::keys_list)))
        .routes(each_anew(Guard::KeyOrAnyone(Scope::Login), routes!(on::account_create::account_create)))
        .routes(each_anew(Guard::SessionOnly, routes!(on::account_password::account_password)))
        .routes(each_anew(Guard::SessionOnly, routes!(on::totp_begin::totp_begin)))
        .routes(each_anew(Guard::SessionOnly, routes!(on::totp_confirm::totp_confirm)))
        .routes(each_anew(Guard::SessionOnly, routes!(on::totp_remove::totp_remove)))
        .routes(each_anew(Guard::KeyOrAnyone(Scope::Login), routes!(on::session_create::session_create)))
        .routes(each_anew(Guard::KeyOrPendingSession(Scope::Login), routes!(on::session_list::session_list)))
        .routes(each_anew(
            Guard::KeyOrSession(Scope::Login),
            routes!(on::session_end_others::session_end_others),
        ))
        .routes(each_anew(Guard::KeyOrPendingSession(Scope::Login), routes!(on::session_end::session_end)))
        .routes(each_anew(Guard::SessionOnly, routes!(on::session_renew::session_renew)))
        .routes(each_anew(
            Guard::KeyOrPendingSession(Scope::Login),
            routes!(on::session_step_up::session_step_up),
        ))
        .routes(behind(Guard::KeyOrSession(Scope::Login), routes!(on::activity::activity)))
        .routes(signed(Guard::KeyOrSession(Scope::Login), routes!(on::device_bind::device_bind)))
        .routes(behind(Guard::KeyOrSession(Scope::Login), routes!(on::device_list::device_list)))
        .routes(each_anew(Guard::KeyOrSession(Scope::Login), routes!(on::device_rename::device_rename)))
        .routes(each_anew(Guard::KeyOrSession(Scope::Login), routes!(on::device_revoke::device_revoke)))
        .routes(each_anew(Guard::Key(Scope::Admin), routes!(on::keys_create::keys_create)))
        .routes(signed(Guard::KeyOrAnyone(Scope::Login), routes!(on::login::login)))
        .routes(each_anew(Guard::PendingSessionOnly, routes!(on::session_rescore::session_rescore)))
        .routes(behind(Guard::Key(Scope::Admin), routes!(on::keys_revoke::keys_revoke)))
        .route_layer(from_fn_with_state(state.clone(), gate));
    let mut open = OpenApiRouter::with_openapi(Frame::openapi())
        .routes(routes!(on::health::health))
        .routes(routes!(on::health::ready))
        .routes(routes!(on::live::live))
        .routes(routes!(on::problem_type::problem_type))
        .routes(routes!(on::openapi_json::openapi_json))
        .route("/", get(on::index::index));
    if state.settings.metrics {
        // Outside of the gate: it is needed most when that is shut.
        let guard = (state.service.clone(), Guard::Key(Scope::ReadConfig));
        let authenticated = from_fn_with_state(guard, authenticate);
        open = open.routes(routes!(on::metrics::metrics).map(|methods| methods.route_layer(authenticated)));
    }
    let (routes, document) = open.merge(api).split_for_parts();
    let document = document.to_json().expect("the document has only text keys");
    routes
        .merge(SwaggerUi::new("/docs").config(Config::from("/api/openapi.json")))
        .fallback(|| async {
            ApiError::new(Kind::NotFound, "There is nothing at this path; /docs lists what there is.")
        })
        .method_not_allowed_fallback(|| async {
            ApiError::new(
                Kind::MethodNotAllowed,
                "This path does not take this method; the Allow header lists those it takes.",
            )
        })
        .layer(Extension(Rendered(document.into())))
        // The body middleware has its own limit.
        .layer(DefaultBodyLimit::disable())
        .layer(catch_panics())
        .layer(from_fn_with_state(state.clone(), access_log))
        .layer(from_fn(security_headers))
        .layer(from_fn_with_state(state.clone(), request_id))
        .with_state(state)
}

/// What becomes of a write that is sent again under its idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeats {
    /// It gets the remembered answer.
    Remembered,
    /// Its answer may not be remembered, so it takes no key: a verification is a fresh measurement, which must not
    /// outlive a revocation, a challenge is a new one each time, and a new API key, a session token or a recovery code is
    /// shown once.
    EachAnew,
}

/// Puts `routes` behind `guard`.
fn protected(
    state: &AppState,
    guard: Guard,
    repeats: Repeats,
    routes: UtoipaMethodRouter<AppState>,
) -> UtoipaMethodRouter<AppState> {
    routes.map(|methods| {
        // Work under an idempotency key runs in a task of its own, so its panics have to be met there.
        let methods = methods.route_layer(catch_panics());
        let methods = match repeats {
            Repeats::Remembered => methods.route_layer(from_fn_with_state(state.clone(), idempotency)),
            Repeats::EachAnew => methods.route_layer(from_fn(unrepeatable)),
        };
        methods
            .route_layer(from_fn(timeout))
            .route_layer(from_fn_with_state(state.clone(), body))
            .route_layer(from_fn_with_state(state.clone(), pace))
            .route_layer(from_fn_with_state((state.service.clone(), guard), authenticate))
    })
}
