//! What this process uses of its machine, as far as the system tells it.

use std::time::Duration;

/// What is in use now. What a system does not tell is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Processor time since the start, over all threads.
    pub cpu: Option<Duration>,
    /// Memory that is in use and not swapped out, in bytes.
    pub resident: Option<u64>,
    /// Files and sockets that are open.
    pub open_files: Option<u64>,
}

/// What this process uses now. Reads files of the system, which takes longer the more are open.
pub fn of_this_process() -> Usage {
    Usage { cpu: cpu(), resident: resident(), open_files: open_files() }
}

fn cpu() -> Option<Duration> {
    #[cfg(unix)]
    {
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Some(Duration::new(used.tv_sec.try_into().ok()?, used.tv_nsec.try_into().ok()?))
    }
    #[cfg(windows)]
    {
        None
    }
}

fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn open_files() -> Option<u64> {
    // The folder that is read here is one of them.
    let entries = std::fs::read_dir("/proc/self/fd").ok()?.count();
    u64::try_from(entries.saturating_sub(1)).ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_is_told() {
        let before = of_this_process();
        assert!(before.cpu.unwrap() > Duration::ZERO);
        assert!(before.resident.unwrap() > 1024 * 1024, "{before:?}");
        let kept: Vec<_> =
            (0..100).map(|_| std::fs::File::open("/proc/self/status").unwrap()).collect();
        let more = of_this_process().open_files.unwrap();
        // Other tests open and close files meanwhile.
        assert!(more >= 100, "{more}");
        drop(kept);
    }
}
