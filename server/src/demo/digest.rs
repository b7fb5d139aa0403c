//! Checksums as the lower-case hexadecimal text that indexes carry.

use std::fmt::Write as _;

use anyhow::Result;
use pgp::crypto::hash::HashAlgorithm;
use sha2::{Digest, Sha256, Sha512};

/// The SHA-256 of `data`.
pub(super) fn sha256(data: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(data))
}

/// The SHA-512 of `data`.
pub(super) fn sha512(data: impl AsRef<[u8]>) -> String {
    hex(&Sha512::digest(data))
}

/// The MD5 of `data`: no protection, but `.dsc` files (dsc(5), `Files`) and pacman 6.0 cannot do without.
pub(super) fn md5(data: impl AsRef<[u8]>) -> Result<String> {
    Ok(hex(&HashAlgorithm::Md5.digest(data.as_ref())?))
}

/// Bytes as lower-case hexadecimal text.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}
