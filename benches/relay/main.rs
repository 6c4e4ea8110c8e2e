//! What the relay costs, as ratios of one run: `cargo bench --bench relay [PART …]`.
//!
//! Each part compares our path with the least that any program would have to do on the
//! same machine, in turns, so that a noisy machine disturbs both alike.

mod idle;
mod process;
mod setup;
mod throughput;
mod tls;

use std::process::ExitCode;

use hybrid_connection_manager::platform::limits::raise_open_files;

/// The parts by name.
const PARTS: [&str; 4] = ["throughput", "setup", "streams", "connections"];

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|a| a == part);
    if let Some(unknown) = asked.iter().find(|a| !PARTS.contains(&a.as_str())) {
        report(&format!("there is no part {unknown}; there are: {}", PARTS.join(", ")));
        return ExitCode::from(2);
    }
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the runtime starts");
    let mut good = true;
    if wanted("throughput") {
        good &= runtime.block_on(throughput::run());
    }
    if wanted("setup") {
        good &= runtime.block_on(setup::run());
    }
    if wanted("streams") {
        good &= runtime.block_on(idle::streams());
    }
    if wanted("connections") {
        good &= runtime.block_on(idle::connections());
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints a line of the result.
#[expect(clippy::print_stdout, reason = "a bench shows its figures")]
fn report(line: &str) {
    println!("{line}");
}

/// Prints a figure against its goal.
fn judge(what: &str, figure: f64, goal: &str, met: bool) -> bool {
    report(&format!("{what:<44} {figure:>8.2}  {goal:<14} {}", if met { "ok" } else { "MISSED" }));
    met
}

/// The middle of `figures`.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
