//! `[[alert]]`: whom to tell what.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use app::Lang;
use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use super::Secret;

/// Shape of the messages that a receiver wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Custom robot of Feishu or Lark.
    Feishu,
    /// Custom robot of `DingTalk`.
    Dingtalk,
    /// Group robot of `WeCom`.
    Wecom,
    /// A room of a Matrix server.
    Matrix,
    /// Web hook of Discord.
    Discord,
    /// Incoming web hook of Slack, and of Mattermost.
    Slack,
    /// Plain JSON for programs of one's own.
    Json,
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// Runs of a mirror fail.
    Failed,
    /// They succeed again.
    Recovered,
    /// Content is stale or expired.
    Stale,
    /// It is fresh again.
    Fresh,
    /// The files of a mirror do not fit together.
    Broken,
    /// They fit again.
    Sound,
    /// A mirror is no longer listed.
    Gone,
    /// It is listed again.
    Listed,
    /// A backend does not answer, so that nothing else can be known.
    Away,
    /// It answers again.
    Back,
}

/// One receiver.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name in logs, in `mingjing alert test` and of the file with its state; unique.
    pub name: String,
    /// Shape of the messages.
    pub kind: Kind,
    /// Address of the web hook, or of the Matrix server. Whoever knows it can write to the group.
    url: Option<Secret>,
    /// File that holds the address.
    url_file: Option<PathBuf>,
    /// Variable that holds the address.
    url_env: Option<String>,
    /// Signing secret (Feishu, `DingTalk`), access token (Matrix), bearer token (JSON).
    secret: Option<Secret>,
    /// File that holds the secret.
    secret_file: Option<PathBuf>,
    /// Variable that holds the secret.
    secret_env: Option<String>,
    /// Matrix: identifier of the room, `!abc:example.org`.
    pub room: Option<String>,
    /// What is told.
    #[serde(default = "default_triggers")]
    pub on: Vec<Trigger>,
    /// Mirrors that are told of; all when empty.
    #[serde(default)]
    pub mirrors: Vec<String>,
    /// How long something must have been wrong.
    #[serde(default = "default_after", deserialize_with = "crate::period::deserialize")]
    pub after: Duration,
    /// How many runs in a row must have failed.
    #[serde(default = "default_failures")]
    pub failures: u32,
    /// After how long it is told again that something is still wrong; never when absent.
    #[serde(default, deserialize_with = "crate::period::optional")]
    pub repeat: Option<Duration>,
    /// Time of day, in the zone of the site, at which the state of everything is told.
    pub digest: Option<Time>,
    /// Language of the messages.
    #[serde(default)]
    pub lang: Lang,
    /// Most messages in a minute; what is more goes into the next message.
    #[serde(default = "default_per_minute")]
    pub per_minute: u32,
}

/// Where messages go; made when they are sent, because files may change.
#[derive(Clone, Debug)]
pub struct Address {
    /// Address of the web hook.
    pub url: Secret,
    /// Secret, if there is one.
    pub secret: Option<Secret>,
}

