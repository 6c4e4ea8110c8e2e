//! Addresses of names, by the system's resolver. It cannot be interrupted, and each lookup holds
//! one of the threads that all blocking work of the process shares: who asks for what is just being
//! looked up waits for that, and a resolver that does not answer leaves threads for all else.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, OccupiedEntry};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// Lookups side by side, of the 512 threads that tokio has for blocking work.
const MOST: usize = 128;
/// How long others join a lookup. The system reads which servers to ask when it begins: an older
/// one may still wait for those of a network that is gone.
const JOINED_FOR: Duration = Duration::from_secs(2);

type Found = Result<Vec<SocketAddr>, Arc<io::Error>>;
type Name = (String, u16);

/// Looks up the addresses of `host`.
///
/// # Errors
/// As the resolver says.
pub(super) async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    static LOOKUPS: LazyLock<Arc<Lookups>> = LazyLock::new(|| Lookups::new(MOST));
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    LOOKUPS.find(host, port, |name| async { Ok(lookup_host(name).await?.collect()) }).await
}

type Answer = watch::Sender<Option<Found>>;

/// The lookups that are under way.
struct Lookups {
    /// The last one of each name.
    running: Mutex<HashMap<Name, Running>>,
    turns: Semaphore,
}

/// One that others may join.
struct Running {
    /// When its turn came.
    began: Option<Instant>,
    answer: Answer,
}

/// One of them; it ends when this is dropped.
struct Lookup {
    lookups: Arc<Lookups>,
    name: Name,
    answer: Answer,
}

impl Lookups {
    fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { running: Mutex::default(), turns: Semaphore::new(most) })
    }

    /// What `resolve` finds, or another that was asked for the same before.
    async fn find<F>(
        self: &Arc<Self>,
        host: &str,
        port: u16,
        resolve: impl Fn(Name) -> F,
    ) -> io::Result<Vec<SocketAddr>>
    where
        F: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        loop {
            let mut answer = self.running((host.to_owned(), port), &resolve);
            // Without an answer nobody waited for it when its turn came, or its runtime is gone.
            if let Ok(found) = answer.wait_for(Option::is_some).await
                && let Some(found) = &*found
            {
                return found.clone().map_err(|error| io::Error::new(error.kind(), error));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer of the lookup of `name`, which is begun if none has just begun.
    fn running<F>(
        self: &Arc<Self>,
        name: Name,
        resolve: impl Fn(Name) -> F,
    ) -> watch::Receiver<Option<Found>>
    where
        F: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        let mut running = self.lock();
        if let Some(Running { began, answer }) = running.get(&name)
            && began.is_none_or(|began| began.elapsed() < JOINED_FOR)
        {
            return answer.subscribe();
        }
        let (sender, answer) = watch::channel(None);
        running.insert(name.clone(), Running { began: None, answer: sender.clone() });
        let resolving = resolve(name.clone());
        let lookup = Lookup { lookups: self.clone(), name, answer: sender };
        // Not part of who asks: the thread is held also when nobody waits any more.
        tokio::spawn(async move {
            let _turn = lookup.lookups.turns.acquire().await.expect("it is never closed");
            let somebody_waits = lookup.answer.receiver_count() > 0;
            if somebody_waits {
                lookup.begin();
                let found = resolving.await.map_err(Arc::new);
                lookup.answer.send_replace(Some(found));
            }
        });
        answer
    }
}

