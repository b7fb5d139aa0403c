//! Reading the bytes of an answer, once for all backends: HTTP, files on disk, files of the content
//! folder.

use std::{error::Error, fs, io, io::Read, path::Path, sync::Arc, time::Duration};

use reqwest::{
    Client, Method, Response, StatusCode, Url,
    header::{
        ACCEPT, AUTHORIZATION, ETAG, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
    },
    redirect::Policy,
};
use serde::{Deserialize, Serialize};
use tokio::{sync::OnceCell, task::spawn_blocking, time::timeout};

use super::{Source, Trace};

/// Redirects followed before giving up.
const MAX_REDIRECTS: usize = 3;

/// Reads a file of the content folder, embedded or on disk; the path is relative, as in
/// `recorded/feed.json`.
pub type Content = Arc<dyn Fn(&str) -> io::Result<Vec<u8>> + Send + Sync>;

/// What a conditional request is made of; sent back exactly as received.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag` of the answer.
    #[serde(default)]
    pub etag: Option<String>,
    /// `Last-Modified` of the answer.
    #[serde(default)]
    pub last_modified: Option<String>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A whole body.
    New {
        /// The bytes, decompressed.
        body: Vec<u8>,
        /// For the next request.
        validators: Validators,
    },
    /// The answer that belongs to the validators is still good.
    Unchanged,
}

/// Why nothing came back. Messages go to the status page: no user information, no token, no file
/// outside of `url`.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server answered, but not with the document.
    #[error("HTTP {status} from {url}")]
    Status {
        /// Status code.
        status: u16,
        /// Public address.
        url: String,
    },
    /// The whole request took too long.
    #[error("timed out after {after:?}: {url}")]
    Timeout {
        /// The configured limit.
        after: Duration,
        /// Public address.
        url: String,
    },
    /// The answer exceeds `max_bytes`.
    #[error("answer is longer than {max_bytes} bytes (`max_bytes`): {url}")]
    TooLong {
        /// The configured limit.
        max_bytes: u64,
        /// Public address.
        url: String,
    },
    /// A redirect loop, or nearly.
    #[error("more than {MAX_REDIRECTS} redirects from {url}")]
    Redirects {
        /// Public address.
        url: String,
    },
    /// Name resolution, connection, TLS, or the file system.
    #[error("cannot read {url}: {cause}")]
    Unreadable {
        /// Public address.
        url: String,
        /// The innermost cause.
        cause: String,
    },
    /// The token cannot be sent.
    #[error("cannot use `token_file`: {0}")]
    Token(String),
}

/// Reads any [`Source`]; one for all backends, so that they share connections.
pub struct Fetcher {
    content: Content,
    /// Made when the first HTTP source is read: loading the system's certificates takes tens of
    /// milliseconds.
    client: OnceCell<Client>,
}

impl Fetcher {
    /// A fetcher that has not connected anywhere.
    pub fn new(content: Content) -> Self {
        Self { content, client: OnceCell::new() }
    }

    /// Reads the source within its time and size limits.
    ///
    /// # Errors
    /// See [`FetchError`]; a body is never returned in part.
    pub async fn fetch(&self, source: &Source, known: &Validators) -> Result<Answer, FetchError> {
        match timeout(source.timeout, self.read(source, known)).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::Timeout { after: source.timeout, url: source.public_url() }),
        }
    }

    /// Looks at trees within the time limit of a source.
    ///
    /// # Errors
    /// The folder cannot be read, or not in time.
    pub async fn look(&self, trace: &Trace) -> Result<Answer, FetchError> {
        let (source, trace) = (&trace.source, trace.clone());
        let looked = spawn_blocking(move || trace.look());
        let Ok(looked) = timeout(source.timeout, looked).await else {
            return Err(FetchError::Timeout { after: source.timeout, url: source.public_url() });
        };
        let body = looked
            .map_err(io::Error::other)
            .flatten()
            .map_err(|cause| unreadable(source, &cause))?;
        Ok(Answer::New { body, validators: Validators::default() })
    }

    async fn read(&self, source: &Source, known: &Validators) -> Result<Answer, FetchError> {
        if source.url.starts_with("http") {
            return self.read_http(source, known).await;
        }
        let (url, content, max_bytes) =
            (source.url.clone(), Arc::clone(&self.content), source.max_bytes);
        let body = spawn_blocking(move || match url.strip_prefix("content:///") {
            Some(path) => read_content(path, &content),
            None => read_file(&url, max_bytes),
        })
        .await
        .map_err(io::Error::other)
        .flatten()
        .map_err(|cause| unreadable(source, &cause))?;
        if exceeds(body.len(), max_bytes) {
            return Err(too_long(source));
        }
        Ok(Answer::New { body, validators: Validators::default() })
    }

    /// Asks by HTTP when a document was last modified (`Last-Modified`), without its body.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn last_modified(&self, source: &Source) -> Result<Option<String>, FetchError> {
        let asked = async {
            let response = self.send(Method::HEAD, source, &Validators::default()).await?;
            Ok(header(&successful(response, source)?, &LAST_MODIFIED))
        };
        match timeout(source.timeout, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::Timeout { after: source.timeout, url: source.public_url() }),
        }
    }

    async fn read_http(&self, source: &Source, known: &Validators) -> Result<Answer, FetchError> {
        let response = self.send(Method::GET, source, known).await?;
        if response.status() == StatusCode::NOT_MODIFIED && *known != Validators::default() {
            return Ok(Answer::Unchanged);
        }
        let response = successful(response, source)?;
        let validators = Validators {
            etag: header(&response, &ETAG),
            last_modified: header(&response, &LAST_MODIFIED),
        };
        let body = limited_body(response, source).await?;
        Ok(Answer::New { body, validators })
    }

    async fn send(
        &self,
        method: Method,
        source: &Source,
        known: &Validators,
    ) -> Result<Response, FetchError> {
        let client = self
            .client
            .get_or_try_init(async || client(MAX_REDIRECTS))
            .await
            .map_err(|error| unreadable(source, &error))?;
        let mut request =
            client.request(method, &source.url).header(ACCEPT, "application/json, */*;q=0.5");
        if let Some(etag) = &known.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(last_modified) = &known.last_modified {
            request = request.header(IF_MODIFIED_SINCE, last_modified);
        }
        if let Some(path) = &source.token_file {
            request = request.header(AUTHORIZATION, bearer(path)?);
        }
        request.send().await.map_err(|error| {
            if error.is_redirect() {
                FetchError::Redirects { url: source.public_url() }
            } else {
                unreadable(source, &error)
            }
        })
    }
}

