//! Pages of Mingjing: Leptos components over plain data, rendered to HTML on the server.
//!
//! Nothing here reads a disk, a socket or a clock. A page is a function from data to a [`Document`]
//! or a string; the server decides when it is called and how long the result is kept.

pub mod address;
pub mod download;
pub mod format;
pub mod history;
pub mod model;
pub mod page;
pub mod part;
pub mod shell;
pub mod stats;
pub mod text;

pub use model::Lang;
pub use shell::{Chrome, Document, Site};
