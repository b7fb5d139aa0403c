//! Block codec: 32 consecutive entries as front-coded names plus sizes and times.
//!
//! ```text
//! block:  varint length of the facts << 2 | is packed << 1 | has directories, [one bit an entry:
//!         is directory], [varint length, packed hexadecimal digits], facts, compressed names
//! names:  per entry  what is not shared with the previous one; between them  NUL, varint 2 * bytes of
//!         the previous one that are not shared; within them, for packed digits  NUL, varint
//!         2 * packed bytes + 1
//! facts:  zig-zag varint earliest mtime, then bits: width of a time, least bits of a size, width
//!         of a number of bits, has a table; [length of the table, times]; per entry  time or its
//!         place in the table, times being distances from the earliest; per file  bits of its size,
//!         size
//! ```

/// Entries in one block. 32 is where size and false candidates balance: 64 saves two bytes a path
/// and makes slow queries twice as slow.
pub const BLOCK_LEN: usize = 32;

/// What the index keeps of an entry besides its path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Size in bytes.
    pub size: u64,
    /// Modification time, Unix seconds.
    pub mtime: i64,
    /// Whether the entry is a directory.
    pub is_dir: bool,
}

/// A stored block that does not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a block of the index is damaged")]
pub struct DamagedBlock;

fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let [.., low] = value.to_be_bytes();
        value >>= 7;
        if value == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

fn take_varint(bytes: &mut &[u8]) -> Result<u64, DamagedBlock> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(DamagedBlock)?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(DamagedBlock)
}

fn take_length(bytes: &mut &[u8]) -> Result<usize, DamagedBlock> {
    usize::try_from(take_varint(bytes)?).map_err(|_| DamagedBlock)
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], DamagedBlock> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(DamagedBlock)?;
    *bytes = rest;
    Ok(taken)
}

/// Length of the common start of two byte strings.
pub fn shared_prefix(left: &[u8], right: &[u8]) -> usize {
    // PERF: eight bytes at once; the paths of neighbours share most of their folders.
    let (words, others) = (left.as_chunks::<8>().0, right.as_chunks::<8>().0);
    let same = 8 * words.iter().zip(others).take_while(|(a, b)| a == b).count();
    same + left[same..].iter().zip(&right[same..]).take_while(|(a, b)| a == b).count()
}

/// The lines of a block: paths one after the other, each ended by NUL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// The text; no path contains NUL.
    pub text: Vec<u8>,
    /// Where each line starts, plus the length of the text.
    starts: Vec<usize>,
}

impl Lines {
    /// Removes all lines.
    pub fn clear(&mut self) {
        self.text.clear();
        self.starts.clear();
        self.starts.push(0);
    }

    /// Adds a line made of several pieces.
    pub fn push<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u8]>) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        for piece in pieces {
            self.text.extend_from_slice(piece);
        }
        self.text.push(0);
        self.starts.push(self.text.len());
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Where line `number` lies in the text, without its NUL.
    pub fn range(&self, number: usize) -> std::ops::Range<usize> {
        match (self.starts.get(number), self.starts.get(number + 1)) {
            (Some(&start), Some(&end)) => start..end - 1,
            _ => 0..0,
        }
    }

    /// Line `number`, empty when there is none.
    pub fn line(&self, number: usize) -> &[u8] {
        &self.text[self.range(number)]
    }

    /// The number of the line that holds this offset of the text and is not before line `from`.
    pub fn line_at(&self, offset: usize, from: usize) -> usize {
        // PERF: mostly one of the next lines.
        let after = self.starts.iter().skip(from + 1);
        from + after.take_while(|&&start| start <= offset).count()
    }
}

/// Shortest run of hexadecimal digits that is packed, two digits a byte.
const PACKED: usize = 16;

/// How many bytes the run of lower-case hexadecimal digits at the start of `text` packs into.
fn packable(text: &[u8]) -> usize {
    let is_hex = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.iter().take_while(is_hex).count() / 2
}

