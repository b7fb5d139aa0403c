//! `ls -lR`, directories as headings and their entries below, and `find -ls`, which names whole paths.

use super::super::record::join;
use super::fields::{field, mode, number, size, triple, unescape_find, unix_time};
use super::{Entry, Kind, Reason};

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// A date without year may lie this far in the future: clocks differ.
const CLOCK_SKEW: i64 = 24 * 3600;

/// What the lines before say about the next one.
pub struct State {
    dir: Vec<u8>,
    /// A heading may come: at the start and after an empty line.
    at_heading: bool,
    now: i64,
    year: i16,
}

impl State {
    /// Before the first line; `now` in Unix seconds decides the year of dates without one.
    pub fn new(now: i64) -> Self {
        let year = jiff::Timestamp::from_second(now)
            .map_or(1970, |time| time.to_zoned(jiff::tz::TimeZone::UTC).year());
        Self { dir: Vec::new(), at_heading: true, now, year }
    }

    /// Reads one line; `None` for headings and sums.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Entry>, Reason> {
        if line.is_empty() {
            self.at_heading = true;
            return Ok(None);
        }
        if self.at_heading
            && let Some(dir) = line.strip_suffix(b":")
        {
            let dir = dir.strip_prefix(b"./").unwrap_or(dir);
            self.dir = if dir == b"." { Vec::new() } else { dir.to_vec() };
            self.at_heading = false;
            return Ok(None);
        }
        self.at_heading = false;
        if line.starts_with(b"total ") {
            return Ok(None);
        }
        let mut rest = line;
        let (kind, is_open) = mode(field(&mut rest)?)?;
        let (_links, _user, _group) = (field(&mut rest)?, field(&mut rest)?, field(&mut rest)?);
        if kind == Kind::Other {
            // Devices have two numbers for a size; none of these is wanted anyway.
            return Ok(Some(Entry { path: Vec::new(), size: 0, mtime: 0, kind, is_open }));
        }
        let size = size(field(&mut rest)?)?;
        let mtime = self.time(&mut rest)?;
        let path = join(&self.dir, rest).into_owned();
        Ok(Some(Entry { path, size, mtime, kind, is_open }))
    }

    /// Reads one line of `find -ls`: inode, blocks, mode, links, user, group, size, time, path.
    pub fn find_line(&self, line: &[u8]) -> Result<Option<Entry>, Reason> {
        if line.is_empty() {
            return Ok(None);
        }
        let mut rest = line;
        let (_inode, _blocks) = (size(field(&mut rest)?)?, field(&mut rest)?);
        let (kind, is_open) = mode(field(&mut rest)?)?;
        let (_links, _user, _group) = (field(&mut rest)?, field(&mut rest)?, field(&mut rest)?);
        if kind == Kind::Other {
            return Ok(Some(Entry { path: Vec::new(), size: 0, mtime: 0, kind, is_open }));
        }
        let size = size(field(&mut rest)?)?;
        let mtime = self.time(&mut rest)?;
        Ok(Some(Entry { path: unescape_find(rest), size, mtime, kind, is_open }))
    }

    /// `Jun 13  2022`, `Jun 13 14:05`, `2022-06-13 14:05` or `20220613.140500`.
    fn time(&self, rest: &mut &[u8]) -> Result<i64, Reason> {
        let first = field(rest)?;
        if let [y1, y2, y3, y4, m1, m2, d1, d2, b'.', h1, h2, n1, n2, s1, s2] = *first {
            let date = [number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?];
            return unix_time(date, [number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?]);
        }
        let second = field(rest)?;
        if first.contains(&b'-') {
            return unix_time(triple(first, b'-')?, triple(second, b':')?);
        }
        let month = MONTHS
            .iter()
            .position(|month| *month == first)
            .and_then(|month| i16::try_from(month + 1).ok())
            .ok_or("the month is unknown")?;
        let day = number(second)?;
        let third = field(rest)?;
        if !third.contains(&b':') {
            return unix_time([number(third)?, month, day], [0; 3]);
        }
        let clock = triple(third, b':')?;
        match unix_time([self.year, month, day], clock) {
            Ok(time) if time <= self.now + CLOCK_SKEW => Ok(time),
            _ => unix_time([self.year - 1, month, day], clock),
        }
    }
}
