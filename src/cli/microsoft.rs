//! The option spellings of Microsoft's `hcm`, so that its scripts run unchanged.
//!
//! Its options `-ns` and `-rg` have two letters behind one dash, which clap does
//! not know, and its parser takes `--option:value` for `--option=value`.

use std::ffi::OsString;

/// Rewrites Microsoft's spellings in `arguments` (without the program's name) to
/// those that clap reads; everything behind `--` stays as it is.
pub(super) fn rewrite(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut plain = false;
    arguments
        .into_iter()
        .map(|argument| {
            plain |= argument == "--";
            match argument.to_str() {
                Some(text) if !plain => rewrite_one(text).unwrap_or(argument),
                _ => argument,
            }
        })
        .collect()
}

/// Our spelling of an option that only Microsoft's `hcm` writes so.
fn rewrite_one(text: &str) -> Option<OsString> {
    const NAMES: [(&str, &str); 8] = [
        ("-ns", "--namespace"),
        ("--namespace", "--namespace"),
        ("-rg", "--resource-group"),
        ("--resource-group", "--resource-group"),
        ("-n", "--name"),
        ("--name", "--name"),
        ("-s", "--subscription"),
        ("--subscription", "--subscription"),
    ];
    NAMES.iter().find_map(|&(theirs, ours)| {
        let rest = text.strip_prefix(theirs)?;
        if rest.is_empty() {
            return matches!(theirs, "-ns" | "-rg").then(|| ours.into());
        }
        let value = match rest.split_at_checked(1)? {
            (":", value) => value,
            ("=", value) if matches!(theirs, "-ns" | "-rg") => value,
            _ => return None,
        };
        Some(format!("{ours}={value}").into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(line: &str) -> String {
        let words = rewrite(line.split(' ').map(OsString::from));
        words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn two_letter_options_become_long_ones() {
        for (theirs, ours) in [
            ("show -ns contoso -n sql", "show --namespace contoso -n sql"),
            ("show -ns=contoso -n=sql", "show --namespace=contoso -n=sql"),
            ("show -ns:contoso -n:sql", "show --namespace=contoso --name=sql"),
            ("show --namespace:contoso --name:sql", "show --namespace=contoso --name=sql"),
            (
                "add -s 1-2 -rg group -ns contoso -n sql",
                "add -s 1-2 --resource-group group --namespace contoso -n sql",
            ),
            ("add --subscription:1 -rg:g", "add --subscription=1 --resource-group=g"),
            (
                "add -s:1-2 -rg:group -ns:contoso -n:sql",
                "add --subscription=1-2 --resource-group=group --namespace=contoso --name=sql",
            ),
            ("add -s=1-2 -rg=group", "add -s=1-2 --resource-group=group"),
        ] {
            assert_eq!(rewritten(theirs), ours);
        }
    }

    #[test]
    fn everything_else_stays() {
        for line in [
            "logs -n 20 -f",
            "logs -n20",
            "show contoso/sql -o json",
            "show --name=sql --namespace=x",
            "show -nsx",
            "add -s1-2 -s",
            "list -- -ns -rg",
            "add Endpoint=sb://x/;EntityPath=-ns",
            "add -",
        ] {
            assert_eq!(rewritten(line), line);
        }
    }
}
