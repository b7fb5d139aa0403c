//! The configuration of the nginx in front.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use askama::Template;

use crate::{
    config::Config,
    content::{Content, mirror::RESERVED},
    web::headers,
};

/// What only the command line knows.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Address and port for plain HTTP; may be repeated
    #[arg(long, value_name = "ADDR", default_values = ["80", "[::]:80"])]
    pub listen: Vec<String>,
    /// Address and port for HTTPS; may be repeated
    #[arg(long, value_name = "ADDR", default_values = ["443", "[::]:443"])]
    pub listen_tls: Vec<String>,
    /// Certificate chain (PEM); without one there is no HTTPS
    #[arg(long, value_name = "FILE", requires = "key")]
    pub certificate: Option<PathBuf>,
    /// Key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub key: Option<PathBuf>,
    /// Access log; `off` for none
    #[arg(long, value_name = "FILE", default_value = "/var/log/nginx/mirror.log")]
    pub access_log: String,
}

#[derive(Template)]
#[template(path = "nginx.conf", escape = "none")]
struct Nginx {
    listen: Vec<String>,
    tls: Option<Tls>,
    server_name: String,
    upstream: String,
    root: String,
    access_log: String,
    accel: Option<String>,
    reserved: String,
    indexes: Vec<Index>,
    image_connections: u32,
    options: &'static str,
    referrer: &'static str,
    policy: &'static str,
    transport: &'static str,
    is_secure: bool,
}

struct Tls {
    listen: Vec<String>,
    certificate: String,
    key: String,
}

/// A tree in which a file stands for each directory.
struct Index {
    path: String,
    file: String,
}

/// Writes the server block for a site.
///
/// # Errors
/// A path or name that cannot be written into nginx's syntax.
pub fn generate(config: &Config, content: &Content, options: &Options) -> anyhow::Result<String> {
    let root = config
        .files
        .root
        .as_ref()
        .context("files.root is not set: nginx needs the folder of the mirrored trees")?;
    let root = std::path::absolute(root)?;
    let tls = match (&options.certificate, &options.key) {
        (Some(certificate), Some(key)) => Some(Tls {
            listen: options.listen_tls.clone(),
            certificate: quotable(&certificate.display().to_string())?,
            key: quotable(&key.display().to_string())?,
        }),
        _ => None,
    };
    let host = config.host();
    let template = Nginx {
        listen: options.listen.clone(),
        tls,
        server_name: host.split(':').next().unwrap_or(host).to_owned(),
        upstream: config.server.listen.to_string(),
        root: quotable(&root.display().to_string())?,
        access_log: quotable(&options.access_log)?,
        accel: config.files.accel.clone(),
        image_connections: config.network.image_connections,
        options: headers::OPTIONS,
        referrer: headers::REFERRER,
        policy: headers::TREE,
        transport: headers::TRANSPORT,
        is_secure: config.site.base_url.starts_with("https://"),
        reserved: RESERVED
            .iter()
            .map(|name| name.replace('.', "\\."))
            .collect::<Vec<_>>()
            .join("|"),
        indexes: content
            .mirrors
            .values()
            .filter_map(|m| {
                let file = m.file.index.as_ref()?;
                Some(Index { path: m.path(), file: file.clone() })
            })
            .collect(),
    };
    Ok(template.render()?)
}

/// Refuses what a quoted nginx string cannot hold.
fn quotable(text: &str) -> anyhow::Result<String> {
    ensure!(
        !text.contains(['"', '\\', '$', '\n']),
        "{text:?} cannot be written into an nginx configuration"
    );
    Ok(text.to_owned())
}
