use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Networks as one text, as an environment variable can hold it: `10.0.0.0/8, 192.0.2.7`. A single address is a network of
/// its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Whether `address` is in one of them. An IPv4 address is the same in the spelling of IPv6 (`::ffff:192.0.2.7`).
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }
}

impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let network = |part: &str| {
            let network = part.parse().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| format!("'{part}' is neither a network like 10.0.0.0/8 nor an address"))
        };
        parts.map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<String> for Networks {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Networks> for String {
    fn from(networks: Networks) -> Self {
        networks.to_string()
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, network) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{network}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_its_networks_in_either_spelling() {
        let networks: Networks = "10.0.0.0/8, 192.0.2.7,2001:db8::/32,".parse().unwrap();
        for (address, inside) in [
            ("10.255.0.1", true),
            ("::ffff:10.255.0.1", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
            ("::1", false),
        ] {
            assert_eq!(networks.contain(address.parse().unwrap()), inside, "{address}");
        }
        assert!(!Networks::default().contain("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn networks_are_written_as_they_are_read() {
        let text = "10.0.0.0/8, 192.0.2.7/32, 2001:db8::/32";
        let networks: Networks = text.parse().unwrap();
        assert_eq!(String::from(networks), text);
        assert_eq!("".parse(), Ok(Networks::default()));
        for bad in ["10.0.0.0/33", "proxy", "10.0.0.0/8 10.1.0.0/16", "2001:db8::/129", "10.0.0/8"] {
            assert!(bad.parse::<Networks>().unwrap_err().contains(bad), "{bad}");
        }
    }
}
