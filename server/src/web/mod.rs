//! What HTTP asks of the site: addresses, answers, errors.

pub mod cache;
pub mod client;
pub mod encode;
pub mod error;
pub mod handler;
pub mod limit;
pub mod negotiate;
pub mod open;
pub mod params;

pub use error::AppError;
