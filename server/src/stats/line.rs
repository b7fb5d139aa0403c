//! One line of an access log, read without copying.
//!
//! Two formats: `combined` of nginx and Apache, with or without a host and port before it, with or
//! without further fields behind it (<https://nginx.org/en/docs/http/ngx_http_log_module.html>); and
//! `mingjing`, which `generate nginx` defines. They differ after the status, and the time tells which
//! it is: ISO 8601 in ours.

use std::borrow::Cow;

use jiff::{civil::DateTime, tz::Offset};
use memchr::{memchr, memchr_iter};

/// What the statistics need of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Family of the address; nothing more of it is kept.
    pub is_ipv6: bool,
    /// The address, for as long as it is asked where it is.
    pub address: &'a [u8],
    /// Seconds since 1970.
    pub time: i64,
    /// What was asked for, as it was sent; empty if the request was none.
    pub target: Cow<'a, [u8]>,
    /// Status of the answer.
    pub status: u16,
    /// Bytes sent: with the head in our own format, without it in `combined`.
    pub bytes: u64,
    /// Whether the client went away before it had all; `combined` does not tell.
    pub is_cut: bool,
    /// Name of the client.
    pub agent: &'a [u8],
    /// Name that was asked for; `combined` does not tell.
    pub host: Option<&'a [u8]>,
}

/// Reads a line without its end; nothing when it is none.
pub fn parse(line: &[u8]) -> Option<Line<'_>> {
    let open = memchr(b'[', line)?;
    let (address, is_ipv6) = address(line.get(..open)?)?;
    let rest = line.get(open + 1..)?;
    let close = memchr(b']', rest)?;
    let stamp = rest.get(..close)?;
    let is_ours = stamp.get(4) == Some(&b'-');
    let time = if is_ours { iso(stamp)? } else { common(stamp)? };
    let (request, rest) = quoted(rest.get(close + 1..)?)?;
    let (status, rest) = word(rest)?;
    let (bytes, rest) = word(rest)?;
    let status = u16::try_from(number(status)?).ok().filter(|code| (100..1000).contains(code))?;
    let bytes = if bytes == b"-" { 0 } else { number(bytes)? };
    let mut line = Line {
        is_ipv6,
        address,
        time,
        target: target(request),
        status,
        bytes,
        is_cut: false,
        agent: b"",
        host: None,
    };
    if is_ours {
        let rest = rest.strip_prefix(b" ")?;
        line.is_cut = !rest.starts_with(b"OK ");
        let (_range, rest) = quoted(rest)?;
        let (agent, rest) = quoted(rest)?;
        line.agent = agent;
        line.host = word(rest).map(|(host, _)| host);
    } else {
        let (_referrer, rest) = quoted(rest)?;
        line.agent = quoted(rest)?.0;
    }
    Some(line)
}

/// The part of a line that tells it from others without telling who asked: from the time on, and of what
/// is no line of a log, from the second word on.
pub fn without_address(line: &[u8]) -> &[u8] {
    let start = memchr(b'[', line).or_else(|| memchr(b' ', line));
    start.and_then(|at| line.get(at..)).unwrap_or_default()
}

/// The address before the time: the first word, or the second after `host:port`.
fn address(before: &[u8]) -> Option<(&[u8], bool)> {
    let mut words = before.split(|b| *b == b' ').filter(|word| !word.is_empty());
    let first = words.next()?;
    if let Some(is_ipv6) = family(first) {
        return Some((first, is_ipv6));
    }
    let second = words.next()?;
    // `example.edu:443 192.0.2.1 - - [`
    family(second).map(|is_ipv6| (second, is_ipv6))
}

/// Whether a word is an address of IPv6, or of IPv4; nothing when it is neither.
fn family(word: &[u8]) -> Option<bool> {
    let colons = memchr_iter(b':', word).count();
    if colons >= 2 && word.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.' | b'%'))
    {
        // ::ffff:192.0.2.1 came by IPv4.
        return Some(!word.starts_with(b"::ffff:") || !word.contains(&b'.'));
    }
    let dots = memchr_iter(b'.', word).count();
    let is_ipv4 = dots == 3 && word.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    // A socket in the file system is this machine.
    (is_ipv4 || word == b"unix:").then_some(false)
}

/// `2026-11-21T12:34:56+08:00`
fn iso(stamp: &[u8]) -> Option<i64> {
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        i0,
        i1,
        b':',
        s0,
        s1,
        zone @ ..,
    ] = stamp
    else {
        return None;
    };
    let year = pair(*y0, *y1)? * 100 + pair(*y2, *y3)?;
    let offset = match zone {
        [b'Z'] => 0,
        [sign, a, b, b':', c, d] => offset(*sign, pair(*a, *b)?, pair(*c, *d)?)?,
        _ => return None,
    };
    seconds(
        year,
        pair(*m0, *m1)?,
        pair(*d0, *d1)?,
        [pair(*h0, *h1)?, pair(*i0, *i1)?, pair(*s0, *s1)?],
    )
    .map(|time| time - offset)
}

