//! Addresses without the user names and passwords that operators leave in them.

/// Trimmed and stripped text of an upstream; nothing for `""` and `unknown`.
pub fn public(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && !text.eq_ignore_ascii_case("unknown")).then(|| strip_user(text))
}

/// SECURITY: removes `user@` and `user:password@` from every address in a text: URLs,
/// `user@host::module`, `user@host:path`. An `@` in a path (`https://host/@scope/`) stays.
pub fn strip_user(text: &str) -> String {
    text.split_inclusive(char::is_whitespace).map(strip_word).collect()
}

fn strip_word(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    if !word.contains("://") {
        return without_user(word).to_owned();
    }
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        rest = without_user(tail);
    }
    out.push_str(rest);
    out
}

/// Cuts up to the last `@` before the path begins: a password may contain one unescaped.
fn without_user(address: &str) -> &str {
    let end = address.find(['/', '?', '#', ',']).unwrap_or(address.len());
    match address[..end].rfind('@') {
        Some(at) => &address[at + 1..],
        None => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_information_is_removed_and_nothing_else() {
        for (text, expected) in [
            ("rsync://repo@sync.example/repo/", "rsync://sync.example/repo/"),
            ("https://me:p@ss@host.example:8443/x", "https://host.example:8443/x"),
            ("cran-rsync@cran.example:./", "cran.example:./"),
            ("tester@host.example::MX-Linux/", "host.example::MX-Linux/"),
            ("host.example::module", "host.example::module"),
            ("git@git.example:a/b.git", "git.example:a/b.git"),
            ("https://npm.example/@scope/pkg", "https://npm.example/@scope/pkg"),
            ("rsync://a@x.example/ rsync://b@y.example/", "rsync://x.example/ rsync://y.example/"),
            ("rsync://a@x.example/,rsync://b@y.example/", "rsync://x.example/,rsync://y.example/"),
            ("s3://bucket/", "s3://bucket/"),
            ("gmt_mirror/gmt/", "gmt_mirror/gmt/"),
            ("https://host.example?q=a@b", "https://host.example?q=a@b"),
        ] {
            assert_eq!(strip_user(text), expected);
        }
    }

    #[test]
    fn empty_and_unknown_are_nothing() {
        assert_eq!(public("  "), None);
        assert_eq!(public("unknown"), None);
        assert_eq!(public(" rsync://a.example/ "), Some("rsync://a.example/".to_owned()));
    }
}
