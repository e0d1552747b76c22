//! Text inside HTML.

use std::borrow::Cow;

/// `text` as HTML, in content and in quoted attributes.
pub(in crate::commands::eval) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_end_a_text_or_an_attribute_is_replaced() {
        assert_eq!(escape("a<b> & \"c'"), "a&lt;b&gt; &amp; &quot;c&#39;");
        assert!(matches!(escape("plain ü"), Cow::Borrowed("plain ü")));
    }
}