/// `21/Nov/2026:12:34:56 +0800`
fn common(stamp: &[u8]) -> Option<i64> {
    let [
        d0,
        d1,
        b'/',
        m0,
        m1,
        m2,
        b'/',
        y0,
        y1,
        y2,
        y3,
        b':',
        h0,
        h1,
        b':',
        i0,
        i1,
        b':',
        s0,
        s1,
        b' ',
        sign,
        a,
        b,
        c,
        d,
    ] = stamp
    else {
        return None;
    };
    let month = match [*m0, *m1, *m2] {
        [b'J', b'a', b'n'] => 1,
        [b'F', b'e', b'b'] => 2,
        [b'M', b'a', b'r'] => 3,
        [b'A', b'p', b'r'] => 4,
        [b'M', b'a', b'y'] => 5,
        [b'J', b'u', b'n'] => 6,
        [b'J', b'u', b'l'] => 7,
        [b'A', b'u', b'g'] => 8,
        [b'S', b'e', b'p'] => 9,
        [b'O', b'c', b't'] => 10,
        [b'N', b'o', b'v'] => 11,
        [b'D', b'e', b'c'] => 12,
        _ => return None,
    };
    let year = pair(*y0, *y1)? * 100 + pair(*y2, *y3)?;
    let offset = offset(*sign, pair(*a, *b)?, pair(*c, *d)?)?;
    seconds(year, month, pair(*d0, *d1)?, [pair(*h0, *h1)?, pair(*i0, *i1)?, pair(*s0, *s1)?])
        .map(|time| time - offset)
}

fn pair(tens: u8, ones: u8) -> Option<u32> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

