//! Which licences need no word from the operator.

/// SPDX identifiers that allow commercial use and ask for no more than a notice.
pub(super) const FREE: [&str; 6] =
    ["Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC0-1.0"];

/// Whether weights under `licence` may be taken: a free one, or exactly the one that the operator `accepted` by name.
pub(super) fn allows(licence: &str, accepted: Option<&str>) -> bool {
    FREE.contains(&licence) || accepted == Some(licence)
}

/// What stands against `licence`, as part of a sentence.
pub(super) fn objection(licence: &str) -> &'static str {
    let lower = licence.to_ascii_lowercase();
    let parts = || lower.split(|c: char| !c.is_ascii_alphanumeric());
    if parts().any(|part| part == "nc") || lower.contains("noncommercial") {
        "forbids commercial use"
    } else {
        "is not among those that are known to allow every use"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_free_licences_and_the_accepted_one_are_taken() {
        for free in FREE {
            assert!(allows(free, None), "{free}");
        }
        for other in ["CC-BY-NC-4.0", "cc-by-4.0", "GPL-3.0-only", "Apache-2.0 AND CC-BY-NC-4.0", "", "MIT "]
        {
            assert!(!allows(other, None) && !allows(other, Some("MIT")), "{other}");
            assert!(allows(other, Some(other)), "{other}");
        }
    }

    #[test]
    fn the_objection_names_what_is_forbidden() {
        for forbidding in
            ["CC-BY-NC-4.0", "CC-BY-NC-SA-3.0", "PolyForm-Noncommercial-1.0.0", "MIT AND CC-BY-NC-4.0"]
        {
            assert_eq!(objection(forbidding), "forbids commercial use", "{forbidding}");
        }
        assert_ne!(objection("GPL-3.0-only"), objection("CC-BY-NC-4.0"));
        assert_ne!(objection("NCSA"), objection("CC-BY-NC-4.0"));
    }
}
