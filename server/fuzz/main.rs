//! `FUZZ_TARGET=tunasync fuzz CORPUS… [libFuzzer options]`
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use server::fuzz::{TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    let found = TARGETS.iter().find(|(target, _)| *target == name);
    found.unwrap_or_else(|| panic!("FUZZ_TARGET is {name:?}, not one of {names:?}")).1
});

fuzz_target!(|bytes: &[u8]| TARGET(bytes));
