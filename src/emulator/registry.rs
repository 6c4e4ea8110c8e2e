//! What exists in the emulator right now: hybrid connections, their rules and keys,
//! their listeners, their streams.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::azure::AzureState;
use super::config::{self, EmulatorConfig, HybridConnectionConfig, NamespaceConfig, RuleConfig};
use super::entity::{Counters, Ending, Entity, Listener, Rule, Stream};
use super::error::EmulatorError;
use super::faults::Scope;
use super::listen::Order;
use super::state::{KeyPair, Keys};
use super::status::EmulatorState;
use crate::model::{ConnectionId, NamespaceAddress, Secret};

/// Everything that exists, behind one lock that is never held across an await.
pub(crate) struct Registry {
    port: u16,
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
}

struct Inner {
    keys: Keys,
    namespaces: BTreeMap<String, Namespace>,
    streams: BTreeMap<u64, Arc<Stream>>,
    next: u64,
}

struct Namespace {
    created_at: Timestamp,
    rules: Vec<Rule>,
    /// By lower-case name.
    entities: BTreeMap<String, Entity>,
}

/// A hybrid connection as a request finds it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) id: ConnectionId,
    pub(crate) user_metadata: Option<String>,
    pub(crate) requires_client_authorization: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) listener_count: usize,
    /// What of the path follows the name, with its slash.
    pub(crate) suffix: String,
}

impl Found {
    fn of(entity: &Entity, suffix: String) -> Self {
        Self {
            id: entity.id.clone(),
            user_metadata: entity.user_metadata.clone(),
            requires_client_authorization: entity.requires_client_authorization,
            created_at: entity.created_at,
            updated_at: entity.updated_at,
            listener_count: entity.listeners.len(),
            suffix,
        }
    }
}

impl Registry {
    /// What `config` asks for, with kept or new keys.
    pub(crate) fn new(
        config: &EmulatorConfig,
        port: u16,
        keys: Keys,
    ) -> Result<Self, EmulatorError> {
        let mut inner =
            Inner { keys, namespaces: BTreeMap::new(), streams: BTreeMap::new(), next: 0 };
        for namespace in &config.namespaces {
            inner.add_namespace(namespace, port);
        }
        inner.keys.save()?;
        Ok(Self { port, inner: Mutex::new(inner), changed: watch::Sender::new(0) })
    }

