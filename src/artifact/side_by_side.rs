//! Does the same with every item of a list, on all processors, and keeps the order.
//!
//! In: items, and what is done with one. Out: the results in the order of the items. Invariant: how many processors there are
//! changes nothing but the time.

use super::ordered_pool::processors;
use std::panic::resume_unwind;
use std::thread::Builder;

/// Items that one thread does sooner than a second one starts.
const FEW_ITEMS: usize = 8;

/// The stack of a thread, in bytes: what is nested deeply needs more than the 2 MiB that a thread has otherwise.
const STACK_BYTES: usize = 8 << 20;

/// The results of `work`, in the order of the items.
pub fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = if items.len() > FEW_ITEMS { processors() } else { 1 };
    on_threads(items, threads, work)
}

fn on_threads<T: Sync, R: Send>(items: &[T], threads: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let share = items.len().div_ceil(threads.max(1)).max(1);
    let done = |share: &[T]| share.iter().map(&work).collect::<Vec<R>>();
    std::thread::scope(|scope| {
        let mut shares = items.chunks(share);
        let own = shares.next().unwrap_or_default();
        // What no thread can be had for is done here.
        let others: Vec<_> = shares
            .map(|share| (share, Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || done(share))))
            .collect();
        let mut results = done(own);
        for (share, other) in others {
            results.extend(match other {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                Err(_) => done(share),
            });
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_items_on_any_number_of_threads() {
        let items: Vec<usize> = (0..101).collect();
        let doubled: Vec<usize> = items.iter().map(|item| item * 2).collect();
        for threads in [0, 1, 2, 3, 100, 101, 500] {
            assert_eq!(on_threads(&items, threads, |item| item * 2), doubled, "{threads} threads");
        }
        assert_eq!(side_by_side(&items, |item| item * 2), doubled);
        assert_eq!(on_threads(&[] as &[usize], 2, |item| item * 2), Vec::<usize>::new());
    }

    #[test]
    fn all_threads_work() {
        let items: Vec<usize> = (0..4).collect();
        let threads = on_threads(&items, 4, |_| format!("{:?}", std::thread::current().id()));
        let different: std::collections::BTreeSet<&String> = threads.iter().collect();
        assert_eq!(different.len(), 4);
    }
}
