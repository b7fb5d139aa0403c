//! How often one visitor may do what costs more than a page.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    state::keyed::HashMapStateStore,
};

use super::{AppError, client};
use crate::snapshot::AppState;

/// Addresses that have been quiet are forgotten once in so many requests.
const CLEAN_EVERY: u32 = 1024;

/// Counts requests by visitor.
pub struct Limit {
    limiter: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    requests: AtomicU32,
}

impl Limit {
    /// So many in a minute in the long run, and so many at once.
    pub fn new(per_minute: u32, burst: u32) -> Self {
        let number = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(number(per_minute)).allow_burst(number(burst));
        Self { limiter: RateLimiter::hashmap(quota), requests: AtomicU32::new(0) }
    }

    /// Counts one request.
    ///
    /// # Errors
    /// It is one too many; in so many seconds another may come.
    pub fn count(&self, visitor: IpAddr) -> Result<(), u64> {
        if self.requests.fetch_add(1, Ordering::Relaxed) % CLEAN_EVERY == CLEAN_EVERY - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&visitor).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
        })
    }
}

/// Whether a route searches.
fn is_search(route: &str) -> bool {
    let route = route.strip_prefix("/en").unwrap_or(route);
    matches!(route, "/search" | "/search/files" | "/api/v1/files")
}

/// The layer that counts searches.
pub async fn searches(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    if !route.is_some_and(|route| is_search(route.as_str())) {
        return next.run(request).await;
    }
    let visitor = client::address(&request, &state.config().server.trusted_proxies);
    match visitor.map(|address| state.search_limit().count(client::household(address))) {
        Some(Err(seconds)) => AppError::TooMany(seconds).into_response(),
        _ => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_has_a_burst_and_then_waits_alone() {
        let limit = Limit::new(1, 3);
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for _ in 0..3 {
            assert_eq!(limit.count(one), Ok(()));
        }
        let seconds = limit.count(one).unwrap_err();
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert_eq!(limit.count(other), Ok(()));
    }
}
