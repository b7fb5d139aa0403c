//! Who may have the backends asked at once.

use std::{env, fs, path::Path};

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

use super::poll::Waker;

/// Variable of the environment that holds the token; it comes before the file.
const VARIABLE: &str = "MINGJING_REFRESH_TOKEN";
/// Fewer characters can be guessed.
const SHORTEST: usize = 16;

/// The right to have the backends asked.
#[derive(Debug)]
pub struct Refresh {
    /// SECURITY: hashes are compared, not tokens: how long that takes tells nothing of the token.
    hash: [u8; 32],
    waker: Waker,
}

impl Refresh {
    /// For whoever knows `token`.
    ///
    /// # Errors
    /// A token that could be guessed.
    pub fn new(token: &str, waker: Waker) -> anyhow::Result<Self> {
        let token = token.trim();
        ensure!(
            token.len() >= SHORTEST,
            "the token for refreshing has fewer than {SHORTEST} characters"
        );
        Ok(Self { hash: hash(token), waker })
    }

    /// Whether this is the token.
    pub fn allows(&self, token: &str) -> bool {
        hash(token) == self.hash
    }

    /// Asks every backend at its next free moment; returns how many there are.
    pub fn ask(&self) -> usize {
        self.waker.wake()
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The token of the environment or of a file; nothing when neither is configured.
///
/// # Errors
/// The file cannot be read.
pub fn token(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    if let Ok(token) = env::var(VARIABLE) {
        return Ok(Some(token));
    }
    let read = |path: &Path| {
        fs::read_to_string(path)
            .with_context(|| format!("server.refresh_token_file = \"{}\"", path.display()))
    };
    file.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_is_let_in() {
        let refresh = Refresh::new("0123456789abcdef\n", Waker::default()).unwrap();
        assert!(refresh.allows("0123456789abcdef"));
        for wrong in ["", "0123456789abcde", "0123456789abcdeF", "0123456789abcdef0"] {
            assert!(!refresh.allows(wrong), "{wrong}");
        }
        assert!(Refresh::new("short", Waker::default()).is_err());
    }
}
