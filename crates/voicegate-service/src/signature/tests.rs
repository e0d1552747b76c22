//! The profile held against the vectors of the RFCs, against a signer, and against whatever comes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::base::base;
use super::fields::dictionary;
use super::{Claim, SignatureError, SignedRequest, Window, parse, public_key, verify, verify_decoy};

const DEVICE: Uuid = Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0001);
const CREATED: i64 = 1_767_268_800;
const COVERED: &str = r#"("@method" "@target-uri" "content-digest")"#;

fn now() -> Timestamp {
    Timestamp::from_second(CREATED).unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

fn public(key: &SigningKey) -> [u8; 65] {
    public_key::from_sec1(key.verifying_key().to_sec1_point(true).as_bytes()).unwrap()
}

fn sha256(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

fn params() -> String {
    format!(r#";created={CREATED};nonce="n-1";keyid="{DEVICE}";alg="ecdsa-p256-sha256";tag="voicegate""#)
}

/// A request with `input` as what is signed, and a signature that says nothing yet.
fn request(input: &str) -> SignedRequest {
    let digest = sha256(b"{}");
    SignedRequest {
        method: "POST".into(),
        target_uri: "https://voice.example.org/api/v1/voice/auth/login?x=%20y".into(),
        body_digest: digest,
        content_digest: Some(format!("sha-256=:{}:", BASE64_STANDARD.encode(digest))),
        signature_input: Some(format!("sig={input}")),
        signature: Some(format!("sig=:{}:", BASE64_STANDARD.encode([0; 64]))),
    }
}

/// A request that was really signed. The base is spelled out here, by the RFC and not by our builder.
fn signed(key: &SigningKey) -> SignedRequest {
    let mut request = request(&format!("{COVERED}{}", params()));
    let SignedRequest { method, target_uri, content_digest, .. } = &request;
    let base = format!(
        "\"@method\": {method}\n\"@target-uri\": {target_uri}\n\"content-digest\": {}\n\"@signature-params\": {COVERED}{}",
        content_digest.as_ref().unwrap(),
        params()
    );
    let signature: Signature = key.sign(base.as_bytes());
    request.signature = Some(format!("sig=:{}:", BASE64_STANDARD.encode(signature.to_bytes())));
    request
}

fn judge(request: &SignedRequest, now: Timestamp) -> Result<(), SignatureError> {
    verify(&parse(request)?.expect("there is a signature"), &public(&key()), now, Window::default())
}

/// RFC 9421 appendix B.2.4: a signature of somebody else's making, over a base of our building.
#[test]
fn the_vector_of_the_rfc_holds() {
    let input = r#"sig-b24=("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256""#;
    let sha512 =
        "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:";
    let inputs = dictionary("Signature-Input", input).unwrap();
    let sfv::ListEntry::InnerList(list) = &inputs["sig-b24"] else { panic!("an inner list") };
    let base = base(list, |name| match name {
        "@status" => Some("200"),
        "content-type" => Some("application/json"),
        "content-digest" => Some(sha512),
        "content-length" => Some("23"),
        _ => None,
    });
    let expected = format!(
        "\"@status\": 200\n\"content-type\": application/json\n\"content-digest\": {sha512}\n\"content-length\": 23\n\
         \"@signature-params\": {}",
        &input["sig-b24=".len()..]
    );
    assert_eq!(String::from_utf8(base.clone().unwrap()).unwrap(), expected);
    let signature =
        "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==";
    let claim = Claim {
        label: "sig-b24".into(),
        device: Uuid::nil(),
        nonce: String::new(),
        created: Timestamp::from_second(1_618_884_473).unwrap(),
        base: base.unwrap(),
        signature: BASE64_STANDARD.decode(signature).unwrap().try_into().unwrap(),
    };
    let jwk = json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA",
        "y": "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0",
    });
    let key = public_key::from_jwk(&jwk).unwrap();
    assert_eq!(verify(&claim, &key, claim.created, Window::default()), Ok(()));
    let mut other = claim.clone();
    other.base[0] ^= 1;
    assert_eq!(verify(&other, &key, claim.created, Window::default()), Err(SignatureError::Mismatch));
}

/// RFC 9530 appendix B.1 and B.2.
#[test]
fn digests_of_the_rfc_are_understood() {
    let text = r#"{"hello": "world"}"#;
    let with_newline = format!("{text}\n");
    let both = "sha-512=:AAAA:, sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
    for (body, header, expected) in [
        (&*with_newline, "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", Ok(())),
        (text, "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:", Ok(())),
        (text, both, Ok(())),
        (text, "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", Err(SignatureError::DigestMismatch)),
        (text, "sha-512=:AAAA:", Err(SignatureError::Malformed("Content-Digest"))),
        (text, "sha-256=:AAAA:", Err(SignatureError::Malformed("Content-Digest"))),
        (text, "sha-256=X48E9q", Err(SignatureError::Malformed("Content-Digest"))),
        (text, &format!("{both}, sha-256=:AAAA:"), Err(SignatureError::Duplicate("Content-Digest"))),
    ] {
        let mut request = request(&format!("{COVERED}{}", params()));
        request.body_digest = sha256(body.as_bytes());
        request.content_digest = Some(header.into());
        assert_eq!(parse(&request).map(drop), expected, "{header}");
    }
}

#[test]
fn a_signed_request_says_who_when_and_what() {
    let request = signed(&key());
    let claim = parse(&request).unwrap().unwrap();
    assert_eq!((claim.device, &*claim.nonce, claim.created), (DEVICE, "n-1", now()));
    assert_eq!(claim.label, "sig");
    assert_eq!(judge(&request, now()), Ok(()));
    assert!(!format!("{claim:?}").contains("n-1"));
    // A proxy signs for itself, beside us.
    let mut beside = request.clone();
    beside.signature_input =
        beside.signature_input.map(|ours| format!(r#"proxy=("date");created=1;tag="proxy", {ours}"#));
    beside.signature = beside.signature.map(|ours| format!("{ours}, proxy=:AAAA:"));
    assert_eq!(judge(&beside, now()), Ok(()));
    // Whitespace that structured fields allow is not part of what is signed.
    let mut spaced = request.clone();
    spaced.signature_input = spaced.signature_input.map(|input| input.replace("\" \"", "\"   \""));
    assert_eq!(judge(&spaced, now()), Ok(()));
    let none = SignedRequest { signature_input: None, signature: None, ..request };
    assert_eq!(parse(&none), Ok(None));
}

/// Both (r, s) and (r, n − s) hold.
#[test]
fn either_of_the_two_twins_of_a_signature_is_taken() {
    let claim = parse(&signed(&key())).unwrap().unwrap();
    let signature = Signature::from_slice(&claim.signature).unwrap();
    let (r, s) = (signature.r(), signature.s());
    let twin = Signature::from_scalars(*r, -*s).unwrap();
    assert_ne!(twin, signature);
    let twin = Claim { signature: twin.to_bytes().into(), ..claim };
    assert_eq!(verify(&twin, &public(&key()), now(), Window::default()), Ok(()));
}

#[test]
fn a_signature_has_its_minute() {
    let request = signed(&key());
    for (seconds, expected) in [
        (60, Ok(())),
        (61, Err(SignatureError::TooOld)),
        (i64::from(i32::MAX), Err(SignatureError::TooOld)),
        (-30, Ok(())),
        (-31, Err(SignatureError::FromTheFuture)),
    ] {
        let now = now() + SignedDuration::from_secs(seconds);
        assert_eq!(judge(&request, now), expected, "{seconds}");
    }
    assert_eq!(judge(&request, Timestamp::MAX), Err(SignatureError::TooOld));
    assert_eq!(judge(&request, Timestamp::MIN), Err(SignatureError::FromTheFuture));
}

#[test]
fn only_the_key_of_the_device_fits() {
    let stranger = SigningKey::from_slice(&[8; 32]).unwrap();
    assert_eq!(judge(&signed(&stranger), now()), Err(SignatureError::Mismatch));
    let claim = parse(&signed(&key())).unwrap().unwrap();
    assert_eq!(verify(&claim, &[4; 65], now(), Window::default()), Err(SignatureError::Mismatch));
    assert_eq!(verify_decoy(&claim, now(), Window::default()), SignatureError::Mismatch);
    let late = now() + SignedDuration::from_secs(61);
    assert_eq!(verify_decoy(&claim, late, Window::default()), SignatureError::TooOld);
    // Who knows the decoy's private key gains nothing.
    let mut one = [0; 32];
    one[31] = 1;
    let claim = parse(&signed(&SigningKey::from_slice(&one).unwrap())).unwrap().unwrap();
    assert_eq!(verify_decoy(&claim, now(), Window::default()), SignatureError::Mismatch);
    let zero = Claim { signature: [0; 64], ..claim };
    assert_eq!(verify(&zero, &public(&key()), now(), Window::default()), Err(SignatureError::Mismatch));
}

#[test]
fn what_is_outside_the_profile_is_refused_by_name() {
    use SignatureError as E;
    let all = params();
    let without = |name: &str| {
        let kept = all.split(';').filter(|param| !param.starts_with(name)).collect::<Vec<_>>();
        format!("{COVERED}{}", kept.join(";"))
    };
    let with = |from: &str, to: &str| format!("{COVERED}{}", all.replace(from, to));
    let covering = |components: &str| format!("({components}){all}");
    let rows = [
        (covering(r#""@method" "@target-uri""#), E::MissingComponent("content-digest")),
        (covering(r#""@method" "content-digest""#), E::MissingComponent("@target-uri")),
        (covering(r#""@target-uri" "content-digest""#), E::MissingComponent("@method")),
        (covering(""), E::MissingComponent("@method")),
        (covering(r#""@method" "@target-uri" "content-digest" "@method""#), E::RepeatedComponent("@method")),
        (covering(r#""@method" "@target-uri" "content-digest" "date""#), E::UnknownComponent),
        (covering(r#""@method";req "@target-uri" "content-digest""#), E::UnknownComponent),
        (covering(r#""@method" "@target-uri" "content-digest";sf"#), E::UnknownComponent),
        (covering(r#"@method "@target-uri" "content-digest""#), E::Malformed("Signature-Input")),
        (covering(r#"method "@target-uri" "content-digest""#), E::UnknownComponent),
        (without("created"), E::MissingParameter("created")),
        (without("nonce"), E::MissingParameter("nonce")),
        (without("keyid"), E::MissingParameter("keyid")),
        (without("alg"), E::MissingParameter("alg")),
        (without("tag"), E::WrongTag),
        (with("voicegate", "other"), E::WrongTag),
        (with("\"voicegate\"", "voicegate"), E::WrongTag),
        (with("ecdsa-p256-sha256", "hmac-sha256"), E::UnknownAlgorithm),
        (with("\"ecdsa-p256-sha256\"", "ecdsa-p256-sha256"), E::UnknownAlgorithm),
        (with(";alg", ";expires=1;alg"), E::UnknownParameter),
        (with(";alg", ";nonce=\"n-2\";alg"), E::Duplicate("Signature-Input")),
        (with("created=1767268800", "created=\"1767268800\""), E::MalformedParameter("created")),
        (with("created=1767268800", "created=1.5"), E::MalformedParameter("created")),
        (with("created=1767268800", "created=999999999999999"), E::MalformedParameter("created")),
        (with("n-1", ""), E::MalformedParameter("nonce")),
        (with("n-1", &"n".repeat(129)), E::MalformedParameter("nonce")),
        (with("\"n-1\"", "1"), E::MalformedParameter("nonce")),
        (with("018f", "018F"), E::MalformedParameter("keyid")),
        (with(&DEVICE.to_string(), "device 7"), E::MalformedParameter("keyid")),
        (with(&DEVICE.to_string(), &DEVICE.simple().to_string()), E::MalformedParameter("keyid")),
        ("1".into(), E::Malformed("Signature-Input")),
        ("(".into(), E::Malformed("Signature-Input")),
        (format!("{COVERED}{all}, two={COVERED}{all}"), E::SeveralSignatures),
        (format!("{COVERED}{all}, sig={COVERED}{all}"), E::Duplicate("Signature-Input")),
    ];
    for (input, expected) in rows {
        assert_eq!(parse(&request(&input)).unwrap_err(), expected, "{input}");
    }
    let good = request(&format!("{COVERED}{all}"));
    assert!(parse(&good).is_ok());
    let changed = |change: fn(&mut SignedRequest)| {
        let mut request = good.clone();
        change(&mut request);
        parse(&request).unwrap_err()
    };
    assert_eq!(changed(|r| r.signature = None), E::MissingHeader("Signature"));
    assert_eq!(changed(|r| r.signature_input = None), E::MissingHeader("Signature-Input"));
    assert_eq!(changed(|r| r.content_digest = None), E::MissingHeader("Content-Digest"));
    assert_eq!(changed(|r| r.signature = Some("other=:AAAA:".into())), E::Malformed("Signature"));
    assert_eq!(changed(|r| r.signature = Some("sig=:AAAA:".into())), E::Malformed("Signature"));
    assert_eq!(changed(|r| r.signature = Some("sig=(\"a\")".into())), E::Malformed("Signature"));
    assert_eq!(changed(|r| r.body_digest[0] ^= 1), E::DigestMismatch);
    // Nothing can pass for another line of what is signed.
    let lines = E::Malformed("the method, the address or Content-Digest");
    assert_eq!(changed(|r| r.method = "GET\n\"@method\": POST".into()), lines);
    assert_eq!(changed(|r| r.target_uri.push('é')), lines);
}

/// What of a signed request is changed.
#[derive(Debug, Clone, Copy)]
enum Part {
    Method,
    Address,
    Digest,
    Input,
    Signature,
}

proptest! {
    /// One changed byte anywhere, and it holds no longer, or claims the very same: the last digit of base64 has spare bits.
    #[test]
    fn nothing_that_is_signed_can_be_changed(
        part in prop::sample::select(vec![Part::Method, Part::Address, Part::Digest, Part::Input, Part::Signature]),
        at in any::<prop::sample::Index>(),
        by in b'!'..=b'~',
    ) {
        let original = signed(&key());
        let mut request = original.clone();
        let text = match part {
            Part::Method => &mut request.method,
            Part::Address => &mut request.target_uri,
            Part::Digest => request.content_digest.as_mut().unwrap(),
            Part::Input => request.signature_input.as_mut().unwrap(),
            Part::Signature => request.signature.as_mut().unwrap(),
        };
        let at = at.index(text.len());
        prop_assume!(text.as_bytes()[at] != by);
        text.replace_range(at..=at, &char::from(by).to_string());
        let refused = judge(&request, now()).is_err();
        prop_assert!(refused || parse(&request) == parse(&original), "{part:?} at {at}: {request:?}");
    }

    #[test]
    fn another_body_is_another_request(body in prop::collection::vec(any::<u8>(), 0..40)) {
        prop_assume!(body != b"{}");
        let request = SignedRequest { body_digest: sha256(&body), ..signed(&key()) };
        prop_assert_eq!(judge(&request, now()), Err(SignatureError::DigestMismatch));
    }

    /// Nonce and time can be changed to others that are well-formed, and are found out by the signature alone.
    #[test]
    fn a_signature_is_for_one_nonce_and_time(nonce in "[ -!#-\\[\\]-~]{1,40}", later in -20..20_i64) {
        prop_assume!(nonce != "n-1" || later != 0);
        let mut request = signed(&key());
        let input = request.signature_input.take().unwrap();
        let input = input.replace("\"n-1\"", &format!("\"{nonce}\""));
        request.signature_input = Some(input.replace(&CREATED.to_string(), &(CREATED + later).to_string()));
        prop_assert_eq!(judge(&request, now()), Err(SignatureError::Mismatch));
    }

    #[test]
    fn hostile_headers_are_refused_and_never_panic(
        input in hostile(),
        signature in hostile(),
        digest in hostile(),
        address in ".*",
    ) {
        let request = SignedRequest {
            target_uri: address,
            content_digest: Some(digest),
            signature_input: Some(input),
            signature: Some(signature),
            ..request("")
        };
        prop_assert!(judge(&request, now()).is_err());
    }
}

/// Anything, and what looks like a header for a while.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "sig",
        "=",
        "(",
        ")",
        "\"@method\"",
        "\"content-digest\"",
        ";",
        "tag=\"voicegate\"",
        "created=1",
        ":AAAA:",
        ", ",
        " ",
        "\"",
        "\\",
        "?1",
        "%\"a\"",
        "@9",
        "-",
        "*",
        "\t",
        "é",
        "\n",
        "sha-256=",
    ]);
    prop_oneof![".*", prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())]
}
