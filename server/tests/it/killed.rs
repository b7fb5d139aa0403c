//! `kill -9` while the index is built or updated: what is served is always whole.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use server::index::Index;

use crate::harness::file;

/// Kills, half of them during builds and half during updates.
const KILLS: u32 = 50;

fn mingjing(config: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mingjing"));
    command.arg("--config").arg(config).arg("index").args(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// All paths of the index, which must be readable to the last byte.
fn paths(folder: &Path) -> Vec<Vec<u8>> {
    let index = Index::open(folder).unwrap();
    index.verify().unwrap();
    let mut paths = Vec::new();
    index.entries(&mut |entry| paths.push(entry.path)).unwrap();
    paths.sort();
    paths
}

#[test]
fn fifty_kills_leave_the_index_whole() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("mirrors");
    for mirror in ["debian", "ubuntu", "pypi"] {
        for number in 0..400 {
            file(&root.join(format!("{mirror}/{}/name-{number}.iso", number % 20)), "x");
        }
    }
    let config = folder.path().join("site.toml");
    let text = format!(
        "[site]\nbase_url = \"https://mirror.example\"\nname = {{ zh = \"例\", en = \"Example\" }}\n\
         [server]\nstate = {:?}\n[files]\nroot = {root:?}\n",
        folder.path().join("var"),
    );
    file(&config, text);
    let index = folder.path().join("var/index");
    let started = std::time::Instant::now();
    assert!(mingjing(&config, &["build"]).status().unwrap().success());
    let whole = started.elapsed();
    let mut before = paths(&index);
    assert_eq!(before.len(), 3 * (1 + 20 + 400));
    let mut random = StdRng::seed_from_u64(5);
    let (mut killed, mut finished) = (0, 0);
    for turn in 0..KILLS {
        file(&root.join(format!("debian/new-{turn}")), "x");
        let arguments: &[&str] = if turn % 2 == 0 { &["build"] } else { &["update", "debian"] };
        let mut child = mingjing(&config, arguments).spawn().unwrap();
        // The one place where a test waits: for a moment that is truly any.
        std::thread::sleep(whole.mul_f64(random.gen_range(0.0..1.2)).min(Duration::from_secs(2)));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            finished += 1;
        } else {
            killed += 1;
        }
        let after = paths(&index);
        assert!(before.iter().all(|path| after.contains(path)), "turn {turn}: nothing is lost");
        assert!(after.len() <= before.len() + turn as usize + 1, "turn {turn}: nothing is doubled");
        assert!(after.windows(2).all(|pair| pair[0] != pair[1]), "turn {turn}: nothing is doubled");
        before = after;
    }
    assert!(killed > KILLS / 4, "{killed} killed, {finished} finished: the moments were random");
    assert!(mingjing(&config, &["update", "debian"]).status().unwrap().success());
    assert_eq!(paths(&index).len(), 3 * 421 + KILLS as usize);
    let left = std::fs::read_dir(&index).unwrap().count();
    assert_eq!(left, 4, "lock, current, one list, one part: the remains of the killed are gone");
}
