//! The signing key of the demo: an `OpenPGP` v4 key that lives as long as the tree is being made.

use anyhow::{Context, Result};
use jiff::Timestamp;
use pgp::{
    composed::{
        ArmorOptions, CleartextSignedMessage, DetachedSignature, KeyType, SignedKeyDetails,
        SignedPublicKey,
    },
    crypto::hash::HashAlgorithm,
    packet::{
        KeyFlags, PacketTrait, PubKeyInner, PublicKey, SecretKey, SignatureConfig, SignatureType,
        Subpacket, SubpacketData, UserId,
    },
    ser::Serialize,
    types::{KeyDetails, KeyVersion, PacketHeaderVersion, Password, Timestamp as PgpTimestamp},
};

const USER_ID: &str = "Mingjing demo archive, not for real use <demo@mirrors.example.org>";

/// A fresh key, of which only the public half leaves the program.
pub(super) struct Key {
    secret: SecretKey,
    public: SignedPublicKey,
    signed_at: PgpTimestamp,
}

impl Key {
    /// Makes a key as if at `created`, whose signatures will all say `signed_at`.
    ///
    /// COMPAT: the legacy form of Ed25519 (algorithm 22), since `GnuPG` 2.2 and with it Debian 12 knows no other. The
    /// self-signature is put together here: rpgp's builder dates it by the system clock, which makes it later
    /// than our signatures, and `sqv` (apt of Debian 13) refuses a key that was not yet bound when it signed.
    pub(super) fn generate(created: Timestamp, signed_at: Timestamp) -> Result<Self> {
        let created = pgp_time(created)?;
        let kind = KeyType::Ed25519Legacy;
        let (public_params, secret_params) = kind.generate(rand::rngs::OsRng)?;
        let inner = PubKeyInner::new(KeyVersion::V4, kind.to_alg(), created, None, public_params)?;
        let primary = PublicKey::from_inner(inner)?;
        let secret = SecretKey::new(primary.clone(), secret_params)?;

        let mut usage = KeyFlags::default();
        usage.set_certify(true);
        usage.set_sign(true);
        let mut config = signature_config(&secret, SignatureType::CertPositive, created)?;
        config.hashed_subpackets.push(Subpacket::regular(SubpacketData::KeyFlags(usage))?);
        config.hashed_subpackets.push(Subpacket::regular(SubpacketData::IsPrimary(true))?);
        let user = UserId::from_str(PacketHeaderVersion::New, USER_ID)?;
        let binding =
            config.sign_certification(&secret, &primary, &Password::empty(), user.tag(), &user)?;
        let details =
            SignedKeyDetails::new(vec![], vec![], vec![user.into_signed(binding)], vec![]);

        let public = SignedPublicKey::new(primary, details, vec![]);
        Ok(Self { secret, public, signed_at: pgp_time(signed_at)? })
    }

    /// The public key as apt's `Signed-By` and `gpgv --keyring` read it.
    pub(super) fn public_binary(&self) -> Result<Vec<u8>> {
        Ok(self.public.to_bytes()?)
    }

    /// The public key as text.
    pub(super) fn public_armored(&self) -> Result<String> {
        Ok(self.public.to_armored_string(ArmorOptions::default())?)
    }

    /// A detached signature of `data`, binary, as pacman wants it.
    pub(super) fn sign(&self, data: &[u8]) -> Result<Vec<u8>> {
        Ok(self.detached(data)?.to_bytes()?)
    }

    /// A detached signature of `data` as text: `Release.gpg`, `SHA256SUMS.sign`.
    pub(super) fn sign_armored(&self, data: &[u8]) -> Result<String> {
        Ok(self.detached(data)?.to_armored_string(ArmorOptions::default())?)
    }

    /// `text` with the signature around it: `InRelease`.
    pub(super) fn clear_sign(&self, text: &str) -> Result<String> {
        let config = signature_config(&self.secret, SignatureType::Text, self.signed_at)?;
        // The line end before the signature is not part of the signed text; keeping it would add an empty line.
        let text = text.strip_suffix('\n').unwrap_or(text);
        let message = CleartextSignedMessage::new(text, config, &self.secret, &Password::empty())?;
        Ok(message.to_armored_string(ArmorOptions::default())?)
    }

    fn detached(&self, data: &[u8]) -> Result<DetachedSignature> {
        let config = signature_config(&self.secret, SignatureType::Binary, self.signed_at)?;
        Ok(DetachedSignature::new(config.sign(&self.secret, &Password::empty(), data)?))
    }
}

fn signature_config(
    key: &SecretKey,
    kind: SignatureType,
    time: PgpTimestamp,
) -> Result<SignatureConfig> {
    let mut config = SignatureConfig::v4(kind, key.algorithm(), HashAlgorithm::Sha512);
    config.hashed_subpackets = vec![
        Subpacket::regular(SubpacketData::SignatureCreationTime(time))?,
        Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
    ];
    config.unhashed_subpackets =
        vec![Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id()))?];
    Ok(config)
}

fn pgp_time(time: Timestamp) -> Result<PgpTimestamp> {
    let seconds =
        u32::try_from(time.as_second()).context("OpenPGP knows times from 1970 to 2106 only")?;
    Ok(PgpTimestamp::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_verify_and_carry_the_given_time() {
        let created: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let signed_at: Timestamp = "2026-03-01T11:00:00Z".parse().unwrap();
        let key = Key::generate(created, signed_at).unwrap();
        key.public.verify_bindings().unwrap();
        key.detached(b"data").unwrap().verify(&key.public, b"data").unwrap();

        let text = key.clear_sign("Origin: x\n- dash\n").unwrap();
        assert!(text.starts_with(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nOrigin: x\n- - dash\n-----BEGIN"
        ));
        let (message, _) = CleartextSignedMessage::from_string(&text).unwrap();
        let signature = message.verify(&key.public).unwrap();
        assert_eq!(signature.created(), Some(pgp_time(signed_at).unwrap()));
    }
}
