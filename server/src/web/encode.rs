//! Percent-encoding of paths and query values.

pub use app::address::{path, segment};
use percent_encoding::{CONTROLS, percent_decode, utf8_percent_encode};

/// Encodes a value of a query.
pub fn query(text: &str) -> String {
    segment(text.as_bytes()).replace('+', "%2B").replace('=', "%3D")
}

/// Encodes what a header cannot carry, in an address that a client sent (HTTP allows bytes above
/// 0x7F there, and some clients send them).
pub fn ascii(address: &str) -> String {
    utf8_percent_encode(address, CONTROLS).to_string()
}

/// Decodes a path as the client sent it, to bytes.
pub fn decode_path(encoded: &str) -> Vec<u8> {
    percent_decode(encoded.as_bytes()).collect()
}

/// Splits a query into decoded pairs, in order; bytes that are not UTF-8 are replaced.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (decode_query(key), decode_query(value))
        })
        .collect()
}

fn decode_query(text: &str) -> String {
    let spaces = text.replace('+', " ");
    percent_decode(spaces.as_bytes()).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_survive_the_way_through_an_address() {
        for name in ["😀.bin", "a b%c#d?.txt", "<script>\"'&", "new\nline", "plus+plus"] {
            assert_eq!(decode_path(&segment(name.as_bytes())), name.as_bytes());
            assert_eq!(pairs(&format!("q={}", query(name)))[0].1, name);
        }
        assert_eq!(decode_path(&segment(b"\xff\xfe")), b"\xff\xfe");
    }

    #[test]
    fn queries_are_split_in_order_and_decoded() {
        let got = pairs("a=1&b=x+y%2Bz&&c");
        let want = [("a", "1"), ("b", "x y+z"), ("c", "")];
        assert_eq!(got, want.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }
}
