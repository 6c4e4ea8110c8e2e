//! Escaping for addresses, queries and XML.

/// Percent-encodes `text` as the Relay libraries do: `A-Z a-z 0-9 - _ . ! * ( )`
/// stay, a space becomes `+`, everything else `%XX` in upper case.
pub(crate) fn url_encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'!'
            | b'*'
            | b'('
            | b')' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out
}

/// Undoes percent-encoding; `+` is a space only where `plus_is_space`. `None` for
/// a broken escape or bytes that are not UTF-8.
pub(crate) fn url_decode(text: &str, plus_is_space: bool) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                out.push(u8::try_from(high * 16 + low).ok()?);
            }
            b'+' if plus_is_space => out.push(b' '),
            _ => out.push(byte),
        }
    }
    String::from_utf8(out).ok()
}

/// Escapes `text` for XML content and attributes.
pub(crate) fn xml_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The query of a request: its members in their order, raw and decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<Member>);

#[derive(Clone)]
struct Member {
    raw: String,
    name: String,
    value: String,
}

impl std::fmt::Debug for Member {
    /// The name alone: the value may be a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Query {
    /// Reads `text`, what follows the `?`. A broken escape stays as it is.
    pub(crate) fn parse(text: &str) -> Self {
        let members = text.split('&').filter(|raw| !raw.is_empty()).map(|raw| {
            let (name, value) = raw.split_once('=').unwrap_or((raw, ""));
            let decode = |part: &str| url_decode(part, true).unwrap_or_else(|| part.to_owned());
            Member { raw: raw.to_owned(), name: decode(name), value: decode(value) }
        });
        Self(members.collect())
    }

    /// The decoded value of the first member called `name`, in any case.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let is_it = |member: &&Member| member.name.eq_ignore_ascii_case(name);
        self.0.iter().find(is_it).map(|member| member.value.as_str())
    }

    /// The members that are the sender's own, without Relay's `sb-hc-…`, as text.
    pub(crate) fn without_relay_members(&self) -> String {
        let own = self.0.iter().filter(|m| !m.name.to_ascii_lowercase().starts_with("sb-hc-"));
        own.map(|member| member.raw.as_str()).collect::<Vec<_>>().join("&")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_the_relay_libraries_do() {
        assert_eq!(url_encode("http://a.b/x y/"), "http%3A%2F%2Fa.b%2Fx+y%2F");
        assert_eq!(url_encode("-_.!*()'~"), "-_.!*()%27%7E");
        for text in ["", "a b+c%", "ü/€"] {
            assert_eq!(url_decode(&url_encode(text), true).as_deref(), Some(text));
        }
        assert_eq!(url_decode("%4", true), None);
        assert_eq!(url_decode("%ff", true), None);
        assert_eq!(url_decode("a+b", false).as_deref(), Some("a+b"));
    }

    #[test]
    fn a_query_gives_values_and_the_senders_own_part() {
        let query = Query::parse("a=1&SB-HC-Action=listen&b=x%20y&sb-hc-token=t&c");
        assert_eq!(query.get("sb-hc-action"), Some("listen"));
        assert_eq!(query.get("b"), Some("x y"));
        assert_eq!(query.without_relay_members(), "a=1&b=x%20y&c");
        assert!(!format!("{query:?}").contains("listen"));
    }

    #[test]
    fn xml_content_is_escaped() {
        assert_eq!(xml_escape("[{\"a\":\"<&>\u{1}\"}]"), {
            "[{&quot;a&quot;:&quot;&lt;&amp;&gt;\u{fffd}&quot;}]"
        });
    }
}
