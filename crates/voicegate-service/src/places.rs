//! Where on the earth an address is, roughly, by a database that the operator has.

use std::fmt;
use std::net::IpAddr;

use maxminddb::{MaxMindDbError, Reader, geoip2};
use voicegate_core::risk::Coordinates;

/// A database of places in the format of `MaxMind` (`.mmdb`), or none.
#[derive(Default)]
pub struct Places(Option<Reader<Vec<u8>>>);

impl Places {
    /// Takes the bytes of a database.
    ///
    /// # Errors
    /// [`MaxMindDbError`] if they are none.
    pub fn new(bytes: Vec<u8>) -> Result<Self, MaxMindDbError> {
        Reader::from_source(bytes).map(|reader| Self(Some(reader)))
    }

    /// Where an address is, to a tenth of a degree (about 10 km: it is kept with each login, and no risk needs more); `None`
    /// if that is not known.
    #[must_use]
    pub fn of(&self, address: IpAddr) -> Option<Coordinates> {
        let found = self.0.as_ref()?.lookup(address).ok()?.decode::<geoip2::City>().ok()??;
        let roughly = |degrees: f64| (degrees * 10.0).round() / 10.0;
        Some(Coordinates {
            latitude: roughly(found.location.latitude?),
            longitude: roughly(found.location.longitude?),
        })
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Places({})", if self.0.is_some() { "a database" } else { "none" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Documentation networks (RFC 5737, RFC 3849) at well-known places.
    const DATABASE: &[u8] = include_bytes!("../tests/fixtures/places.mmdb");

    #[test]
    fn an_address_is_somewhere_to_a_tenth_of_a_degree_or_nowhere() {
        let places = Places::new(DATABASE.to_vec()).unwrap();
        for (address, expected) in [
            ("192.0.2.7", Some((52.5, 13.4))),
            ("198.51.100.1", Some((40.7, -74.0))),
            ("2001:db8:1::5", Some((35.7, 139.8))),
            // Its country is known alone.
            ("203.0.113.9", None),
            ("127.0.0.1", None),
            ("2001:db8:2::1", None),
        ] {
            let found = places.of(address.parse().unwrap());
            assert_eq!(found.map(|place| (place.latitude, place.longitude)), expected, "{address}");
        }
        assert_eq!(Places::default().of("192.0.2.7".parse().unwrap()), None);
    }

    #[test]
    fn what_is_no_database_is_refused() {
        assert!(Places::new(b"not a database".to_vec()).is_err());
        // Whatever is broken inside of it shows as a place that is not known.
        for end in (0..DATABASE.len()).step_by(97) {
            let _ =
                Places::new(DATABASE[..end].to_vec()).map(|places| places.of("192.0.2.7".parse().unwrap()));
        }
    }
}
