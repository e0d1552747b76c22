//! Public keys of devices: points of the curve P-256.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::ecdsa::VerifyingKey;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Why bytes or a JSON Web Key are no public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The members are not those of a key on P-256.
    #[error("not a JSON Web Key with kty \"EC\", crv \"P-256\", x and y")]
    Malformed,
    /// The private key came along, and is compromised now.
    #[error("a private key was sent: make a new one, and send its public part only")]
    Private,
    /// There is no such point on the curve.
    #[error("not a point on the curve P-256")]
    NotOnCurve,
}

/// A JSON Web Key (RFC 7518 section 6.2.1). Members that do not matter here, such as `key_ops`, are ignored.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
    d: Option<IgnoredAny>,
}

/// The key in a JSON Web Key, as 65 bytes: 4, x, y (SEC 1 section 2.3.3, uncompressed).
///
/// # Errors
/// When it is no public key on P-256, or holds the private one.
pub fn from_jwk(jwk: &Value) -> Result<[u8; 65], KeyError> {
    let Jwk { kty, crv, x, y, d } = Jwk::deserialize(jwk).map_err(|_| KeyError::Malformed)?;
    if d.is_some() {
        return Err(KeyError::Private);
    }
    if kty != "EC" || crv != "P-256" {
        return Err(KeyError::Malformed);
    }
    let mut point = vec![4];
    for coordinate in [x, y] {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(coordinate).map_err(|_| KeyError::Malformed)?;
        if bytes.len() != 32 {
            return Err(KeyError::Malformed);
        }
        point.extend(bytes);
    }
    from_sec1(&point)
}

/// The key in an encoded point (SEC 1 section 2.3.4), compressed or not, as 65 bytes: 4, x, y.
///
/// # Errors
/// When it is no point on the curve.
pub fn from_sec1(bytes: &[u8]) -> Result<[u8; 65], KeyError> {
    let key = VerifyingKey::from_sec1_bytes(bytes).map_err(|_| KeyError::NotOnCurve)?;
    key.to_sec1_point(false).as_bytes().try_into().map_err(|_| KeyError::NotOnCurve)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    // RFC 9421 appendix B.1.3, `test-key-ecc-p256`.
    const X: &str = "qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA";
    const Y: &str = "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0";

    #[test]
    fn a_key_is_the_same_point_in_every_spelling() {
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "ext": true, "key_ops": ["verify"]});
        let key = from_jwk(&jwk).unwrap();
        assert_eq!(key[0], 4);
        assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(&key[1..33]), X);
        assert_eq!(from_sec1(&key), Ok(key));
        let compressed = [&[2 + (key[64] & 1)], &key[1..33]].concat();
        assert_eq!(from_sec1(&compressed), Ok(key));
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        let good = json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y});
        let with = |member: &str, value: Value| {
            let mut jwk = good.clone();
            jwk[member] = value;
            from_jwk(&jwk).unwrap_err()
        };
        assert_eq!(with("d", json!("AAAA")), KeyError::Private);
        assert_eq!(with("kty", json!("OKP")), KeyError::Malformed);
        assert_eq!(with("crv", json!("P-384")), KeyError::Malformed);
        assert_eq!(with("y", json!(X)), KeyError::NotOnCurve);
        assert_eq!(with("y", json!(format!("{Y}="))), KeyError::Malformed);
        assert_eq!(with("y", json!(&Y[..40])), KeyError::Malformed);
        assert_eq!(with("y", json!(7)), KeyError::Malformed);
        for other in [json!(null), json!([]), json!("key"), json!({})] {
            assert_eq!(from_jwk(&other), Err(KeyError::Malformed), "{other}");
        }
        // The point at infinity is no key.
        for bytes in [&[][..], &[0], &[4; 65], &[4; 64]] {
            assert_eq!(from_sec1(bytes), Err(KeyError::NotOnCurve));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_point_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(key) = from_sec1(&bytes) {
                prop_assert_eq!(from_sec1(&key), Ok(key));
            }
        }
    }
}
