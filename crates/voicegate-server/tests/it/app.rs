//! The application under test, spoken to in the words of the domain.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_core::access::Scope;
use voicegate_models::{Library, Models, Registry, Runtime, Settings, adopt, materialise};
use voicegate_server::{AppState, router};
use voicegate_service::Service;
use voicegate_service::config::{Layers, LiveConfig, merge};
use voicegate_service::ports::{Actor, AuditEvent, AuditKind, Change, Entropy, ManualClock, Store};
use voicegate_service::profile::{Profile, ProfileState};
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::api_keys::ApiKeyRequest;
use voicegate_store::seal::KeyFile;
use voicegate_store::{StoreOptions, Vault, open};

use crate::contract::Contract;

pub(crate) const ENROLL: &str = "/api/v1/voice/auth/enroll-biometric";
pub(crate) const VERIFY: &str = "/api/v1/voice/auth/verify-biometric";
pub(crate) const CONFIG: &str = "/api/v1/voice/auth/config";
pub(crate) const KEYS: &str = "/api/v1/keys";
pub(crate) const AUDIT: &str = "/api/v1/voice/audit";

#[derive(Debug)]
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the system gives randomness");
    }
}

#[expect(clippy::disallowed_methods, reason = "tests take what they run on from the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The shipped models, loaded once per process. Their folder goes as soon as they are loaded: what a static holds is never
/// dropped, and each test is a process of its own.
fn models() -> Arc<Models> {
    static MODELS: OnceLock<Arc<Models>> = OnceLock::new();
    MODELS.get_or_init(|| load_models(|_| ()).0).clone()
}

/// The shipped models, after `change` had its way with their folder.
pub(crate) fn load_models(change: impl FnOnce(&Path)) -> (Arc<Models>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    materialise(folder.path()).unwrap();
    adopt(folder.path(), &root().join(".runtime/models")).unwrap();
    change(folder.path());
    let library = match variable("ORT_DYLIB_PATH") {
        Some(path) => Library::At(path.into()),
        None => Library::Beside(vec![root()]),
    };
    let runtime = Runtime::load(&library).expect("scripts/fetch-runtime has put the library into .runtime/");
    let registry = Registry::open(folder.path()).unwrap();
    (Arc::new(Models::load(&runtime, &registry, &Settings::default()).unwrap()), folder)
}

pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) state: AppState,
    pub(crate) service: Service,
    pub(crate) clock: Arc<ManualClock>,
    /// A key that may do everything.
    pub(crate) admin: String,
    pub(crate) vault: Arc<Vault>,
    pub(crate) folder: TempDir,
    contract: Contract,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
    /// `Null` if the body is no JSON.
    pub(crate) body: Value,
}

impl Answer {
    /// The answer, if it has `status`.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.bytes));
        self.body
    }

    /// A problem document of the kind `slug`, if it is one.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, slug: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["type"], format!("/problems/{slug}"), "{body}");
        body
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A request in the making.
pub(crate) struct Call<'a> {
    app: &'a App,
    request: axum::http::request::Builder,
    body: Body,
}

