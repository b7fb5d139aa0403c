//! Timing queries against an index.

use std::time::{Duration, Instant};

use super::query::{Query, QueryError};
use super::reader::Index;

/// Timing of one query.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchRow {
    /// The query's text.
    pub query: String,
    /// Matching paths found.
    pub hits: u64,
    /// Whether `hits` is all there are.
    pub hits_are_exact: bool,
    /// Median time in microseconds.
    pub median_us: f64,
    /// Ninety-nine of a hundred runs took no longer, in microseconds.
    pub p99_us: f64,
}

const WARM_UP: usize = 3;
const MIN_RUNS: usize = 20;
const MAX_RUNS: usize = 2000;
/// Time for one query, unless [`MIN_RUNS`] need more.
const BUDGET: Duration = Duration::from_millis(200);

/// Runs each query repeatedly, warm, in this thread. A refused query ends the benchmark.
pub fn bench(index: &Index, queries: &[Query]) -> Result<Vec<BenchRow>, QueryError> {
    queries.iter().map(|query| bench_one(index, query)).collect()
}

fn bench_one(index: &Index, query: &Query) -> Result<BenchRow, QueryError> {
    let mut answer = index.search(query)?;
    for _ in 1..WARM_UP {
        answer = index.search(query)?;
    }
    let started = Instant::now();
    let mut times = Vec::new();
    while times.len() < MAX_RUNS && (times.len() < MIN_RUNS || started.elapsed() < BUDGET) {
        let run = Instant::now();
        std::hint::black_box(index.search(query)?);
        times.push(run.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or(0.0);
    Ok(BenchRow {
        query: query.text.clone(),
        hits: answer.total,
        hits_are_exact: answer.total_is_exact,
        median_us: at(50),
        p99_us: at(99),
    })
}
