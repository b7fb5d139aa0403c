//! The names file: compressed blocks, their offsets, and the dictionary they share.
//!
//! An own file read through tantivy's memory map instead of tantivy's doc store: a scattered hit
//! then costs one 2 kB block (3 µs) and not a 16 kB one (12 µs), and the dictionary makes up for
//! the smaller blocks.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, ensure};
use tantivy::directory::{Directory as _, MmapDirectory, OwnedBytes};
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::DecoderDictionary;
use zstd::zstd_safe::CParameter;

use super::block::{self, BLOCK_LEN, DamagedBlock, Facts, Lines};

/// The compressed blocks.
pub const BLOCKS_FILE: &str = "names.blocks";
/// One little-endian `u64` a block and one for the end.
pub const OFFSETS_FILE: &str = "names.offsets";
/// The shared dictionary; empty when there were too few names to train one.
pub const DICTIONARY_FILE: &str = "names.dictionary";

/// Level 6 as plocate uses: higher ones gain 1 % for twice the time.
const ZSTD_LEVEL: i32 = 6;
const DICTIONARY_SIZE: usize = 110 * 1024;
/// Blocks to train with. Samples of a hundred times the dictionary's size gain nothing here.
pub const TRAINING_BLOCKS: usize = 2000;

/// Trains a dictionary from encoded names; empty when there are too few.
pub fn train(samples: &[Vec<u8>]) -> Vec<u8> {
    // zstd refuses small sets and warns about them; without a dictionary all still works.
    if samples.len() < 100 {
        return Vec::new();
    }
    zstd::dict::from_samples(samples, DICTIONARY_SIZE).unwrap_or_default()
}

/// Writes blocks one after the other.
pub struct NamesWriter<'a> {
    blocks: BufWriter<File>,
    offsets: BufWriter<File>,
    compressor: Compressor<'a>,
    end: u64,
    longest: usize,
    encoded: Vec<u8>,
    facts: Vec<u8>,
    framed: Vec<u8>,
}

impl NamesWriter<'_> {
    /// Creates the three files in `dir`.
    pub fn create(dir: &Path, dictionary: &[u8]) -> anyhow::Result<Self> {
        let create = |name: &str| {
            let path = dir.join(name);
            File::create(&path).with_context(|| format!("cannot create {}", path.display()))
        };
        create(DICTIONARY_FILE)?.write_all(dictionary)?;
        let mut compressor = Compressor::with_dictionary(ZSTD_LEVEL, dictionary)?;
        // Four bytes a block that say nothing new.
        compressor.set_parameter(CParameter::DictIdFlag(false))?;
        compressor.set_parameter(CParameter::ContentSizeFlag(false))?;
        let mut offsets = BufWriter::new(create(OFFSETS_FILE)?);
        offsets.write_all(&0_u64.to_le_bytes())?;
        Ok(Self {
            blocks: BufWriter::with_capacity(1 << 20, create(BLOCKS_FILE)?),
            offsets,
            compressor,
            end: 0,
            longest: 0,
            encoded: Vec::new(),
            facts: Vec::new(),
            framed: Vec::new(),
        })
    }

    /// Adds one block.
    pub fn add(&mut self, lines: &Lines, facts: &[Facts]) -> anyhow::Result<()> {
        self.encoded.clear();
        self.facts.clear();
        self.framed.clear();
        block::encode_names(lines, &mut self.encoded);
        block::encode_facts(facts, &mut self.facts);
        self.longest = self.longest.max(self.encoded.len());
        let compressed = self.compressor.compress(&self.encoded)?;
        block::frame(&self.facts, &compressed, &mut self.framed);
        self.blocks.write_all(&self.framed)?;
        self.end += self.framed.len() as u64;
        self.offsets.write_all(&self.end.to_le_bytes())?;
        Ok(())
    }

    /// Flushes the files. Returns the length in bytes of the longest block before compression,
    /// which a reader needs.
    pub fn finish(mut self) -> anyhow::Result<usize> {
        self.blocks.flush()?;
        self.offsets.flush()?;
        Ok(self.longest)
    }
}

