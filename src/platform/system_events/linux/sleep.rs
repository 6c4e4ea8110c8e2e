//! A timer on the clock of the day that never ends, and is cancelled where that clock jumps:
//! somebody has set it, or the machine has slept, which the clocks that count on and that stand
//! still in a sleep tell apart. Nothing wakes up before.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

use super::{Sender, SystemChange, read, watched};

/// Less is no sleep, but the time between two looks at a clock.
const SHORTEST: Duration = Duration::from_secs(1);

pub(super) fn open() -> io::Result<AsyncFd<OwnedFd>> {
    let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
    let timer = timerfd_create(TimerfdClockId::Realtime, flags)?;
    let never = Timespec { tv_sec: i64::MAX, tv_nsec: 0 };
    let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: never };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    timerfd_settime(&timer, flags, &once)?;
    watched(timer)
}

pub(super) async fn follow(timer: AsyncFd<OwnedFd>, sender: Sender) {
    let mut slept = slept_so_far();
    loop {
        let ended = read(&timer, &mut [0; 8]).await;
        match ended {
            Err(error) if error.raw_os_error() == Some(Errno::CANCELED.raw_os_error()) => {}
            Err(error) => {
                return tracing::warn!(%error, "it is not told any more when the machine has slept");
            }
            Ok(_) => continue,
        }
        if has_slept(&mut slept, slept_so_far()) {
            // One that waits already stands for this one too.
            sender.try_send(SystemChange::Slept).unwrap_or_default();
        }
    }
}

/// How long the machine has slept since it was started.
fn slept_so_far() -> Duration {
    let [awake, all] = [ClockId::Monotonic, ClockId::Boottime]
        .map(|clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default());
    all.saturating_sub(awake)
}

/// Whether there was a sleep between `before` and `now`, which takes its place.
fn has_slept(before: &mut Duration, now: Duration) -> bool {
    now.saturating_sub(std::mem::replace(before, now)) >= SHORTEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_no_sleep() {
        let mut slept = Duration::from_secs(3_600);
        assert!(!has_slept(&mut slept, Duration::from_micros(3_600_000_004)));
        assert!(has_slept(&mut slept, Duration::from_secs(3_605)));
        assert!(!has_slept(&mut slept, Duration::from_secs(3_605)));
        // The first clock is looked at a moment before the other.
        assert!(!has_slept(&mut slept, Duration::from_micros(3_604_999_990)));
    }

    #[tokio::test]
    async fn the_system_gives_such_a_timer() {
        let timer = open().unwrap();
        let mut buffer = [0; 8];
        let waited = tokio::time::timeout(Duration::from_millis(1), read(&timer, &mut buffer));
        waited.await.unwrap_err();
        assert!(slept_so_far() < Duration::from_secs(100 * 365 * 86_400));
    }
}