fn successful(response: Response, source: &Source) -> Result<Response, FetchError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    Err(FetchError::Status { status: status.as_u16(), url: source.public_url() })
}

/// Counts decompressed bytes as they arrive: neither an endless answer nor a compressed bomb fills
/// the memory.
async fn limited_body(mut response: Response, source: &Source) -> Result<Vec<u8>, FetchError> {
    if response.content_length().is_some_and(|length| length > source.max_bytes) {
        return Err(too_long(source));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreadable(source, &error))? {
        if exceeds(body.len() + chunk.len(), source.max_bytes) {
            return Err(too_long(source));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A client that follows so many redirects and no more.
///
/// # Errors
/// Those of its TLS.
pub(crate) fn client(redirects: usize) -> Result<Client, reqwest::Error> {
    // An error only says that the process has a provider already.
    _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        Client::builder()
            .user_agent(concat!("mingjing/", env!("CARGO_PKG_VERSION")))
            .redirect(if redirects == 0 { Policy::none() } else { Policy::limited(redirects) })
            .referer(false)
    };
    builder().build().or_else(|error| {
        // A minimal container has no CA certificates. Plain HTTP to the backend beside us must work
        // all the same, while HTTPS then trusts nobody.
        tracing::warn!(error = %innermost(&error), "no HTTPS to backends");
        builder().tls_certs_only([]).build()
    })
}

fn bearer(path: &Path) -> Result<HeaderValue, FetchError> {
    let token = fs::read_to_string(path).map_err(|error| FetchError::Token(error.to_string()))?;
    let token = token.trim();
    if token.is_empty() {
        return Err(FetchError::Token("it is empty".to_owned()));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
        FetchError::Token("it contains more than one line of plain text".to_owned())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn read_content(path: &str, content: &Content) -> io::Result<Vec<u8>> {
    // SECURITY: the resolver may be a plain join with a folder.
    if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(io::Error::other("not a path below the content folder"));
    }
    content(path)
}

/// One byte more than allowed at most, for the caller to notice.
fn read_file(url: &str, max_bytes: u64) -> io::Result<Vec<u8>> {
    let path = Url::parse(url).ok().and_then(|url| url.to_file_path().ok());
    let path = path.ok_or_else(|| io::Error::other("not a path on this host"))?;
    // Asked before opening, because opening a named pipe waits for a writer.
    if !fs::metadata(&path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut body = Vec::new();
    fs::File::open(path)?.take(max_bytes.saturating_add(1)).read_to_end(&mut body)?;
    Ok(body)
}

fn header(response: &Response, name: &reqwest::header::HeaderName) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn exceeds(length: usize, max_bytes: u64) -> bool {
    u64::try_from(length).is_ok_and(|length| length > max_bytes)
}

fn too_long(source: &Source) -> FetchError {
    FetchError::TooLong { max_bytes: source.max_bytes, url: source.public_url() }
}

fn unreadable(source: &Source, error: &(dyn Error + 'static)) -> FetchError {
    FetchError::Unreadable { url: source.public_url(), cause: innermost(error) }
}

/// The last of the causes: the outer ones repeat the address, with user information.
pub(crate) fn innermost(mut error: &(dyn Error + 'static)) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
