//! The site from outside: the real router over a real state, one file per part of the URL tree.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests may panic, too; clippy knows only functions marked as tests"
)]

mod harness;
mod html;

mod alerts;
mod api;
mod audit;
mod backends;
mod cache;
mod config;
mod docs;
mod downloads;
mod errors;
mod expected;
mod faults;
mod feeds;
mod guides;
mod headers;
mod history;
mod killed;
mod known;
mod list;
mod metrics;
mod mirrorz;
mod network;
mod openapi;
mod pages;
mod probe;
mod programs;
mod property;
mod refresh;
mod reindex;
mod reload;
mod search;
mod setup;
mod stats;
mod status;
mod status_page;
mod sweep;
mod topics;
mod trace;
mod tree;