impl Call<'_> {
    pub(crate) fn header(
        mut self,
        name: &str,
        value: impl TryInto<HeaderValue, Error: Into<axum::http::Error>>,
    ) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Sends from another address than everybody else.
    pub(crate) fn from(mut self, host: u8) -> Self {
        let address = SocketAddr::from((Ipv4Addr::new(198, 51, 100, host), 4711));
        self.request = self.request.extension(ConnectInfo(address));
        self
    }

    /// Sends as somebody else than the administrator.
    pub(crate) fn key(self, key: &str) -> Self {
        self.header("authorization", format!("Bearer {key}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type.to_owned())
    }

    pub(crate) async fn send(self) -> Answer {
        self.app.send(self.request.body(self.body).unwrap()).await
    }
}

/// A configuration file for stories that are not about attacks: the same few recordings come again and again.
fn trusting(file: &Value) -> Value {
    let mut trusting = json!({"spoofing": {"countermeasures": "off", "duplicates": {"refuse": false}}});
    merge(&mut trusting, file);
    trusting
}

/// Undoes what [`App::with`] changes.
pub(crate) fn shipped() -> Value {
    json!({"spoofing": {"countermeasures": "required", "duplicates": {"refuse": true}}})
}

impl App {
    /// Starts without countermeasures.
    pub(crate) async fn start() -> Self {
        Self::with(json!({})).await
    }

    /// Starts with a configuration file, and without countermeasures where it does not say otherwise.
    pub(crate) async fn with(file: Value) -> Self {
        Self::with_models(trusting(&file), models()).await
    }

    /// Starts as it is shipped.
    pub(crate) async fn as_shipped() -> Self {
        Self::with_models(json!({}), models()).await
    }

    pub(crate) async fn with_models(file: Value, models: Arc<Models>) -> Self {
        sqlx::any::install_default_drivers();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("voicegate.db").display());
        Self::on(&url, file, folder, models).await
    }

    /// Runs `story` on a new database of the server that `VOICEGATE_TEST_POSTGRES` names, and removes it; nothing without
    /// a server.
    pub(crate) async fn on_postgres(story: impl AsyncFnOnce(&Self)) {
        Self::on_postgres_with(json!({}), story).await;
    }

    /// The same with a configuration file.
    pub(crate) async fn on_postgres_with(file: Value, story: impl AsyncFnOnce(&Self)) {
        let Some(server) = variable("VOICEGATE_TEST_POSTGRES") else {
            eprintln!("SKIPPED: VOICEGATE_TEST_POSTGRES holds no URL");
            return;
        };
        sqlx::any::install_default_drivers();
        let name = format!("voicegate_http_{}", Uuid::from_u128(rand_u128()).simple());
        let mut connection = sqlx::AnyConnection::connect(&server).await.unwrap();
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        let (base, _) = server.rsplit_once('/').expect("the URL names a database");
        let folder = tempfile::tempdir().unwrap();
        let app = Self::on(&format!("{base}/{name}"), trusting(&file), folder, models()).await;
        story(&app).await;
        app.vault.close().await.unwrap();
        connection.execute(AssertSqlSafe(format!("DROP DATABASE {name}"))).await.unwrap();
    }

    async fn on(url: &str, file: Value, folder: TempDir, models: Arc<Models>) -> Self {
        let entropy = Arc::new(SystemEntropy);
        let keys = KeyFile::open_or_create(folder.path().join("master.key"), &*entropy).unwrap();
        let options =
            StoreOptions { anchor: Some(folder.path().join("audit.anchor")), ..StoreOptions::default() };
        let vault = Arc::new(open(url, &options, keys, entropy.clone()).await.unwrap());
        let clock = Arc::new(ManualClock::new("2026-01-01T12:00:00Z".parse::<Timestamp>().unwrap()));
        let config = Arc::new(LiveConfig::new(Layers { file, ..Layers::default() }).unwrap());
        let service = Service::new(vault.clone(), models, config, clock.clone(), entropy);
        let state = AppState::new(service.clone());
        let router = router(state.clone());
        let contract = Contract::of(&router).await;
        let admin = key(&service, &[Scope::Admin]).await;
        Self { router, state, service, clock, admin, vault, folder, contract }
    }

    /// A new key with `scopes`.
    pub(crate) async fn key(&self, scopes: &[Scope]) -> String {
        key(&self.service, scopes).await
    }

    pub(crate) fn later(&self, hours: i64) {
        self.clock.advance(SignedDuration::from_hours(hours));
    }

    /// A request without a key.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> Call<'_> {
        Call { app: self, request: Request::builder().method(method).uri(path), body: Body::empty() }
    }

    /// A request of the administrator.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call<'_> {
        self.anonymous(method, path).key(&self.admin)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    /// Sends `request` and holds the answer against the OpenAPI document and the rules for every answer.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
            request.extensions_mut().insert(ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 4711))));
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer { status: parts.status, headers: parts.headers, bytes, body };
        self.contract.check(&method, &path, &answer);
        answer
    }

    pub(crate) async fn enroll(&self, user: &str, recordings: &[Vec<u8>]) -> Answer {
        let form = Form::new().text("user_id", user).audio_all(recordings);
        self.call(Method::POST, ENROLL).body(&form.content_type(), form.body()).send().await
    }

    pub(crate) async fn verify(&self, user: &str, recording: &[u8]) -> Answer {
        let body = json!({"user_id": user, "audio": BASE64_STANDARD.encode(recording)});
        self.call(Method::POST, VERIFY).json(&body).send().await
    }

    pub(crate) async fn profile(&self, user: &str) -> Answer {
        self.get(&format!("/api/v1/voice/auth/profile/{user}/biometric")).await
    }

    pub(crate) async fn update(&self, user: &str, mode: &str, recordings: &[Vec<u8>]) -> Answer {
        let form = Form::new().text("mode", mode).audio_all(recordings);
        let path = format!("/api/v1/voice/auth/profile/{user}/update");
        self.call(Method::PUT, &path).body(&form.content_type(), form.body()).send().await
    }

    pub(crate) async fn revoke(&self, user: &str) -> Answer {
        self.call(Method::DELETE, &format!("/api/v1/voice/auth/profile/{user}/revoke")).send().await
    }

    /// A profile without samples, put in behind the API's back: a voice needs real recordings.
    pub(crate) async fn begin_profile(&self, user: &str) {
        let (person, at) = (PersonId::new(user).unwrap(), self.service.now());
        let profile = Profile {
            person: person.clone(),
            state: ProfileState::Pending,
            version: 0,
            template: None,
            created_at: at,
            updated_at: at,
            revoked_at: None,
            last_verified_at: None,
        };
        let event = AuditEvent {
            at,
            kind: AuditKind::Enroll,
            actor: Actor::System,
            person: Some(person),
            outcome: "ok".into(),
            request_id: None,
            details: json!({}),
        };
        self.vault.commit(vec![Change::PutProfile { profile, expected_version: 0 }], event).await.unwrap();
    }

    /// Idempotency keys in the (SQLite) database.
    pub(crate) async fn reserved_keys(&self) -> i64 {
        let counted = self.sql("SELECT COUNT(*) FROM idempotency_keys").await;
        counted[0].get(0)
    }

    /// Runs SQL behind the program's back, in the (SQLite) database.
    pub(crate) async fn sql(&self, sql: &str) -> Vec<AnyRow> {
        let url = format!("sqlite:{}", self.folder.path().join("voicegate.db").display());
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        connection.fetch_all(AssertSqlSafe(sql.to_owned())).await.unwrap()
    }

    /// Audit records of a kind.
    pub(crate) async fn audited(&self, kind: &str) -> usize {
        let page = self.get(&format!("{AUDIT}?limit=1000")).await.expect(200);
        page["records"].as_array().unwrap().iter().filter(|record| record["kind"] == kind).count()
    }
}

