//! The mirrored trees on disk: which paths the world may read, listings, downloads.

pub mod listing;
pub mod natural;
pub mod path;
pub mod tree;

pub use path::{PathError, RelPath};
pub use tree::{Found, TreeError, Trees};