/// Appends the rest of a line; its long hexadecimal runs are packed, since compression makes nothing of them.
fn pack(mut rest: &[u8], text: &mut Vec<u8>, packed: &mut Vec<u8>) {
    let nibble = |digit: u8| if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
    while rest.len() >= PACKED {
        let length = packable(rest);
        if length >= PACKED / 2 {
            let (run, after) = rest.split_at(2 * length);
            packed.extend(run.chunks_exact(2).map(|two| nibble(two[0]) << 4 | nibble(two[1])));
            put_mark(length << 1 | 1, text);
            rest = after;
        } else {
            // Whatever starts within this run is shorter still.
            let (plain, after) = rest.split_at((2 * length + 1).min(rest.len()));
            text.extend_from_slice(plain);
            rest = after;
        }
    }
    text.extend_from_slice(rest);
}

/// Appends what stands between pieces of text: NUL, which no path holds, and a number.
fn put_mark(value: usize, text: &mut Vec<u8>) {
    text.push(0);
    put_varint(value as u64, text);
}

/// Appends the digits that were packed into some bytes.
fn unpack(packed: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in packed {
        out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

/// Appends the front-coded names of a block, and what is packed of them.
///
/// What is left of the previous line says less than what is taken of it: with names that differ in a version it stays the
/// same. Beside the text, and not with all such numbers before it, compression finds both together: a byte less a path.
pub fn encode_names(lines: &Lines, out: &mut Vec<u8>, packed: &mut Vec<u8>) {
    let mut before: Option<&[u8]> = None;
    for number in 0..lines.len() {
        let line = lines.line(number);
        let mut shared = 0;
        if let Some(before) = before {
            shared = shared_prefix(before, line);
            put_mark((before.len() - shared) << 1, out);
        }
        pack(&line[shared..], out, packed);
        before = Some(line);
    }
}

/// Decodes `count` front-coded names into `lines`, replacing what was there.
pub fn decode_names(
    mut bytes: &[u8],
    mut packed: &[u8],
    count: usize,
    lines: &mut Lines,
) -> Result<(), DamagedBlock> {
    lines.clear();
    let mut before = 0..0;
    // Of the line before.
    let mut unshared = 0;
    for number in 1..=count {
        let start = lines.text.len();
        let shared = before.len().checked_sub(unshared).ok_or(DamagedBlock)?;
        lines.text.extend_from_within(before.start..before.start + shared);
        loop {
            let mark = memchr::memchr(0, bytes);
            let plain = mark.unwrap_or(bytes.len());
            lines.text.extend_from_slice(take(&mut bytes, plain)?);
            if mark.is_none() && number == count {
                break;
            }
            let [_] = take(&mut bytes, 1)? else { return Err(DamagedBlock) };
            let value = take_length(&mut bytes)?;
            if value & 1 == 0 {
                unshared = value >> 1;
                break;
            }
            unpack(take(&mut packed, value >> 1)?, &mut lines.text);
        }
        before = start..lines.text.len();
        lines.text.push(0);
        lines.starts.push(lines.text.len());
    }
    if bytes.is_empty() && packed.is_empty() { Ok(()) } else { Err(DamagedBlock) }
}

/// Appends numbers of any width to bytes, lowest bit first.
struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    pending: u64,
    used: u32,
}

impl BitWriter<'_> {
    /// Writes the lowest `width` bits; the others must be 0.
    fn put(&mut self, value: u64, width: u32) {
        if width > 32 {
            self.put(value & 0xffff_ffff, 32);
            return self.put(value >> 32, width - 32);
        }
        self.pending |= value << self.used;
        self.used += width;
        while self.used >= 8 {
            self.out.push(self.pending.to_le_bytes()[0]);
            self.pending >>= 8;
            self.used -= 8;
        }
    }

    fn finish(self) {
        if self.used > 0 {
            self.out.push(self.pending.to_le_bytes()[0]);
        }
    }
}

/// Reads what [`BitWriter`] wrote.
struct BitReader<'a> {
    rest: &'a [u8],
    pending: u64,
    held: u32,
}

impl BitReader<'_> {
    fn take(&mut self, width: u32) -> Result<u64, DamagedBlock> {
        if width > 32 {
            let low = self.take(32)?;
            return Ok(low | self.take(width.min(64) - 32)? << 32);
        }
        while self.held < width {
            let (&byte, rest) = self.rest.split_first().ok_or(DamagedBlock)?;
            self.rest = rest;
            self.pending |= u64::from(byte) << self.held;
            self.held += 8;
        }
        let value = self.pending & ((1 << width) - 1);
        self.pending >>= width;
        self.held -= width;
        Ok(value)
    }
}

