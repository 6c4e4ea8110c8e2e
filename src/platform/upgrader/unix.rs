//! Under systemd.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, fcntl_lock, openat, unlinkat};
use rustix::io::Errno;

use super::{Installation, Managed, PackageKind, Packages, RolledBack, TURN_LIMIT};
use crate::platform::permissions::Access;
use crate::platform::product::SERVICE_NAME;
use crate::platform::systemd::UnitFolders;
use crate::platform::{files, permissions};

/// What each package says of itself: one word.
const PACKAGE: &str = "/usr/lib/hybrid-connection-manager/package";
/// Where `setup.sh` keeps itself.
const SETUP: &str = "/usr/lib/hybrid-connection-manager/setup/setup.sh";
/// The program of the window; the packages of the service do not have it.
const WINDOW: &str = "/usr/bin/hybrid-connection-manager-gui";
/// The unit that waits for what is asked, and where an administrator says that it must not.
const UNIT: &str = "/usr/lib/systemd/system/hybrid-connection-manager-upgrade.path";
const MASK: &str = "/etc/systemd/system/hybrid-connection-manager-upgrade.path";
/// The folder of the upgrader: `StateDirectory=` of its unit makes it.
const FOLDER: &str = "/var/lib/hybrid-connection-manager-upgrade";
/// A power cut may come at a bad time, and not each time.
pub(super) const MOST_TRIES: u32 = 3;
/// What rpm locks while it installs, where its settings name nothing else, and how often it is tried.
const RPM_LOCK: &str = "/var/lib/rpm/.rpm.lock";
const TRY_EVERY: Duration = Duration::from_secs(1);
/// How much of what an installer said is told; its end says what went wrong.
const TOLD: u64 = 600;
/// How many lines of it.
const TOLD_LINES: usize = 4;

pub(super) fn of_this_service() -> Option<Installation> {
    UnitFolders::of_this_process()?;
    let (kind, window) = installed()?;
    let is_off = std::fs::read_link(MASK).is_ok_and(|target| target == Path::new("/dev/null"));
    if is_off || !Path::new(UNIT).exists() {
        return None;
    }
    Some(Installation { kind, window, folder: FOLDER.into() })
}

pub(super) fn installed() -> Option<(PackageKind, bool)> {
    let kind = std::fs::read_to_string(PACKAGE).ok()?.trim().parse().ok()?;
    Some((kind, Path::new(WINDOW).exists()))
}

/// Its path unit sees the file.
#[expect(clippy::unnecessary_wraps, reason = "on Windows it can fail")]
pub(super) fn call_upgrader() -> io::Result<()> {
    Ok(())
}

pub(super) fn folder() -> Result<PathBuf, String> {
    let folder = PathBuf::from(FOLDER);
    make(&folder, 0o755)?;
    Ok(folder)
}

pub(super) fn closed_folder(folder: &Path) -> Result<(), String> {
    make(folder, 0o700)
}

/// Makes `folder` with `mode`, or sees that it is one that this account alone writes.
fn make(folder: &Path, mode: u32) -> Result<(), String> {
    let wrong =
        |error: io::Error| format!("the folder {} cannot be used: {error}", folder.display());
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(wrong(error)),
        _ => {}
    }
    let metadata = folder.symlink_metadata().map_err(wrong)?;
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    if !metadata.is_dir() || !is_own || metadata.mode() & 0o022 != 0 {
        return Err(format!("{} is no folder that this account alone writes", folder.display()));
    }
    std::fs::set_permissions(folder, Permissions::from_mode(mode)).map_err(wrong)
}

pub(super) fn remove_folder(folder: &Path) -> io::Result<()> {
    std::fs::remove_dir_all(folder)
}

pub(super) fn prepare(packages: &Packages) -> Result<(), String> {
    let previous = previous(packages);
    if packages.kind != PackageKind::TarGz || previous.exists() {
        return Ok(());
    }
    run(packages, "sh", [SETUP.as_ref(), "save".as_ref(), previous.as_os_str()])
}

