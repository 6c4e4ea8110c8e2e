//! Lines in files and on standard output, for people or as JSON.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{self, FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

use super::levels::Fields;
use crate::model::log_settings::LogFormat;

/// The form of the lines; it changes at run time. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Format {
    json: Arc<AtomicBool>,
    text: format::Format,
}

impl Format {
    /// Writes lines in this form from now on.
    pub(super) fn set(&self, format: LogFormat) {
        self.json.store(format == LogFormat::Json, Relaxed);
    }
}

impl<S, N> FormatEvent<S, N> for Format
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if !self.json.load(Relaxed) {
            return self.text.format_event(context, writer, event);
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope().into_iter().flatten() {
            fields.take(span.extensions().get::<Fields>());
        }
        writeln!(writer, "{}", object(Timestamp::now(), event, fields))
    }
}

/// The line as an object: `at`, `level`, `target` and `message`, and each field beside them.
fn object(at: Timestamp, event: &Event<'_>, fields: Fields) -> Value {
    let metadata = event.metadata();
    let mut object = Map::new();
    object.insert("at".into(), at.to_string().into());
    object.insert("level".into(), metadata.level().to_string().into());
    object.insert("target".into(), metadata.target().into());
    object.insert("message".into(), fields.message.into());
    for (name, value) in fields.others {
        object.entry(name).or_insert(value);
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::service::logs::levels::Levels;

    /// Takes lines.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Paper {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn lines_are_text_or_json_as_the_setting_says() {
        let (paper, form) = (Paper::default(), Format::default());
        let layer = tracing_subscriber::fmt::layer().with_writer(paper.clone()).with_ansi(false);
        let layer = layer.event_format(form.clone());
        let subscriber = tracing_subscriber::registry().with(Levels::default()).with(layer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("first");
            form.set(LogFormat::Json);
            let span = tracing::info_span!("stream", connection = %"contoso/sql");
            span.in_scope(|| {
                tracing::warn!(code = %"channel-lost", count = 3, ok = true, "a \"line\"\nand more");
            });
            form.set(LogFormat::Text);
            tracing::info!("last");
        });
        let written = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = written.lines().collect();
        assert_eq!(lines.len(), 3, "{written}");
        assert!(lines[0].contains("INFO") && lines[0].ends_with("first"), "{written}");
        assert!(lines[2].ends_with("last"), "{written}");
        let mut line: Value = serde_json::from_str(lines[1]).unwrap();
        let object = line.as_object_mut().unwrap();
        let at = object.remove("at").unwrap();
        at.as_str().unwrap().parse::<Timestamp>().unwrap();
        assert_eq!(
            line,
            serde_json::json!({
                "level": "WARN", "target": module_path!(), "message": "a \"line\"\nand more",
                "code": "channel-lost", "count": 3, "ok": true, "connection": "contoso/sql",
            })
        );
    }
}
