//! rpm repositories: a package of format 4, and the metadata that dnf and zypper read.
//!
//! Formats: "RPM V4 Package format" of the manual of rpm (docs/manual/format_*.md in its source) and
//! the tables of `rpmtag.h`; for the metadata the source of `createrepo_c`.

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use pgp::crypto::hash::HashAlgorithm;

use super::{
    archive::{self, Member},
    deb::MAINTAINER,
    digest,
    openpgp::Key,
    tree::Tree,
};

const NAME: &str = "mingjing-hello";
const VERSION: &str = "1.0";
const SUMMARY: &str = "Demo package of a software mirror";
const DESCRIPTION: &str = "It prints one line and does nothing else.";
const URL: &str = "https://mirrors.example.org/";
const LICENSE: &str = "Apache-2.0";
const HOST: &str = "mirrors.example.org";
const ARCHITECTURES: [&str; 2] = ["x86_64", "aarch64"];

/// `RPMFILE_DOC`, in `rpmfiles.h`.
const FLAG_DOC: i32 = 2;
/// `RPMSENSE_LESS | RPMSENSE_EQUAL | RPMSENSE_RPMLIB`, in `rpmds.h`.
const FLAG_RPMLIB: i32 = 0x0100_000a;
/// `RPMSENSE_EQUAL`.
const FLAG_EQUAL: i32 = 8;
/// SHA-256 among the hash algorithms of `OpenPGP`.
const SHA256: i32 = 8;

/// A distribution: where its repositories are, and which of them holds the package.
struct Distribution {
    /// `.el9`, at the end of the package's release.
    tag: &'static str,
    /// Folders above `repodata`; `{arch}` stands for the architecture. The first has the package.
    repositories: &'static [&'static str],
    /// Where the public key is, if the mirror has it.
    key: Option<&'static str>,
}

const ROCKY: [Distribution; 3] = [
    Distribution {
        tag: ".el8",
        repositories: &[
            "8/BaseOS/{arch}/os",
            "8/AppStream/{arch}/os",
            "8/PowerTools/{arch}/os",
            "8/extras/{arch}/os",
        ],
        key: Some("RPM-GPG-KEY-rockyofficial"),
    },
    Distribution {
        tag: ".el9",
        repositories: &[
            "9/BaseOS/{arch}/os",
            "9/AppStream/{arch}/os",
            "9/CRB/{arch}/os",
            "9/extras/{arch}/os",
        ],
        key: Some("RPM-GPG-KEY-Rocky-9"),
    },
    Distribution {
        tag: ".el10",
        repositories: &[
            "10/BaseOS/{arch}/os",
            "10/AppStream/{arch}/os",
            "10/CRB/{arch}/os",
            "10/extras/{arch}/os",
        ],
        key: Some("RPM-GPG-KEY-Rocky-10"),
    },
];

const FEDORA: [Distribution; 2] = [
    Distribution {
        tag: ".fc43",
        repositories: &["releases/43/Everything/{arch}/os", "updates/43/Everything/{arch}"],
        key: None,
    },
    Distribution {
        tag: ".fc44",
        repositories: &["releases/44/Everything/{arch}/os", "updates/44/Everything/{arch}"],
        key: None,
    },
];

/// Writes the repositories of Rocky Linux to `tree`, which is `rocky`.
pub(super) fn write_rocky(tree: &Tree, key: &Key) -> Result<()> {
    write_all(tree, &ROCKY, key)?;
    write_file_list(tree, "fullfiletimelist-rocky", "9/BaseOS/x86_64/os/repodata/repomd.xml")
}

/// Writes the repositories of Fedora to `tree`, which is `fedora`.
pub(super) fn write_fedora(tree: &Tree, key: &Key) -> Result<()> {
    write_all(tree, &FEDORA, key)
}

fn write_all(tree: &Tree, distributions: &[Distribution], key: &Key) -> Result<()> {
    for distribution in distributions {
        let package = Package::build(distribution.tag, key)?;
        for (number, folder) in distribution.repositories.iter().enumerate() {
            let packages = if number == 0 { std::slice::from_ref(&package) } else { &[] };
            for architecture in ARCHITECTURES {
                let folder = folder.replace("{arch}", architecture);
                write_repository(&tree.at(&folder, tree.time()), packages, key)?;
            }
        }
        if let Some(name) = distribution.key {
            tree.write(name, key.public_armored()?)?;
        }
    }
    Ok(())
}