    /// Tells of every change.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn has_namespace(&self, host: &str) -> bool {
        self.lock().namespaces.contains_key(host)
    }

    /// The hybrid connection that `path` names, by itself or with a suffix.
    pub(crate) fn find(&self, host: &str, path: &str) -> Option<Found> {
        let inner = self.lock();
        let (entity, suffix) = inner.entity_of_path(host, path)?;
        (!entity.removed).then(|| Found::of(entity, suffix))
    }

    /// Since when there is a namespace.
    pub(crate) fn namespace_created(&self, host: &str) -> Option<Timestamp> {
        self.lock().namespaces.get(host).map(|namespace| namespace.created_at)
    }

    /// The hybrid connections of a namespace that exist.
    pub(crate) fn hybrid_connections(&self, host: &str) -> Vec<Found> {
        let inner = self.lock();
        let all = inner.namespaces.get(host).into_iter().flat_map(|ns| ns.entities.values());
        let existing = all.filter(|entity| !entity.removed);
        existing.map(|entity| Found::of(entity, String::new())).collect()
    }

    /// The rules of a hybrid connection alone; without `name`, those of the namespace.
    pub(crate) fn own_rules(&self, host: &str, name: Option<&str>) -> Vec<Rule> {
        let inner = self.lock();
        let Some(namespace) = inner.namespaces.get(host) else { return Vec::new() };
        let rules = match name {
            None => Some(&namespace.rules),
            Some(name) => {
                namespace.entities.get(&name.to_ascii_lowercase()).map(|entity| &entity.rules)
            }
        };
        rules.cloned().unwrap_or_default()
    }

    /// The rules whose keys may be used for `path`, those of removed ones too.
    pub(crate) fn rules(&self, host: &str, path: &str) -> Vec<Rule> {
        let inner = self.lock();
        let own = inner.entity_of_path(host, path).map(|(entity, _)| entity.rules.clone());
        let whole = inner.namespaces.get(host).map(|namespace| namespace.rules.clone());
        [own, whole].into_iter().flatten().flatten().collect()
    }

    /// Adds a listener unless there are `most` already; `None` then, or when the
    /// hybrid connection has just gone.
    pub(crate) fn add_listener(
        self: &Arc<Self>,
        id: &ConnectionId,
        most: usize,
        new: NewListener,
    ) -> Option<Registered> {
        let mut inner = self.lock();
        inner.next += 1;
        let number = inner.next;
        let entity = inner.entity_mut(id).filter(|e| !e.removed && e.listeners.len() < most)?;
        let listener = Arc::new(Listener {
            number,
            tracking_id: new.tracking_id,
            remote: new.remote,
            since: Timestamp::now(),
            token_expires: AtomicI64::new(new.token_expires),
            orders: new.orders,
        });
        entity.listeners.push(Arc::clone(&listener));
        entity.counters.listeners.fetch_add(1, Relaxed);
        drop(inner);
        self.tell();
        Some(Registered { registry: Arc::clone(self), id: id.clone(), listener })
    }

    /// One of the listeners, by chance.
    pub(crate) fn any_listener(&self, id: &ConnectionId) -> Option<Arc<Listener>> {
        let inner = self.lock();
        let listeners = &inner.entity(id)?.listeners;
        fastrand::choice(listeners).cloned()
    }

    /// All listeners in `scope`.
    pub(crate) fn listeners(&self, scope: &Scope) -> Vec<Arc<Listener>> {
        let inner = self.lock();
        let entities = inner.entities().filter(|entity| scope.has(&entity.id));
        entities.flat_map(|entity| entity.listeners.iter().cloned()).collect()
    }

    pub(crate) fn counters(&self, id: &ConnectionId) -> Option<Arc<Counters>> {
        self.lock().entity(id).map(|entity| Arc::clone(&entity.counters))
    }

    /// Adds a stream; it goes when the guard is dropped.
    pub(crate) fn add_stream(self: &Arc<Self>, id: &ConnectionId, tracking_id: &str) -> OpenStream {
        let stream = Arc::new(Stream {
            connection: id.clone(),
            tracking_id: tracking_id.to_owned(),
            since: Timestamp::now(),
            to_listener: AtomicU64::new(0),
            to_sender: AtomicU64::new(0),
            end: watch::Sender::new(None),
        });
        let mut inner = self.lock();
        inner.next += 1;
        let number = inner.next;
        inner.streams.insert(number, Arc::clone(&stream));
        if let Some(entity) = inner.entity(id) {
            entity.counters.streams.fetch_add(1, Relaxed);
        }
        drop(inner);
        self.tell();
        OpenStream { registry: Arc::clone(self), number, stream }
    }

    /// Ends the streams in `scope`; says how many.
    pub(crate) fn end_streams(&self, scope: &Scope, ending: Ending) -> usize {
        let inner = self.lock();
        let streams = inner.streams.values().filter(|stream| scope.has(&stream.connection));
        let end = |count, stream: &Arc<Stream>| {
            stream.end.send_replace(Some(ending));
            count + 1
        };
        streams.fold(0, end)
    }

    /// Adds a hybrid connection, or brings a removed one back.
    pub(crate) fn create(
        &self,
        namespace: &str,
        config: &HybridConnectionConfig,
    ) -> Result<(), EmulatorError> {
        config.check("the hybrid connection")?;
        let host = config::host_of(namespace);
        let mut inner = self.lock();
        let Some(there) = inner.namespaces.get(&host) else {
            return Err(EmulatorError::NotFound(format!("namespace {host}")));
        };
        let key = config.name.to_ascii_lowercase();
        if there.entities.get(&key).is_some_and(|entity| !entity.removed) {
            return Err(EmulatorError::Exists(format!("{host}/{}", config.name)));
        }
        inner.add_entity(&host, config, self.port);
        inner.keys.save()?;
        drop(inner);
        self.tell();
        Ok(())
    }

    /// Removes a hybrid connection; its listeners are for the caller to close.
    pub(crate) fn remove(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Vec<Arc<Listener>>, EmulatorError> {
        let mut inner = self.lock();
        let entity = inner.existing(namespace, name)?;
        entity.removed = true;
        let listeners = std::mem::take(&mut entity.listeners);
        drop(inner);
        self.tell();
        Ok(listeners)
    }

    /// Changes metadata or the demand for senders' tokens.
    pub(crate) fn change(
        &self,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Option<String>, &mut bool),
    ) -> Result<(), EmulatorError> {
        let mut inner = self.lock();
        let entity = inner.existing(namespace, name)?;
        change(&mut entity.user_metadata, &mut entity.requires_client_authorization);
        entity.updated_at = Timestamp::now();
        drop(inner);
        self.tell();
        Ok(())
    }

    /// Gives a rule of a hybrid connection (or of the namespace) new keys.
    pub(crate) fn regenerate_keys(
        &self,
        namespace: &str,
        name: Option<&str>,
        rule: &str,
    ) -> Result<(), EmulatorError> {
        let host = config::host_of(namespace);
        let keys = KeyPair::generate();
        let mut inner = self.lock();
        let missing = || EmulatorError::NotFound(owner(&host, name.unwrap_or_default(), rule));
        let namespace = inner.namespaces.get_mut(&host).ok_or_else(missing)?;
        let rules = match name {
            None => &mut namespace.rules,
            Some(name) => {
                let entity = namespace.entities.get_mut(&name.to_ascii_lowercase());
                &mut entity.ok_or_else(missing)?.rules
            }
        };
        let found = rules.iter_mut().find(|there| there.config.name == rule);
        found.ok_or_else(missing)?.keys = keys.clone();
        inner.keys.replace(&owner(&host, name.unwrap_or_default(), rule), keys);
        inner.keys.save()
    }

    /// The connection string of a hybrid connection with the primary key of `rule`,
    /// its own or its namespace's.
    pub(crate) fn connection_string(
        &self,
        namespace: &str,
        name: &str,
        rule: &str,
    ) -> Result<Secret, EmulatorError> {
        let host = config::host_of(namespace);
        let mut inner = self.lock();
        let name = inner.existing(namespace, name)?.id.name().to_owned();
        drop(inner);
        let rules = self.rules(&host, &name);
        let rule = rules
            .iter()
            .find(|there| there.config.name == rule)
            .ok_or_else(|| EmulatorError::NotFound(format!("rule {rule} for {host}/{name}")))?;
        Ok(Secret::new(format!(
            "Endpoint=sb://{host}:{}/;SharedAccessKeyName={};SharedAccessKey={};EntityPath={name}",
            self.port,
            rule.config.name,
            rule.keys.primary.expose(),
        )))
    }

    /// The whole state, without keys.
    pub(crate) fn state(&self) -> EmulatorState {
        let inner = self.lock();
        let existing = inner.entities().filter(|entity| !entity.removed);
        let hybrid_connections = existing.map(|entity| entity.state(&inner.streams)).collect();
        let (faults, azure) = (Vec::new(), AzureState::default());
        EmulatorState { port: self.port, hybrid_connections, faults, azure }
    }

    fn tell(&self) {
        self.changed.send_modify(|revision| *revision += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn add_namespace(&mut self, config: &NamespaceConfig, port: u16) {
        let host = config.host();
        let rules = self.rules(&config.rules, config::namespace_rules, &host, "");
        self.namespaces.insert(
            host.clone(),
            Namespace { created_at: Timestamp::now(), rules, entities: BTreeMap::new() },
        );
        for hybrid_connection in &config.hybrid_connections {
            self.add_entity(&host, hybrid_connection, port);
        }
    }

    fn add_entity(&mut self, host: &str, config: &HybridConnectionConfig, port: u16) {
        let name = &config.name;
        let now = Timestamp::now();
        let entity = Entity {
            id: ConnectionId::new(NamespaceAddress::new(host, port), name),
            user_metadata: config.metadata(),
            requires_client_authorization: config.requires_client_authorization,
            rules: self.rules(&config.rules, config::hybrid_connection_rules, host, name),
            created_at: now,
            updated_at: now,
            removed: false,
            listeners: Vec::new(),
            counters: Arc::default(),
        };
        if let Some(namespace) = self.namespaces.get_mut(host) {
            namespace.entities.insert(name.to_ascii_lowercase(), entity);
        }
    }

    /// `given` or else the usual rules, each with its given, kept or new keys.
    fn rules(
        &mut self,
        given: &[RuleConfig],
        usual: fn() -> Vec<RuleConfig>,
        host: &str,
        name: &str,
    ) -> Vec<Rule> {
        let rules = if given.is_empty() { usual() } else { given.to_vec() };
        let with_keys = |config: RuleConfig| {
            let keys = match (&config.primary_key, &config.secondary_key) {
                (Some(primary), Some(secondary)) => {
                    KeyPair { primary: primary.clone(), secondary: secondary.clone() }
                }
                (primary, secondary) => {
                    let kept = self.keys.of(&owner(host, name, &config.name));
                    KeyPair {
                        primary: primary.clone().unwrap_or(kept.primary),
                        secondary: secondary.clone().unwrap_or(kept.secondary),
                    }
                }
            };
            Rule { config, keys }
        };
        rules.into_iter().map(with_keys).collect()
    }

    fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.namespaces.values().flat_map(|namespace| namespace.entities.values())
    }

    fn entity(&self, id: &ConnectionId) -> Option<&Entity> {
        let namespace = self.namespaces.get(id.namespace().host())?;
        namespace.entities.get(&id.name().to_ascii_lowercase())
    }

    fn entity_mut(&mut self, id: &ConnectionId) -> Option<&mut Entity> {
        let namespace = self.namespaces.get_mut(id.namespace().host())?;
        namespace.entities.get_mut(&id.name().to_ascii_lowercase())
    }

    fn existing(&mut self, namespace: &str, name: &str) -> Result<&mut Entity, EmulatorError> {
        let host = config::host_of(namespace);
        let missing = || EmulatorError::NotFound(format!("hybrid connection {host}/{name}"));
        let namespace = self.namespaces.get_mut(&host).ok_or_else(missing)?;
        let entity = namespace.entities.get_mut(&name.to_ascii_lowercase());
        entity.filter(|entity| !entity.removed).ok_or_else(missing)
    }

    /// The entity with the longest name that begins `path`, and the rest of the path.
    fn entity_of_path(&self, host: &str, path: &str) -> Option<(&Entity, String)> {
        let namespace = self.namespaces.get(host)?;
        let path = path.trim_matches('/');
        let ends = path.char_indices().filter(|&(_, c)| c == '/').map(|(at, _)| at);
        let mut ends: Vec<usize> = ends.chain([path.len()]).collect();
        ends.reverse();
        ends.into_iter().find_map(|end| {
            let entity = namespace.entities.get(&path[..end].to_ascii_lowercase())?;
            Some((entity, path[end..].to_owned()))
        })
    }
}