/// Number of bits that a number needs; 0 needs none.
fn bits(value: u64) -> u32 {
    u64::BITS - value.leading_zeros()
}

/// Which of the entries of a block are directories, one bit each.
pub fn dir_bits(facts: &[Facts]) -> u32 {
    facts.iter().rev().fold(0, |bits, fact| bits << 1 | u32::from(fact.is_dir))
}

/// Appends sizes of files and times of all: times as distances from the earliest, sizes as their
/// numbers of bits, these as distances from the least, and the bits themselves.
pub fn encode_facts(facts: &[Facts], out: &mut Vec<u8>) {
    let earliest = facts.iter().map(|fact| fact.mtime).min().unwrap_or(0);
    let age = |fact: &Facts| fact.mtime.wrapping_sub(earliest).cast_unsigned();
    let age_width = facts.iter().map(|fact| bits(age(fact))).max().unwrap_or(0);
    let files = || facts.iter().filter(|fact| !fact.is_dir);
    let least = files().map(|fact| bits(fact.size)).min().unwrap_or(0);
    let most = files().map(|fact| bits(fact.size)).max().unwrap_or(0);
    let length_width = bits(u64::from(most - least));
    put_varint((earliest << 1 ^ earliest >> 63).cast_unsigned(), out);
    // Packages that were built together are of the same second.
    let mut ages: Vec<u64> = facts.iter().map(age).collect();
    ages.sort_unstable();
    ages.dedup();
    let index_width = bits(ages.len().saturating_sub(1) as u64);
    let table = ages.len() * age_width as usize + facts.len() * index_width as usize;
    let has_table = table + 6 < facts.len() * age_width as usize;
    let mut writer = BitWriter { out, pending: 0, used: 0 };
    writer.put(u64::from(age_width), 7);
    writer.put(u64::from(least), 7);
    writer.put(u64::from(length_width), 3);
    writer.put(u64::from(has_table), 1);
    if has_table {
        writer.put(ages.len() as u64, 6);
        for &age in &ages {
            writer.put(age, age_width);
        }
    }
    for fact in facts {
        match ages.binary_search(&age(fact)) {
            Ok(at) if has_table => writer.put(at as u64, index_width),
            _ => writer.put(age(fact), age_width),
        }
    }
    for fact in files() {
        let length = bits(fact.size);
        writer.put(u64::from(length - least), length_width);
        // The highest bit is always set.
        let below = length.saturating_sub(1);
        writer.put(fact.size & ((1_u64 << below) - 1), below);
    }
    writer.finish();
}

/// Decodes the facts of `count` entries, replacing what was in `facts`; `dirs` are [`dir_bits`].
pub fn decode_facts(
    mut bytes: &[u8],
    count: usize,
    dirs: u32,
    facts: &mut Vec<Facts>,
) -> Result<(), DamagedBlock> {
    facts.clear();
    let earliest = take_varint(&mut bytes)?;
    let earliest = (earliest >> 1).cast_signed() ^ -(earliest & 1).cast_signed();
    let mut reader = BitReader { rest: bytes, pending: 0, held: 0 };
    let mut small = |width| reader.take(width).map(|bits| u32::try_from(bits).unwrap_or(0));
    let (age_width, least, length_width) = (small(7)?, small(7)?, small(3)?);
    let ages_kept = if small(1)? == 1 { small(6)? } else { 0 };
    if age_width > 64 || least > 64 {
        return Err(DamagedBlock);
    }
    let mut ages = [0; 64];
    for age in &mut ages[..ages_kept as usize] {
        *age = reader.take(age_width)?;
    }
    let index_width = bits(u64::from(ages_kept.saturating_sub(1)));
    for at in 0..count {
        let age = if ages_kept == 0 {
            reader.take(age_width)?
        } else {
            let index = usize::try_from(reader.take(index_width)?).map_err(|_| DamagedBlock)?;
            *ages.get(index).ok_or(DamagedBlock)?
        };
        let mtime = earliest.wrapping_add(age.cast_signed());
        let is_dir = dirs.checked_shr(u32::try_from(at).unwrap_or(32)).unwrap_or(0) & 1 == 1;
        facts.push(Facts { size: 0, mtime, is_dir });
    }
    for fact in facts.iter_mut().filter(|fact| !fact.is_dir) {
        let length = u64::from(least) + reader.take(length_width)?;
        let below = match u32::try_from(length) {
            Ok(0) => continue,
            Ok(length @ 1..=64) => length - 1,
            _ => return Err(DamagedBlock),
        };
        fact.size = 1 << below | reader.take(below)?;
    }
    if reader.rest.is_empty() { Ok(()) } else { Err(DamagedBlock) }
}

