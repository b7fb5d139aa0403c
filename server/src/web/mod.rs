//! What HTTP asks of the site: addresses, answers, errors.

pub mod cache;
pub mod client;
pub mod encode;
pub mod error;
pub mod handler;
pub mod headers;
pub mod limit;
pub mod negotiate;
pub mod open;
pub mod params;
pub mod speed;

pub use error::AppError;