/// Reads blocks by number.
pub struct Names {
    blocks: OwnedBytes,
    offsets: OwnedBytes,
    dictionary: DecoderDictionary<'static>,
    longest: usize,
    entries: u64,
}

impl Names {
    /// Maps the files of a generation that holds `entries` entries.
    pub fn open(dir: &Path, entries: u64, longest: usize) -> anyhow::Result<Self> {
        let files = MmapDirectory::open(dir)?;
        let read = |name: &str| -> anyhow::Result<OwnedBytes> {
            let slice = files.open_read(Path::new(name)).with_context(|| name.to_owned())?;
            Ok(slice.read_bytes()?)
        };
        let names = Self {
            blocks: read(BLOCKS_FILE)?,
            offsets: read(OFFSETS_FILE)?,
            dictionary: DecoderDictionary::copy(&read(DICTIONARY_FILE)?),
            longest,
            entries,
        };
        let expected = entries.div_ceil(BLOCK_LEN as u64);
        ensure!(
            names.offsets.len() as u64 == 8 * (expected + 1)
                && names.offset(expected) == Some(names.blocks.len()),
            "{OFFSETS_FILE} does not fit {BLOCKS_FILE}"
        );
        Ok(names)
    }

    /// Number of blocks.
    pub fn len(&self) -> u32 {
        u32::try_from(self.entries.div_ceil(BLOCK_LEN as u64)).unwrap_or(u32::MAX)
    }

    fn offset(&self, block: u64) -> Option<usize> {
        let at = usize::try_from(block).ok()?.checked_mul(8)?;
        let bytes = self.offsets.get(at..)?.first_chunk::<8>()?;
        usize::try_from(u64::from_le_bytes(*bytes)).ok()
    }

    /// A cursor for one query; it owns the buffers.
    pub fn cursor(&self) -> std::io::Result<NamesCursor<'_>> {
        Ok(NamesCursor {
            names: self,
            decompressor: Decompressor::with_prepared_dictionary(&self.dictionary)?,
            encoded: Vec::with_capacity(self.longest),
            lines: Lines::default(),
            facts: Vec::new(),
            at: (0, b""),
        })
    }
}

/// Decodes one block after the other into the same buffers.
pub struct NamesCursor<'a> {
    names: &'a Names,
    decompressor: Decompressor<'a>,
    encoded: Vec<u8>,
    /// The lines of the block read last.
    pub lines: Lines,
    facts: Vec<Facts>,
    at: (usize, &'a [u8]),
}

impl NamesCursor<'_> {
    /// Decodes the names of a block into [`Self::lines`].
    pub fn read(&mut self, block: u32) -> Result<(), DamagedBlock> {
        let names = self.names;
        self.facts.clear();
        let first = u64::from(block) * BLOCK_LEN as u64;
        let count = names.entries.saturating_sub(first).min(BLOCK_LEN as u64);
        let count = usize::try_from(count).map_err(|_| DamagedBlock)?;
        let start = names.offset(u64::from(block)).ok_or(DamagedBlock)?;
        let end = names.offset(u64::from(block) + 1).ok_or(DamagedBlock)?;
        let framed = names.blocks.get(start..end).ok_or(DamagedBlock)?;
        let (facts, compressed) = block::unframe(framed)?;
        self.at = (count, facts);
        self.encoded.clear();
        self.decompressor
            .decompress_to_buffer(compressed, &mut self.encoded)
            .map_err(|_| DamagedBlock)?;
        block::decode_names(&self.encoded, count, &mut self.lines)
    }

    /// Size, time and kind of a line of the block read last; decoded at the first call.
    pub fn facts(&mut self, line: usize) -> Result<Facts, DamagedBlock> {
        if self.facts.is_empty() {
            let (count, bytes) = self.at;
            block::decode_facts(bytes, count, &mut self.facts)?;
        }
        self.facts.get(line).copied().ok_or(DamagedBlock)
    }
}
