//! From the program's arguments to an open window.

mod logs;
mod options;
pub(crate) mod preferences;
mod renderer;
mod trace;
mod window;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use tokio::runtime::Runtime;

use self::options::Options;
use super::backend::Backend;
use super::backend::live::{Live, Places, Waker};
use super::backend::mock::Mock;
use super::state::State;
use super::text::Language;
use crate::platform::front::{self, ActivationToken, Claim, Front};
use crate::platform::paths::{PathsError, WindowPaths};
use crate::platform::{Paths, successor};

pub(crate) use renderer::renderer_in_use;
pub(crate) use trace::Trace;

/// Threads of the backend. It waits for others most of the time.
const THREADS: usize = 2;
/// How long the window that this one takes the place of gets to end.
const OTHER_WINDOW: Duration = Duration::from_secs(10);

/// Runs the window until it is closed.
pub fn main() -> ExitCode {
    let trace = Trace::begin();
    let options = Options::parse();
    let trace = trace.print(options.startup_trace);
    match run(&options, trace) {
        Ok(code) => code,
        Err(error) => {
            window::say_plainly(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options, trace: Trace) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let own = own_paths(options.home.as_deref())?;
    logs::install(&own.log_dir);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("backend")
        .enable_all()
        .build()?;
    if let Some(pid) = options.instead_of {
        successor::wait_for_end(pid, OTHER_WINDOW);
    }
    let front = if options.mock_service { None } else { Some(claim(&runtime, &own)) };
    let front = match front {
        Some(Ok(Claim::Shown)) => return Ok(ExitCode::SUCCESS),
        Some(Ok(Claim::Open(front))) => Some(front),
        Some(Err(error)) => {
            tracing::warn!(%error, "a second start will not find this window");
            None
        }
        None => None,
    };
    let (read, problem) = preferences::read(&own.preferences_file);
    if let Some(problem) = problem {
        tracing::warn!(problem, "the window begins with its defaults");
    }
    trace.mark("preferences");
    let waker = Waker::default();
    let backend = backend(options, &own, runtime, front, waker.clone())?;
    trace.mark("backend");
    let state = State::new(read, Language::of_system());
    window::open(options, state, backend, waker, trace)
}

fn own_paths(home: Option<&Path>) -> Result<WindowPaths, PathsError> {
    match home {
        Some(home) => WindowPaths::in_home(home),
        None => WindowPaths::of_this_user(),
    }
}

fn claim(runtime: &Runtime, own: &WindowPaths) -> Result<Claim, front::ClaimError> {
    let token = ActivationToken::from_environment();
    runtime.block_on(front::claim(&own.front, token.as_ref()))
}

fn backend(
    options: &Options,
    own: &WindowPaths,
    runtime: Runtime,
    front: Option<Front>,
    waker: Waker,
) -> Result<Box<dyn Backend>, PathsError> {
    if options.mock_service {
        return Ok(Box::new(Mock::sample(waker)));
    }
    let services = match &options.home {
        Some(home) => vec![Paths::in_home(home)?.channels()],
        None => Paths::for_client()?,
    };
    let places = Places {
        services,
        home: options.home.clone(),
        again: options.again(),
        preferences_file: own.preferences_file.clone(),
        open: crate::azure::open_browser,
    };
    Ok(Box::new(Live::start(runtime, places, front, waker)))
}
