//! Whether the files of an apt or rpm tree fit together: indexes with what names them, packages with
//! what indexes say of them.
//!
//! The root of a tree is what a client would believe first: `InRelease` or `repomd.xml`. From there
//! every index is compared, and of the packages a sample, other ones each time. Everything is bounded
//! by [`Limits`]; a look that ran into one has looked at less, and says at how much.

mod apt;
mod ledger;
mod release;
mod rpm;
mod sample;
mod signature;
mod unpack;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::{Duration, SystemTime},
};

use app::model::{Audit, Consistency, Fault, FaultKind, SignatureCheck};
use jiff::Timestamp;

use self::ledger::Ledger;
pub use self::signature::Keyring;
use crate::{
    content::mirror::MirrorFacts,
    files::{Found, RelPath, Trees},
};

/// Most faults listed; all are counted.
pub const MOST_FAULTS: usize = 20;
/// Most entries of a folder read to find the lock of a sync.
const MOST_ENTRIES: usize = 4096;
/// A lock older than this was left behind by a sync that died.
const STALE_LOCK: Duration = Duration::from_hours(24);

/// How much one look may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Release files read.
    pub releases: usize,
    /// Bytes of one release file.
    pub release_bytes: u64,
    /// Indexes whose size is compared, of all releases together.
    pub indexes: usize,
    /// Bytes hashed in all.
    pub hashed_bytes: u64,
    /// Bytes unpacked to draw the sample, in all.
    pub unpacked_bytes: u64,
    /// Packages in the sample, shared by all releases.
    pub packages: usize,
    /// Packages of the sample that are hashed.
    pub packages_hashed: usize,
    /// Bytes of the largest package that is hashed.
    pub package_bytes: u64,
    /// After this long, nothing further is begun.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            releases: 8,
            release_bytes: 16 * 1024 * 1024,
            indexes: 20_000,
            hashed_bytes: 1024 * 1024 * 1024,
            unpacked_bytes: 512 * 1024 * 1024,
            packages: 128,
            packages_hashed: 16,
            package_bytes: 4 * 1024 * 1024,
            time: Duration::from_mins(10),
        }
    }
}

/// Looks at one tree; twice in the same way.
#[derive(Debug)]
pub struct Auditor {
    trees: Trees,
    base: RelPath,
    files: Vec<String>,
    keyring: Option<Keyring>,
    seed: u64,
    limits: Limits,
}

/// What one look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    audit: Audit,
    all_faults: BTreeSet<Fault>,
    /// Hashes of the release files, to notice that the tree has changed between two looks.
    marks: BTreeMap<String, [u8; 32]>,
    /// Whether a sync says that it is under way.
    is_locked: bool,
}

impl Auditor {
    /// An auditor of a mirror that names apt or rpm indexes; nothing for other mirrors. `seed` decides
    /// which packages are looked at.
    pub fn new(
        trees: Trees,
        mirror: &MirrorFacts,
        keyring: Option<Keyring>,
        seed: u64,
    ) -> Option<Self> {
        let probe = mirror.file.freshness.as_ref()?;
        let files: Vec<_> = probe.indexes().map(str::to_owned).collect();
        if files.is_empty() {
            return None;
        }
        Some(Self {
            trees,
            base: RelPath::parse(&mirror.path()).ok()?,
            files,
            keyring,
            seed,
            limits: Limits::default(),
        })
    }

    /// The same with other limits.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// One look. Blocks on the disk for as long as [`Limits`] allow.
    pub fn look(&self, now: Timestamp) -> Look {
        let mut ledger = Ledger::new(&self.trees, &self.base, self.limits, self.keyring.as_ref());
        // Each release has the same share of the sample.
        let releases = self.files.len().min(self.limits.releases).max(1);
        let share = self.limits.packages.div_ceil(releases);
        for file in &self.files {
            if ledger.releases() == self.limits.releases || ledger.is_late() {
                break;
            }
            if file.ends_with("repomd.xml") {
                rpm::examine(&mut ledger, file, share, self.seed);
            } else {
                apt::examine(&mut ledger, file, share, self.seed, now);
            }
        }
        if ledger.releases() == 0 && ledger.is_blameless() && !ledger.is_late() {
            let path = self.files.first().map_or("", String::as_str);
            ledger.fault(FaultKind::BadRelease, path, "none of the named release files is there");
        }
        let is_locked = self.is_locked(now);
        ledger.into_look(now, is_locked)
    }

    /// Whether `ftpsync` or a tool like it has left its lock at the root of an archive:
    /// `Archive-Update-in-Progress-HOST` (ftpsync(1), "FILES"). Looked for at the root of the mirror
    /// and at those of its archives, one folder each.
    fn is_locked(&self, now: Timestamp) -> bool {
        let roots =
            self.files.iter().map(|file| file.split_once("dists/").map_or("", |(root, _)| root));
        let roots: BTreeSet<&str> = roots.chain([""]).collect();
        roots.into_iter().any(|root| {
            let Ok(folder) = self.base.join(root.as_bytes()) else { return false };
            let Ok(Found::Folder { path }) = self.trees.find(&folder) else { return false };
            let Ok(entries) = fs::read_dir(path) else { return false };
            entries.take(MOST_ENTRIES).flatten().any(|entry| {
                let is_lock = entry
                    .file_name()
                    .as_encoded_bytes()
                    .starts_with(b"Archive-Update-in-Progress-");
                let modified = || entry.metadata().ok()?.modified().ok();
                is_lock && modified().is_some_and(|at| SystemTime::from(now) < at + STALE_LOCK)
            })
        })
    }
}

impl Look {
    /// Whether nothing was wrong.
    pub fn is_sound(&self) -> bool {
        self.all_faults.is_empty()
    }
}

/// Verdict from one look, or from two if the first found faults.
///
/// Faults that a second look does not find were those of a sync in passing. Faults of a tree that
/// changed between the looks, or that has a lock, are those of a sync under way. The same faults in
/// the same tree are damage.
pub fn judge(first: Look, second: Option<Look>) -> Audit {
    let has_changed = second.as_ref().is_some_and(|second| {
        (&second.marks, &second.all_faults) != (&first.marks, &first.all_faults)
    });
    let last = second.unwrap_or(first);
    let consistency = match last.is_sound() {
        true if last.audit.releases == 0 => Consistency::Unknown,
        true => Consistency::Sound,
        false if has_changed || last.is_locked => Consistency::HalfSynced,
        false => Consistency::Broken,
    };
    Audit { consistency, ..last.audit }
}

impl Ledger<'_> {
    fn into_look(self, now: Timestamp, is_locked: bool) -> Look {
        let ledger::Tally { faults, marks, counts, .. } = self.into_tally();
        let signature = match (counts.signed, counts.unsigned) {
            (_, 1..) => SignatureCheck::Bad,
            (1.., 0) => SignatureCheck::Good,
            (0, 0) => SignatureCheck::Unchecked,
        };
        let audit = Audit {
            consistency: Consistency::Unknown,
            checked_at: now,
            faults: faults.iter().take(MOST_FAULTS).cloned().collect(),
            fault_count: faults.len(),
            releases: counts.releases,
            indexes: counts.indexes,
            indexes_hashed: counts.indexes_hashed,
            packages: counts.packages,
            packages_hashed: counts.packages_hashed,
            signature,
        };
        Look { audit, all_faults: faults, marks, is_locked }
    }
}
