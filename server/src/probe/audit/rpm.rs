//! An rpm tree against its `repomd.xml`.

use app::model::FaultKind;

use super::{
    ledger::{Expected, Hash, Ledger},
    sample::Sample,
    unpack,
};
use crate::probe::rpm::{Checksum, Data, Package, Repomd, XmlError, packages};

/// Examines what one `repomd.xml` names; one that is absent is passed over.
///
/// A key ring matters only where there is a `repomd.xml.asc`: most distributions sign packages alone.
///
/// `wanted` is the size of the sample.
pub fn examine(ledger: &mut Ledger<'_>, file: &str, wanted: usize, seed: u64) {
    let Some(bytes) = ledger.release(file) else { return };
    ledger.counts().releases += 1;
    check_signature(ledger, file, &bytes);
    let repomd = match Repomd::parse(&bytes) {
        Ok(repomd) => repomd,
        Err(error) => return ledger.fault(FaultKind::BadRelease, file, error.to_string()),
    };
    let root = file.strip_suffix("repodata/repomd.xml").unwrap_or("");
    for data in &repomd.data {
        if ledger.is_late() || ledger.counts().indexes >= ledger.limits().indexes {
            return;
        }
        let index = format!("{root}{}", data.location);
        if ledger.index(&index, &expected(data.size, &data.checksum)) && is_primary(data) {
            for package in draw(ledger, &index, wanted, seed) {
                let expected = expected(package.size, &package.checksum);
                ledger.package(&format!("{root}{}", package.location), &expected);
            }
        }
    }
}

fn check_signature(ledger: &mut Ledger<'_>, file: &str, bytes: &[u8]) {
    let Some(keyring) = ledger.keyring else { return };
    let Some(signature) = ledger.release(&format!("{file}.asc")) else { return };
    match keyring.verify(&signature, bytes) {
        Ok(()) => ledger.counts().signed += 1,
        Err(reason) => {
            ledger.counts().unsigned += 1;
            ledger.fault(FaultKind::BadSignature, file, reason);
        }
    }
}

fn is_primary(data: &Data) -> bool {
    data.kind == "primary"
}

fn expected(size: Option<u64>, checksum: &Checksum) -> Expected {
    let value = checksum.value.to_ascii_lowercase();
    let hash = match checksum.kind.as_str() {
        "sha256" => Some(Hash::Sha256(value)),
        "sha512" => Some(Hash::Sha512(value)),
        _ => None,
    };
    Expected { size, hash }
}

fn draw(ledger: &mut Ledger<'_>, index: &str, wanted: usize, seed: u64) -> Vec<Package> {
    let mut sample = Sample::new(wanted, seed);
    let Ok(file) = ledger.find(index) else { return Vec::new() };
    let read = unpack::open(&file.path, index, ledger.unpackable()).map_err(into_xml).and_then(
        |mut unpacked| {
            let read = packages(unpacked.reader(), |package| {
                sample.offer(|| package);
                true
            });
            ledger.unpacked(unpacked.count());
            if unpacked.is_cut() { Ok(()) } else { read }
        },
    );
    if let Err(error) = read {
        ledger.fault(FaultKind::Unreadable, index, error.to_string());
    }
    sample.into_kept()
}

fn into_xml(error: std::io::Error) -> XmlError {
    quick_xml::Error::from(error).into()
}
