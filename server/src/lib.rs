//! Mingjing, the site of a software mirror.
//!
//! Data flows one way: backends, disk and content become a [`snapshot::Snapshot`], a snapshot
//! becomes pages, pages become cached bytes. `docs/architecture.md` follows a request through it.

pub mod alert;
pub mod assets;
pub mod cli;
pub mod config;
pub mod content;
pub mod database;
pub mod demo;
pub mod download;
pub mod files;
#[cfg(feature = "fuzzing")]
pub mod fuzz;
pub mod guide;
pub mod guide_view;
pub mod highlight;
pub mod history;
pub mod index;
pub mod metrics;
pub mod mirrorz;
pub mod network;
pub mod nginx;
pub mod openapi;
pub mod period;
pub mod probe;
pub mod publish;
pub mod reindex;
pub mod router;
pub mod search;
pub mod serve;
pub mod setup;
pub mod snapshot;
pub mod stats;
pub mod status;
pub mod web;
