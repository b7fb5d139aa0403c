//! Signed apt repositories: the pool, the indexes, `Release`, `Release.gpg` and `InRelease`.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::{Timestamp, ToSpan};

use super::{
    archive, deb, digest,
    openpgp::Key,
    source,
    suites::{Repository, Suite},
    tree::Tree,
};

/// All packages are for every architecture, so each index lists the same.
const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

/// The indexes of one component.
struct Indexes {
    packages: Index,
    sources: Index,
}

/// One index in both forms; made once, since most suites and architectures share theirs.
struct Index {
    plain: String,
    gzip: Vec<u8>,
}

impl Index {
    fn new(plain: String) -> Result<Self> {
        let gzip = archive::gzip(plain.as_bytes())?;
        Ok(Self { plain, gzip })
    }
}

impl Indexes {
    fn new(packages: String, sources: String) -> Result<Self> {
        Ok(Self { packages: Index::new(packages)?, sources: Index::new(sources)? })
    }
}

/// Writes `repository` to `tree`, signed with `key`.
pub(super) fn write(tree: &Tree, repository: &Repository, key: &Key) -> Result<()> {
    let pool = write_pool(tree, repository)?;
    for suite in &repository.suites {
        let dist = tree.at(&format!("dists/{}", suite.dist), tree.time());
        let release = release(
            repository,
            suite,
            tree.time(),
            &write_indexes(&dist, repository, suite, &pool)?,
        );
        dist.write("Release", &release)?;
        dist.write("Release.gpg", key.sign_armored(release.as_bytes())?)?;
        dist.write("InRelease", key.clear_sign(&release)?)?;
    }
    Ok(())
}

/// Writes the trace file with which Debian's mirrors say when they were last in step.
pub(super) fn write_trace(tree: &Tree) -> Result<()> {
    let time = tree.time();
    tree.write(
        "project/trace/mirrors.example.org",
        format!(
            "{}\nDate: {}\nCreator: Mingjing demo\nRunning on host: mirrors.example.org\n\
             Architectures: all {} source\nUpstream-mirror: none, this tree is a demo\n",
            time.strftime("%a %b %e %H:%M:%S UTC %Y"),
            time.strftime("%a, %d %b %Y %H:%M:%S +0000"),
            ARCHITECTURES.join(" "),
        ),
    )
}

fn write_pool<'a>(tree: &Tree, repository: &'a Repository) -> Result<BTreeMap<&'a str, Indexes>> {
    let product = &repository.product;
    let component =
        repository.suites.first().and_then(|suite| suite.components.first()).unwrap_or(&"main");
    let initial = &product.name[..1];
    let directory = format!("pool/{component}/{initial}/{}", product.name);
    let pool = tree.at(&directory, tree.time().checked_sub(240.hours())?);

    let mut indexed = BTreeMap::new();
    for version in repository.suites.iter().filter_map(|suite| suite.package.as_deref()) {
        if indexed.contains_key(version) {
            continue;
        }
        let deb = deb::build(product, version)?;
        pool.write(&deb.file, &deb.content)?;
        let packages = format!(
            "{}Filename: {directory}/{}\nSize: {}\nSHA256: {}\n\n",
            deb.control,
            deb.file,
            deb.content.len(),
            digest::sha256(&deb.content)
        );
        let mut sources = String::new();
        if repository.with_sources {
            let source = source::build(product, version)?;
            for (name, content) in &source.files {
                pool.write(name, content)?;
            }
            sources = format!("{}Directory: {directory}\n\n", source.paragraph);
        }
        indexed.insert(version, Indexes::new(packages, sources)?);
    }
    Ok(indexed)
}

/// Writes the indexes of one suite; returns their lines for `Release`.
fn write_indexes(
    dist: &Tree,
    repository: &Repository,
    suite: &Suite,
    pool: &BTreeMap<&str, Indexes>,
) -> Result<String> {
    let nothing = Indexes::new(String::new(), String::new())?;
    let in_first = suite.package.as_deref().and_then(|version| pool.get(version));
    let mut lines = String::new();
    for (number, component) in suite.components.iter().enumerate() {
        let indexes = in_first.filter(|_| number == 0).unwrap_or(&nothing);
        for arch in ARCHITECTURES {
            let name = format!("{component}/binary-{arch}/Packages");
            lines += &write_index(dist, &name, &indexes.packages)?;
        }
        if repository.with_sources {
            let name = format!("{component}/source/Sources");
            lines += &write_index(dist, &name, &indexes.sources)?;
        }
    }
    Ok(lines)
}

/// Writes one index in both forms; returns its lines for `Release`.
fn write_index(dist: &Tree, name: &str, index: &Index) -> Result<String> {
    let mut lines = String::new();
    for (suffix, content) in [("", index.plain.as_bytes()), (".gz", &index.gzip)] {
        let name = format!("{name}{suffix}");
        dist.write(&name, content)?;
        let (sha256, size) = (digest::sha256(content), content.len());
        lines += &format!(" {sha256} {size:>8} {name}\n");
    }
    Ok(lines)
}

/// No `Valid-Until`: a demo that runs for months must not expire.
fn release(repository: &Repository, suite: &Suite, time: Timestamp, indexes: &str) -> String {
    let version =
        suite.version.as_ref().map(|version| format!("Version: {version}\n")).unwrap_or_default();
    let caution =
        if suite.not_automatic { "NotAutomatic: yes\nButAutomaticUpgrades: yes\n" } else { "" };
    format!(
        "Origin: {origin}\n\
         Label: {label}\n\
         Suite: {}\n\
         {version}\
         Codename: {}\n\
         Date: {}\n\
         Acquire-By-Hash: no\n\
         {caution}\
         Architectures: {}\n\
         Components: {}\n\
         Description: Demo of {origin} {} made by Mingjing, signed by a throwaway key\n\
         SHA256:\n{indexes}",
        suite.role,
        suite.codename,
        time.strftime("%a, %d %b %Y %H:%M:%S UTC"),
        ARCHITECTURES.join(" "),
        suite.components.join(" "),
        suite.dist,
        origin = repository.origin,
        label = suite.label.unwrap_or(repository.label),
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::demo::suites;

    #[test]
    fn every_index_in_release_exists_with_its_size_and_hash() {
        let dir = tempfile::tempdir().unwrap();
        let time: Timestamp = "2026-03-01T09:05:07Z".parse().unwrap();
        let tree = Tree::create(dir.path().join("debian"), time).unwrap();
        let key = Key::generate(time, time).unwrap();
        write(&tree, &suites::debian(), &key).unwrap();

        let dist = dir.path().join("debian/dists/trixie");
        let release = fs::read_to_string(dist.join("Release")).unwrap();
        assert!(release.contains(
            "\nSuite: stable\nVersion: 13\nCodename: trixie\nDate: Sun, 01 Mar 2026 09:05:07 UTC\n"
        ));
        let lines: Vec<_> = release.lines().filter(|line| line.starts_with(' ')).collect();
        assert_eq!(lines.len(), 4 * 3 * 2, "components, indexes, plain and gzip");
        for line in lines {
            let [hash, size, name] =
                line.split_whitespace().collect::<Vec<_>>().try_into().unwrap();
            let content = fs::read(dist.join(name)).unwrap();
            assert_eq!(
                (digest::sha256(&content).as_str(), content.len()),
                (hash, size.parse().unwrap())
            );
        }
        let packages = fs::read_to_string(dist.join("main/binary-amd64/Packages")).unwrap();
        let file = packages.lines().find_map(|line| line.strip_prefix("Filename: ")).unwrap();
        assert!(dir.path().join("debian").join(file).is_file());
    }
}
