//! One file per page; each a function from data to a [`crate::Document`].

pub mod api;
pub mod docs_index;
pub mod downloads;
pub mod error;
pub mod guide;
pub mod history;
pub mod list;
pub mod listing;
pub mod network;
pub mod news;
pub mod prose;
pub mod search;
pub mod stats;
pub mod status;
