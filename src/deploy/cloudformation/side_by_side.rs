//! Several pieces of work at the same time, on this thread.
//!
//! In: futures. Out: whether all succeeded. Invariant: no more than so many run at once; what has begun is always finished,
//! and the first failure is the one that is told.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::Poll;

/// Runs all, so many at a time. Returns what they return, in their order.
pub(in crate::deploy) async fn gather<T, E>(
    most: usize,
    work: impl Iterator<Item = impl Future<Output = Result<T, E>>>,
) -> Result<Vec<T>, E> {
    let found = RefCell::new(BTreeMap::new());
    let kept = work.enumerate().map(|(place, one)| {
        let found = &found;
        async move {
            let value = one.await?;
            found.borrow_mut().insert(place, value);
            Ok(())
        }
    });
    run(most, kept).await?;
    Ok(found.into_inner().into_values().collect())
}

/// Runs all, in their order, so many at a time.
pub(super) async fn run<E>(
    most: usize,
    work: impl Iterator<Item = impl Future<Output = Result<(), E>>>,
) -> Result<(), E> {
    let mut work = work.fuse();
    let mut running: Vec<Pin<Box<_>>> = Vec::new();
    let mut failed = None;
    std::future::poll_fn(|context| {
        loop {
            while running.len() < most && failed.is_none() {
                let Some(next) = work.next() else { break };
                running.push(Box::pin(next));
            }
            if running.is_empty() {
                return Poll::Ready(());
            }
            let before = running.len();
            running.retain_mut(|one| match one.as_mut().poll(context) {
                Poll::Pending => true,
                Poll::Ready(done) => {
                    if let (Err(error), None) = (done, &failed) {
                        failed = Some(error);
                    }
                    false
                }
            });
            if running.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await;
    failed.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn finished(work: impl Future<Output = Result<(), usize>>) -> Result<(), usize> {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    #[test]
    fn so_many_run_at_once_and_all_are_finished() {
        let (now, most, done) = (Cell::new(0), Cell::new(0), RefCell::new(Vec::new()));
        let work = (0..7).map(|number| {
            let (now, most, done) = (&now, &most, &done);
            async move {
                now.set(now.get() + 1);
                most.set(most.get().max(now.get()));
                tokio::task::yield_now().await;
                now.set(now.get() - 1);
                done.borrow_mut().push(number);
                Ok(())
            }
        });
        assert_eq!(finished(run(3, work)), Ok(()));
        assert_eq!((most.get(), done.into_inner()), (3, vec![0, 1, 2, 3, 4, 5, 6]));
        assert_eq!(finished(run(3, std::iter::empty::<std::future::Ready<Result<(), usize>>>())), Ok(()));
    }

    #[test]
    fn what_they_return_is_in_their_order() {
        let slow_first = |number: usize| async move {
            for _ in number..4 {
                tokio::task::yield_now().await;
            }
            if number < 9 { Ok(number * 2) } else { Err(number) }
        };
        let gathered = |most, all: std::ops::Range<usize>| {
            let work = gather(most, all.map(slow_first));
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
        };
        assert_eq!(gathered(4, 0..5), Ok(vec![0, 2, 4, 6, 8]));
        assert_eq!(gathered(1, 8..12), Err(9));
        assert_eq!(gathered(2, 0..0), Ok(Vec::new()));
    }

    #[test]
    fn after_a_failure_nothing_begins_and_what_runs_ends() {
        let ended = Cell::new(0);
        let work = (0..6).map(|number| {
            let ended = &ended;
            async move {
                for _ in 0..number {
                    tokio::task::yield_now().await;
                }
                ended.set(ended.get() + 1);
                if number % 2 == 0 { Err(number) } else { Ok(()) }
            }
        });
        assert_eq!(finished(run(3, work)), Err(0));
        assert_eq!(ended.get(), 3);
    }
}
