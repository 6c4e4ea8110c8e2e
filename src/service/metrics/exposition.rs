//! The two text formats in which Prometheus and others read metrics: its own, version 0.0.4, and
//! OpenMetrics 1.0.0.

use std::fmt::{Display, Write as _};

use crate::relay::meters::{BOUNDS, Observed};

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// The format of Prometheus.
    Text,
    /// OpenMetrics.
    OpenMetrics,
}

/// What kind of metric one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It goes up and down.
    Gauge,
    /// It only grows, until the service ends or the connection is removed.
    Counter,
    /// How many took how long.
    Histogram,
}

impl Format {
    /// The one that an HTTP client with this `Accept` header takes rather.
    pub(super) fn accepted(accept: &str) -> Self {
        let quality = |wanted: &str| {
            let ranges = accept.split(',').map(|range| range.split(';').map(str::trim));
            let matching = ranges.filter_map(|mut parts| {
                let is_it = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(wanted));
                let parameter = parts.find_map(|parameter| parameter.strip_prefix("q="));
                is_it.then(|| parameter.map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0)))
            });
            matching.fold(0.0, f32::max)
        };
        let open = quality("application/openmetrics-text");
        match open > 0.0 && open >= quality("text/plain") {
            true => Self::OpenMetrics,
            false => Self::Text,
        }
    }

    /// The value of the header `Content-Type`.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

impl Kind {
    /// As both formats and the documentation name it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

/// The text of all metrics, as it grows.
#[derive(Debug)]
pub(super) struct Page {
    format: Format,
    text: String,
}

impl Page {
    /// An empty one.
    pub(super) fn new(format: Format) -> Self {
        Self { format, text: String::new() }
    }

    /// Begins the metric `name`, whose samples may have `labels` of their own; all of them follow
    /// at once.
    pub(super) fn metric<'a>(
        &'a mut self,
        name: &'a str,
        kind: Kind,
        labels: &'a [&'a str],
        help: &str,
    ) -> Samples<'a> {
        // OpenMetrics has the ending at the samples of a counter alone.
        let family = match self.format {
            Format::Text => name,
            Format::OpenMetrics => name.strip_suffix("_total").unwrap_or(name),
        };
        self.line(format_args!("# HELP {family} {help}"));
        self.line(format_args!("# TYPE {family} {}", kind.as_str()));
        let unit = ["seconds", "bytes"].into_iter().find(|unit| family.ends_with(unit));
        if let (Format::OpenMetrics, Some(unit)) = (self.format, unit) {
            self.line(format_args!("# UNIT {family} {unit}"));
        }
        Samples { page: self, name, own: labels, shared: String::new() }
    }

    /// The whole text.
    pub(super) fn end(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.line(format_args!("# EOF"));
        }
        self.text
    }

    fn line(&mut self, line: impl Display) {
        // A `String` takes everything.
        writeln!(self.text, "{line}").unwrap_or_default();
    }
}

/// The samples of one metric.
#[derive(Debug)]
pub(super) struct Samples<'a> {
    page: &'a mut Page,
    name: &'a str,
    /// The labels that a sample may have of its own.
    own: &'a [&'a str],
    /// Those that all samples have from now on, as they are written.
    shared: String,
}