impl Rule {
    /// Checks what the types of the keys cannot.
    ///
    /// # Errors
    /// The first mistake, with its key.
    pub fn check(&self) -> anyhow::Result<()> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        ensure!(
            !self.name.is_empty() && self.name.chars().all(is_name),
            "alert.name = \"{}\": expected letters, digits, - and _",
            self.name
        );
        let of = |key: &str| format!("alert \"{}\": {key}", self.name);
        let given = [self.url.is_some(), self.url_file.is_some(), self.url_env.is_some()];
        let count = given.into_iter().filter(|is_given| *is_given).count();
        ensure!(count == 1, of("expected one of url, url_file and url_env"));
        ensure!(self.failures > 0, of("failures: expected at least 1"));
        ensure!(self.per_minute > 0, of("per_minute: expected at least 1"));
        ensure!(
            self.per_minute <= 20 || !matches!(self.kind, Kind::Dingtalk | Kind::Wecom),
            of("per_minute: DingTalk and WeCom take no more than 20")
        );
        ensure!(
            (self.kind == Kind::Matrix) == self.room.is_some(),
            of("room: for kind matrix, and only for it")
        );
        if let Some(url) = &self.url {
            ensure!(is_http(url), of("url: expected http:// or https://"));
        }
        Ok(())
    }

    /// Finds the address and the secret.
    ///
    /// # Errors
    /// A file or variable that is not there, or holds no address.
    pub fn address(&self) -> anyhow::Result<Address> {
        let url = Secret::find(
            "url",
            self.url.as_ref(),
            self.url_file.as_deref(),
            self.url_env.as_deref(),
        )?
        .context("no url")?;
        ensure!(is_http(&url), "the address does not begin with http:// or https://");
        let secret = Secret::find(
            "secret",
            self.secret.as_ref(),
            self.secret_file.as_deref(),
            self.secret_env.as_deref(),
        )?;
        Ok(Address { url, secret })
    }

    /// Makes paths of secrets absolute.
    pub fn in_folder(mut self, folder: &Path) -> Self {
        for file in [&mut self.url_file, &mut self.secret_file].into_iter().flatten() {
            *file = folder.join(&*file);
        }
        self
    }

    /// Whether it is told of a mirror.
    pub fn covers(&self, mirror: &str) -> bool {
        self.mirrors.is_empty() || self.mirrors.iter().any(|id| id == mirror)
    }
}

fn is_http(url: &Secret) -> bool {
    url.reveal().starts_with("https://") || url.reveal().starts_with("http://")
}

fn default_triggers() -> Vec<Trigger> {
    use Trigger::{Away, Back, Broken, Failed, Fresh, Recovered, Sound, Stale};
    vec![Failed, Recovered, Stale, Fresh, Broken, Sound, Away, Back]
}

const fn default_after() -> Duration {
    Duration::from_mins(10)
}

const fn default_failures() -> u32 {
    1
}

const fn default_per_minute() -> u32 {
    6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(lines: &str) -> anyhow::Result<Rule> {
        let rule: Rule = toml::from_str(&format!("name = \"ops\"\n{lines}"))?;
        rule.check()?;
        Ok(rule)
    }

    #[test]
    fn a_kind_and_an_address_are_enough() {
        let rule = rule("kind = \"feishu\"\nurl = \"https://robot.example/hook/t0ken\"").unwrap();
        assert_eq!((rule.after.as_secs(), rule.failures, rule.repeat), (600, 1, None));
        assert!(rule.covers("debian"));
        assert_eq!(rule.address().unwrap().url.reveal(), "https://robot.example/hook/t0ken");
        assert!(!format!("{rule:?}").contains("t0ken"), "{rule:?}");
    }

    #[test]
    fn secrets_come_from_files_and_lose_their_line_end() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("url"), "https://robot.example/x\n").unwrap();
        let rule = rule("kind = \"slack\"\nurl_file = \"url\"").unwrap().in_folder(folder.path());
        assert_eq!(rule.address().unwrap().url.reveal(), "https://robot.example/x");
        std::fs::write(folder.path().join("url"), "\n").unwrap();
        assert!(rule.address().unwrap_err().to_string().contains("url is empty"));
    }

    #[test]
    fn mistakes_are_named() {
        for (lines, reason) in [
            ("kind = \"icq\"\nurl = \"https://a.example/\"", "icq"),
            ("kind = \"slack\"", "url_file"),
            ("kind = \"slack\"\nurl = \"https://a.example/\"\nurl_env = \"X\"", "url_file"),
            ("kind = \"slack\"\nurl = \"a.example\"", "https://"),
            ("kind = \"matrix\"\nurl = \"https://a.example\"", "room"),
            ("kind = \"wecom\"\nurl = \"https://a.example/\"\nper_minute = 21", "no more than 20"),
            ("kind = \"slack\"\nurl = \"https://a.example/\"\nafter = \"soon\"", "soon"),
            ("kind = \"slack\"\nurl = \"https://a.example/\"\ndigest = \"9\"", "digest"),
            ("kind = \"slack\"\nurl = \"https://a.example/\"\nfailures = 0", "failures"),
            ("kind = \"slack\"\nurl = \"https://a.example/\"\non = [\"fialed\"]", "fialed"),
        ] {
            let error = format!("{:#}", rule(lines).unwrap_err());
            assert!(error.contains(reason), "{error}");
        }
    }
}