/// The list of `create-filelist` (`quick-fedora-mirror`), with one file for all.
fn write_file_list(tree: &Tree, name: &str, file: &str) -> Result<()> {
    let time = tree.time().as_second();
    tree.write(name, format!("[Version]\n2\n\n[Files]\n{time}\tf\t0\t{file}\n\n[End]\n"))
}

/// What a package is built into, and what the metadata says of it.
struct Package {
    file: String,
    content: Vec<u8>,
    release: String,
    files: Vec<Member>,
    /// Where the header begins and ends, for clients that fetch it alone.
    header: (usize, usize),
    archive_size: usize,
}

impl Package {
    /// Lead, signatures, header, payload.
    fn build(tag: &str, key: &Key) -> Result<Self> {
        let release = format!("1{tag}");
        let script = format!(
            "#!/bin/sh\necho '{NAME} {VERSION}: a demo package of Mingjing, it does nothing else.'\n"
        );
        let readme = format!("{NAME} prints one line and does nothing else.\n");
        let files = vec![
            Member::program(format!("usr/bin/{NAME}"), script),
            Member::file(format!("usr/share/doc/{NAME}/README"), readme),
        ];
        let archive = cpio(&files)?;
        let payload = archive::gzip(&archive)?;
        let header = header(&release, &files, &archive, &payload)?;
        let signatures = signatures(&header, &payload, archive.len(), key)?;

        let mut content = lead(&format!("{NAME}-{VERSION}-{release}"));
        content.extend(signatures);
        content.resize(content.len().next_multiple_of(8), 0);
        let start = content.len();
        content.extend(&header);
        let end = content.len();
        content.extend(payload);
        let file = format!("{NAME}-{VERSION}-{release}.noarch.rpm");
        Ok(Self {
            file,
            content,
            release,
            files,
            header: (start, end),
            archive_size: archive.len(),
        })
    }

    fn size(&self) -> usize {
        self.files.iter().map(|file| file.content.len()).sum()
    }

    fn location(&self) -> String {
        format!("Packages/{}/{}", &NAME[..1], self.file)
    }

    fn primary(&self, time: Timestamp) -> String {
        let Self { release, archive_size, header: (start, end), .. } = self;
        format!(
            "<package type=\"rpm\">\n  <name>{NAME}</name>\n  <arch>noarch</arch>\n  \
             <version epoch=\"0\" ver=\"{VERSION}\" rel=\"{release}\"/>\n  \
             <checksum type=\"sha256\" pkgid=\"YES\">{}</checksum>\n  \
             <summary>{SUMMARY}</summary>\n  <description>{DESCRIPTION}</description>\n  \
             <packager>{}</packager>\n  <url>{URL}</url>\n  \
             <time file=\"{}\" build=\"{}\"/>\n  \
             <size package=\"{}\" installed=\"{}\" archive=\"{archive_size}\"/>\n  \
             <location href=\"{}\"/>\n  <format>\n    \
             <rpm:license>{LICENSE}</rpm:license>\n    <rpm:vendor/>\n    \
             <rpm:group>Unspecified</rpm:group>\n    <rpm:buildhost>{HOST}</rpm:buildhost>\n    \
             <rpm:sourcerpm>{NAME}-{VERSION}-{release}.src.rpm</rpm:sourcerpm>\n    \
             <rpm:header-range start=\"{start}\" end=\"{end}\"/>\n    <rpm:provides>\n      \
             <rpm:entry name=\"{NAME}\" flags=\"EQ\" epoch=\"0\" ver=\"{VERSION}\" rel=\"{release}\"/>\n    \
             </rpm:provides>\n    <file>/usr/bin/{NAME}</file>\n  </format>\n</package>\n",
            digest::sha256(&self.content),
            MAINTAINER.replace('<', "&lt;").replace('>', "&gt;"),
            time.as_second(),
            archive::TIME,
            self.content.len(),
            self.size(),
            self.location(),
        )
    }

    /// `<package>` as `filelists.xml` and `other.xml` have it, around something.
    fn listed(&self, inner: &str) -> String {
        format!(
            "<package pkgid=\"{}\" name=\"{NAME}\" arch=\"noarch\">\n  \
             <version epoch=\"0\" ver=\"{VERSION}\" rel=\"{}\"/>\n{inner}</package>\n",
            digest::sha256(&self.content),
            self.release,
        )
    }

