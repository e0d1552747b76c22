//! Dictionaries of structured fields (RFC 9651 section 3.2), read strictly.

use std::collections::BTreeSet;
use std::convert::Infallible;

use sfv::visitor::{DictionaryVisitor, EntryVisitor, InnerListVisitor, ItemVisitor, ParameterVisitor};
use sfv::{BareItemFromInput, Dictionary, KeyRef, Parser};

use super::SignatureError;

/// Reads the header `name`, in which no key may come twice, neither of the dictionary nor of parameters.
pub(super) fn dictionary(name: &'static str, text: &str) -> Result<Dictionary, SignatureError> {
    let dictionary: Dictionary = Parser::new(text).parse().map_err(|_| SignatureError::Malformed(name))?;
    // What was parsed once can only stop at a key that is taken.
    match Parser::new(text).parse_dictionary_with_visitor(Keys::default()) {
        Ok(()) => Ok(dictionary),
        Err(_) => Err(SignatureError::Duplicate(name)),
    }
}

/// The keys of one scope so far. Stops at one that comes again.
#[derive(Default)]
struct Keys<'de>(BTreeSet<&'de str>);

#[derive(Debug, thiserror::Error)]
#[error("a key comes twice")]
struct Twice;

impl<'de> Keys<'de> {
    fn take(&mut self, key: &'de KeyRef) -> Result<(), Twice> {
        if self.0.insert(key.as_str()) { Ok(()) } else { Err(Twice) }
    }
}

impl<'de> DictionaryVisitor<'de> for Keys<'de> {
    type Out = ();
    type Error = Twice;

    fn entry(&mut self, key: &'de KeyRef) -> Result<impl EntryVisitor<'de>, Twice> {
        self.take(key).map(|()| Self::default())
    }

    fn finish(self) -> Result<(), Twice> {
        Ok(())
    }
}

impl<'de> EntryVisitor<'de> for Keys<'de> {
    type Error = Infallible;

    fn item(self) -> Result<impl ItemVisitor<'de>, Infallible> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'de>, Infallible> {
        Ok(self)
    }
}

impl<'de> InnerListVisitor<'de> for Keys<'de> {
    type Error = Infallible;

    fn item(&mut self) -> Result<impl ItemVisitor<'de>, Infallible> {
        Ok(Self::default())
    }

    fn finish(self) -> Result<impl ParameterVisitor<'de>, Infallible> {
        Ok(self)
    }
}

impl<'de> ItemVisitor<'de> for Keys<'de> {
    type Out = ();
    type Error = Infallible;

    fn bare_item(
        self,
        _: BareItemFromInput<'de>,
    ) -> Result<impl ParameterVisitor<'de, Out = ()>, Infallible> {
        Ok(self)
    }
}

impl<'de> ParameterVisitor<'de> for Keys<'de> {
    type Out = ();
    type Error = Twice;

    fn parameter(&mut self, key: &'de KeyRef, _: BareItemFromInput<'de>) -> Result<(), Twice> {
        self.take(key)
    }

    fn finish(self) -> Result<(), Twice> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_twice_is_refused_wherever_it_stands() {
        for (text, expected) in [
            ("a=1, b=(\"x\";p \"y\";p);p;q, c;p", None),
            ("a=1, b=2, a=1", Some(SignatureError::Duplicate("h"))),
            ("a=1;p;q;p", Some(SignatureError::Duplicate("h"))),
            ("a=(\"x\");p=1;p=1", Some(SignatureError::Duplicate("h"))),
            ("a=(\"x\";p;p)", Some(SignatureError::Duplicate("h"))),
            ("a=(", Some(SignatureError::Malformed("h"))),
            ("a=1, a=(", Some(SignatureError::Malformed("h"))),
        ] {
            assert_eq!(dictionary("h", text).err(), expected, "{text}");
        }
    }
}