fn rand_u128() -> u128 {
    let mut random = [0; 16];
    SystemEntropy.fill(&mut random);
    u128::from_be_bytes(random)
}

async fn key(service: &Service, scopes: &[Scope]) -> String {
    let request = ApiKeyRequest { name: "test".into(), scopes: scopes.to_vec(), expires_at: None };
    let caller = Caller { actor: Actor::Operator, request_id: None };
    service.create_api_key(request, &caller).await.unwrap().1.reveal().to_owned()
}

/// A multipart form, written by hand so that it can also be wrong.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    pub(crate) fn new() -> Self {
        Self { boundary: "----form-0a1b2c".into(), body: Vec::new() }
    }

    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("form-data; name=\"{name}\""), None, value.as_bytes())
    }

    pub(crate) fn audio(self, field: &str, file: &str, bytes: &[u8]) -> Self {
        self.part(&format!("form-data; name=\"{field}\"; filename=\"{file}\""), Some("audio/wav"), bytes)
    }

    pub(crate) fn audio_all(self, recordings: &[Vec<u8>]) -> Self {
        let named = recordings.iter().enumerate();
        named.fold(self, |form, (i, bytes)| form.audio("audio", &format!("phrase {}.ogg", i + 1), bytes))
    }

    pub(crate) fn part(mut self, disposition: &str, content_type: Option<&str>, bytes: &[u8]) -> Self {
        self.body.extend(format!("--{}\r\nContent-Disposition: {disposition}\r\n", self.boundary).bytes());
        if let Some(content_type) = content_type {
            self.body.extend(format!("Content-Type: {content_type}\r\n").bytes());
        }
        self.body.extend(b"\r\n");
        self.body.extend(bytes);
        self.body.extend(b"\r\n");
        self
    }

    /// The same form as another client run would send it.
    pub(crate) fn with_boundary(self, boundary: &str) -> Self {
        let text = self.body;
        let old = self.boundary.as_bytes();
        let mut body = Vec::new();
        let mut rest = &text[..];
        while let Some(at) = memchr::memmem::find(rest, old) {
            body.extend(&rest[..at]);
            body.extend(boundary.bytes());
            rest = &rest[at + old.len()..];
        }
        body.extend(rest);
        Self { boundary: boundary.into(), body }
    }

    pub(crate) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        [&self.body, format!("--{}--\r\n", self.boundary).as_bytes()].concat()
    }
}

/// The value of a header in text form, for assertions.
pub(crate) fn retry_after(answer: &Answer) -> Option<&str> {
    answer.header(HeaderName::as_str(&header::RETRY_AFTER))
}
