//! Words and endings of names that say what a file is.

use super::gram;

/// Whether a folded file name accompanies another file: a checksum, a signature, a torrent.
pub fn is_sidecar(name: &[u8]) -> bool {
    if name.ends_with(b"sums") || name.ends_with(b"checksum") {
        return true;
    }
    let Some(extension) = gram::extension(name) else {
        return false;
    };
    // PERF: literals of known length compare as integers; a list of suffixes took half of the time
    // of a search.
    matches!(
        extension,
        b"torrent"
            | b"zsync"
            | b"sig"
            | b"asc"
            | b"sign"
            | b"gpg"
            | b"manifest"
            | b"list"
            | b"sha1"
            | b"sha256"
            | b"sha512"
            | b"md5"
            | b"sha256sum"
            | b"sha512sum"
            | b"md5sum"
            | b"b2"
            | b"checksum"
            | b"meta"
            | b"meta4"
            | b"metalink"
            | b"metadata"
            | b"readme"
            | b"dsc"
            | b"changes"
            | b"narinfo"
            | b"jigdo"
            | b"template"
            | b"delta"
            | b"files"
            | b"provenance"
    )
}

/// Slots of a table of words, a power of two.
const SLOTS: usize = 256;

/// Words, and what each says.
///
/// PERF: every word of every candidate is looked up; most come to an empty slot at once.
pub struct Words<T: 'static> {
    known: &'static [(&'static [u8], T)],
    /// By a hash of the word: one more than its place, or 0. A slot that is taken means the next one.
    slots: [u8; SLOTS],
}

/// Words are not empty.
const fn slot(word: &[u8]) -> usize {
    let (first, last) = (word[0] as usize, word[word.len() - 1] as usize);
    (5 * first + 11 * last + 31 * word.len()) % SLOTS
}

impl<T: Copy> Words<T> {
    #[expect(clippy::cast_possible_truncation, reason = "fewer than 256 words")]
    const fn new(known: &'static [(&'static [u8], T)]) -> Self {
        assert!(known.len() < SLOTS / 2, "the table is too small");
        let mut slots = [0; SLOTS];
        let mut at = 0;
        while at < known.len() {
            let mut slot = slot(known[at].0);
            while slots[slot] != 0 {
                slot = (slot + 1) % SLOTS;
            }
            at += 1;
            slots[slot] = at as u8;
        }
        Self { known, slots }
    }

    /// What a folded word says, if it is known.
    pub fn get(&self, word: &[u8]) -> Option<T> {
        if word.is_empty() {
            return None;
        }
        let mut slot = slot(word);
        loop {
            let (known, says) = self.known[usize::from(self.slots[slot]).checked_sub(1)?];
            if known == word {
                return Some(says);
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}

/// What a word says of the machine that a file is for, or of its quality.
#[derive(Clone, Copy)]
pub enum Says {
    /// It is for the most common machine.
    Common,
    Windows,
    /// It is for Windows, or for an old machine with Windows.
    Win32,
    /// As an architecture of its own, and not the start of `x86_64`.
    X86,
    /// How much less the file is wanted when the query does not ask for it.
    Less(i32),
}

static SAYS: Words<Says> = Words::new(&[
    (b"amd64", Says::Common),
    (b"x64", Says::Common),
    (b"win64", Says::Common),
    (b"64bit", Says::Common),
    (b"windows", Says::Windows),
    (b"x86", Says::X86),
    (b"arm64", Says::Less(6)),
    (b"aarch64", Says::Less(6)),
    (b"i386", OTHER),
    (b"386", OTHER),
    (b"ia32", OTHER),
    (b"i486", OTHER),
    (b"i586", OTHER),
    (b"i686", OTHER),
    (b"i386pae", OTHER),
    (b"armel", OTHER),
    (b"armhf", OTHER),
    (b"armv6", OTHER),
    (b"armv6l", OTHER),
    (b"armv7", OTHER),
    (b"armv7l", OTHER),
    (b"armv7hl", OTHER),
    (b"s390x", OTHER),
    (b"s390", OTHER),
    (b"powerpc", OTHER),
    (b"ppc64", OTHER),
    (b"ppc64le", OTHER),
    (b"ppc64el", OTHER),
    (b"riscv64", OTHER),
    (b"mips", OTHER),
    (b"mipsel", OTHER),
    (b"mips64el", OTHER),
    (b"loong64", OTHER),
    (b"loongarch64", OTHER),
    (b"darwin", OTHER),
    (b"mac", OTHER),
    (b"mac64", OTHER),
    (b"macos", OTHER),
    (b"macosx", OTHER),
    (b"osx", OTHER),
    (b"win32", Says::Win32),
    (b"dbg", FOR_DEVELOPERS),
    (b"dbgsym", FOR_DEVELOPERS),
    (b"debuginfo", FOR_DEVELOPERS),
    (b"debugsource", FOR_DEVELOPERS),
    (b"dev", FOR_DEVELOPERS),
    (b"devel", FOR_DEVELOPERS),
    (b"beta", UNRIPE),
    (b"alpha", UNRIPE),
    (b"rc", UNRIPE),
    (b"nightly", UNRIPE),
    (b"daily", UNRIPE),
    (b"preview", UNRIPE),
    (b"initramfs", UNRIPE),
    (b"src", FOR_BUILDERS),
    (b"source", FOR_BUILDERS),
    // Of the two builds for Windows, that of its own compiler.
    (b"gnu", Says::Less(2)),
]);
/// How much less files for other machines are wanted.
pub const OTHER_MACHINE: i32 = 12;
const OTHER: Says = Says::Less(OTHER_MACHINE);
const FOR_DEVELOPERS: Says = Says::Less(15);
const FOR_BUILDERS: Says = Says::Less(8);
const UNRIPE: Says = Says::Less(8);

/// What a folded word says, if anything: `rc2` as `rc`.
pub fn says(word: &[u8]) -> Option<Says> {
    SAYS.get(word).or_else(|| {
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        let stem = &word[..=word.iter().rposition(|byte| !is_digit(byte))?];
        let is_numbered = word.last().is_some_and(is_digit);
        (is_numbered && matches!(stem, b"rc" | b"beta" | b"alpha")).then_some(UNRIPE)
    })
}

/// Words that say for what system, or in what form, a file is.
pub static FORMS: Words<()> = Words::new(&[
    (b"latest", ()),
    (b"bit", ()),
    (b"bin", ()),
    (b"linux", ()),
    (b"windows", ()),
    (b"win", ()),
    (b"darwin", ()),
    (b"mac", ()),
    (b"macos", ()),
    (b"installer", ()),
    (b"tar", ()),
    (b"gz", ()),
    (b"xz", ()),
    (b"zst", ()),
    (b"zip", ()),
    (b"tgz", ()),
    (b"iso", ()),
    (b"img", ()),
    (b"exe", ()),
    (b"msi", ()),
    (b"dmg", ()),
    (b"pkg", ()),
    (b"deb", ()),
    (b"rpm", ()),
    (b"whl", ()),
    (b"run", ()),
    (b"all", ()),
    (b"noarch", ()),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sidecars_are_told_from_files() {
        for name in [&b"a.iso.zsync"[..], b"sha256sums", b"a.tar.gz.asc", b"checksum"] {
            assert!(is_sidecar(name), "{name:?}");
        }
        for name in [&b"a.iso"[..], b"linux-6.1.tar.xz", b"listing"] {
            assert!(!is_sidecar(name), "{name:?}");
        }
    }
}
