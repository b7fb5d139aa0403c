//! The files that tell the age of a tree, read by HTTP.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use jiff::{Timestamp, fmt::rfc2822};

use super::{
    Reading,
    reader::{self, Sample},
};
use crate::{
    content::mirror::{FreshnessProbe, ProbeKind},
    status::{
        Source,
        fetch::{Answer, FetchError, Fetcher, Validators},
    },
    web::encode,
};

/// Most files asked for at one address.
pub const MOST_FILES: usize = 8;
/// Most bytes of an answer.
pub const MOST_BYTES: u64 = 1024 * 1024;
/// Longest time for one answer.
pub const MOST_TIME: Duration = Duration::from_secs(15);

/// Reads trees by HTTP, and remembers what did not change there.
pub struct Remote {
    fetcher: Fetcher,
    known: HashMap<String, (Validators, Option<Reading>)>,
}

impl Default for Remote {
    fn default() -> Self {
        let no_content = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
        Self { fetcher: Fetcher::new(Arc::new(no_content)), known: HashMap::new() }
    }
}

impl Remote {
    /// The newest time that the files of a probe tell below `base`, which ends in a slash; files that
    /// are not there (404, 410) are passed over.
    ///
    /// # Errors
    /// Why any of the files could not be read: without it the newest time may be too old.
    pub async fn read(
        &mut self,
        base: &str,
        probe: &FreshnessProbe,
        now: Timestamp,
    ) -> Result<Option<Reading>, FetchError> {
        let mut newest: Option<Reading> = None;
        for file in probe.files().take(MOST_FILES).filter(|_| probe.kind.is_remote()) {
            let source = Source {
                timeout: MOST_TIME,
                max_bytes: MOST_BYTES,
                ..Source::new(&format!("{base}{}", encode::path(file.as_bytes())))
            };
            let reading = match self.read_one(&source, file, probe.kind).await {
                Err(FetchError::Status { status: 404 | 410, .. }) => None,
                answer => answer?,
            };
            newest = newest
                .into_iter()
                .chain(reading.filter(|reading| reader::is_possible(reading.time, now)))
                .max_by_key(|reading| reading.time);
        }
        Ok(newest)
    }

    async fn read_one(
        &mut self,
        source: &Source,
        file: &str,
        kind: ProbeKind,
    ) -> Result<Option<Reading>, FetchError> {
        // A list of all files is tens of megabytes; its date is that of its newest line.
        if reader::needs_no_content(kind) || kind == ProbeKind::Fedora {
            let modified = self.fetcher.last_modified(source).await?;
            return Ok(modified.as_deref().and_then(http_date).map(Reading::of));
        }
        let (known, before) = self.known.get(&source.url).cloned().unwrap_or_default();
        let (body, validators) = match self.fetcher.fetch(source, &known).await? {
            Answer::Unchanged => return Ok(before),
            Answer::New { body, validators } => (body, validators),
        };
        let modified = validators.last_modified.as_deref().and_then(http_date);
        let reading = reader::read(kind, &Sample { path: file, bytes: &body, modified });
        self.known.insert(source.url.clone(), (validators, reading));
        Ok(reading)
    }
}

/// `Last-Modified` (RFC 9110, section 5.6.7).
fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use wiremock::{
        Mock, MockServer, ResponseTemplate,
        matchers::{header, method, path},
    };

    use super::*;
    use crate::content::mirror::MirrorFacts;

    fn probe(freshness: &str) -> FreshnessProbe {
        let text = format!(
            "name = {{ zh = \"甲\", en = \"A\" }}\ndescription = {{ zh = \"甲\", en = \"A\" }}\ncategory = \"other\"\n[freshness]\n{freshness}"
        );
        MirrorFacts::parse("m", "mirror.toml", &text).unwrap().file.freshness.unwrap()
    }

    fn now() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    async fn read(
        server: &MockServer,
        remote: &mut Remote,
        freshness: &str,
    ) -> Result<Option<i64>, FetchError> {
        let base = format!("{}/m/", server.uri());
        let reading = remote.read(&base, &probe(freshness), now()).await?;
        Ok(reading.map(|reading| reading.time.as_second()))
    }

    #[tokio::test]
    async fn the_same_file_is_read_and_asked_for_conditionally() {
        let server = MockServer::start().await;
        let stamp = ResponseTemplate::new(200)
            .insert_header("etag", "\"1\"")
            .set_body_string("1795231800\n");
        Mock::given(path("/m/a%20b"))
            .and(header("if-none-match", "\"1\""))
            .respond_with(ResponseTemplate::new(304))
            .with_priority(1)
            .expect(1)
            .mount(&server)
            .await;
        Mock::given(path("/m/a%20b")).respond_with(stamp).expect(1).mount(&server).await;
        let mut remote = Remote::default();
        let freshness = "kind = \"epoch\"\nfiles = [\"a b\", \"absent\"]";
        for _ in 0..2 {
            assert_eq!(read(&server, &mut remote, freshness).await.unwrap(), Some(1_795_231_800));
        }
    }

    #[tokio::test]
    async fn dates_of_files_are_asked_for_without_the_file() {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200)
            .insert_header("last-modified", "Sat, 21 Nov 2026 03:30:00 GMT");
        Mock::given(method("HEAD")).respond_with(answer).expect(2).mount(&server).await;
        let mut remote = Remote::default();
        for freshness in ["kind = \"cran\"", "kind = \"fedora\"\nfiles = [\"fullfiletimelist-x\"]"]
        {
            assert_eq!(read(&server, &mut remote, freshness).await.unwrap(), Some(1_795_231_800));
        }
    }

    #[tokio::test]
    async fn one_file_that_fails_makes_the_answer_fail_and_giants_are_refused() {
        let server = MockServer::start().await;
        let body = |bytes: Vec<u8>| ResponseTemplate::new(200).set_body_bytes(bytes);
        let giant = usize::try_from(MOST_BYTES).unwrap() + 1;
        for (file, answer) in [
            ("/m/good", body(b"1795231800\n".to_vec())),
            ("/m/bad", ResponseTemplate::new(500)),
            ("/m/giant", body(vec![b'1'; giant])),
        ] {
            Mock::given(path(file)).respond_with(answer).mount(&server).await;
        }
        let mut remote = Remote::default();
        let mut files = async |names: &str| {
            read(&server, &mut remote, &format!("kind = \"epoch\"\nfiles = [{names}]")).await
        };
        assert_eq!(files("\"good\"").await.unwrap(), Some(1_795_231_800));
        assert!(matches!(
            files("\"good\", \"bad\"").await,
            Err(FetchError::Status { status: 500, .. })
        ));
        assert!(matches!(files("\"giant\"").await, Err(FetchError::TooLong { .. })));
        assert_eq!(files("\"none\"").await.unwrap(), None);
    }
}
