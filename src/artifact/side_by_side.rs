//! Does the same with every item of a list, on all processors, and keeps the order.
//!
//! In: items, and what is done with one. Out: the results in the order of the items. Invariant: how many processors there are
//! changes nothing but the time.

use super::ordered_pool::processors;
use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::vec::IntoIter;

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

/// Hands each result of `work` to `take`, in the order of the items, while the next ones are worked on. There are never more
/// than `most_underway` results that wait.
pub fn side_by_side_in_order<T: Send, R: Send>(
    items: Vec<T>,
    most_underway: usize,
    work: impl Fn(T) -> R + Sync,
    take: impl FnMut(R),
) {
    let threads = if items.len() > FEW_ITEMS { processors() } else { 1 };
    in_line(items, threads, most_underway, work, take);
}

fn in_line<T: Send, R: Send>(
    items: Vec<T>,
    threads: usize,
    most_underway: usize,
    work: impl Fn(T) -> R + Sync,
    mut take: impl FnMut(R),
) {
    let (line, work) = (&WorkLine::new(items, most_underway.max(1)), &work);
    std::thread::scope(|scope| {
        // This thread works too, so one that cannot be had is no loss.
        let start = |_| Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || line.help(work)).ok();
        let helpers: Vec<_> = (1..threads).filter_map(start).collect();
        line.lead(work, &mut take);
        helpers.into_iter().for_each(|helper| helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
    });
}

/// Items that wait, and results that wait for those before them.
struct WorkLine<T, R> {
    state: Mutex<LineState<T, R>>,
    /// There is a result, or a thread has stopped.
    is_done: Condvar,
    /// There is room for another result.
    has_room: Condvar,
    most_underway: usize,
}

struct LineState<T, R> {
    items: IntoIter<T>,
    /// The results of the items that are worked on, from the first that nobody has taken.
    underway: VecDeque<Option<R>>,
    /// How many results were taken.
    taken: usize,
    /// Whether a thread has stopped without its result.
    is_broken: bool,
}

impl<T, R> LineState<T, R> {
    /// The next item and its place, where there is room for its result.
    fn next(&mut self, most_underway: usize) -> Option<(usize, T)> {
        let has_room = self.underway.len() < most_underway;
        let item = has_room.then(|| self.items.next()).flatten()?;
        self.underway.push_back(None);
        Some((self.taken + self.underway.len() - 1, item))
    }

    /// The result that is next to be taken, where it is there.
    fn take(&mut self) -> Option<R> {
        let result = self.underway.front_mut()?.take()?;
        self.underway.pop_front();
        self.taken += 1;
        Some(result)
    }
}

impl<T, R> WorkLine<T, R> {
    fn new(items: Vec<T>, most_underway: usize) -> Self {
        let (items, underway) = (items.into_iter(), VecDeque::with_capacity(most_underway));
        let state = Mutex::new(LineState { items, underway, taken: 0, is_broken: false });
        let (is_done, has_room) = (Condvar::new(), Condvar::new());
        WorkLine { state, is_done, has_room, most_underway }
    }

    fn state(&self) -> MutexGuard<'_, LineState<T, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on an item, and puts the result in its place.
    fn finish(&self, (place, item): (usize, T), work: &impl Fn(T) -> R) {
        let stopped = StoppedThread(self);
        let result = work(item);
        std::mem::forget(stopped);
        let mut state = self.state();
        let place = place - state.taken;
        if let Some(slot) = state.underway.get_mut(place) {
            *slot = Some(result);
        }
        drop(state);
        self.is_done.notify_one();
    }

    /// Works until no item is left.
    fn help(&self, work: &impl Fn(T) -> R) {
        let mut state = self.state();
        while state.items.len() > 0 && !state.is_broken {
            match state.next(self.most_underway) {
                Some(item) => {
                    drop(state);
                    self.finish(item, work);
                    state = self.state();
                }
                None => state = self.has_room.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Takes the results, and works where the next one is not there.
    fn lead(&self, work: &impl Fn(T) -> R, take: &mut impl FnMut(R)) {
        let stopped = StoppedThread(self);
        let mut state = self.state();
        while !state.is_broken && (state.items.len() > 0 || !state.underway.is_empty()) {
            if let Some(result) = state.take() {
                drop(state);
                self.has_room.notify_one();
                take(result);
                state = self.state();
            } else if let Some(item) = state.next(self.most_underway) {
                drop(state);
                self.finish(item, work);
                state = self.state();
            } else {
                state = self.is_done.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        drop(state);
        std::mem::forget(stopped);
        // Who waits for room finds that nothing is left.
        self.has_room.notify_all();
    }
}

/// Tells the others that a thread stops before it is done.
struct StoppedThread<'a, T, R>(&'a WorkLine<T, R>);

impl<T, R> Drop for StoppedThread<'_, T, R> {
    fn drop(&mut self) {
        self.0.state().is_broken = true;
        self.0.is_done.notify_all();
        self.0.has_room.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

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

    #[test]
    fn results_are_taken_in_the_order_of_the_items_on_any_number_of_threads() {
        for (threads, most_underway) in [(1, 0), (2, 0), (2, 1), (2, 3), (3, 16), (8, 1000)] {
            let items: Vec<usize> = (0..101).collect();
            let mut taken = Vec::new();
            in_line(items.clone(), threads, most_underway, |item| item * 2, |it| taken.push(it));
            let doubled: Vec<usize> = items.iter().map(|item| item * 2).collect();
            assert_eq!(taken, doubled, "{threads} threads");
        }
        in_line(Vec::<usize>::new(), 2, 1, |item| item, |_| panic!("there is none"));
    }

    #[test]
    fn no_more_results_wait_than_may() {
        let most = 3;
        let waiting = AtomicUsize::new(0);
        let work = |item: usize| {
            let now = waiting.fetch_add(1, Ordering::SeqCst) + 1;
            assert!(now <= most, "{now} results wait");
            item
        };
        let mut taken = 0;
        side_by_side_in_order((0..200).collect(), most, work, |item| {
            assert_eq!(item, taken);
            taken += 1;
            waiting.fetch_sub(1, Ordering::SeqCst);
        });
        assert_eq!(taken, 200);
    }

    #[test]
    fn all_threads_work_on_what_is_taken_in_order() {
        // Nobody goes on before each of the three has an item.
        let meeting = Barrier::new(3);
        let work = |number: usize| {
            if number < 3 {
                meeting.wait();
            }
            std::thread::current().id()
        };
        let mut threads = BTreeSet::new();
        in_line((0..6).collect(), 3, 6, work, |id| {
            threads.insert(format!("{id:?}"));
        });
        assert_eq!(threads.len(), 3);
        let own = std::thread::current().id();
        let check = |id| assert_eq!(id, own, "a second thread has started");
        let few = vec![(); FEW_ITEMS];
        side_by_side_in_order(few, 9, |()| std::thread::current().id(), check);
    }

    #[test]
    fn a_thread_that_panics_stops_them_all() {
        for broken in [0, 50, 99] {
            let work = |item: usize| assert_ne!(item, broken, "broken");
            let run = || in_line((0..100).collect(), 3, 4, work, |()| ());
            let panic = std::panic::catch_unwind(run).unwrap_err();
            let told = panic.downcast_ref::<String>().map(String::as_str).unwrap_or_default();
            assert!(told.contains("broken"), "{told}");
        }
        // What is taken by the thread that leads may panic too.
        let taken = |item: usize| assert_ne!(item, 50, "broken");
        let run = || in_line((0..100).collect(), 3, 4, |item| item, taken);
        assert!(std::panic::catch_unwind(run).is_err());
    }
}
