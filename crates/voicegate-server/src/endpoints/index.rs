//! `GET /`

use axum::response::Html;

/// Says what this is and where to go on.
pub async fn index() -> Html<&'static str> {
    Html(concat!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>voicegate</title>",
        "<h1>voicegate</h1><p>Voice authentication service.</p>",
        "<ul><li><a href=\"/docs/\">API documentation</a></li>",
        "<li><a href=\"/health\">Health</a></li></ul></html>",
    ))
}
