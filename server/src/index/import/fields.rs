//! Formats in which every line stands for itself, and the fields lists have in common.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Entry, Kind, Reason};

/// A number, possibly with `,` or `.` between thousands.
pub fn size(field: &[u8]) -> Result<u64, Reason> {
    let mut size = 0_u64;
    let mut digits = 0;
    for &byte in field {
        match byte {
            b'0'..=b'9' => {
                let shifted = size.checked_mul(10).ok_or("the size is too large")?;
                size =
                    shifted.checked_add(u64::from(byte - b'0')).ok_or("the size is too large")?;
                digits += 1;
            }
            b',' | b'.' if digits > 0 => {}
            _ => return Err("the size is not a number"),
        }
    }
    if digits > 0 { Ok(size) } else { Err("the size is missing") }
}

/// Unix seconds; a fraction is dropped.
pub fn seconds(field: &[u8]) -> Result<i64, Reason> {
    let text = std::str::from_utf8(field).map_err(|_| "the time is not a number")?;
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    whole.parse().map_err(|_| "the time is not a number")
}

/// An integer field within a date.
pub fn number(field: &[u8]) -> Result<i16, Reason> {
    let text = std::str::from_utf8(field).map_err(|_| "the date is not a date")?;
    text.parse().map_err(|_| "the date is not a date")
}

/// Unix seconds of a date and time, taken as UTC.
pub fn unix_time(date: [i16; 3], time: [i16; 3]) -> Result<i64, Reason> {
    let small = |value: i16| i8::try_from(value).map_err(|_| "the date is not a date");
    let [year, month, day] = date;
    let [hour, minute, second] = time;
    DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, 0)
        .and_then(|civil| civil.to_zoned(TimeZone::UTC))
        .map(|zoned| zoned.timestamp().as_second())
        .map_err(|_| "the date is not a date")
}

/// Three numbers separated by `separator`; a missing third one is 0.
pub fn triple(field: &[u8], separator: u8) -> Result<[i16; 3], Reason> {
    let mut parts = field.split(|&byte| byte == separator);
    let mut next = || parts.next().map_or(Ok(0), number);
    let triple = [next()?, next()?, next()?];
    if parts.next().is_some() { Err("the date is not a date") } else { Ok(triple) }
}

/// The kind of entry and whether the world may read it, from `-rw-r--r--`.
pub fn mode(field: &[u8]) -> Result<(Kind, bool), Reason> {
    const BAD: Reason = "the line does not start with permissions";
    let [kind, bits @ ..] = field else {
        return Err(BAD);
    };
    if bits.len() < 9 || !bits[..9].iter().all(|byte| b"-rwxsStT".contains(byte)) {
        return Err(BAD);
    }
    let readable = bits[6] == b'r';
    match kind {
        b'-' => Ok((Kind::File, readable)),
        b'd' => Ok((Kind::Dir, readable && matches!(bits[8], b'x' | b't'))),
        b'l' | b'b' | b'c' | b'p' | b's' => Ok((Kind::Other, readable)),
        _ => Err(BAD),
    }
}

/// Takes the next field of a line of fields separated by blanks, and the one blank after it.
pub fn field<'a>(line: &mut &'a [u8]) -> Result<&'a [u8], Reason> {
    let start = line.iter().position(|&byte| byte != b' ').ok_or("a field is missing")?;
    let rest = &line[start..];
    let end = memchr::memchr(b' ', rest).ok_or("the path is missing")?;
    *line = &rest[end + 1..];
    Ok(&rest[..end])
}

/// `path<TAB>size<TAB>mtime`
pub fn tsv(line: &[u8]) -> Result<Option<Entry>, Reason> {
    if line.is_empty() {
        return Ok(None);
    }
    // From the right: a path may hold tabs.
    let mut parts = line.rsplitn(3, |&byte| byte == b'\t');
    let (Some(mtime), Some(bytes), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("three fields separated by tabs are needed");
    };
    Ok(Some(Entry {
        path: path.to_vec(),
        size: size(bytes)?,
        mtime: seconds(mtime)?,
        kind: if path.ends_with(b"/") { Kind::Dir } else { Kind::File },
        is_open: true,
    }))
}

/// `[type ]size mtime path`
pub fn find(line: &[u8]) -> Result<Option<Entry>, Reason> {
    if line.is_empty() {
        return Ok(None);
    }
    let mut rest = line;
    let kind = match line {
        [kind, b' ', ..] if kind.is_ascii_alphabetic() => {
            rest = &line[2..];
            match kind {
                b'f' => Kind::File,
                b'd' => Kind::Dir,
                b'l' | b'b' | b'c' | b'p' | b's' | b'D' => Kind::Other,
                _ => return Err("the type is unknown"),
            }
        }
        _ => Kind::File,
    };
    Ok(Some(Entry {
        size: size(field(&mut rest)?)?,
        mtime: seconds(field(&mut rest)?)?,
        path: rest.to_vec(),
        kind,
        is_open: true,
    }))
}

/// `-rw-r--r--  12,345 2024/05/01 12:00:00 path`
pub fn rsync(line: &[u8]) -> Result<Option<Entry>, Reason> {
    if line.is_empty() {
        return Ok(None);
    }
    let mut rest = line;
    let (kind, is_open) = mode(field(&mut rest)?)?;
    let size = size(field(&mut rest)?)?;
    let date = triple(field(&mut rest)?, b'/')?;
    let time = triple(field(&mut rest)?, b':')?;
    Ok(Some(Entry { path: unescape(rest), size, mtime: unix_time(date, time)?, kind, is_open }))
}

/// `2023/01/02 |     1234 | path`
pub fn ctan(line: &[u8]) -> Result<Option<Entry>, Reason> {
    if line.is_empty() {
        return Ok(None);
    }
    let mut parts = line.splitn(3, |&byte| byte == b'|').map(<[u8]>::trim_ascii);
    let (Some(date), Some(bytes), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("three fields separated by | are needed");
    };
    Ok(Some(Entry {
        path: path.to_vec(),
        size: size(bytes)?,
        mtime: unix_time(triple(date, b'/')?, [0; 3])?,
        kind: Kind::File,
        is_open: true,
    }))
}

/// `find -ls` writes `\ ` for a blank and three octal digits for what does not print.
pub fn unescape_find(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..]) => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = tail;
            }
            (b'\\', [escaped, tail @ ..]) => {
                let byte = match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    other => *other,
                };
                out.push(byte);
                rest = tail;
            }
            _ => out.push(first),
        }
    }
    out
}

/// rsync writes bytes that do not print as `\#ooo`, in octal.
fn unescape(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&first, after)) = rest.split_first() {
        if let [b'\\', b'#', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] = rest {
            out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
            rest = after;
        } else {
            out.push(first);
            rest = after;
        }
    }
    out
}
