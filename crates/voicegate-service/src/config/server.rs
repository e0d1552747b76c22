use std::net::SocketAddr;
use std::path::PathBuf;

use garde::Validate;
use serde::{Deserialize, Serialize};

use super::Networks;

/// The HTTP server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address and port to listen on.
    #[garde(skip)]
    pub listen: SocketAddr,
    /// Where clients reach the server: scheme, host, port if it is not the usual one, and the path that a proxy takes away.
    /// Devices sign the addresses that begin with it. `null` is `http://` and what a client sends as `Host`.
    #[garde(inner(custom(is_public_url)))]
    pub public_url: Option<String>,
    /// Networks of the proxies whose word on the client's address is taken.
    #[garde(skip)]
    pub trusted_proxies: Networks,
    /// Where the proxies say it.
    #[garde(skip)]
    pub forwarded_header: ForwardedHeader,
    /// A database of places by network address in the format of MaxMind (`.mmdb`); `null` is none.
    #[garde(skip)]
    pub geoip: Option<PathBuf>,
    /// Largest request body in bytes.
    #[garde(range(min = 65_536, max = 1_073_741_824))]
    pub max_body_bytes: usize,
    /// Longest time for a whole request, in seconds.
    #[garde(range(min = 1, max = 600))]
    pub request_timeout_s: u64,
    /// Requests worked on at a time; one more is refused as overloaded.
    #[garde(range(min = 1, max = 100_000))]
    pub max_concurrent_requests: usize,
    /// Requests per minute from one network address without a key or session; more are refused.
    #[garde(range(min = 1, max = 1_000_000))]
    pub public_requests_per_minute: u32,
    /// How long answers to idempotency keys are remembered, in hours.
    #[garde(range(min = 1, max = 720))]
    pub idempotency_hours: u32,
    /// Whether `/metrics` is served beside the API, to keys with scope `read-config`. It holds counts and times.
    #[garde(skip)]
    pub metrics: bool,
}

/// The header in which a proxy names the client. One of them is read: a proxy that writes the one passes on what a client
/// wrote into the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, addresses parted by commas.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// `https://HOST[:PORT][/PATH]` in the spelling that browsers put into requests, since signatures are over it.
#[expect(clippy::ptr_arg, reason = "garde hands the field itself over")]
fn is_public_url(url: &String, (): &()) -> garde::Result {
    let refuse = |why| Err(garde::Error::new(why));
    let Some((rest, port)) = (url.strip_prefix("https://").map(|rest| (rest, ":443")))
        .or_else(|| url.strip_prefix("http://").map(|rest| (rest, ":80")))
    else {
        return refuse("neither http:// nor https://");
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.is_empty()
        || !rest.bytes().all(|byte| byte.is_ascii_graphic())
        || rest.contains(['?', '#', '@'])
    {
        return refuse("not scheme, host and path alone");
    }
    if rest.ends_with('/') {
        return refuse("ends with a slash");
    }
    if authority.bytes().any(|byte| byte.is_ascii_uppercase()) || authority.ends_with(port) {
        return refuse("the host is written in lower case and without the usual port");
    }
    Ok(())
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            trusted_proxies: Networks::default(),
            forwarded_header: ForwardedHeader::XForwardedFor,
            geoip: None,
            max_body_bytes: 16 * 1024 * 1024,
            request_timeout_s: 60,
            max_concurrent_requests: 1024,
            public_requests_per_minute: 300,
            idempotency_hours: 24,
            metrics: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::config::Layers;

    #[test]
    fn an_address_that_no_browser_would_sign_is_refused_with_the_reason() {
        let resolve = |server: serde_json::Value| {
            let file = json!({"server": server});
            Layers { file, ..Layers::default() }.resolve()
        };
        for url in ["https://voice.example.org", "https://[2001:db8::1]:8443/voice", "http://127.0.0.1:8080"]
        {
            assert!(resolve(json!({"public_url": url})).is_ok(), "{url}");
        }
        for (url, expected) in [
            ("voice.example.org", "neither"),
            ("wss://voice.example.org", "neither"),
            ("https://", "not scheme"),
            ("https:///path", "not scheme"),
            ("https://voice.example.org/a?b", "not scheme"),
            ("https://user@voice.example.org", "not scheme"),
            ("https://voice example.org", "not scheme"),
            ("https://voice.example.org/", "slash"),
            ("https://Voice.example.org", "lower case"),
            ("https://voice.example.org:443", "usual port"),
            ("http://voice.example.org:80/x", "usual port"),
        ] {
            let refused = resolve(json!({"public_url": url})).unwrap_err().to_string();
            assert!(refused.contains("server.public_url") && refused.contains(expected), "{url}: {refused}");
        }
        for wrong in [json!({"trusted_proxies": "10.0.0.0/33"}), json!({"forwarded_header": "via"})] {
            assert!(resolve(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
