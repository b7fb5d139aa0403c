//! Checksum files in every form that distributions publish.
//!
//! GNU coreutils (`sha256sum`, `-b` too), BSD (`sha256sum --tag`, Fedora's and Rocky's `CHECKSUM`), a hash and
//! nothing else, each plain or inside a clear-signed message (RFC 9580 §7).

use app::download::Algorithm;

/// One line of a checksum file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// File, as the line says; empty when it has only a hash.
    pub name: String,
    /// How the hash was made.
    pub algorithm: Algorithm,
    /// The hash in small letters.
    pub hex: String,
}

/// What a checksum file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Its lines that could be read.
    pub lines: Vec<Line>,
    /// Whether it carries its own signature.
    pub is_signed: bool,
}

impl Sums {
    /// The line for a file: the one that names it, or the only one of a file that is about nothing else.
    pub fn of(&self, name: &str, is_about_one: bool) -> Option<&Line> {
        let named = |line: &&Line| line.name.strip_prefix("./").unwrap_or(&line.name) == name;
        let only = match self.lines.as_slice() {
            [only] if is_about_one => Some(only),
            _ => None,
        };
        self.lines.iter().find(named).or(only)
    }
}

/// Reads a checksum file; `file` is its own name, which tells SHA-512 from other hashes of that length.
pub fn parse(file: &str, bytes: &[u8]) -> Sums {
    let text = String::from_utf8_lossy(bytes);
    let is_512 = file.contains("512");
    let mut sums = Sums::default();
    for line in text.lines() {
        match line.trim_end() {
            "-----BEGIN PGP SIGNED MESSAGE-----" => sums.is_signed = true,
            "-----BEGIN PGP SIGNATURE-----" => break,
            line => {
                // RFC 9580 §7.2: a signed message escapes lines that begin with a dash.
                let line = line.strip_prefix("- ").unwrap_or(line);
                sums.lines.extend(tagged(line).or_else(|| plain(line, is_512)));
            }
        }
    }
    sums
}

/// `SHA256 (name) = hash`
fn tagged(line: &str) -> Option<Line> {
    let (tag, rest) = line.split_once(" (")?;
    let (name, hex) = rest.rsplit_once(") = ")?;
    let algorithm = match tag {
        "SHA256" => Algorithm::Sha256,
        "SHA512" => Algorithm::Sha512,
        _ => return None,
    };
    Some(Line { name: name.to_owned(), algorithm, hex: hash(hex, algorithm)? })
}

/// `hash  name`, `hash *name`, `hash`
fn plain(line: &str, is_512: bool) -> Option<Line> {
    let (hex, rest) = line.split_at(line.find([' ', '\t']).unwrap_or(line.len()));
    let algorithm = if is_512 { Algorithm::Sha512 } else { Algorithm::Sha256 };
    let name = rest.trim_start();
    let name = name.strip_prefix('*').unwrap_or(name).to_owned();
    Some(Line { name, algorithm, hex: hash(hex, algorithm)? })
}

fn hash(text: &str, algorithm: Algorithm) -> Option<String> {
    let is_hash = text.len() == algorithm.digits() && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_hash.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    #[test]
    fn every_form_is_read() {
        let upper = A.to_uppercase();
        for (file, text, is_signed) in [
            ("SHA256SUMS", format!("{A}  a.iso\n{B} *b.iso\n"), false),
            ("sha256sums.txt", format!("# comment\r\n{A}  ./a.iso\r\n{B}  b.iso\r\n"), false),
            (
                "CHECKSUM",
                format!("# a.iso: 1 bytes\nSHA256 (a.iso) = {upper}\nSHA256 (b.iso) = {B}\n"),
                false,
            ),
            (
                "sha256sums.asc",
                format!(
                    "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- -----\n{A}  a.iso\n{B}  b.iso\n\
                     -----BEGIN PGP SIGNATURE-----\n\n{B}  a.iso\n-----END PGP SIGNATURE-----\n"
                ),
                true,
            ),
        ] {
            let sums = parse(file, text.as_bytes());
            assert_eq!((sums.lines.len(), sums.is_signed), (2, is_signed), "{file}");
            assert_eq!(sums.of("a.iso", false).unwrap().hex, A, "{file}");
            assert_eq!(sums.of("b.iso", false).unwrap().hex, B, "{file}");
            assert_eq!(sums.of("c.iso", true), None, "{file}");
        }
    }

    #[test]
    fn a_file_about_one_file_may_call_it_otherwise_or_not_at_all() {
        for text in [format!("{A}\n"), format!("{A} *target/release/rustup-init\n")] {
            let sums = parse("rustup-init.sha256", text.as_bytes());
            assert_eq!(sums.of("rustup-init", true).unwrap().hex, A);
            assert_eq!(sums.of("rustup-init", false), None);
        }
    }

    #[test]
    fn a_hash_counts_only_as_what_it_is() {
        let long = format!("{A}{B}");
        assert_eq!(parse("x.DIGESTS", format!("{long}  x\n").as_bytes()).lines, []);
        let line = &parse("SHA512SUMS", format!("{long}  x\n").as_bytes()).lines[0];
        assert_eq!((line.algorithm, line.hex.as_str()), (Algorithm::Sha512, long.as_str()));
        assert_eq!(parse("SHA512SUMS", format!("{A}  x\n").as_bytes()).lines, []);
        assert_eq!(parse("MD5SUMS", b"d41d8cd98f00b204e9800998ecf8427e  x\n").lines, []);
        assert_eq!(parse("SHA256SUMS", b"\xff\xfe (x) = \n) = (\n").lines, []);
    }
}
