//! How much the sample app asks for, and when: a wave, so that a chart of it lives.

use std::f64::consts::TAU;
use std::time::Duration;

use super::http::Call;
use super::sample::Sample;

/// The rhythm of one hybrid connection. Where there are two values, the first is that of
/// the wave's trough and the second that of its crest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    path: &'static str,
    /// The length of the wave.
    wave: Duration,
    /// Bytes of an answer.
    answer: (usize, usize),
    /// Bytes that are sent along.
    body: (usize, usize),
    /// The wait between two turns, in milliseconds.
    pause: (u64, u64),
    /// Requests of one stream.
    calls: usize,
    /// The wait between them, in milliseconds.
    between: u64,
    /// Every so many turns, several streams are opened at once …
    burst_every: usize,
    /// … as many as this.
    burst: usize,
}

/// What is done at once: streams, each with its requests.
pub(super) type Turn = Vec<Vec<Call>>;

impl Rhythm {
    /// The rhythm of `sample`.
    pub(super) fn of(sample: Sample) -> Self {
        match sample {
            Sample::Hello => Self {
                path: "/greeting",
                wave: Duration::from_secs(40),
                answer: (500, 16_000),
                body: (0, 0),
                pause: (2_500, 1_000),
                calls: 1,
                between: 0,
                burst_every: usize::MAX,
                burst: 1,
            },
            Sample::OrdersApi => Self {
                path: "/orders",
                wave: Duration::from_secs(60),
                answer: (3_000, 90_000),
                body: (300, 9_000),
                pause: (1_600, 500),
                calls: 1,
                between: 0,
                burst_every: 9,
                burst: 4,
            },
            Sample::ErpSql => Self {
                path: "/report",
                wave: Duration::from_secs(90),
                answer: (8_000, 240_000),
                body: (100, 2_000),
                pause: (1_500, 500),
                calls: 7,
                between: 800,
                burst_every: 3,
                burst: 3,
            },
        }
    }

    /// What is done at `time` since the beginning, in the `number`-th turn from 0.
    pub(super) fn turn(&self, number: usize, time: Duration) -> Turn {
        let is_burst = number % self.burst_every == self.burst_every - 1;
        let streams = if is_burst { self.burst } else { 1 };
        (0..streams).map(|_| self.stream(time)).collect()
    }

    /// The wait after a turn that ends at `time`.
    pub(super) fn pause(&self, time: Duration) -> Duration {
        let (slow, fast) = self.pause;
        #[expect(clippy::cast_precision_loss, reason = "they are small")]
        let between = slow as f64 - (slow - fast) as f64 * self.height(time);
        Duration::from_secs_f64(between * wobble() / 1000.0)
    }

    fn stream(&self, time: Duration) -> Vec<Call> {
        let call = |number: u64| {
            let after = Duration::from_millis(if number == 0 { 0 } else { self.between });
            let height = self.height(time + Duration::from_millis(number * self.between));
            let answer = amount(self.answer, height);
            Call {
                path: format!("{}?bytes={answer}", self.path),
                body: amount(self.body, height),
                after: after.mul_f64(wobble()),
            }
        };
        (0..self.calls as u64).map(call).collect()
    }

    /// The height of the wave at `time`, from 0 to 1.
    fn height(&self, time: Duration) -> f64 {
        let turns = time.as_secs_f64() / self.wave.as_secs_f64();
        0.5 - 0.5 * (TAU * turns).cos()
    }
}

/// A number of bytes between the two, which grows faster towards the crest.
fn amount((least, most): (usize, usize), height: f64) -> usize {
    #[expect(clippy::cast_precision_loss, reason = "they are small")]
    let bytes = least as f64 + (most - least) as f64 * height * height;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is positive and small"
    )]
    let bytes = (bytes * wobble()) as usize;
    bytes
}

/// Chance: a factor near 1.
fn wobble() -> f64 {
    0.8 + 0.4 * fastrand::f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Streams a second, and bytes a second of answers, over ten waves.
    fn mean(sample: Sample) -> (f64, f64) {
        let rhythm = Rhythm::of(sample);
        let (mut time, mut streams, mut bytes) = (Duration::ZERO, 0, 0);
        for number in 0.. {
            let turn = rhythm.turn(number, time);
            streams += turn.len();
            for call in turn.iter().flatten() {
                bytes += call.path.split_once("?bytes=").unwrap().1.parse::<usize>().unwrap();
            }
            let longest = turn.iter().map(|calls| calls.iter().map(|call| call.after).sum());
            time += longest.max().unwrap_or(Duration::ZERO) + rhythm.pause(time);
            if time > rhythm.wave * 10 {
                break;
            }
        }
        (streams as f64 / time.as_secs_f64(), bytes as f64 / time.as_secs_f64())
    }

    #[test]
    fn it_is_lively_and_cheap() {
        let all: Vec<_> = Sample::ALL.into_iter().map(mean).collect();
        for (streams, bytes) in &all {
            assert!(*streams > 0.2 && *bytes > 2_000.0, "{all:?}");
        }
        let (streams, bytes) =
            all.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        assert!(streams < 4.0 && bytes < 500_000.0, "{all:?}");
    }

    #[test]
    fn answers_rise_and_fall() {
        let rhythm = Rhythm::of(Sample::OrdersApi);
        let bytes = |time: u32| rhythm.turn(0, rhythm.wave * time / 4)[0][0].body;
        assert!(bytes(2) > 2 * bytes(1) && bytes(2) > 10 * bytes(0) && bytes(4) < bytes(3));
    }

    #[test]
    fn now_and_then_several_streams_are_opened_at_once() {
        let rhythm = Rhythm::of(Sample::OrdersApi);
        let streams = |number| rhythm.turn(number, Duration::ZERO).len();
        assert_eq!((streams(0), streams(8), streams(9), streams(17)), (1, 4, 1, 4));
    }
}
