//! Block codec: 32 consecutive entries as front-coded names plus sizes and times.
//!
//! ```text
//! names:  per entry  varint shared-with-previous, varint suffix length; then all suffixes
//! facts:  per entry  varint size << 1 | is_dir, zig-zag varint mtime - previous mtime
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
    left.iter().zip(right).take_while(|(a, b)| a == b).count()
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

    /// The number of the line that holds this offset of the text.
    pub fn line_at(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }
}

/// Appends the front-coded names of a block.
pub fn encode_names(lines: &Lines, out: &mut Vec<u8>) {
    let mut suffixes = Vec::with_capacity(lines.text.len());
    let mut before: &[u8] = b"";
    for number in 0..lines.len() {
        let line = lines.line(number);
        let shared = shared_prefix(before, line);
        put_varint(shared as u64, out);
        put_varint((line.len() - shared) as u64, out);
        suffixes.extend_from_slice(&line[shared..]);
        before = line;
    }
    out.extend_from_slice(&suffixes);
}

/// Decodes `count` front-coded names into `lines`, replacing what was there.
pub fn decode_names(mut bytes: &[u8], count: usize, lines: &mut Lines) -> Result<(), DamagedBlock> {
    lines.clear();
    let mut lengths = [(0, 0); BLOCK_LEN];
    let lengths = lengths.get_mut(..count).ok_or(DamagedBlock)?;
    for (shared, added) in lengths.iter_mut() {
        *shared = take_length(&mut bytes)?;
        *added = take_length(&mut bytes)?;
    }
    let mut before = 0..0;
    for (shared, added) in lengths.iter() {
        if *shared > before.len() {
            return Err(DamagedBlock);
        }
        let start = lines.text.len();
        lines.text.extend_from_within(before.start..before.start + shared);
        lines.text.extend_from_slice(take(&mut bytes, *added)?);
        before = start..lines.text.len();
        lines.text.push(0);
        lines.starts.push(lines.text.len());
    }
    if bytes.is_empty() { Ok(()) } else { Err(DamagedBlock) }
}

/// Appends sizes, times and kinds.
pub fn encode_facts(facts: &[Facts], out: &mut Vec<u8>) {
    let mut before = 0_i64;
    for fact in facts {
        // 63 bits of size are eight exabytes: more than any file has.
        put_varint(fact.size.min(u64::MAX >> 1) << 1 | u64::from(fact.is_dir), out);
        let step = fact.mtime.wrapping_sub(before);
        put_varint((step << 1 ^ step >> 63).cast_unsigned(), out);
        before = fact.mtime;
    }
}

/// Decodes the facts of `count` entries, replacing what was in `facts`.
pub fn decode_facts(
    mut bytes: &[u8],
    count: usize,
    facts: &mut Vec<Facts>,
) -> Result<(), DamagedBlock> {
    facts.clear();
    let mut mtime = 0_i64;
    for _ in 0..count {
        let size = take_varint(&mut bytes)?;
        let step = take_varint(&mut bytes)?;
        mtime = mtime.wrapping_add((step >> 1).cast_signed() ^ -(step & 1).cast_signed());
        facts.push(Facts { size: size >> 1, mtime, is_dir: size & 1 == 1 });
    }
    if bytes.is_empty() { Ok(()) } else { Err(DamagedBlock) }
}

/// Appends `[varint length of facts][facts][names]`; `names` are compressed by the caller.
pub fn frame(facts: &[u8], names: &[u8], out: &mut Vec<u8>) {
    put_varint(facts.len() as u64, out);
    out.extend_from_slice(facts);
    out.extend_from_slice(names);
}

/// Splits a frame into facts and names.
pub fn unframe(mut bytes: &[u8]) -> Result<(&[u8], &[u8]), DamagedBlock> {
    let length = take_length(&mut bytes)?;
    let facts = take(&mut bytes, length)?;
    Ok((facts, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_block_comes_back(
            names in prop::collection::vec(prop::collection::vec(1_u8.., 0..40), 0..=BLOCK_LEN),
            values in prop::collection::vec((0_u64..1 << 63, any::<i64>(), any::<bool>()), 0..=BLOCK_LEN),
        ) {
            let mut lines = Lines::default();
            lines.clear();
            for name in &names {
                lines.push([name.as_slice()]);
            }
            let (mut bytes, mut back) = (Vec::new(), Lines::default());
            encode_names(&lines, &mut bytes);
            decode_names(&bytes, names.len(), &mut back).unwrap();
            prop_assert_eq!(&lines, &back);

            let facts: Vec<Facts> = values
                .iter()
                .map(|&(size, mtime, is_dir)| Facts { size, mtime, is_dir })
                .collect();
            let (mut bytes, mut back) = (Vec::new(), Vec::new());
            encode_facts(&facts, &mut bytes);
            decode_facts(&bytes, facts.len(), &mut back).unwrap();
            prop_assert_eq!(facts, back);
        }

        #[test]
        fn damaged_bytes_never_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            count in 0..40_usize,
        ) {
            let _ = decode_names(&bytes, count, &mut Lines::default());
            let _ = decode_facts(&bytes, count, &mut Vec::new());
            let _ = unframe(&bytes);
        }
    }
}
