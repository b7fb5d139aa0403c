//! The speed test: bytes that nothing can compress, few tests at once, none for ever.

use std::{
    io,
    net::IpAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::body::{Body, Bytes};
use futures_util::stream;
use rand::{RngCore as _, SeedableRng as _, rngs::StdRng};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::timeout,
};

use super::{AppError, limit::Limit};
use crate::network::SpeedSection;

/// A test that takes longer than this is broken off, so that its place is free again.
const LONGEST: Duration = Duration::from_mins(2);
/// When to come again, in seconds, if all places are taken.
const COME_AGAIN: u64 = 10;
/// Bytes of a piece.
const PIECE: usize = 64 << 10;

/// Longer than the window of any coding that something on the way might apply.
static NOISE: LazyLock<Bytes> = LazyLock::new(|| {
    let mut noise = vec![0; 1 << 20];
    StdRng::from_entropy().fill_bytes(&mut noise);
    noise.into()
});

/// Who tests how often, and how many test at present.
pub struct SpeedTests {
    limit: Limit,
    places: Arc<Semaphore>,
}

impl SpeedTests {
    /// Nobody has tested yet.
    pub fn new(section: SpeedSection) -> Self {
        let limit = Limit::new(section.per_minute, section.per_minute);
        Self { limit, places: Arc::new(Semaphore::new(section.at_once)) }
    }

    /// Takes a place for a visitor, who is counted; the body that keeps it.
    ///
    /// # Errors
    /// All places are taken, or the visitor has tested too often.
    pub fn start(&self, visitor: Option<IpAddr>, bytes: u64) -> Result<Body, AppError> {
        let place =
            Arc::clone(&self.places).try_acquire_owned().map_err(|_| AppError::Busy(COME_AGAIN))?;
        if let Some(visitor) = visitor {
            self.limit.count(visitor).map_err(AppError::TooManyTests)?;
        }
        Ok(body(bytes, place, LONGEST))
    }
}

/// The bytes, in pieces. The place is given back when the last piece was taken, when the visitor is
/// gone, or when it took too long: a client that stops reading holds its connection and nothing else.
fn body(bytes: u64, place: OwnedSemaphorePermit, longest: Duration) -> Body {
    let (under_way, ended) = oneshot::channel::<()>();
    tokio::spawn(async move {
        _ = timeout(longest, ended).await;
        drop(place);
    });
    let pieces = stream::unfold((bytes, under_way), async |(left, under_way)| {
        if left == 0 {
            return None;
        }
        if under_way.is_closed() {
            return Some((Err(io::Error::from(io::ErrorKind::TimedOut)), (0, under_way)));
        }
        let (piece, left) = piece(left);
        Some((Ok(piece), (left, under_way)))
    });
    Body::from_stream(pieces)
}

/// The next piece, and how much is left after it.
fn piece(left: u64) -> (Bytes, u64) {
    let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
    let rest = left - length as u64;
    let pieces = (NOISE.len() / PIECE) as u64;
    let place = usize::try_from(rest / PIECE as u64 % pieces).unwrap_or_default() * PIECE;
    (NOISE.slice(place..place + length), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));

    async fn length(body: Body) -> usize {
        axum::body::to_bytes(body, usize::MAX).await.unwrap().len()
    }

    #[tokio::test]
    async fn a_place_is_free_again_when_its_test_has_ended() {
        let tests = SpeedTests::new(SpeedSection { per_minute: 100, at_once: 1 });
        let first = tests.start(ONE, 200_000).unwrap();
        assert!(matches!(tests.start(ONE, 1), Err(AppError::Busy(_))));
        assert_eq!(length(first).await, 200_000);
        while tests.places.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        let second = tests.start(ONE, 5).unwrap();
        drop(second);
        while tests.places.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn who_tests_too_often_waits_and_takes_no_place() {
        let tests = SpeedTests::new(SpeedSection { per_minute: 2, at_once: 10 });
        for _ in 0..2 {
            assert_eq!(length(tests.start(ONE, 1).unwrap()).await, 1);
        }
        assert!(matches!(tests.start(ONE, 1), Err(AppError::TooManyTests(1..=60))));
        let other = Some(IpAddr::from([192, 0, 2, 2]));
        assert_eq!(length(tests.start(other, 1).unwrap()).await, 1);
    }

    #[tokio::test]
    async fn a_client_that_stops_reading_loses_its_place() {
        let places = Arc::new(Semaphore::new(1));
        let place = Arc::clone(&places).try_acquire_owned().unwrap();
        let stalled = body(1_000_000, place, Duration::ZERO);
        while places.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(axum::body::to_bytes(stalled, usize::MAX).await.is_err(), "it is broken off");
    }

    #[test]
    fn nothing_can_compress_it() {
        let mut left = 3_000_000;
        let mut all = Vec::new();
        while left > 0 {
            let (piece, rest) = piece(left);
            all.extend_from_slice(&piece);
            left = rest;
        }
        assert_eq!(all.len(), 3_000_000);
        let packed = zstd::encode_all(&all[..1 << 20], 9).unwrap();
        assert!(packed.len() > (1 << 20) * 99 / 100, "{}", packed.len());
    }
}