    fn file_list(&self) -> String {
        self.files
            .iter()
            .fold(String::new(), |list, file| format!("{list}  <file>/{}</file>\n", file.path))
    }
}

/// Writes the packages and `repodata/`.
fn write_repository(tree: &Tree, packages: &[Package], key: &Key) -> Result<()> {
    for package in packages {
        tree.write(&package.location(), &package.content)?;
    }
    let all = |one: &dyn Fn(&Package) -> String| packages.iter().map(one).collect::<String>();
    let count = packages.len();
    let ns = "http://linux.duke.edu/metadata";
    let documents = [
        (
            "primary",
            format!(
                "<metadata xmlns=\"{ns}/common\" xmlns:rpm=\"{ns}/rpm\" packages=\"{count}\">\n{}</metadata>\n",
                all(&|package| package.primary(tree.time()))
            ),
        ),
        (
            "filelists",
            format!(
                "<filelists xmlns=\"{ns}/filelists\" packages=\"{count}\">\n{}</filelists>\n",
                all(&|package| package.listed(&package.file_list()))
            ),
        ),
        (
            "other",
            format!(
                "<otherdata xmlns=\"{ns}/other\" packages=\"{count}\">\n{}</otherdata>\n",
                all(&|package| package.listed(""))
            ),
        ),
    ];
    let time = tree.time().as_second();
    let mut repomd = format!(
        "{XML}<repomd xmlns=\"{ns}/repo\" xmlns:rpm=\"{ns}/rpm\">\n  <revision>{time}</revision>\n"
    );
    for (kind, document) in documents {
        let document = format!("{XML}{document}");
        let packed = archive::gzip(document.as_bytes())?;
        let sha256 = digest::sha256(&packed);
        let location = format!("repodata/{sha256}-{kind}.xml.gz");
        tree.write(&location, &packed)?;
        repomd += &format!(
            "  <data type=\"{kind}\">\n    <checksum type=\"sha256\">{sha256}</checksum>\n    \
             <open-checksum type=\"sha256\">{}</open-checksum>\n    <location href=\"{location}\"/>\n    \
             <timestamp>{time}</timestamp>\n    <size>{}</size>\n    <open-size>{}</open-size>\n  </data>\n",
            digest::sha256(&document),
            packed.len(),
            document.len(),
        );
    }
    repomd += "</repomd>\n";
    tree.write("repodata/repomd.xml.asc", key.sign_armored(repomd.as_bytes())?)?;
    tree.write("repodata/repomd.xml", repomd)
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The old beginning, of which today only the first bytes matter: type binary, system Linux, and that
/// a signature header follows.
fn lead(name: &str) -> Vec<u8> {
    let mut lead = vec![0xed, 0xab, 0xee, 0xdb, 3, 0, 0, 0, 0, 1];
    lead.extend(name.bytes().take(65));
    lead.resize(10 + 66, 0);
    lead.extend([0, 1, 0, 5]);
    lead.resize(96, 0);
    lead
}

/// The payload: a cpio archive of the "new" ASCII format, without directories.
fn cpio(files: &[Member]) -> Result<Vec<u8>> {
    let mut archive = Vec::new();
    let mut add = |number: usize, name: &str, mode: u32, content: &[u8]| -> Result<()> {
        let size = u32::try_from(content.len())?;
        let named = u32::try_from(name.len() + 1)?;
        // Inode, mode, owner, group, links, time, size, two devices of two numbers, name, checksum.
        let fields =
            [u32::try_from(number)?, mode, 0, 0, 1, archive::TIME, size, 0, 0, 0, 0, named, 0];
        archive.extend(b"070701");
        for field in fields {
            archive.extend(format!("{field:08x}").bytes());
        }
        archive.extend(name.bytes());
        archive.push(0);
        archive.resize(archive.len().next_multiple_of(4), 0);
        archive.extend(content);
        archive.resize(archive.len().next_multiple_of(4), 0);
        Ok(())
    };
    for (number, file) in files.iter().enumerate() {
        add(number + 1, &format!("./{}", file.path), u32::from(mode(file)), &file.content)?;
    }
    add(0, "TRAILER!!!", 0, b"")?;
    Ok(archive)
}

/// Mode with the type of a regular file.
fn mode(file: &Member) -> u16 {
    if file.executable { 0o100_755 } else { 0o100_644 }
}

/// A value of a header, by its type in `rpmtag.h`.
enum Value {
    Int16(Vec<u16>),
    Int32(Vec<i32>),
    Text(String),
    Bytes(Vec<u8>),
    Texts(Vec<String>),
    /// One text in the only language of the table, `C`.
    Translated(String),
}

impl Value {
    /// Number of the type, alignment, count, bytes.
    fn encode(&self) -> (u32, usize, usize, Vec<u8>) {
        let terminated = |text: &str| [text.as_bytes(), &[0]].concat();
        match self {
            Self::Int16(values) => {
                (3, 2, values.len(), values.iter().flat_map(|v| v.to_be_bytes()).collect())
            }
            Self::Int32(values) => {
                (4, 4, values.len(), values.iter().flat_map(|v| v.to_be_bytes()).collect())
            }
            Self::Text(text) => (6, 1, 1, terminated(text)),
            Self::Bytes(bytes) => (7, 1, bytes.len(), bytes.clone()),
            Self::Texts(texts) => {
                (8, 1, texts.len(), texts.iter().flat_map(|text| terminated(text)).collect())
            }
            Self::Translated(text) => (9, 1, 1, terminated(text)),
        }
    }
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn texts<const N: usize>(values: [&str; N]) -> Value {
    Value::Texts(values.map(str::to_owned).into())
}

/// A header: magic, index, store. `region` is the tag that makes all of it immutable; its entry comes
/// first, and its trailer, which points back to the beginning of the index, last in the store.
fn header_structure(region: u32, mut tags: Vec<(u32, Value)>) -> Result<Vec<u8>> {
    const BYTES: u32 = 7;
    const ENTRY: usize = 16;
    tags.sort_by_key(|(tag, _)| *tag);
    let (mut index, mut store) = (Vec::new(), Vec::new());
    for (tag, value) in &tags {
        let (kind, alignment, count, bytes) = value.encode();
        store.resize(store.len().next_multiple_of(alignment), 0);
        for number in [*tag, kind, u32::try_from(store.len())?, u32::try_from(count)?] {
            index.extend(number.to_be_bytes());
        }
        store.extend(bytes);
    }
    let entries = u32::try_from(tags.len() + 1)?;
    let back = -i32::try_from(entries as usize * ENTRY)?;
    let size = u32::try_from(ENTRY)?;
    let place = u32::try_from(store.len())?;
    store.extend([region, BYTES].iter().flat_map(|number| number.to_be_bytes()));
    store.extend(back.to_be_bytes());
    store.extend(size.to_be_bytes());

    let mut header = vec![0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0];
    for number in [entries, u32::try_from(store.len())?, region, BYTES, place, size] {
        header.extend(number.to_be_bytes());
    }
    header.extend(index);
    header.extend(store);
    Ok(header)
}

/// The header with everything that rpm keeps of an installed package.
fn header(release: &str, files: &[Member], archive: &[u8], payload: &[u8]) -> Result<Vec<u8>> {
    const IMMUTABLE: u32 = 63;
    let evr = format!("{VERSION}-{release}");
    let all = |value: &str| Value::Texts(vec![value.to_owned(); files.len()]);
    let numbers = |value: i32| Value::Int32(vec![value; files.len()]);
    let mut sizes = Vec::new();
    for file in files {
        sizes.push(i32::try_from(file.content.len())?);
    }
    let (folders, names): (Vec<_>, Vec<_>) = files
        .iter()
        .map(|file| file.path.rsplit_once('/').context("a file within a folder"))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .map(|(folder, name)| (format!("/{folder}/"), name.to_owned()))
        .unzip();
    let ordinal = |first: i32| Value::Int32((first..).take(files.len()).collect());
    let tags = vec![
        (100, texts(["C"])),
        (1000, text(NAME)),
        (1001, text(VERSION)),
        (1002, text(release)),
        (1004, Value::Translated(SUMMARY.to_owned())),
        (1005, Value::Translated(DESCRIPTION.to_owned())),
        (1006, Value::Int32(vec![i32::try_from(archive::TIME)?])),
        (1007, text(HOST)),
        (1009, Value::Int32(vec![sizes.iter().sum()])),
        (1014, text(LICENSE)),
        (1015, text(MAINTAINER)),
        (1016, Value::Translated("Unspecified".to_owned())),
        (1020, text(URL)),
        (1021, text("linux")),
        (1022, text("noarch")),
        (1028, Value::Int32(sizes)),
        (1030, Value::Int16(files.iter().map(mode).collect())),
        (1033, Value::Int16(vec![0; files.len()])),
        (1034, numbers(i32::try_from(archive::TIME)?)),
        (1035, Value::Texts(files.iter().map(|file| digest::sha256(&file.content)).collect())),
        (1036, all("")),
        (
            1037,
            Value::Int32(files.iter().map(|f| if f.executable { 0 } else { FLAG_DOC }).collect()),
        ),
        (1039, all("root")),
        (1040, all("root")),
        (1044, text(format!("{NAME}-{evr}.src.rpm"))),
        (1045, numbers(-1)),
        (1047, texts([NAME])),
        (1048, Value::Int32(vec![FLAG_RPMLIB; 3])),
        (
            1049,
            texts([
                "rpmlib(CompressedFileNames)",
                "rpmlib(FileDigests)",
                "rpmlib(PayloadFilesHavePrefix)",
            ]),
        ),
        (1050, texts(["3.0.4-1", "4.6.0-1", "4.0-1"])),
        (1064, text("4.18.0")),
        (1095, numbers(1)),
        (1096, ordinal(1)),
        (1097, all("")),
        (1112, Value::Int32(vec![FLAG_EQUAL])),
        (1113, Value::Texts(vec![evr])),
        (1116, ordinal(0)),
        (1117, Value::Texts(names)),
        (1118, Value::Texts(folders)),
        (1124, text("cpio")),
        (1125, text("gzip")),
        (1126, text("9")),
        (5011, Value::Int32(vec![SHA256])),
        (5062, text("utf-8")),
        (5092, Value::Texts(vec![digest::sha256(payload)])),
        (5093, Value::Int32(vec![SHA256])),
        (5097, Value::Texts(vec![digest::sha256(archive)])),
    ];
    header_structure(IMMUTABLE, tags)
}

/// The header with digests and signatures of what follows. An `EdDSA` signature of the header stands
/// under the tag that is called DSA (`rpmpgpval.h`, `rpmGenerateSignature`).
fn signatures(header: &[u8], payload: &[u8], archive_size: usize, key: &Key) -> Result<Vec<u8>> {
    const SIGNATURES: u32 = 62;
    let all = [header, payload].concat();
    let tags = vec![
        (267, Value::Bytes(key.sign(header)?)),
        (269, text(digest::hex(&HashAlgorithm::Sha1.digest(header)?))),
        (273, text(digest::sha256(header))),
        (1000, Value::Int32(vec![i32::try_from(all.len())?])),
        (1004, Value::Bytes(HashAlgorithm::Md5.digest(&all)?)),
        (1007, Value::Int32(vec![i32::try_from(archive_size)?])),
    ];
    header_structure(SIGNATURES, tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_how_long_it_is_and_its_region_covers_it() {
        let header =
            header_structure(63, vec![(1002, Value::Int32(vec![7])), (1000, text("a"))]).unwrap();
        let word = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().unwrap());
        let (entries, store) = (word(8) as usize, word(12) as usize);
        assert_eq!((entries, header.len()), (3, 16 + entries * 16 + store));
        assert_eq!([word(16), word(32), word(48)], [63, 1000, 1002]);
        assert_eq!(word(48 + 8) % 4, 0, "numbers are aligned");
        let trailer = 16 + entries * 16 + word(16 + 8) as usize;
        assert_eq!(word(trailer + 8).cast_signed(), -48);
        assert_eq!(trailer + 16, header.len());
    }

    #[test]
    fn members_of_the_payload_are_aligned() {
        let archive = cpio(&[Member::program("usr/bin/a", "12345")]).unwrap();
        assert_eq!(archive.len() % 4, 0);
        let end = archive.windows(10).position(|bytes| bytes == b"TRAILER!!!").unwrap();
        assert_eq!(end % 4, 110 % 4);
        assert_eq!(&archive[14..22], b"000081ed", "mode of a program");
    }
}