fn offset(sign: u8, hours: u32, minutes: u32) -> Option<i64> {
    let seconds = i64::from(hours * 3600 + minutes * 60);
    match sign {
        _ if hours > 15 || minutes > 59 => None,
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

/// Seconds since 1970 of a moment in UTC; a leap second is the second after.
fn seconds(year: u32, month: u32, day: u32, [hour, minute, second]: [u32; 3]) -> Option<i64> {
    if second > 60 || year < 1970 {
        return None;
    }
    let part = |part: u32| i8::try_from(part).ok();
    let year = i16::try_from(year).ok()?;
    let minute =
        DateTime::new(year, part(month)?, part(day)?, part(hour)?, part(minute)?, 0, 0).ok()?;
    let minute = Offset::UTC.to_timestamp(minute).ok()?;
    Some(minute.as_second() + i64::from(second))
}

/// What is in the next pair of quotes, and what comes after it. `\"` does not end it: Apache and nginx
/// with `escape=json` write it.
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = memchr(b'"', text)? + 1;
    let mut from = start;
    loop {
        let end = from + memchr(b'"', text.get(from..)?)?;
        let escapes = text.get(start..end)?.iter().rev().take_while(|b| **b == b'\\').count();
        if escapes.is_multiple_of(2) {
            return Some((text.get(start..end)?, text.get(end + 1..)?));
        }
        from = end + 1;
    }
}

/// The next word, after exactly one blank: an empty variable is an empty word.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b" ")?;
    let end = memchr(b' ', text).unwrap_or(text.len());
    Some(text.split_at(end))
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// The address of a request line, without what nginx escaped; nothing of it when it has no three parts.
fn target(request: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr(b' ', request) else { return Cow::Borrowed(b"") };
    let rest = request.get(first + 1..).unwrap_or_default();
    let target = memchr::memrchr(b' ', rest).map_or(rest, |last| &rest[..last]);
    if memchr(b'\\', target).is_none() { Cow::Borrowed(target) } else { unescape(target).into() }
}

/// `\x22` → `"`, `\\` → `\`, `\"` → `"`.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, after) {
            (b'\\', [b'x', high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let digit = |b: u8| (b as char).to_digit(16).unwrap_or_default();
                out.push(u8::try_from(digit(*high) * 16 + digit(*low)).unwrap_or_default());
                rest = after;
            }
            (b'\\', [escaped @ (b'\\' | b'"'), after @ ..]) => {
                out.push(*escaped);
                rest = after;
            }
            _ => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMBINED: &str = r#"192.0.2.1 - - [21/Nov/2026:14:00:05 +0800] "GET /debian/dists/sid/InRelease HTTP/1.1" 200 1234 "-" "Debian APT-HTTP/1.3 (2.6.1)""#;
    const OURS: &str = r#"2001:db8::7 [2026-11-21T14:00:05+08:00] "GET /a%20b HTTP/2.0" 206 99 OK 0.010 "bytes=0-9" "curl/8.5.0" mirror.example"#;

    #[test]
    fn days_that_no_month_has_are_no_times() {
        assert_eq!(common(b"28/Feb/2026:23:59:60 +0000"), Some(1_772_323_200));
        assert_eq!(common(b"29/Feb/2026:00:00:00 +0000"), None);
        assert_eq!(iso(b"2028-02-29T08:00:00+08:00"), Some(1_835_395_200));
        assert_eq!(iso(b"2026-04-31T00:00:00Z"), None);
    }

    #[test]
    fn both_formats_say_the_same() {
        let line = parse(COMBINED.as_bytes()).unwrap();
        assert_eq!(
            (line.is_ipv6, line.time, line.status, line.bytes),
            (false, 1_795_240_805, 200, 1234)
        );
        assert_eq!(*line.target, *b"/debian/dists/sid/InRelease");
        assert_eq!(line.agent, b"Debian APT-HTTP/1.3 (2.6.1)");
        assert_eq!((line.is_cut, line.host), (false, None));
        let line = parse(OURS.as_bytes()).unwrap();
        assert_eq!(
            (line.is_ipv6, line.time, line.status, line.bytes),
            (true, 1_795_240_805, 206, 99)
        );
        assert_eq!((&*line.target, line.agent), (&b"/a%20b"[..], &b"curl/8.5.0"[..]));
        assert_eq!((line.is_cut, line.host), (false, Some(&b"mirror.example"[..])));
    }

    #[test]
    fn a_download_that_broke_off_has_no_ok() {
        let cut = OURS.replace(" OK ", "  ");
        let line = parse(cut.as_bytes()).unwrap();
        assert!(line.is_cut);
        assert_eq!(line.agent, b"curl/8.5.0");
    }

    #[test]
    fn variants_of_combined_are_read() {
        let with = |from: &str, to: &str| parse_owned(&COMBINED.replacen(from, to, 1));
        assert!(with("192.0.2.1", "mirror.example:443 192.0.2.1").is_some());
        assert!(with("- - [", "- some body [").is_some());
        assert_eq!(with("200 1234", "304 -").map(|line| line.1), Some(0));
        assert!(with("(2.6.1)\"", "(2.6.1)\" \"203.0.113.9\" 0.002").is_some(), "further fields");
        assert!(with("192.0.2.1", "::ffff:192.0.2.1").is_some());
        assert_eq!(with("192.0.2.1", "2001:db8::1").map(|line| line.0), Some(true));
        assert_eq!(with("192.0.2.1", "::ffff:192.0.2.1").map(|line| line.0), Some(false));
        assert!(with("+0800", "-0330").is_some());
    }

    fn parse_owned(line: &str) -> Option<(bool, u64)> {
        parse(line.as_bytes()).map(|line| (line.is_ipv6, line.bytes))
    }

    #[test]
    fn what_is_no_line_is_nothing() {
        for (from, to) in [
            ("192.0.2.1", "somebody"),
            ("Nov", "Nev"),
            ("21/", "32/"),
            (":14:", ":24:"),
            (" +0800", ""),
            ("200", "20"),
            ("200", "2000"),
            ("1234", "-5"),
            ("1234", "99999999999999999999"),
            ("\"Debian", "Debian"),
            ("2026", "1026"),
        ] {
            let line = COMBINED.replacen(from, to, 1);
            assert!(parse(line.as_bytes()).is_none(), "{line}");
        }
        for line in ["", "[", "]", "\"", " ", "192.0.2.1 [", "192.0.2.1 [x] \"", "\\\\\"\\\""] {
            assert!(parse(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn an_odd_request_is_a_request_for_nothing() {
        let with = |request: &str| {
            let line = COMBINED.replace("GET /debian/dists/sid/InRelease HTTP/1.1", request);
            parse(line.as_bytes()).unwrap().target.into_owned()
        };
        assert_eq!(with(r"\x16\x03\x01"), b"");
        assert_eq!(with("-"), b"");
        assert_eq!(with("GET /a b HTTP/1.1"), b"/a b");
        assert_eq!(with(r"GET /a\x22b\x5Cc HTTP/1.1"), b"/a\"b\\c");
        assert_eq!(with("GET /\\\"x\\\" HTTP/1.1"), b"/\"x\"");
        assert_eq!(with("GET /old"), b"/old");
    }

    #[test]
    fn times_are_those_of_the_library() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2000-02-29T23:59:59Z",
            "2026-11-21T06:00:05Z",
            "2100-03-01T00:00:00Z",
            "2399-12-31T23:59:59Z",
        ] {
            let expected: jiff::Timestamp = text.parse().unwrap();
            assert_eq!(iso(text.as_bytes()), Some(expected.as_second()), "{text}");
        }
        assert_eq!(common(b"31/Dec/2025:19:30:00 -0430"), iso(b"2026-01-01T00:00:00Z"));
    }

    #[test]
    fn who_asked_is_no_part_of_what_tells_lines_apart() {
        assert!(without_address(COMBINED.as_bytes()).starts_with(b"[21/Nov"));
        assert_eq!(without_address(b"192.0.2.1 no time"), b" no time");
    }
}
