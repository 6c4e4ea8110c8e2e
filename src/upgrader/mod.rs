//! The privileged part of an upgrade. It runs when the service has left something for it, trusts
//! none of it, and does each step so that it can be broken off: what is begun again goes on.
//!
//! What was left is copied into a folder that only administrators write, and looked at there: the
//! signature, the version, each length and hash. Only then is it installed. When the new version
//! does not answer in time, the one before is put back where the installer can.

mod machine;
mod plan;
mod taken;
#[cfg(test)]
mod tests;
mod watch;

use std::path::PathBuf;

use semver::Version;
use tracing::{error, info, warn};

pub use self::machine::{Machine, ThisMachine};
use self::plan::Plan;
use self::watch::{Became, watch};
use crate::model::{Fault, FaultCode};
use crate::platform::files;
use crate::platform::product::SERVICE_NAME;
use crate::platform::upgrader::{MOST_TRIES, Packages, RolledBack};
use crate::store::{HandOver, UpgradeAsked, UpgradeOutcome};
use crate::upgrade::TrustedKeys;

/// Does what the service of a machine asks for.
#[derive(Debug)]
pub struct Upgrader<M> {
    /// The machine that it is done to.
    pub machine: M,
    /// What the service leaves.
    pub hand_over: HandOver,
    /// The folder of the upgrader.
    pub folder: PathBuf,
    /// Who may sign releases.
    pub keys: TrustedKeys,
    /// The version of this program.
    pub own: Version,
}

impl<M: Machine> Upgrader<M> {
    /// Does what is asked for, if anything is, or was begun and broken off. What came of it is left
    /// for the service.
    ///
    /// # Errors
    /// What keeps the upgrader from its work, in words: its own folder, or the service's.
    pub async fn run(&self) -> Result<(), String> {
        let lock = files::lock(&self.folder.join("lock"));
        let _lock = lock.map_err(|error| format!("an upgrade is under way already: {error}"))?;
        let mut plan = match Plan::read(&self.working())? {
            Some(plan) => plan,
            None => match self.take().await? {
                Some(plan) => plan,
                None => return Ok(()),
            },
        };
        let done = self.carry_out(&mut plan).await;
        match &done {
            Ok(()) => {
                info!(version = %plan.asked.version, "upgraded");
                if let Err(problem) = plan::remove(&self.kept()) {
                    warn!("{problem}");
                }
            }
            Err(fault) => error!(code = %fault.code, version = %plan.asked.version, "{fault}"),
        }
        self.leave(&plan.asked, done.err())?;
        Plan::forget(&self.working())
    }

    /// Whether [`Self::run`] has something to do.
    pub fn has_work(&self) -> bool {
        self.hand_over.waits() || self.working().exists()
    }

    /// Takes up what the service asks for, once it has been looked at.
    async fn take(&self) -> Result<Option<Plan>, String> {
        let Some(asked) = taken::asked(&self.hand_over, &self.working())? else { return Ok(None) };
        info!(version = %asked.version, "an upgrade is asked for");
        match self.look_at(&asked).await {
            Ok(plan) => {
                plan.write(&self.working())?;
                taken::answered(&self.hand_over)?;
                Ok(Some(plan))
            }
            Err(fault) => {
                error!(code = %fault.code, version = %asked.version, "refused: {fault}");
                self.leave(&asked, Some(fault))?;
                taken::answered(&self.hand_over)?;
                Plan::forget(&self.working())?;
                Ok(None)
            }
        }
    }

    async fn look_at(&self, asked: &UpgradeAsked) -> Result<Plan, Fault> {
        let (kind, window) = self.machine.installed().ok_or_else(|| {
            let why = "no package has installed this program here";
            Fault::new(FaultCode::UpgradeByHand, why)
        })?;
        let is_installed = asked.version == self.own;
        if is_installed && self.machine.running().await.as_ref() != Some(&self.own) {
            return Err(Fault::new(FaultCode::UpgradeNotRunning, not_restarted(&self.own)));
        }
        let release = taken::Release { hand_over: &self.hand_over, keys: &self.keys };
        let files = release.take(asked, &self.own, kind, window, &self.working()).await?;
        Ok(Plan {
            asked: asked.clone(),
            kind,
            files,
            service_is_wanted: self.machine.service().is_wanted,
            before: Some(self.own.clone()),
            going_back: None,
            tries: 0,
        })
    }

