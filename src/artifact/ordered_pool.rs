//! Works on things side by side and hands the results back in order.
//!
//! In: jobs, in order. Out: what a thread made of each, in the same order. Invariant: no more jobs wait than a few for each
//! thread, nor more bytes of them than the pool was started with.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::io;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::Scope;

/// More threads would need more memory than they save time.
const MOST_THREADS: usize = 8;

type JobSender<J, R> = SyncSender<(J, SyncSender<R>)>;
type JobReceiver<J, R> = Receiver<(J, SyncSender<R>)>;

/// A job that a thread has, or will have.
#[derive(Debug)]
struct JobUnderway<A, R> {
    about: A,
    bytes: usize,
    result: Receiver<R>,
}

/// Threads that take jobs `J` and return results `R`; `A` stays with the caller meanwhile.
#[derive(Debug)]
pub struct OrderedPool<J, A, R> {
    jobs: JobSender<J, R>,
    underway: VecDeque<JobUnderway<A, R>>,
    bytes_underway: usize,
    most_underway: usize,
    most_bytes: usize,
}

impl<J: Send, A, R: Send> OrderedPool<J, A, R> {
    /// Starts a thread for each of so many processors, within limits, each with a worker of its own.
    pub fn start<'scope, W: FnMut(J) -> R>(
        scope: &'scope Scope<'scope, '_>,
        processors: usize,
        most_bytes: usize,
        worker: impl Fn() -> W + Clone + Send + 'scope,
    ) -> Self
    where
        J: 'scope,
        R: 'scope,
    {
        let threads = processors.clamp(1, MOST_THREADS);
        let most_underway = 2 * threads + 2;
        let (jobs, waiting) = sync_channel(most_underway);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..threads {
            let (waiting, worker) = (Arc::clone(&waiting), worker.clone());
            scope.spawn(move || work(&waiting, worker()));
        }
        OrderedPool { jobs, underway: VecDeque::new(), bytes_underway: 0, most_underway, most_bytes }
    }

    /// Whether a result has to be taken out before the next job goes in.
    pub fn is_full(&self) -> bool {
        self.underway.len() >= self.most_underway || self.bytes_underway >= self.most_bytes
    }

    /// Hands over a job that holds so many bytes.
    ///
    /// # Errors
    /// The threads have stopped.
    pub fn push(&mut self, about: A, job: J, bytes: usize) -> io::Result<()> {
        let (reply, result) = sync_channel(1);
        self.jobs.send((job, reply)).map_err(|_| stopped())?;
        self.bytes_underway += bytes;
        self.underway.push_back(JobUnderway { about, bytes, result });
        Ok(())
    }

    /// The next result; `None` after the last.
    ///
    /// # Errors
    /// The threads have stopped.
    pub fn pop(&mut self) -> io::Result<Option<(A, R)>> {
        let Some(first) = self.underway.pop_front() else { return Ok(None) };
        self.bytes_underway -= first.bytes;
        let result = first.result.recv().map_err(|_| stopped())?;
        Ok(Some((first.about, result)))
    }
}

/// The processors that this process may use.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

fn work<J, R>(waiting: &Mutex<JobReceiver<J, R>>, mut worker: impl FnMut(J) -> R) {
    let next = || waiting.lock().ok().and_then(|jobs| jobs.recv().ok());
    while let Some((job, reply)) = next() {
        // Nobody waits for it after an error elsewhere.
        let _ = reply.send(worker(job));
    }
}

fn stopped() -> io::Error {
    io::Error::other("a thread of the pool stopped")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Early jobs take longest, and the results are in order all the same.
    #[test]
    fn results_come_back_in_order() {
        for processors in [0, 1, 3, 500] {
            let mut found = Vec::new();
            std::thread::scope(|scope| {
                let double = move |number: u64| {
                    std::thread::sleep(Duration::from_micros(200 - 2 * number));
                    2 * number
                };
                let mut pool = OrderedPool::start(scope, processors, 1_000, move || double);
                assert_eq!(pool.most_underway, 2 * processors.clamp(1, MOST_THREADS) + 2);
                for number in 0..100 {
                    while pool.is_full() {
                        found.extend(pool.pop().unwrap());
                    }
                    pool.push(number, number, 1).unwrap();
                }
                while let Some(one) = pool.pop().unwrap() {
                    found.push(one);
                }
            });
            assert_eq!(found, (0..100).map(|number| (number, 2 * number)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn so_many_jobs_and_bytes_are_underway() {
        std::thread::scope(|scope| {
            let mut pool = OrderedPool::start(scope, 1, 10, || |bytes: usize| bytes);
            for (bytes, full) in [(4, false), (5, false), (1, true)] {
                pool.push((), bytes, bytes).unwrap();
                assert_eq!(pool.is_full(), full, "{bytes}");
            }
            assert_eq!(pool.pop().unwrap(), Some(((), 4)));
            assert!(!pool.is_full());
            pool.push((), 0, 0).unwrap();
            assert!(!pool.is_full());
            pool.push((), 0, 0).unwrap();
            assert!(pool.is_full(), "four jobs for one thread");
        });
    }
}
