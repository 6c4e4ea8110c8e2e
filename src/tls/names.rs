//! The names in a certificate (X.509, RFC 5280), as far as they are shown. Who may use it for
//! what, the verifier decides.

/// Tags of DER (X.690) that lie on the way.
const INTEGER: u8 = 0x02;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
/// `commonName` and `organizationName`.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
/// Longest name that is shown, in characters.
const LONGEST: usize = 100;

/// Whom a certificate names; each as `common name (organisation)`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) subject: Option<String>,
    pub(super) issuer: Option<String>,
}

impl Names {
    /// The names in the certificate `der`; nothing where it is none.
    pub(super) fn of(der: &[u8]) -> Option<Self> {
        let (certificate, _) = inside(der, SEQUENCE)?;
        let (mut fields, _) = inside(certificate, SEQUENCE)?;
        if let Some((_, rest)) = inside(fields, VERSION) {
            fields = rest;
        }
        let (_, rest) = inside(fields, INTEGER)?;
        let (_, rest) = inside(rest, SEQUENCE)?; // how it is signed
        let (issuer, rest) = inside(rest, SEQUENCE)?;
        let (_, rest) = inside(rest, SEQUENCE)?; // when it is valid
        let (subject, _) = inside(rest, SEQUENCE)?;
        Some(Self { subject: shown(subject), issuer: shown(issuer) })
    }
}

fn shown(mut name: &[u8]) -> Option<String> {
    let (mut common, mut organisation) = (None, None);
    while let Some((mut set, rest)) = inside(name, SET) {
        while let Some((pair, next)) = inside(set, SEQUENCE) {
            let (kind, value) = inside(pair, OBJECT_IDENTIFIER)?;
            let (_, value, _) = element(value)?;
            match kind {
                COMMON_NAME => common = Some(text(value)),
                ORGANISATION => organisation = Some(text(value)),
                _ => {}
            }
            set = next;
        }
        name = rest;
    }
    match (common, organisation) {
        (Some(common), Some(organisation)) => Some(format!("{common} ({organisation})")),
        (one, other) => one.or(other),
    }
}

/// A text of any of the kinds that names have, without what could steer a terminal.
fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

/// What is inside the first element of `bytes`, which has the tag `tag`, and what follows it.
fn inside(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(bytes)?;
    (found == tag).then_some((content, rest))
}

/// The first element of `bytes`: its tag, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    #[test]
    fn names_are_read_as_they_were_written() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["x".to_owned()]).unwrap();
        let long = "n".repeat(300);
        for (common, organisation, expected) in [
            ("*.servicebus.windows.net", None, "*.servicebus.windows.net".to_owned()),
            ("Bär\u{1b}[2J", Some("Corp"), "Bär[2J (Corp)".to_owned()),
            (&long, None, "n".repeat(LONGEST)),
        ] {
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, common);
            if let Some(name) = organisation {
                params.distinguished_name.push(DnType::OrganizationName, name);
            }
            let names = Names::of(params.clone().self_signed(&key).unwrap().der()).unwrap();
            assert_eq!(names, Names { subject: Some(expected.clone()), issuer: Some(expected) });
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            drop(Names::of(&bytes));
        }
    }
}
