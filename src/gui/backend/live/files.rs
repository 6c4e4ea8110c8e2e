//! The window's own file, the entry for the login, and files to be chosen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Outbox;
use crate::gui::backend::News;
use crate::gui::start::preferences;
use crate::gui::state::Preferences;
use crate::platform::autostart::Autostart;
use crate::platform::file_dialog;

/// How long the preferences must rest before they are written.
const REST: Duration = Duration::from_millis(600);

/// Writes the preferences, the last ones of several.
pub(super) struct Saver {
    wanted: watch::Sender<Option<Preferences>>,
    task: JoinHandle<()>,
}

impl Saver {
    pub(super) fn start(path: PathBuf, outbox: Outbox) -> Self {
        let (wanted, mut wants) = watch::channel(None::<Preferences>);
        let task = tokio::spawn(async move {
            let mut told = false;
            loop {
                let open = wants.changed().await.is_ok() && rest(&mut wants).await;
                let latest = wants.borrow_and_update().clone();
                if let Some(latest) = latest
                    && let Err(reason) = write(path.clone(), latest).await
                    && !std::mem::replace(&mut told, true)
                {
                    outbox.tell(News::NotSaved(reason)).await;
                }
                if !open {
                    return;
                }
            }
        });
        Self { wanted, task }
    }

    pub(super) fn save(&self, preferences: Preferences) {
        self.wanted.send_replace(Some(preferences));
    }

    /// Writes what is left.
    pub(super) async fn end(self) {
        drop(self.wanted);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the preferences were not kept");
        }
    }
}

/// Until nothing more has come for a while; false once nothing more can come.
async fn rest(wants: &mut watch::Receiver<Option<Preferences>>) -> bool {
    loop {
        tokio::select! {
            () = sleep(REST) => return true,
            changed = wants.changed() => if changed.is_err() { return false },
        }
    }
}

async fn write(path: PathBuf, latest: Preferences) -> Result<(), String> {
    let written = tokio::task::spawn_blocking(move || preferences::write(&path, &latest)).await;
    written.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

/// Says whether the window starts at login, after changing it to `wanted`.
pub(super) async fn autostart(home: Option<PathBuf>, wanted: Option<bool>, outbox: Outbox) {
    let done = tokio::task::spawn_blocking(move || set_autostart(home.as_deref(), wanted)).await;
    let result = done.map_err(|error| error.to_string()).and_then(|result| result);
    outbox.tell(News::Autostart(result)).await;
}

fn set_autostart(home: Option<&Path>, wanted: Option<bool>) -> Result<bool, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let entry = Autostart::new(&program, home).map_err(|error| error.to_string())?;
    let changed = match wanted {
        None => Ok(()),
        Some(true) => entry.enable(),
        Some(false) => entry.disable(),
    };
    changed.and_then(|()| entry.is_enabled()).map_err(|error| error.to_string())
}

/// Lets the user choose a PEM file.
pub(super) async fn choose_ca(outbox: Outbox) {
    if !file_dialog::is_there().await {
        return outbox.tell(News::NoFileDialog).await;
    }
    let chosen =
        rfd::AsyncFileDialog::new().add_filter("PEM", &["pem", "crt", "cer"]).pick_file().await;
    outbox.tell(News::CaFile(chosen.map(|file| file.path().to_owned()))).await;
}

/// Lets the user choose a file, and writes `text` into it.
pub(super) async fn save_text(name: String, text: String, outbox: Outbox) {
    if !file_dialog::is_there().await {
        return outbox.tell(News::NoFileDialog).await;
    }
    let Some(file) = rfd::AsyncFileDialog::new().set_file_name(name).save_file().await else {
        return outbox.tell(News::Saved(Ok(None))).await;
    };
    let path = file.path().to_owned();
    let written = file.write(text.as_bytes()).await;
    let outcome = written.map_err(|error| format!("{}: {error}", path.display()));
    outbox.tell(News::Saved(outcome.map(|()| Some(path)))).await;
}
