//! What is being done, on the disk: an upgrade that was broken off goes on from it.

use std::io;
use std::path::Path;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::model::Fault;
use crate::platform::files;
use crate::platform::permissions::Access;
use crate::platform::upgrader::{self, PackageKind};
use crate::store::UpgradeAsked;

/// The name of the file.
const PLAN: &str = "plan.json";

/// An upgrade whose files have been looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) asked: UpgradeAsked,
    pub(super) kind: PackageKind,
    /// Names of the packages beside this file; that of the service first.
    pub(super) files: Vec<String>,
    /// Whether the service ran, and so has to run afterwards.
    pub(super) service_is_wanted: bool,
    /// The version that is replaced.
    #[serde(default)]
    pub(super) before: Option<Version>,
    /// Why the version before is being put back, once it is: what was broken off then is not
    /// installed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) going_back: Option<Fault>,
    /// How often it was begun.
    pub(super) tries: u32,
}

impl Plan {
    /// The one in the folder `working`. What cannot be read was not finished being written by a
    /// version that writes otherwise: it is begun anew.
    pub(super) fn read(working: &Path) -> Result<Option<Self>, String> {
        match std::fs::read(working.join(PLAN)) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", working.join(PLAN).display())),
        }
    }

    pub(super) fn write(&self, working: &Path) -> Result<(), String> {
        let path = working.join(PLAN);
        let text = serde_json::to_vec_pretty(self).map_err(|error| error.to_string())?;
        // Its folder is closed: what a file of the service is on Windows, the service may write.
        files::write_durably(&path, &text, Access::Everyone)
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))
    }

    /// Removes `working` with all that is in it, the plan first.
    pub(super) fn forget(working: &Path) -> Result<(), String> {
        gone(working, std::fs::remove_file(working.join(PLAN)))?;
        remove(working)
    }
}

/// Removes `folder` with all that is in it, if it is there.
pub(super) fn remove(folder: &Path) -> Result<(), String> {
    gone(folder, upgrader::remove_folder(folder))
}

fn gone(folder: &Path, done: io::Result<()>) -> Result<(), String> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done.map_err(|error| format!("{} cannot be removed: {error}", folder.display())),
    }
}