/// What [`Registry::add_listener`] is told of a listener.
pub(crate) struct NewListener {
    pub(crate) tracking_id: String,
    pub(crate) remote: SocketAddr,
    /// Seconds since 1970.
    pub(crate) token_expires: i64,
    pub(crate) orders: mpsc::Sender<Order>,
}

/// A listener that is counted until this is dropped.
pub(crate) struct Registered {
    registry: Arc<Registry>,
    id: ConnectionId,
    pub(crate) listener: Arc<Listener>,
}

impl Registered {
    /// Takes note of a new token's end, in seconds since 1970.
    pub(crate) fn renew(&self, token_expires: i64) {
        self.listener.token_expires.store(token_expires, Relaxed);
        self.registry.tell();
    }

    /// Is no listener any more.
    pub(crate) fn leave(&self) {
        if let Some(entity) = self.registry.lock().entity_mut(&self.id) {
            entity.listeners.retain(|listener| listener.number != self.listener.number);
        }
        self.registry.tell();
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.leave();
    }
}

/// A stream that is counted until this is dropped.
pub(crate) struct OpenStream {
    registry: Arc<Registry>,
    number: u64,
    pub(crate) stream: Arc<Stream>,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.registry.lock().streams.remove(&self.number);
        self.registry.tell();
    }
}