pub(super) fn install(packages: &Packages) -> Result<(), String> {
    match packages.kind {
        PackageKind::Deb => install_debs(packages),
        PackageKind::Rpm => {
            wait_for(&rpm_lock(), TURN_LIMIT)?;
            let options = ["--upgrade", "--replacepkgs"].map(OsStr::new);
            run(packages, "rpm", options.into_iter().chain(names(packages)))
        }
        PackageKind::TarGz => {
            let unpacked = unpack(packages)?;
            set_up(packages, &unpacked, &["--yes", "--no-restart"])
        }
        PackageKind::Msi => Err("this system has no Windows Installer".to_owned()),
    }
}

pub(super) fn changed_nothing(packages: &Packages) -> bool {
    is_installed(&previous(packages), Path::new("/"))
}

/// Whether each file of `previous` is below `root` with the same bytes.
fn is_installed(previous: &Path, root: &Path) -> bool {
    let Ok(names) = std::fs::read_to_string(previous.join("service.files")) else { return false };
    names.lines().all(|name| {
        let kept = std::fs::read(previous.join("service").join(name));
        kept.is_ok_and(|kept| std::fs::read(root.join(name)).is_ok_and(|bytes| bytes == kept))
    })
}

pub(super) fn roll_back(packages: &Packages) -> Result<RolledBack, String> {
    let (previous, kept) = (previous(packages), &packages.kept);
    if previous.exists() {
        return set_up(packages, &previous, &["--yes", "--no-restart", "--downgrade"])
            .map(|()| RolledBack::Yes)
            .map_err(|problem| format!("{problem}. {}", keep(packages, &previous)));
    }
    if packages.kind != PackageKind::TarGz || !kept.exists() {
        return Ok(RolledBack::NoWay);
    }
    // It has failed, and was broken off before anybody was told.
    let log = packages.log.display();
    Err(format!("{log} has what setup.sh said. It is kept; {}", by_hand(kept)))
}

/// Moves `previous` to where it stays, and says how a person puts it back.
fn keep(packages: &Packages, previous: &Path) -> String {
    let kept = &packages.kept;
    // After a failure of before it is the whole one, and `previous` a mixture.
    if kept.exists() && !is_installed(kept, Path::new("/")) {
        return format!("What was kept before still is; {}", by_hand(kept));
    }
    match remove_folder(kept) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => std::fs::rename(previous, kept),
    }
    .map_or_else(
        |error| format!("It cannot be kept in {} either: {error}", kept.display()),
        |()| format!("It is kept; {}", by_hand(kept)),
    )
}

/// How a person puts back what is `kept`.
fn by_hand(kept: &Path) -> String {
    let setup = kept.join("setup.sh");
    format!(
        "once that is mended: sh {} install --yes --downgrade && systemctl start {SERVICE_NAME}",
        setup.display()
    )
}

pub(super) fn service() -> Managed {
    let unit = format!("{SERVICE_NAME}.service");
    let asked = ["show", "--property=ActiveState,Job,MainPID", &unit];
    let asked = Command::new("systemctl").args(asked).output();
    asked
        .map_or_else(|_| Managed::default(), |said| managed(&String::from_utf8_lossy(&said.stdout)))
}

/// What `systemctl show` says, a property a line.
fn managed(said: &str) -> Managed {
    let mut managed = Managed::default();
    for (property, value) in said.lines().filter_map(|line| line.split_once('=')) {
        match (property, value) {
            ("ActiveState", "active" | "activating" | "reloading") => managed.is_wanted = true,
            ("ActiveState", "deactivating") => {
                (managed.is_wanted, managed.is_changing) = (true, true);
            }
            // It has none as long as it runs on.
            ("Job", job) => managed.is_changing |= !matches!(job, "" | "0"),
            ("MainPID", process) => managed.process = process.parse().ok().filter(|id| *id != 0),
            _ => {}
        }
    }
    managed
}

/// What was interrupted before is finished first: apt refuses to begin otherwise.
fn install_debs(packages: &Packages) -> Result<(), String> {
    if let Err(problem) = run(packages, "dpkg", ["--configure", "--pending"].map(OsStr::new)) {
        tracing::warn!("what dpkg had not finished before is still not finished: {problem}");
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        let install = [OsStr::new("--install")];
        return run(packages, "dpkg", install.into_iter().chain(names(packages)));
    }
    let turn = format!("--option=DPkg::Lock::Timeout={}", TURN_LIMIT.as_secs());
    let options = [
        "install",
        "--yes",
        "--reinstall",
        "--no-install-recommends",
        // Another installation may be under way: it is waited for.
        &turn,
        "--option=Dpkg::Use-Pty=0",
        "--option=APT::Sandbox::User=root",
    ]
    .map(OsStr::new);
    run(packages, "apt-get", options.into_iter().chain(names(packages)))
}