    /// Installs what the plan says, and sees that it runs.
    async fn carry_out(&self, plan: &mut Plan) -> Result<(), Fault> {
        let packages = self.packages(plan);
        if let Some(fault) = plan.going_back.take() {
            return Err(self.put_back(plan, &packages, fault).await);
        }
        plan.tries += 1;
        if plan.tries > MOST_TRIES {
            let why = format!("it was broken off {MOST_TRIES} times; {}", logged(&packages));
            return Err(self.go_back(plan, &packages, FaultCode::UpgradeFailed, why).await);
        }
        let version = plan.asked.version.clone();
        info!(%version, attempt = plan.tries, "installing");
        let prepared = match plan.write(&self.working()) {
            Ok(()) => self.machine.prepare(&packages).await,
            unsaved => unsaved,
        };
        match prepared {
            Ok(()) => {}
            Err(why) if plan.tries == 1 => return Err(Fault::new(FaultCode::UpgradeFailed, why)),
            // What was broken off may have changed something.
            Err(why) => {
                return Err(self.go_back(plan, &packages, FaultCode::UpgradeFailed, why).await);
            }
        }
        let before = self.machine.service().process;
        if let Err(why) = self.machine.install(&packages).await {
            return Err(self.go_back(plan, &packages, FaultCode::UpgradeFailed, why).await);
        }
        if !plan.service_is_wanted {
            return Ok(());
        }
        match watch(&self.machine, &version, before).await {
            Became::Well => Ok(()),
            Became::NotRestarted(_) => {
                Err(Fault::new(FaultCode::UpgradeNotRunning, not_restarted(&version)))
            }
            Became::Unwell(why) => {
                Err(self.go_back(plan, &packages, FaultCode::UpgradeRolledBack, why).await)
            }
        }
    }

    /// Puts the version before back. Where it is still there it runs on, with its streams.
    async fn go_back(
        &self,
        plan: &mut Plan,
        packages: &Packages,
        code: FaultCode,
        why: String,
    ) -> Fault {
        if code == FaultCode::UpgradeFailed && self.machine.changed_nothing(packages).await {
            return Fault::new(code, why);
        }
        let fault = Fault::new(code, why);
        plan.going_back = Some(fault.clone());
        if let Err(problem) = plan.write(&self.working()) {
            warn!("if this is broken off, it is begun anew: {problem}");
        }
        self.put_back(plan, packages, fault).await
    }

    /// Puts the version before back because of `fault`, if there is a way, and says what has
    /// happened.
    async fn put_back(&self, plan: &Plan, packages: &Packages, fault: Fault) -> Fault {
        warn!("going back: {fault}");
        let Fault { code, detail: why, .. } = fault;
        let leaving = self.machine.service().process;
        let (stays, logged) = match code {
            FaultCode::UpgradeRolledBack => {
                (FaultCode::UpgradeNotRunning, format!("; {}", logged(packages)))
            }
            code => (code, String::new()),
        };
        match self.machine.roll_back(packages).await {
            Ok(RolledBack::Yes) => {
                let back = self.is_back(plan, leaving).await;
                Fault::new(code, format!("{why}{back}"))
            }
            Ok(RolledBack::NoWay) => Fault::new(stays, format!("{why}{logged}")),
            Err(problem) => {
                let why = format!("{why}; and the version before could not be put back: {problem}");
                Fault::new(stays, why)
            }
        }
    }

    /// What is to be said of the version before, once it is back in the place of the process
    /// `leaving`: nothing, where it runs.
    async fn is_back(&self, plan: &Plan, leaving: Option<u32>) -> String {
        let Some(before) = plan.before.as_ref().filter(|_| plan.service_is_wanted) else {
            return String::new();
        };
        match watch(&self.machine, before, leaving).await {
            Became::Well => String::new(),
            Became::NotRestarted(_) => format!("; {}", not_restarted(before)),
            Became::Unwell(problem) => format!(
                "; and the one before is back, but {problem}; this says why: systemctl status {SERVICE_NAME}"
            ),
        }
    }

    fn leave(&self, asked: &UpgradeAsked, fault: Option<Fault>) -> Result<(), String> {
        let left = UpgradeOutcome::of(asked, fault).leave(&self.folder);
        left.map_err(|error| format!("what came of it cannot be left: {error}"))
    }

    fn packages(&self, plan: &Plan) -> Packages {
        let work = self.working();
        let files = plan.files.iter().map(|name| work.join(name)).collect();
        let log = self.folder.join("install.log");
        let Plan { kind, service_is_wanted, .. } = *plan;
        Packages { kind, files, work, kept: self.kept(), log, service_is_wanted }
    }

    /// The version before one that could neither run nor be taken back, until an upgrade succeeds.
    fn kept(&self) -> PathBuf {
        self.folder.join("previous")
    }

    /// What is being installed; none but administrators read it.
    fn working(&self) -> PathBuf {
        self.folder.join("working")
    }
}

/// Of a version that waits for somebody to start it.
fn not_restarted(version: &Version) -> String {
    format!("{version} is installed, and not restarted: systemctl restart {SERVICE_NAME}")
}

fn logged(packages: &Packages) -> String {
    format!("what the installer said is in {}", packages.log.display())
}
