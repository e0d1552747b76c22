//! Where a request comes from, as limits and notices see it.

mod forwarded;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use voicegate_service::config::ServerConfig;

use crate::error::ApiError;
use crate::state::AppState;

/// The address of the client: that of the connection, or, when a trusted proxy connected, the one that the proxy names.
///
/// An IPv6 address stands for its network of 64 bits, the least that one subscriber has (RFC 6177); an IPv4 address in the
/// spelling of IPv6 is the IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() else {
            return Err(ApiError::internal(&"a request came without the address of its connection"));
        };
        Ok(Self(network(client(peer.ip(), &parts.headers, &state.settings))))
    }
}

/// Goes from proxy to proxy for as long as the one that speaks is trusted. What strangers wrote is never read, and who
/// names no address is the client.
fn client(peer: IpAddr, headers: &HeaderMap, settings: &ServerConfig) -> IpAddr {
    let mut client = peer.to_canonical();
    let mut hops = forwarded::hops(headers, settings.forwarded_header);
    while settings.trusted_proxies.contain(client)
        && let Some(Some(hop)) = hops.pop()
    {
        client = hop.to_canonical();
    }
    client
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use voicegate_service::config::ForwardedHeader;

    use super::*;

    fn settings(forwarded_header: ForwardedHeader) -> ServerConfig {
        let trusted_proxies = "10.0.0.0/8, 2001:db8::/32".parse().unwrap();
        ServerConfig { trusted_proxies, forwarded_header, ..ServerConfig::default() }
    }

    #[test]
    fn a_proxy_is_believed_and_a_stranger_is_not() {
        let settings = settings(ForwardedHeader::XForwardedFor);
        for (peer, lines, expected) in [
            ("198.51.100.1", &[][..], "198.51.100.1"),
            ("198.51.100.1", &["203.0.113.9"], "198.51.100.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            // What the client wrote itself stands to the left.
            ("10.0.0.1", &["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.2.3.4, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["\u{e9}, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["10.0.0.3,10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["[2600::1]:4711"], "2600::1"),
            ("2001:db8::1", &["2600::1"], "2600::1"),
            ("10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9, "], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9, nonsense, 10.0.0.2"], "10.0.0.2"),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_bytes(line.as_bytes()).unwrap());
            }
            headers.append("forwarded", HeaderValue::from_static("for=6.6.6.6"));
            let client = client(peer.parse().unwrap(), &headers, &settings);
            assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
        }
    }

    #[test]
    fn only_the_header_that_the_proxies_write_is_read() {
        let settings = settings(ForwardedHeader::Forwarded);
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("6.6.6.6"));
        let proxy = "10.0.0.1".parse().unwrap();
        assert_eq!(client(proxy, &headers, &settings), proxy);
        headers.append("forwarded", HeaderValue::from_static("for=203.0.113.9;proto=https"));
        assert_eq!(client(proxy, &headers, &settings), "203.0.113.9".parse::<IpAddr>().unwrap());
        // A quote that is never closed does not reach into what the proxy adds.
        let mut headers = HeaderMap::new();
        headers.append("forwarded", HeaderValue::from_static("for=\"6.6.6.6"));
        headers.append("forwarded", HeaderValue::from_static("for=203.0.113.9"));
        assert_eq!(client(proxy, &headers, &settings), "203.0.113.9".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn a_subscriber_is_one_address() {
        for (address, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("2600:1:2:3:4:5:6:7", "2600:1:2:3::"),
            ("::1", "::"),
        ] {
            assert_eq!(network(address.parse().unwrap()), expected.parse::<IpAddr>().unwrap());
        }
    }
}