/// The name under which a rule's keys are kept.
fn owner(host: &str, name: &str, rule: &str) -> String {
    format!("{host}/{}/{rule}", name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry() -> Arc<Registry> {
        let config = EmulatorConfig::new()
            .hybrid_connection("contoso", "Team/Sql", "h:1")
            .hybrid_connection("contoso", "team", "h:2");
        Arc::new(Registry::new(&config, 1, Keys::default()).unwrap())
    }

    #[test]
    fn the_longest_name_wins_and_the_rest_is_the_suffix() {
        let found = |path: &str| {
            let found = registry().find("contoso.servicebus.localhost", path)?;
            Some((found.id.name().to_owned(), found.suffix))
        };
        let pair = |name: &str, suffix: &str| Some((name.to_owned(), suffix.to_owned()));
        assert_eq!(found("team/sql"), pair("Team/Sql", ""));
        assert_eq!(found("/TEAM/SQL/a/b/"), pair("Team/Sql", "/a/b"));
        assert_eq!(found("team/sqlx"), pair("team", "/sqlx"));
        assert_eq!(found("teams"), None);
    }

    #[test]
    fn a_removed_one_keeps_its_keys_and_comes_back_with_them() {
        let registry = registry();
        let before = registry.connection_string("contoso", "team", "defaultListener").unwrap();
        registry.remove("contoso", "team").unwrap();
        assert!(registry.find("contoso.servicebus.localhost", "team").is_none());
        assert_eq!(registry.rules("contoso.servicebus.localhost", "team").len(), 3);
        assert!(registry.remove("contoso", "team").is_err());
        registry.create("contoso", &HybridConnectionConfig::new("team")).unwrap();
        let after = registry.connection_string("contoso", "team", "defaultListener").unwrap();
        assert!(before == after);
        registry.regenerate_keys("contoso", Some("team"), "defaultListener").unwrap();
        let after = registry.connection_string("contoso", "team", "defaultListener").unwrap();
        assert!(before != after);
    }
}
