//! Signatures of release files, checked with a key ring as apt and dnf do.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};
use pgp::{
    composed::{CleartextSignedMessage, Deserializable as _, DetachedSignature, SignedPublicKey},
    crypto::hash::HashAlgorithm,
    packet::Signature,
    types::KeyDetails as _,
};

/// Most bytes of a key ring; that of Debian has under a hundred thousand.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// Most signatures of one file that are looked at; Debian has three.
const MOST_SIGNATURES: usize = 16;
const ARMOR: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// Public keys whose own bindings hold.
#[derive(Debug)]
pub struct Keyring {
    keys: Vec<SignedPublicKey>,
}

impl Keyring {
    /// Reads a key ring, binary or armored, with one block or several after one another.
    ///
    /// # Errors
    /// A file that cannot be read, or in which there is no key.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let read = || -> anyhow::Result<Self> {
            let metadata = fs::metadata(path)?;
            ensure!(metadata.is_file() && metadata.len() <= MOST_BYTES, "not a file of keys");
            Self::parse(&fs::read(path)?)
        };
        read().with_context(|| format!("cannot read the key ring {}", path.display()))
    }

    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let blocks: Vec<Vec<u8>> = match std::str::from_utf8(bytes) {
            Ok(text) if text.contains(ARMOR) => text
                .split(ARMOR)
                .skip(1)
                .map(|rest| format!("{ARMOR}{rest}").into_bytes())
                .collect(),
            _ => vec![bytes.to_vec()],
        };
        let mut keys = Vec::new();
        for block in &blocks {
            // A key of a kind that we do not know leaves the others good.
            let parsed = SignedPublicKey::from_reader_many_buf(block.as_slice())?.0;
            keys.extend(parsed.flatten().filter_map(bound));
        }
        ensure!(!keys.is_empty(), "there is no usable key in it");
        Ok(Self { keys })
    }

    /// The text that a clear-signed file vouches for.
    ///
    /// # Errors
    /// Why nothing in it can be believed, for people.
    pub fn open(&self, signed: &str) -> Result<String, String> {
        let (message, _) = CleartextSignedMessage::from_string(signed)
            .map_err(|error| format!("not clear-signed: {error}"))?;
        let text = message.signed_text();
        self.check(message.signatures(), text.as_bytes())?;
        Ok(text)
    }

    /// Checks a detached signature, armored or binary.
    ///
    /// # Errors
    /// Why it proves nothing, for people.
    pub fn verify(&self, signature: &[u8], data: &[u8]) -> Result<(), String> {
        let (signatures, _) = DetachedSignature::from_reader_many_buf(signature)
            .map_err(|error| format!("no signature: {error}"))?;
        let signatures: Vec<_> =
            signatures.take(MOST_SIGNATURES).flatten().map(|detached| detached.signature).collect();
        self.check(&signatures, data)
    }

    /// As gpgv and apt: one signature of a known key suffices, a wrong one of a known key spoils all,
    /// those of unknown keys do not count.
    fn check(&self, signatures: &[Signature], data: &[u8]) -> Result<(), String> {
        let mut is_signed = false;
        let mut unknown = Vec::new();
        for signature in signatures.iter().take(MOST_SIGNATURES) {
            match self.check_one(signature, data) {
                Ok(true) => is_signed = true,
                Ok(false) => {
                    unknown.extend(signature.issuer_key_id().iter().map(ToString::to_string));
                }
                Err(reason) => return Err(reason),
            }
        }
        match is_signed {
            true => Ok(()),
            false if unknown.is_empty() => Err("not signed".to_owned()),
            false => Err(format!("signed by {}, which is not in the key ring", unknown.join(", "))),
        }
    }

    /// Whether a key of ours made this signature; an error if it claims so and is wrong.
    fn check_one(&self, signature: &Signature, data: &[u8]) -> Result<bool, String> {
        let is_issuer = |key: &dyn pgp::types::KeyDetails| {
            signature.issuer_fingerprint().contains(&&key.fingerprint())
                || signature.issuer_key_id().contains(&&key.legacy_key_id())
        };
        for key in &self.keys {
            let verified = if is_issuer(&key.primary_key) {
                signature.verify(&key.primary_key, data)
            } else if let Some(subkey) = key.public_subkeys.iter().find(|sub| is_issuer(&sub.key)) {
                signature.verify(&subkey.key, data)
            } else {
                continue;
            };
            return match (verified, signature.hash_alg()) {
                (Ok(()), Some(HashAlgorithm::Sha1 | HashAlgorithm::Md5)) => {
                    Err("signed with a hash that is broken".to_owned())
                }
                (Ok(()), _) => Ok(true),
                (Err(_), _) => Err(format!("the signature of {} is wrong", key.legacy_key_id())),
            };
        }
        Ok(false)
    }
}

/// The key with those of its subkeys that it has bound itself; nothing if it does not hold together.
fn bound(mut key: SignedPublicKey) -> Option<SignedPublicKey> {
    // SECURITY: without this check anybody could attach a subkey of his own to a good key.
    let primary = key.primary_key.clone();
    key.public_subkeys.retain(|subkey| subkey.verify_bindings(&primary).is_ok());
    key.details.verify_bindings(&primary).is_ok().then_some(key)
}
