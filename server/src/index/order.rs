//! The static rank: in which order entries are stored, hence found.
//!
//! A query stops after enough matches, so what people want must come first: good directories
//! before bad ones, new versions before old ones.

use super::fold;

/// Quality of a directory; lower is better.
pub type Tier = u8;

/// Number of tiers: 0 releases, images and sources; 1 package pools; 2 archives and debug
/// packages; 3 trees named by hashes.
pub const TIERS: usize = 4;

/// What was seen in a directory, to tell a release tree from a package pool.
#[derive(Clone, Copy, Debug, Default)]
pub struct Census {
    /// Files directly in it.
    pub files: u32,
    /// Of these, packages of a package manager.
    pub packages: u32,
    /// Of these, disk images and installers.
    pub images: u32,
}

const PACKAGE_EXTENSIONS: &[&str] = &[
    ".deb",
    ".udeb",
    ".rpm",
    ".drpm",
    ".apk",
    ".whl",
    ".conda",
    ".gem",
    ".egg",
    ".crate",
    ".jar",
    ".pkg.tar.zst",
    ".pkg.tar.xz",
    ".ipk",
    ".dsc",
    ".xbps",
    ".ebuild",
];
const IMAGE_EXTENSIONS: &[&str] = &[
    ".iso",
    ".img",
    ".img.xz",
    ".img.gz",
    ".raw.xz",
    ".qcow2",
    ".exe",
    ".msi",
    ".dmg",
    ".pkg",
    ".run",
    ".appimage",
    ".ova",
    ".vdi",
    ".vhd",
    ".box",
    ".sh",
    ".war",
];

impl Census {
    /// Counts one file by its name.
    pub fn add(&mut self, name: &[u8]) {
        // PERF: no allocation; no ending is longer.
        let mut end = [0_u8; 16];
        let tail = &name[name.len().saturating_sub(end.len())..];
        let end = &mut end[..tail.len()];
        end.copy_from_slice(tail);
        end.make_ascii_lowercase();
        let ends = |list: &[&str]| list.iter().any(|ending| end.ends_with(ending.as_bytes()));
        self.files += 1;
        if ends(PACKAGE_EXTENSIONS) {
            self.packages += 1;
        } else if ends(IMAGE_EXTENSIONS) {
            self.images += 1;
        }
    }
}

/// Segments that decide the tier of everything below them; the worst one counts.
fn segment_tier(segment: &[u8]) -> Option<Tier> {
    Some(match segment {
        b"by-hash" | b"store" => 3,
        b"debug"
        | b"debuginfo"
        | b"dbg"
        | b"source"
        | b"srpms"
        | b"authors"
        | b"backpan"
        | b"attic"
        | b"obsolete"
        | b"old"
        | b"old-releases"
        | b"ubuntu-old-releases"
        | b"debian-old"
        | b"archive.debian.org"
        | b"debian-archive"
        | b"centos-vault"
        | b"vault"
        | b"snapshot"
        | b"snapshots" => 2,
        b"pool" | b"dists" | b"repodata" | b"packages" | b"gems" | b"distfiles" | b"contrib"
        | b"cran" | b"ctan" | b"cpan" | b"hackage" | b"gentoo-portage" | b"simple" | b"web" => 1,
        _ => return None,
    })
}

/// The tier of a directory, given its folded path.
pub fn tier(folded_dir: &[u8], census: Census) -> Tier {
    if fold::hash_runs(folded_dir).next().is_some() {
        return 3;
    }
    let segments = folded_dir.split(|&byte| byte == b'/');
    let worst = segments.filter_map(segment_tier).max();
    if worst.is_some_and(|worst| worst >= 2)
        || folded_dir.windows(15).any(|w| w == b"contrib/archive")
    {
        return worst.unwrap_or(2).max(2);
    }
    if census.packages > 0 && census.packages * 2 >= census.files {
        return 1;
    }
    if census.images > 0 {
        return 0;
    }
    worst.unwrap_or(0)
}

/// The directory as which a hash-named one is sorted: all files of a hash tree are sorted together
/// by their names, or each release of a project would lie in another block.
pub fn sort_dir(dir: &[u8]) -> &[u8] {
    let Some(hash) = fold::hash_runs(&fold::fold(dir)).next() else {
        return dir;
    };
    let mut root = dir[..hash.start].strip_suffix(b"/").unwrap_or(b"");
    // The two-digit directories above the hash (PyPI: `packages/ab/cd/<hash>`).
    while let Some((rest, [b'/', a, b])) = root.split_last_chunk::<3>()
        && a.is_ascii_hexdigit()
        && b.is_ascii_hexdigit()
    {
        root = rest;
    }
    root
}

/// Whether a directory only exists to spread files by hash; nobody looks for one.
pub fn is_hash_dir(dir: &[u8]) -> bool {
    let is_pair = |segment: &[u8]| segment.len() == 2 && segment.iter().all(u8::is_ascii_hexdigit);
    let mut segments = dir.rsplit(|&byte| byte == b'/');
    let last = segments.next().unwrap_or(b"");
    let above = segments.next().unwrap_or(b"");
    fold::is_hash(&fold::fold(last))
        || is_pair(last) && (is_pair(above) || above.eq_ignore_ascii_case(b"packages"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_tell_releases_from_pools_and_hashes() {
        let images = Census { files: 9, packages: 0, images: 3 };
        let packages = Census { files: 9, packages: 6, images: 0 };
        assert_eq!(tier(b"ubuntu-releases/24.04", images), 0);
        assert_eq!(tier(b"debian/pool/main/g/gcc", packages), 1);
        assert_eq!(tier(b"fedora/updates/42/debug/packages", packages), 2);
        assert_eq!(tier(b"cran/src/contrib/archive/x", Census::default()), 2);
        assert_eq!(tier(b"debian/dists/sid/by-hash/md5sum", Census::default()), 3);
        let pypi = b"pypi/web/packages/cf/5b/56e5e5b85d2dc1cf3bce9706bf59a93a";
        assert_eq!(tier(pypi, packages), 3);
        assert_eq!(sort_dir(pypi), b"pypi/web/packages");
        assert!(is_hash_dir(pypi) && is_hash_dir(b"pypi/web/packages/cf/5b"));
        assert!(!is_hash_dir(b"debian/pool"));
    }
}
