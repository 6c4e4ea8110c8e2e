//! How much is logged, of everything and of single connections; it changes at run time. A line
//! is about the connection of its field, or of a span around it.

use std::fmt::{self, Write as _};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::model::log_settings::ConnectionLevels;
use crate::model::settings::LogLevel;

/// The field that names the connection.
const CONNECTION: &str = "connection";
/// How the places in this program begin.
const OURS: &str = env!("CARGO_CRATE_NAME");
/// The most that is logged of others: below it, bytes of a wire may be written out.
const MOST_OF_OTHERS: LevelFilter = LevelFilter::DEBUG;
/// Those of which less is logged. `sspi` writes whole messages of a login, of which a password can
/// be guessed.
const CLOSED: [(&str, LevelFilter); 1] = [("sspi", LevelFilter::WARN)];

/// What is logged; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Levels(Arc<RwLock<Wanted>>);

#[derive(Debug)]
struct Wanted {
    level: LogLevel,
    connections: ConnectionLevels,
}

impl Default for Levels {
    fn default() -> Self {
        let connections = ConnectionLevels::default();
        Self(Arc::new(RwLock::new(Wanted { level: LogLevel::Info, connections })))
    }
}

impl Levels {
    /// Logs this from now on.
    pub(super) fn set(&self, level: LogLevel, connections: ConnectionLevels) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Wanted { level, connections };
        // Each place that logs remembers whether anybody listens.
        tracing::callsite::rebuild_interest_cache();
    }

    /// The level above which nothing is logged of any connection.
    fn most(&self) -> LevelFilter {
        let wanted = self.0.read().unwrap_or_else(PoisonError::into_inner);
        filter(wanted.connections.levels().fold(wanted.level, Ord::max))
    }

    fn may_be_logged(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.most().min(most_of(metadata.target()))
    }
}

/// The level above which nothing is logged of what `target` names, a module's path for example.
fn most_of(target: &str) -> LevelFilter {
    if target.starts_with(OURS) {
        return LevelFilter::TRACE;
    }
    let name = target.split("::").next();
    let closed = CLOSED.iter().find(|(closed, _)| name == Some(closed));
    closed.map_or(MOST_OF_OTHERS, |(_, level)| *level)
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Levels {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.may_be_logged(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.may_be_logged(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most())
    }

    fn event_enabled(&self, event: &Event<'_>, context: Context<'_, S>) -> bool {
        let level = *event.metadata().level();
        let wanted = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if wanted.connections.is_empty() {
            return level <= filter(wanted.level);
        }
        let connection = Fields::of(event, &context).connection();
        let own = connection.and_then(|connection| wanted.connections.of(&connection));
        level <= filter(own.unwrap_or(wanted.level))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }
}

/// What an event says: its message, its fields, and those of the spans around it.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) message: String,
    pub(super) others: Vec<(&'static str, Value)>,
}

impl Fields {
    /// Those of `event`.
    pub(super) fn of<S>(event: &Event<'_>, context: &Context<'_, S>) -> Self
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut fields = Self::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            fields.take(span.extensions().get::<Self>());
        }
        fields
    }

    /// Takes the fields of a span that the event has not itself.
    pub(super) fn take(&mut self, outer: Option<&Self>) {
        for (name, value) in outer.into_iter().flat_map(|outer| &outer.others) {
            if self.others.iter().all(|(known, _)| known != name) {
                self.others.push((*name, value.clone()));
            }
        }
    }

    /// The connection that the line is about, `contoso/sql` for example.
    pub(super) fn connection(&self) -> Option<String> {
        let found = self.others.iter().find(|(name, _)| *name == CONNECTION);
        found.and_then(|(_, value)| value.as_str()).map(str::to_owned)
    }

    /// The message, and the fields behind it.
    pub(super) fn in_words(&self) -> String {
        let mut text = self.message.clone();
        for (name, value) in &self.others {
            let written = match value {
                Value::String(value) => write!(text, " {name}={value}"),
                value => write!(text, " {name}={value}"),
            };
            // Nothing that is written into a text fails.
            written.unwrap_or_default();
        }
        text
    }

    fn put(&mut self, field: &Field, value: Value) {
        self.others.push((field.name(), value));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            _ => self.put(field, format!("{value:?}").into()),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::ipc::protocol::LogFilter;
    use crate::service::logs::{LogHub, ToHub};

    #[test]
    fn a_connection_has_a_level_of_its_own_while_that_is_set() {
        let (hub, levels) = (LogHub::default(), Levels::default());
        let subscriber =
            tracing_subscriber::registry().with(levels.clone()).with(ToHub(hub.clone()));
        tracing::subscriber::with_default(subscriber, || {
            // A stream that begins before anybody looks closely.
            let early = tracing::error_span!("stream", connection = %"contoso/sql", id = 6);
            let say = |what: &'static str| {
                tracing::debug!(connection = %"contoso/sql", what, "near");
                tracing::debug!(connection = %"contoso/web", what, "near");
                tracing::info!(connection = %"contoso/quiet", what, "near");
                early.in_scope(|| tracing::debug!(what, "in a stream"));
                tracing::debug!(what, "of nobody");
            };
            say("before");
            let own = "contoso/sql=debug,contoso/quiet=error".parse().unwrap();
            levels.set(LogLevel::Info, own);
            say("while");
            levels.set(LogLevel::Info, ConnectionLevels::default());
            say("after");
        });
        let lines = hub.last(usize::MAX, &LogFilter::default());
        let lines: Vec<_> = lines.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(
            lines,
            [
                "near connection=contoso/quiet what=before",
                "near connection=contoso/sql what=while",
                "in a stream what=while connection=contoso/sql id=6",
                "near connection=contoso/quiet what=after",
            ]
        );
        let of_sql =
            LogFilter { connection: Some("contoso/sql".parse().unwrap()), ..LogFilter::default() };
        assert_eq!(hub.last(usize::MAX, &of_sql).len(), 2);
        assert_eq!(hub.last(1, &of_sql)[0].message, lines[2]);
    }

    #[test]
    fn others_cannot_log_what_goes_over_a_wire() {
        let (hub, levels) = (LogHub::default(), Levels::default());
        let subscriber =
            tracing_subscriber::registry().with(levels.clone()).with(ToHub(hub.clone()));
        tracing::subscriber::with_default(subscriber, || {
            levels.set(LogLevel::Trace, "contoso/sql=trace".parse().unwrap());
            tracing::trace!("ours");
            tracing::trace!(target: "hyper_util::client", "the bytes");
            tracing::debug!(target: "hyper_util::client", "a host");
            tracing::trace!(target: "sspi::ntlm", connection = %"contoso/sql", "a message");
            tracing::debug!(target: "sspi", "a message");
            tracing::warn!(target: "sspi::ntlm", "no message");
            let span = tracing::debug_span!(target: "sspi::ntlm", "step", state = "a message");
            span.in_scope(|| tracing::info!("ours too"));
        });
        let lines = hub.last(usize::MAX, &LogFilter::default());
        let lines: Vec<_> = lines.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(lines, ["ours", "a host", "no message", "ours too"]);
    }
}