impl Samples<'_> {
    /// Gives the samples that follow these labels.
    pub(super) fn of(&mut self, labels: &[(&str, &str)]) {
        self.shared.clear();
        self.shared = self.with(labels.iter().copied());
    }

    /// A sample.
    pub(super) fn value(&mut self, value: impl Display) {
        self.labelled(&[], value);
    }

    /// The same for something that is so or not.
    pub(super) fn truth(&mut self, is_so: bool) {
        self.value(u8::from(is_so));
    }

    /// A sample with a value for each label of its own.
    pub(super) fn labelled(&mut self, labels: &[&str], value: impl Display) {
        let labels = self.with(self.own.iter().copied().zip(labels.iter().copied()));
        self.sample("", &labels, value);
    }

    /// The samples of a histogram.
    pub(super) fn histogram(&mut self, observed: &Observed) {
        let all = observed.up_to[BOUNDS.len()];
        for (bound, count) in BOUNDS.iter().zip(observed.up_to) {
            // With a decimal point, as OpenMetrics has it.
            self.bucket(&format!("{bound:?}"), count);
        }
        self.bucket("+Inf", all);
        let labels = self.shared.clone();
        self.sample("_sum", &labels, observed.sum);
        self.sample("_count", &labels, all);
    }

    fn bucket(&mut self, bound: &str, count: u64) {
        let labels = self.with([("le", bound)]);
        self.sample("_bucket", &labels, count);
    }

    fn sample(&mut self, suffix: &str, labels: &str, value: impl Display) {
        let name = self.name;
        match labels.is_empty() {
            true => self.page.line(format_args!("{name}{suffix} {value}")),
            false => self.page.line(format_args!("{name}{suffix}{{{labels}}} {value}")),
        }
    }

    /// The labels that all samples have, and `more`.
    fn with<'l>(&self, more: impl IntoIterator<Item = (&'l str, &'l str)>) -> String {
        let mut labels = self.shared.clone();
        for (name, value) in more {
            if !labels.is_empty() {
                labels.push(',');
            }
            labels.push_str(name);
            labels.push_str("=\"");
            for character in value.chars() {
                match character {
                    '\\' => labels.push_str("\\\\"),
                    '"' => labels.push_str("\\\""),
                    '\n' => labels.push_str("\\n"),
                    other => labels.push(other),
                }
            }
            labels.push('"');
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::meters::Histogram;

    fn page(format: Format) -> String {
        let mut page = Page::new(format);
        page.metric("up", Kind::Gauge, &[], "Whether it is up.").truth(true);
        let mut samples = page.metric("sent_bytes_total", Kind::Counter, &["to"], "Bytes.");
        samples.of(&[("name", "a\\b\"c\nd")]);
        samples.labelled(&["Azure"], 7_u64);
        samples.of(&[]);
        samples.value(0.25);
        page.end()
    }

    #[test]
    fn the_format_of_prometheus() {
        let expected = "\
# HELP up Whether it is up.
# TYPE up gauge
up 1
# HELP sent_bytes_total Bytes.
# TYPE sent_bytes_total counter
sent_bytes_total{name=\"a\\\\b\\\"c\\nd\",to=\"Azure\"} 7
sent_bytes_total 0.25
";
        assert_eq!(page(Format::Text), expected);
    }

    #[test]
    fn open_metrics() {
        let expected = "\
# HELP up Whether it is up.
# TYPE up gauge
up 1
# HELP sent_bytes Bytes.
# TYPE sent_bytes counter
# UNIT sent_bytes bytes
sent_bytes_total{name=\"a\\\\b\\\"c\\nd\",to=\"Azure\"} 7
sent_bytes_total 0.25
# EOF
";
        assert_eq!(page(Format::OpenMetrics), expected);
    }

    #[test]
    fn a_histogram_ends_with_all() {
        let histogram = Histogram::default();
        histogram.observe(std::time::Duration::from_millis(30));
        let mut page = Page::new(Format::Text);
        page.metric("dial_seconds", Kind::Histogram, &[], "Dials.").histogram(&histogram.read());
        let text = page.end();
        for line in [
            "dial_seconds_bucket{le=\"0.001\"} 0\n",
            "dial_seconds_bucket{le=\"0.025\"} 0\n",
            "dial_seconds_bucket{le=\"0.05\"} 1\n",
            "dial_seconds_bucket{le=\"1.0\"} 1\n",
            "dial_seconds_bucket{le=\"+Inf\"} 1\n",
            "dial_seconds_sum 0.03\n",
            "dial_seconds_count 1\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn the_client_chooses_the_format() {
        for (accept, format) in [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("text/html,*/*;q=0.8", Format::Text),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", Format::OpenMetrics),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                Format::OpenMetrics,
            ),
            ("application/openmetrics-text;q=0.3,text/plain;version=0.0.4;q=0.5", Format::Text),
            ("application/openmetrics-text;q=0", Format::Text),
            ("application/openmetrics-text;q=much", Format::Text),
        ] {
            assert_eq!(Format::accepted(accept), format, "{accept}");
        }
    }
}