impl Lookup {
    /// Does `what` to its entry, unless that is a later one's.
    fn with_entry(&self, what: impl FnOnce(OccupiedEntry<'_, Name, Running>)) {
        if let Entry::Occupied(entry) = self.lookups.lock().entry(self.name.clone())
            && entry.get().answer.same_channel(&self.answer)
        {
            what(entry);
        }
    }

    fn begin(&self) {
        self.with_entry(|mut entry| entry.get_mut().began = Some(Instant::now()));
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        self.with_entry(|entry| drop(entry.remove()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// A resolver that answers once it is told to, and how often it was asked.
    #[derive(Clone)]
    struct Resolver {
        asked: Arc<AtomicUsize>,
        /// How many of the first questions it answers.
        answers: watch::Sender<usize>,
    }

    impl Resolver {
        fn dead() -> Self {
            Self { asked: Arc::default(), answers: watch::Sender::new(0) }
        }

        fn asked(&self) -> usize {
            self.asked.load(Relaxed)
        }

        async fn find(&self, lookups: &Arc<Lookups>, host: &str) -> io::Result<Vec<SocketAddr>> {
            let resolve = |(_, port)| {
                let Self { asked, answers } = self.clone();
                async move {
                    let before = asked.fetch_add(1, Relaxed);
                    answers.subscribe().wait_for(|answers| *answers > before).await.unwrap();
                    match port {
                        1 => Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]),
                        _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
                    }
                }
            };
            lookups.find(host, if host == "none" { 2 } else { 1 }, resolve).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_resolver_holds_few_threads() {
        let (lookups, resolver) = (Lookups::new(3), Resolver::dead());
        let limit = Duration::from_secs(15);
        for _ in 0..100 {
            timeout(limit, resolver.find(&lookups, "db")).await.unwrap_err();
        }
        assert_eq!(resolver.asked(), 3);
        assert_eq!(lookups.running.lock().unwrap().len(), 1);
        for host in 0..100 {
            timeout(limit, resolver.find(&lookups, &host.to_string())).await.unwrap_err();
        }
        assert_eq!(resolver.asked(), 3);
        // It answers again.
        let waiting = tokio::join!(
            resolver.find(&lookups, "db"),
            resolver.find(&lookups, "99"),
            resolver.find(&lookups, "none"),
            async { resolver.answers.send_replace(usize::MAX) },
        );
        assert_eq!(waiting.0.unwrap(), [SocketAddr::from(([127, 0, 0, 1], 1))]);
        assert_eq!(waiting.1.unwrap().len(), 1);
        let error = waiting.2.unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (io::ErrorKind::NotFound, "no such name")
        );
        // What is known is not kept.
        let asked = resolver.asked();
        resolver.find(&lookups, "db").await.unwrap();
        assert_eq!(resolver.asked(), asked + 1);
        assert!(lookups.running.lock().unwrap().len() <= 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_older_lookup_may_know_another_network_and_is_not_waited_for() {
        let (lookups, resolver) = (Lookups::new(3), Resolver::dead());
        let second = Duration::from_secs(1);
        let find = || Box::pin(resolver.find(&lookups, "db"));
        let (mut old, mut joins, mut new, mut joins_new) = (find(), find(), find(), find());
        timeout(second, &mut old).await.unwrap_err();
        timeout(second, &mut joins).await.unwrap_err();
        assert_eq!(resolver.asked(), 1);
        timeout(second, &mut new).await.unwrap_err();
        assert_eq!(resolver.asked(), 2);
        // The old one ends alone.
        resolver.answers.send_replace(1);
        old.await.unwrap();
        joins.await.unwrap();
        timeout(second / 2, &mut joins_new).await.unwrap_err();
        assert_eq!(resolver.asked(), 2);
        resolver.answers.send_replace(2);
        new.await.unwrap();
        joins_new.await.unwrap();
        assert!(lookups.running.lock().unwrap().is_empty());
    }

    #[test]
    fn a_lookup_ends_with_the_runtime_that_began_it() {
        let (lookups, resolver) = (Lookups::new(3), Resolver::dead());
        let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime().block_on(async {
            tokio::select! {
                biased;
                _ = resolver.find(&lookups, "db") => panic!("it is dead"),
                () = tokio::task::yield_now() => {}
            }
        });
        resolver.answers.send_replace(usize::MAX);
        runtime().block_on(resolver.find(&lookups, "db")).unwrap();
    }
}
