//! Messages to chat robots and web hooks when something goes wrong, and when it is well again.
//!
//! Each `[[alert]]` has a task of its own, so that a slow receiver holds up nobody: the [`Engine`]
//! decides what is worth telling, a [`Message`] says it in words, `robot` gives it the shape that
//! the receiver wants, `deliver` sends it, `answer` says whether it arrived.

mod answer;
mod deliver;
mod engine;
mod message;
mod robot;
mod rule;
mod secret;
mod worker;

pub use deliver::{Courier, DeliveryError};
pub use engine::{Content, Engine, Facts, Item, Outgoing, Subject, Told, Trouble};
pub use message::Message;
pub use robot::Request;
pub use rule::{Kind, Rule, Trigger};
pub use secret::Secret;
pub use worker::{Worker, run};

use crate::{snapshot::AppState, status::poll::Clock};

/// Starts the task of every rule.
pub fn start(state: &AppState, clock: Clock) {
    for rule in &state.config().alerts {
        tokio::spawn(run(rule.clone(), state.clone(), clock));
    }
}

/// Checks what no rule can know alone.
///
/// # Errors
/// The first mistake, with its rule and key.
pub fn check(rules: &[Rule]) -> anyhow::Result<()> {
    for (place, rule) in rules.iter().enumerate() {
        rule.check()?;
        let is_taken = rules.iter().take(place).any(|other| other.name == rule.name);
        anyhow::ensure!(!is_taken, "alert.name = \"{}\" occurs twice", rule.name);
    }
    Ok(())
}