/// The pieces of a stored block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame<'a> {
    /// See [`dir_bits`].
    pub dirs: u32,
    /// From [`encode_facts`].
    pub facts: &'a [u8],
    /// What was packed of the names.
    pub packed: &'a [u8],
    /// The names, compressed by the caller.
    pub names: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Appends the block.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (has_dirs, is_packed) = (self.dirs != 0, !self.packed.is_empty());
        let head = (self.facts.len() as u64) << 2;
        put_varint(head | u64::from(is_packed) << 1 | u64::from(has_dirs), out);
        if has_dirs {
            out.extend_from_slice(&self.dirs.to_le_bytes());
        }
        if is_packed {
            put_varint(self.packed.len() as u64, out);
            out.extend_from_slice(self.packed);
        }
        out.extend_from_slice(self.facts);
        out.extend_from_slice(self.names);
    }

    /// Takes a block apart.
    pub fn read(mut bytes: &'a [u8]) -> Result<Self, DamagedBlock> {
        let head = take_length(&mut bytes)?;
        let mut frame = Self::default();
        if head & 1 == 1 {
            let (word, rest) = bytes.split_first_chunk().ok_or(DamagedBlock)?;
            frame.dirs = u32::from_le_bytes(*word);
            bytes = rest;
        }
        if head & 2 == 2 {
            let length = take_length(&mut bytes)?;
            frame.packed = take(&mut bytes, length)?;
        }
        frame.facts = take(&mut bytes, head >> 2)?;
        frame.names = bytes;
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_block_comes_back(
            names in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(1_u8.., 0..40),
                    "[ab]?/?[0-9a-f]{14,40}(-x)?[0-9a-f]{0,600}".prop_map(String::into_bytes),
                ],
                0..=BLOCK_LEN,
            ),
            times in prop::collection::vec(any::<i64>(), 1..5),
            values in prop::collection::vec((0_u32..64, any::<u64>(), any::<i64>(), any::<bool>()), 0..=BLOCK_LEN),
        ) {
            let mut lines = Lines::default();
            lines.clear();
            for name in &names {
                lines.push([name.as_slice()]);
            }
            let (mut bytes, mut back) = (Vec::new(), Lines::default());
            let mut packed = Vec::new();
            encode_names(&lines, &mut bytes, &mut packed);
            decode_names(&bytes, &packed, names.len(), &mut back).unwrap();
            prop_assert_eq!(&lines, &back);
            let frame = Frame { dirs: 5, facts: b"facts", packed: &packed, names: &bytes };
            let mut framed = Vec::new();
            frame.write(&mut framed);
            prop_assert_eq!(Frame::read(&framed), Ok(frame));

            let facts: Vec<Facts> = values
                .iter()
                .map(|&(shift, size, mtime, is_dir)| {
                    let at = usize::try_from(shift).unwrap();
                    let mtime = *times.get(at % 5).unwrap_or(&mtime);
                    Facts { size: if is_dir { 0 } else { size >> shift }, mtime, is_dir }
                })
                .collect();
            let (mut bytes, mut back) = (Vec::new(), Vec::new());
            encode_facts(&facts, &mut bytes);
            decode_facts(&bytes, facts.len(), dir_bits(&facts), &mut back).unwrap();
            prop_assert_eq!(facts, back);
        }

        #[test]
        fn damaged_bytes_never_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            count in 0..40_usize,
        ) {
            let _ = decode_names(&bytes, &[], count, &mut Lines::default());
            let _ = decode_names(&bytes, &bytes, count, &mut Lines::default());
            let _ = decode_facts(&bytes, count, 5, &mut Vec::new());
            let _ = Frame::read(&bytes);
        }
    }
}
