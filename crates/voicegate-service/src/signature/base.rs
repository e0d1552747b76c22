//! The bytes that a signature is made over (RFC 9421 section 2.5).

use sfv::{FieldType, InnerList, ListSerializer};

/// A line for each covered component of `input`, in its order, with the value that `value_of` finds for the name of the
/// component; and last the parameters, written anew from what was understood, so that what is signed is what is acted on.
/// `None` if a component is no string, has no value, or has one that could pass for more than one line.
pub(super) fn base<'v>(input: &InnerList, value_of: impl Fn(&str) -> Option<&'v str>) -> Option<Vec<u8>> {
    let mut base = String::new();
    for component in &input.items {
        let value = value_of(component.bare_item.as_string()?.as_str())?;
        if !value.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
            return None;
        }
        base.push_str(&component.serialize());
        base.push_str(": ");
        base.push_str(value);
        base.push('\n');
    }
    base.push_str("\"@signature-params\": ");
    let mut list = ListSerializer::with_buffer(&mut base);
    let mut covered = list.inner_list();
    covered.items(&input.items);
    covered.finish().parameters(&input.params);
    Some(base.into_bytes())
}
