//! What the window costs without its display: `cargo bench --bench window --all-features`.
//!
//! The wall time of work that never waits, so its median is that of the processor, also on
//! a machine that does other things now and then.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use hybrid_connection_manager::gui::bench::Bench;

/// Connections in the table.
const CONNECTIONS: usize = 1000;
/// Frames of each figure.
const FRAMES: usize = 300;

fn main() -> ExitCode {
    let mut window = Bench::new(CONNECTIONS);
    let at_rest = median(&mut window, |_| (), Bench::frame);
    let busy = median(&mut window, |window| window.change(100), Bench::frame);
    let take = median(&mut window, |window| window.change(CONNECTIONS), Bench::take);
    report(&format!("{CONNECTIONS} connections, median of {FRAMES}"));
    let good = [
        judge("a frame at rest (ms)", at_rest, 8.0),
        judge("a frame after 100 changes of traffic (ms)", busy, 8.0),
        judge("taking 1,000 changes, without drawing (ms)", take, 8.0),
    ];
    if good.iter().all(|good| *good) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The milliseconds that `work` takes, each time after `prepare`, which is not counted.
fn median<T>(
    window: &mut Bench,
    prepare: impl Fn(&mut Bench),
    work: impl Fn(&mut Bench) -> T,
) -> f64 {
    let mut figures: Vec<f64> = (0..FRAMES)
        .map(|_| {
            prepare(window);
            let begun = Instant::now();
            black_box(work(window));
            begun.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Prints a figure against the most that it may be.
fn judge(what: &str, figure: f64, most: f64) -> bool {
    let met = figure < most;
    report(&format!("{what:<44} {figure:>8.2}  < {most:<6} {}", if met { "ok" } else { "MISSED" }));
    met
}

/// Prints a line of the result.
#[expect(clippy::print_stdout, reason = "a bench shows its figures")]
fn report(line: &str) {
    println!("{line}");
}