fn rpm_lock() -> PathBuf {
    let asked = Command::new("rpm").args(["--eval", "%{?_rpmlock_path}"]).output();
    let told = asked.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    told.ok().filter(|path| path.starts_with('/')).map_or_else(|| RPM_LOCK.into(), PathBuf::from)
}

/// Waits until nobody holds `lock`: rpm itself would wait without an end. Whatever else is wrong
/// with it, rpm says.
fn wait_for(lock: &Path, limit: Duration) -> Result<(), String> {
    let Ok(file) = File::options().read(true).write(true).open(lock) else { return Ok(()) };
    let deadline = Instant::now() + limit;
    while let Err(Errno::ACCESS | Errno::AGAIN) =
        fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive)
    {
        if Instant::now() >= deadline {
            let (lock, limit) = (lock.display(), limit.as_secs());
            return Err(format!(
                "another installation holds {lock} and has not ended within {limit} s"
            ));
        }
        sleep(TRY_EVERY);
    }
    Ok(())
}

fn names(packages: &Packages) -> impl Iterator<Item = &OsStr> {
    packages.files.iter().map(|file| file.as_os_str())
}

/// Where the version before is kept, as an archive is when it is unpacked.
fn previous(packages: &Packages) -> PathBuf {
    packages.work.join("previous")
}

/// The folder with the `setup.sh` of the archive.
fn unpack(packages: &Packages) -> Result<PathBuf, String> {
    let unpacked = packages.work.join("unpacked");
    let wrong = |error: io::Error| format!("{}: {error}", unpacked.display());
    if unpacked.exists() {
        std::fs::remove_dir_all(&unpacked).map_err(wrong)?;
    }
    std::fs::create_dir(&unpacked).map_err(wrong)?;
    let archive = packages.files.first().ok_or("there is no archive")?;
    let options = ["--extract", "--gzip", "--no-same-owner", "--directory"].map(OsStr::new);
    let rest = [unpacked.as_os_str(), "--file".as_ref(), archive.as_os_str()];
    run(packages, "tar", options.into_iter().chain(rest))?;
    let mut folders = unpacked.read_dir().map_err(wrong)?.filter_map(Result::ok);
    folders
        .find(|entry| entry.path().join("setup.sh").is_file())
        .map(|entry| entry.path())
        .ok_or_else(|| format!("{} has no setup.sh", archive.display()))
}

/// Swaps the files, and has the service manager start what is there now, without waiting.
fn set_up(packages: &Packages, from: &Path, options: &[&str]) -> Result<(), String> {
    let script = from.join("setup.sh");
    let arguments = [script.as_os_str(), "install".as_ref()];
    run(packages, "sh", arguments.into_iter().chain(options.iter().map(OsStr::new)))?;
    run(packages, "systemctl", [OsStr::new("daemon-reload")])?;
    if !packages.service_is_wanted {
        return Ok(());
    }
    let unit = format!("{SERVICE_NAME}.service");
    run(packages, "systemctl", ["restart", "--no-block", &unit].map(OsStr::new))
}

/// Runs `program` to its end, with what it says in the log.
fn run<'a>(
    packages: &Packages,
    program: &str,
    arguments: impl IntoIterator<Item = &'a OsStr>,
) -> Result<(), String> {
    let wrong = |error: io::Error| format!("{program} cannot be run: {error}");
    let mut log = files::open_part(&packages.log, true).map_err(wrong)?;
    let before = log.seek(SeekFrom::End(0)).map_err(wrong)?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).current_dir("/");
    command.stdout(log.try_clone().map_err(wrong)?).stderr(log);
    command.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8");
    // They have nothing to do with the folders of this unit.
    for variable in ["STATE_DIRECTORY", "NOTIFY_SOCKET", "HCM_HOME"] {
        command.env_remove(variable);
    }
    let ended = command.status().map_err(wrong)?;
    if ended.success() {
        return Ok(());
    }
    let said = last_lines(&packages.log, before).map_err(wrong)?;
    let log = packages.log.display();
    Err(format!("{program} failed ({ended}): {said}; all of what it said is in {log}"))
}

