//! What proxies say about the hop before them: `X-Forwarded-For` and `Forwarded` (RFC 7239).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use voicegate_service::config::ForwardedHeader;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Hops from the farthest to the nearest; `None` for one that names no address.
type Hops = Vec<Option<IpAddr>>;

/// The hops that a request went by. A line that is not well-formed is one hop without an address: the nearest proxy wrote
/// into it or passed it on, and neither can be told.
pub(super) fn hops(headers: &HeaderMap, written: ForwardedHeader) -> Hops {
    let (name, read): (_, fn(&str) -> Option<Hops>) = match written {
        ForwardedHeader::XForwardedFor => {
            (X_FORWARDED_FOR, |line| Some(line.split(',').map(address).collect()))
        }
        ForwardedHeader::Forwarded => (header::FORWARDED, elements),
    };
    // Bytes that are no text spoil the hop that they stand in, not those after it.
    let line = |value: &HeaderValue| read(&String::from_utf8_lossy(value.as_bytes())).unwrap_or(vec![None]);
    headers.get_all(name).iter().flat_map(line).collect()
}

/// An address, in brackets or not, with a port or without.
fn address(node: &str) -> Option<IpAddr> {
    let node = node.trim();
    let bare = node.parse::<IpAddr>().ok();
    let with_port = || node.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let in_brackets = || node.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    bare.or_else(with_port).or_else(in_brackets)
}

/// The address in `for` of each element of a line; `None` if the line is not well-formed (RFC 7239 section 4).
fn elements(line: &str) -> Option<Hops> {
    split(line, ',')?.into_iter().map(element).collect()
}

fn element(text: &str) -> Option<Option<IpAddr>> {
    let mut node = None;
    for pair in split(text, ';')?.into_iter().map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let value = value_of(value)?;
        if name.eq_ignore_ascii_case("for") && node.replace(value).is_some() {
            return None;
        }
    }
    Some(node.as_deref().and_then(address))
}

/// The parts between separators that are in no quotes; `None` if a quote is left open.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(|c: char| {
        let here = !quoted && c == separator;
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        here
    });
    let parts: Vec<&str> = parts.collect();
    (!quoted).then_some(parts)
}

/// A token, or what is between quotes (RFC 9110 section 5.6.4).
fn value_of(text: &str) -> Option<String> {
    let Some(rest) = text.strip_prefix('"') else {
        return (!text.is_empty() && !text.contains(['"', '\\'])).then(|| text.to_owned());
    };
    let mut value = String::new();
    let mut chars = rest.strip_suffix('"')?.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => value.push(chars.next()?),
            c => value.push(c),
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(line: &str) -> Option<Vec<Option<String>>> {
        let named = |hops: Hops| hops.into_iter().map(|hop| hop.map(|ip| ip.to_string()));
        elements(line).map(|hops| named(hops).collect())
    }

    #[test]
    fn elements_are_read_as_the_rfc_writes_them() {
        let ip = |text: &str| Some(text.to_owned());
        for (line, expected) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", Some(vec![ip("192.0.2.60")])),
            ("For=\"[2001:db8:cafe::17]:4711\"", Some(vec![ip("2001:db8:cafe::17")])),
            ("for=\"[2001:db8:cafe::17]\"", Some(vec![ip("2001:db8:cafe::17")])),
            ("for=192.0.2.43, for=198.51.100.17", Some(vec![ip("192.0.2.43"), ip("198.51.100.17")])),
            ("for=\"_gazonk\", for=unknown, by=_x", Some(vec![None, None, None])),
            ("proto=\"a,b;c\\\"\";for=192.0.2.1", Some(vec![ip("192.0.2.1")])),
            ("for=192.0.2.1;for=192.0.2.2", None),
            ("for", None),
            ("for=", None),
            ("for=\"192.0.2.1", None),
            ("for=\"192.0.2.1\\\"", None),
            ("for=192.0.2.1\"", None),
            ("for=\"192.0.2.1\"x", None),
            // A client's open quote that the proxy's own quotes would close.
            ("for=6.6.6.6;x=\", for=\"[2001:db8::1]\"", None),
            ("x=\", for=6.6.6.6;y=\", for=\"[2001:db8::1]\"", Some(vec![None, ip("2001:db8::1")])),
        ] {
            assert_eq!(of(line), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_client_wrote_the_last_word_is_the_proxys(
            line in "[a-z0-9.=;,\"\\\\ ]{0,40}",
            quoted in any::<bool>(),
        ) {
            let written = if quoted { "for=\"[2600::1]:7\";proto=https" } else { "for=203.0.113.9" };
            let expected = if quoted { "2600::1" } else { "203.0.113.9" };
            if let Some(hops) = of(&format!("{line}, {written}")) {
                prop_assert_eq!(hops.last().unwrap().as_deref(), Some(expected));
            }
        }
    }
}
