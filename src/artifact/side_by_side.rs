//! Does the same with every item of a list, on all processors, and keeps the order.
//!
//! In: items, and what is done with one. Out: the results in the order of the items. Invariant: how many processors there are
//! changes nothing but the time.

use super::ordered_pool::processors;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

/// Items that one thread does sooner than a second one starts.
const FEW_ITEMS: usize = 8;

/// The stack of a thread, in bytes: as large as that of a program on Linux, since what is nested deeply needs more than the
/// 2 MiB that a thread has otherwise.
const STACK_BYTES: usize = 8 << 20;

/// The results of `work`, in the order of the items, of which each is worth a thread.
pub fn side_by_side<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    // To ask for the processors reads files of the kernel, which takes longer than it takes to find that there is one item.
    let threads = if items.len() > 1 { processors().min(items.len()) } else { 1 };
    on_threads(items, threads, work)
}

/// The same for small items, of which only many are worth a thread.
pub fn many_side_by_side<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = if items.len() > FEW_ITEMS { processors() } else { 1 };
    on_threads(items, threads, work)
}

fn on_threads<T: Send, R: Send>(items: Vec<T>, threads: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let waiting = Mutex::new(items.into_iter().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let share = || {
        let mut done = Vec::new();
        while let Some((place, item)) = next() {
            done.push((place, work(item)));
        }
        done
    };
    let mut results = std::thread::scope(|scope| {
        // This thread works too, so one that cannot be had is no loss.
        let start = |_| Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, share).ok();
        let others: Vec<_> = (1..threads).filter_map(start).collect();
        let mut results = share();
        for other in others {
            results.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        results
    });
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Barrier;

    #[test]
    fn the_order_is_that_of_the_items_on_any_number_of_threads() {
        let items: Vec<usize> = (0..101).collect();
        let doubled: Vec<usize> = items.iter().map(|item| item * 2).collect();
        for threads in [0, 1, 2, 3, 100, 101] {
            assert_eq!(on_threads(items.clone(), threads, |item| item * 2), doubled, "{threads} threads");
        }
        assert_eq!(side_by_side(items.clone(), |item| item * 2), doubled);
        assert_eq!(many_side_by_side(items, |item| item * 2), doubled);
        assert_eq!(on_threads(Vec::<usize>::new(), 2, |item| item * 2), Vec::<usize>::new());
    }

    #[test]
    fn all_threads_work() {
        // Nobody goes on before each of the three has an item.
        let together = Barrier::new(3);
        let threads = on_threads(vec![(); 3], 3, |()| {
            together.wait();
            format!("{:?}", std::thread::current().id())
        });
        assert_eq!(threads.iter().collect::<BTreeSet<_>>().len(), 3);
    }

    #[test]
    fn two_items_have_a_thread_each() {
        // Neither goes on before both are there, where there are two processors.
        let together = Barrier::new(processors().min(2));
        let threads = side_by_side(vec![(); 2], |()| {
            together.wait();
            std::thread::current().id()
        });
        assert_eq!(threads.first() == threads.last(), processors() == 1);
    }

    #[test]
    fn few_items_are_done_by_the_thread_that_asks() {
        let own = std::thread::current().id();
        let threads = many_side_by_side(vec![(); FEW_ITEMS], |()| std::thread::current().id());
        assert_eq!(threads, vec![own; FEW_ITEMS]);
    }
}