/// The end of what was written into `log` after the first `before` bytes, in one line.
fn last_lines(log: &Path, before: u64) -> io::Result<String> {
    let mut file = File::open(log)?;
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(before.max(end.saturating_sub(TOLD))))?;
    let mut said = Vec::new();
    file.take(TOLD).read_to_end(&mut said)?;
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Ok(lines[lines.len().saturating_sub(TOLD_LINES)..].join(" / "))
}

pub(super) fn take(folder: &Path, name: &str, longest: u64, target: &Path) -> io::Result<()> {
    let folder = open_folder(folder)?;
    // Opening a pipe would wait for its other end.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(&folder, name, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut copy = tempfile::Builder::new().tempfile_in(target.parent().unwrap_or(target))?;
    permissions::restrict_file(copy.as_file(), Access::OwnerOnly)?;
    let length = io::copy(&mut file.take(longest + 1), copy.as_file_mut())?;
    if length > longest {
        return Err(io::Error::other(format!("it has more than {longest} bytes")));
    }
    copy.as_file().sync_all()?;
    copy.persist(target)?;
    Ok(())
}

pub(super) fn drop_taken(folder: &Path, name: &str) -> io::Result<()> {
    Ok(unlinkat(open_folder(folder)?, name, AtFlags::empty())?)
}

