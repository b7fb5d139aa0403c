//! `site.toml`: the example loads, and mistakes are named with file, line and key.

use std::path::Path;

use server::config::Config;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../site.example.toml");

fn error(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.toml");
    std::fs::write(&path, text).unwrap();
    let error = format!("{:#}", Config::load(&path).unwrap_err());
    assert!(error.contains(path.to_str().unwrap()), "it names the file: {error}");
    error
}

#[test]
fn the_example_is_valid_and_its_paths_are_relative_to_it() {
    let config = Config::load(Path::new(EXAMPLE)).unwrap();
    let folder = Path::new(EXAMPLE).parent().unwrap();
    assert_eq!(config.server.content, Some(folder.join("content")));
    assert_eq!(config.server.state, folder.join("var"));
    assert_eq!(config.files.root.as_deref(), Some(Path::new("/srv/mirrors")));
    assert_eq!(config.backends.len(), 3);
    assert_eq!(config.site().notices.len(), 1);
}

#[test]
fn every_mistake_is_named_with_its_line_and_key() {
    let example = std::fs::read_to_string(EXAMPLE).unwrap();
    for (from, to, key) in [
        ("base_url = ", "base_ulr = ", "base_ulr"),
        ("listen = \"127.0.0.1:3000\"", "listen = \"localhost\"", "listen"),
        ("[files]", "[file]", "file"),
        ("accel = ", "acel = ", "acel"),
        ("\nmirrorz.", "\nmirrors.", "mirrors"),
        ("tunasync.interval = \"60s\"", "tunasync.interval = 60", "interval"),
        ("mirrorz.url = \"file:///srv", "mirrorz.url = \"ftp:///srv", "url"),
        ("favourites = [\"debian\", \"ubuntu\"]", "favourites = \"debian\"", "favourites"),
        ("name = { zh = ", "name = { cn = ", "cn"),
        ("state = \"var\"", "state = ", "state"),
    ] {
        assert!(example.contains(from), "{from}");
        let line = example[..example.find(from).unwrap()].lines().count() + 1;
        let error = error(&example.replace(from, to));
        assert!(error.contains(&format!("line {line}")), "line {line} in {error}");
        assert!(error.contains(key), "{key} in {error}");
    }
}

#[test]
fn values_that_cannot_be_are_named_too() {
    let example = std::fs::read_to_string(EXAMPLE).unwrap();
    for (from, to, key) in [
        ("https://mirror.example.edu\"", "mirror.example.edu\"", "site.base_url"),
        ("https://mirror.example.edu\"", "https://mirror.example.edu/\"", "site.base_url"),
        ("\"/_accel\"", "\"_accel\"", "files.accel"),
        ("\"/_accel\"", "\"/_accel/\"", "files.accel"),
        ("\"Asia/Shanghai\"", "\"Asia/Hangzhou\"", "site.time_zone"),
    ] {
        let error = error(&example.replacen(from, to, 1));
        assert!(error.contains(key), "{key} in {error}");
    }
}

#[test]
fn a_missing_file_and_a_missing_name_are_told_apart() {
    let missing = format!("{:#}", Config::load(Path::new("/nonexistent/site.toml")).unwrap_err());
    assert!(
        missing.contains("/nonexistent/site.toml") && missing.contains("No such file"),
        "{missing}"
    );
    assert!(error("[site]\nbase_url = \"https://a.example\"\n").contains("name"));
    assert!(error("").contains("site"));
}