fn open_folder(folder: &Path) -> io::Result<rustix::fd::OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(CWD, folder, flags, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn write(path: &Path, bytes: &[u8]) {
        files::write_durably(path, bytes, Access::OwnerOnly).unwrap();
    }

    fn packages(work: &Path) -> Packages {
        let (kept, log, work) = (work.join("kept"), work.join("log"), work.to_owned());
        let kind = PackageKind::TarGz;
        Packages { kind, files: Vec::new(), work, kept, log, service_is_wanted: true }
    }

    #[test]
    fn a_file_is_taken_whole_and_nothing_else_is() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = to.path().join("taken");
        let take = |name: &str| take(from.path(), name, 5, &target);
        write(&from.path().join("file"), b"12345");
        take("file").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"12345");
        assert_eq!(target.metadata().unwrap().mode() & 0o777, 0o600);

        write(&from.path().join("long"), b"123456");
        std::fs::create_dir(from.path().join("folder")).unwrap();
        symlink(from.path().join("file"), from.path().join("link")).unwrap();
        let pipe = from.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for (name, says) in [
            ("long", "more than 5 bytes"),
            ("folder", "no file"),
            ("pipe", "no file"),
            ("link", "symbolic links"),
            ("gone", "No such file"),
        ] {
            let error = take(name).unwrap_err().to_string();
            assert!(error.contains(says), "{name}: {error}");
        }
        assert_eq!(to.path().read_dir().unwrap().count(), 1, "nothing is left of what failed");

        let link = to.path().join("link");
        symlink(from.path(), &link).unwrap();
        drop_taken(&link, "file").unwrap_err();
        assert!(super::take(&link, "file", 5, &target).is_err());
        drop_taken(from.path(), "file").unwrap();
        assert!(!from.path().join("file").exists());
    }

    #[test]
    fn what_was_kept_is_installed_until_one_of_its_files_is_another() {
        let (kept, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let is_installed = || is_installed(kept.path(), root.path());
        assert!(!is_installed(), "nothing is kept");
        write(&kept.path().join("service.files"), b"usr/bin/hcm\nusr/share/doc\n");
        for folder in [&kept.path().join("service/usr"), &root.path().join("usr")] {
            std::fs::create_dir_all(folder.join("bin")).unwrap();
            std::fs::create_dir_all(folder.join("share")).unwrap();
            write(&folder.join("bin/hcm"), b"old");
            write(&folder.join("share/doc"), b"doc");
        }
        assert!(is_installed());
        write(&root.path().join("usr/bin/hcm"), b"new");
        assert!(!is_installed());
        write(&root.path().join("usr/bin/hcm"), b"old");
        std::fs::remove_file(root.path().join("usr/share/doc")).unwrap();
        assert!(!is_installed());
    }

    #[test]
    fn what_cannot_be_put_back_is_kept_and_it_is_told_how_a_person_does() {
        let work = tempfile::tempdir().unwrap();
        let packages = packages(work.path());
        assert_eq!(roll_back(&packages), Ok(RolledBack::NoWay));
        let whole = "echo no space; exit 1";
        for script in [whole, "echo no right; exit 1"] {
            std::fs::create_dir(previous(&packages)).unwrap();
            write(&previous(&packages).join("setup.sh"), script.as_bytes());
            let why = roll_back(&packages).unwrap_err();
            assert!(why.contains(&script[5..13]), "{why}");
            let setup = packages.kept.join("setup.sh");
            let command = format!("sh {} install --yes --downgrade", setup.display());
            assert!(why.contains(&command), "{why}");
            let kept = std::fs::read_to_string(setup).unwrap();
            assert_eq!(kept, whole, "what failed once more is a mixture");
            // The upgrader is killed before it says so.
            std::fs::remove_dir_all(previous(&packages)).ok();
            let why = roll_back(&packages).unwrap_err();
            assert!(why.contains(&command), "{why}");
        }
        let deb = Packages { kind: PackageKind::Deb, ..packages };
        assert_eq!(roll_back(&deb), Ok(RolledBack::NoWay), "it came with something else");
    }

    #[test]
    fn another_installation_is_waited_for_and_not_for_ever() {
        // As rpm locks: fcntl(2), which counts between processes alone.
        const HOLD: &str = r#"use Fcntl; open(F, "+<", $ARGV[0]) or die;
            $lock = pack("s s x4 q q l x4", F_WRLCK, 0, 0, 0, 0);
            fcntl(F, F_SETLK, $lock) or die;
            $| = 1; print "held\n"; <STDIN>"#;
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("lock");
        wait_for(&lock, Duration::ZERO).expect("there is nothing to wait for");
        write(&lock, b"");
        wait_for(&lock, Duration::ZERO).unwrap();
        let mut other = Command::new("perl");
        other.args(["-e", HOLD]).arg(&lock).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut other = other.spawn().unwrap();
        let mut held = [0; 5];
        other.stdout.take().unwrap().read_exact(&mut held).unwrap();
        let why = wait_for(&lock, Duration::ZERO).unwrap_err();
        assert!(why.contains("has not ended within 0 s"), "{why}");
        drop(other.stdin.take());
        wait_for(&lock, TURN_LIMIT).unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn systemd_says_how_the_service_is() {
        let of = |is_wanted, is_changing, process| Managed { is_wanted, is_changing, process };
        for (said, is) in [
            ("MainPID=7\nActiveState=active\n", of(true, false, Some(7))),
            ("MainPID=7\nActiveState=active\nJob=31\n", of(true, true, Some(7))),
            ("MainPID=7\nActiveState=deactivating\nJob=31\n", of(true, true, Some(7))),
            ("MainPID=0\nActiveState=activating\nJob=\n", of(true, false, None)),
            ("MainPID=0\nActiveState=failed\n", of(false, false, None)),
            ("", Managed::default()),
        ] {
            assert_eq!(managed(said), is, "{said}");
        }
    }

    #[test]
    fn an_installer_that_fails_is_told_with_its_last_words() {
        let work = tempfile::tempdir().unwrap();
        let packages = packages(work.path());
        let sh = |script: &str| run(&packages, "sh", ["-c", script].map(OsStr::new));
        sh("echo well").unwrap();
        let why = sh("seq 20; echo; echo there is no space >&2; exit 3").unwrap_err();
        assert!(why.contains("exit status: 3"), "{why}");
        assert!(why.contains("18 / 19 / 20 / there is no space; all of"), "{why}");
        let log = std::fs::read_to_string(&packages.log).unwrap();
        assert!(log.starts_with("well\n1\n"), "{log}");
        let why = sh("exit 1").unwrap_err();
        assert!(!why.contains("there is no space"), "only its own words: {why}");
        let why = run(&packages, "no-such-program", []).unwrap_err();
        assert!(why.contains("no-such-program cannot be run"), "{why}");
    }
}
