//! What a release says of itself.

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::keys::TrustedKeys;
use crate::model::upgrade::{Channel, SeenRelease};
use crate::model::{Fault, FaultCode};
use crate::platform::upgrader::PackageKind;

/// The form of manifest that this version reads.
const FORM: u32 = 1;
/// Whose releases these are: a signature for another product does not count here.
const PRODUCT: &str = "hybrid-connection-manager";
/// The package of the window, where that is one of its own.
const WINDOW: &str = "hybrid-connection-manager-gui";
/// Longest manifest in bytes, notes included.
pub const LONGEST_MANIFEST: usize = 256 << 10;
/// Longest file of a release in bytes.
const LONGEST_FILE: u64 = 512 << 20;
/// Most files of a release.
const MOST_FILES: usize = 100;
/// Hexadecimal digits of SHA-256.
const HASH_DIGITS: usize = 64;

/// A manifest whose signature is right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    form: u32,
    product: String,
    /// The version of all files in it.
    pub version: Version,
    /// When it was made.
    pub released: Timestamp,
    /// What is new, as Markdown.
    pub notes: String,
    /// What belongs to it.
    pub files: Vec<ReleaseFile>,
}

/// A file of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseFile {
    /// Its name, without any folder.
    pub name: String,
    /// What kind of package it is; another kind is for another version of this program.
    pub kind: String,
    /// The processor that it is for, as `std::env::consts::ARCH` has it.
    pub arch: String,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of it, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// What a manifest is to a program that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is newer.
    Newer,
    /// It is the same version.
    Same,
    /// It is older, or not of the channel.
    NotWanted,
}

impl Manifest {
    /// The manifest in `bytes`, if a trusted key has signed it.
    ///
    /// # Errors
    /// [`FaultCode::ReleaseNotTrusted`], before anything of it is read;
    /// [`FaultCode::ReleaseUnreadable`] says what in it is wrong.
    pub fn read(bytes: &[u8], signatures: &[u8], keys: &TrustedKeys) -> Result<Self, Fault> {
        keys.verify(bytes, signatures)?;
        let unreadable = |why: String| Fault::new(FaultCode::ReleaseUnreadable, why);
        let manifest: Self =
            serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        manifest.check().map_err(unreadable)?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        if self.product != PRODUCT {
            return Err(format!("it is a release of {:?}", self.product));
        }
        if self.form != FORM {
            return Err(format!("it has form {}, and this version reads {FORM}", self.form));
        }
        if self.files.len() > MOST_FILES {
            return Err(format!("it has more than {MOST_FILES} files"));
        }
        self.files.iter().try_for_each(ReleaseFile::check)
    }

    /// What it is to a program of version `running` whose user wants `channel`.
    ///
    /// # Errors
    /// [`FaultCode::ReleaseReplayed`] when a newer one was `seen`: somebody shows an old release.
    pub fn verdict(
        &self,
        running: &Version,
        channel: Channel,
        seen: Option<&SeenRelease>,
    ) -> Result<Verdict, Fault> {
        if let Some(seen) = seen.filter(|seen| self.released < seen.released) {
            let why = format!(
                "it offers {} of {}, and has offered {} of {} before",
                self.version, self.released, seen.version, seen.released
            );
            return Err(Fault::new(FaultCode::ReleaseReplayed, why));
        }
        // What comes after a plus counts for nothing in the order of versions (semver.org, 10).
        let order = self.version.cmp_precedence(running);
        Ok(match order {
            _ if !channel.takes(&self.version) => Verdict::NotWanted,
            std::cmp::Ordering::Greater => Verdict::Newer,
            std::cmp::Ordering::Equal => Verdict::Same,
            std::cmp::Ordering::Less => Verdict::NotWanted,
        })
    }

    /// What is remembered of it, so that no older one is taken for news.
    pub fn seen(&self) -> SeenRelease {
        SeenRelease { version: self.version.clone(), released: self.released }
    }

    /// The packages that replace what is installed from `kind` on this machine: that of the service,
    /// and that of the window, where it is one of its own and `window` is installed.
    ///
    /// # Errors
    /// [`FaultCode::UpgradeFailed`] when the release has no such package.
    pub fn packages(&self, kind: PackageKind, window: bool) -> Result<Vec<&ReleaseFile>, Fault> {
        let is_apart = matches!(kind, PackageKind::Deb | PackageKind::Rpm);
        let programs = [Some(PRODUCT), (window && is_apart).then_some(WINDOW)];
        let arch = std::env::consts::ARCH;
        let found = programs.into_iter().flatten().map(|program| {
            self.package(kind, arch, program).ok_or_else(|| {
                let why = format!(
                    "the release {} has no package of {program} of the kind {} for {arch}",
                    self.version,
                    kind.as_str()
                );
                Fault::new(FaultCode::UpgradeFailed, why)
            })
        });
        found.collect()
    }

    /// The package of `kind` for the processor `arch` whose name begins with `program`, the name
    /// of a package.
    pub fn package(&self, kind: PackageKind, arch: &str, program: &str) -> Option<&ReleaseFile> {
        self.files.iter().find(|file| {
            let of = |rest: &str| rest.starts_with(|c: char| !c.is_ascii_alphabetic());
            let rest = file.name.strip_prefix(program);
            let rest = rest.and_then(|rest| rest.strip_prefix(['-', '_']));
            file.kind == kind.as_str() && file.arch == arch && rest.is_some_and(of)
        })
    }
}

impl ReleaseFile {
    /// The name becomes a path and an address: it must be able to be nothing else.
    fn check(&self) -> Result<(), String> {
        let may = |c: char| c.is_ascii_alphanumeric() || "._-+~".contains(c);
        let Self { name, size, sha256, .. } = self;
        if name.is_empty() || name.len() > 200 || name.starts_with('.') || !name.chars().all(may) {
            return Err(format!("{name:?} is no name for a file"));
        }
        if *size > LONGEST_FILE {
            return Err(format!("{name} is longer than {LONGEST_FILE} bytes"));
        }
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if sha256.len() != HASH_DIGITS || !sha256.bytes().all(is_digit) {
            return Err(format!("the hash of {name} is no SHA-256"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::Signer;
    use super::*;

    const RELEASED: &str = "2026-11-18T09:00:00Z";

    fn of(version: &str) -> Value {
        json!({
            "form": 1,
            "product": "hybrid-connection-manager",
            "version": version,
            "released": RELEASED,
            "notes": "- Reconnect at once after the machine wakes up.",
            "files": [
                {"name": format!("hybrid-connection-manager-{version}.msi"), "kind": "msi",
                 "arch": "x86_64", "size": 14_200_000, "sha256": "0a".repeat(32)},
                {"name": format!("hybrid-connection-manager-gui_{version}_amd64.deb"), "kind": "deb",
                 "arch": "x86_64", "size": 9_000_000, "sha256": "0b".repeat(32)},
                {"name": format!("hybrid-connection-manager_{version}_amd64.deb"), "kind": "deb",
                 "arch": "x86_64", "size": 8_000_000, "sha256": "0c".repeat(32)},
            ],
            "later": "what newer versions add",
        })
    }

    fn read(manifest: &Value) -> Result<Manifest, Fault> {
        let signer = Signer::new();
        let keys = TrustedKeys::parse(&signer.key()).unwrap();
        let bytes = manifest.to_string();
        Manifest::read(bytes.as_bytes(), signer.sign(bytes.as_bytes()).as_bytes(), &keys)
    }

    #[test]
    fn a_signed_manifest_is_read_and_has_a_package_for_each() {
        let manifest = read(&of("1.1.0")).unwrap();
        assert_eq!(manifest.version, Version::new(1, 1, 0));
        let name = |kind, arch, program| {
            manifest.package(kind, arch, program).map(|file| file.name.as_str())
        };
        let service = "hybrid-connection-manager";
        let deb = name(PackageKind::Deb, "x86_64", service);
        assert_eq!(deb, Some("hybrid-connection-manager_1.1.0_amd64.deb"));
        let window = name(PackageKind::Deb, "x86_64", "hybrid-connection-manager-gui");
        assert_eq!(window, Some("hybrid-connection-manager-gui_1.1.0_amd64.deb"));
        let msi = name(PackageKind::Msi, "x86_64", service);
        assert_eq!(msi, Some("hybrid-connection-manager-1.1.0.msi"));
        assert_eq!(name(PackageKind::Deb, "aarch64", service), None);
        assert_eq!(name(PackageKind::Rpm, "x86_64", service), None);
    }

    #[test]
    fn the_window_goes_along_where_it_is_a_package_of_its_own() {
        let manifest = read(&of("1.1.0")).unwrap();
        let names = |kind, window| -> Result<Vec<&str>, Fault> {
            let packages = manifest.packages(kind, window)?;
            Ok(packages.into_iter().map(|file| file.name.as_str()).collect())
        };
        let service = "hybrid-connection-manager_1.1.0_amd64.deb";
        let window = "hybrid-connection-manager-gui_1.1.0_amd64.deb";
        assert_eq!(names(PackageKind::Deb, false).unwrap(), [service]);
        assert_eq!(names(PackageKind::Deb, true).unwrap(), [service, window]);
        let msi = "hybrid-connection-manager-1.1.0.msi";
        assert_eq!(names(PackageKind::Msi, true).unwrap(), [msi]);
        let fault = names(PackageKind::Rpm, false).unwrap_err();
        assert_eq!(fault.code, FaultCode::UpgradeFailed);
        assert!(fault.detail.contains("of the kind rpm for x86_64"), "{fault}");
    }

    #[test]
    fn an_unsigned_manifest_is_not_even_read() {
        let keys = TrustedKeys::parse(&Signer::new().key()).unwrap();
        let fault = Manifest::read(b"{", b"", &keys).unwrap_err();
        assert_eq!(fault.code, FaultCode::ReleaseNotTrusted);
    }

    #[test]
    fn a_manifest_that_says_something_wrong_is_refused_with_what() {
        let with = |pointer: &str, value: Value| {
            let mut manifest = of("1.1.0");
            *manifest.pointer_mut(pointer).unwrap() = value;
            let fault = read(&manifest).unwrap_err();
            assert_eq!(fault.code, FaultCode::ReleaseUnreadable);
            fault.detail
        };
        assert!(with("/product", json!("another")).contains("another"));
        assert!(with("/form", json!(2)).contains("form 2"));
        assert!(with("/version", json!("newest")).contains("line 1"));
        assert!(with("/released", json!("yesterday")).contains("line 1"));
        for name in ["", "../x.deb", "a/b", "a\\b", ".x", "a b", "x\n", "C:x", "ä"] {
            let said = with("/files/1/name", json!(name));
            assert!(said.contains("no name for a file"), "{name}: {said}");
        }
        assert!(with("/files/1/size", json!(1_u64 << 40)).contains("longer than"));
        for hash in ["", "0A", &"0A".repeat(32), &"0g".repeat(32)] {
            assert!(with("/files/1/sha256", json!(hash)).contains("no SHA-256"));
        }
        let files = vec![of("1.1.0").pointer("/files/0").unwrap().clone(); 101];
        assert!(with("/files", json!(files)).contains("more than 100"));
        let fault = read(&json!([])).unwrap_err();
        assert_eq!(fault.code, FaultCode::ReleaseUnreadable);
    }

    #[test]
    fn only_a_newer_release_of_the_channel_counts() {
        use Channel::{Preview, Stable};
        use Verdict::{Newer, NotWanted, Same};
        for (offered, running, channel, verdict) in [
            ("1.1.0", "1.0.0", Stable, Newer),
            ("1.10.0", "1.9.9", Stable, Newer),
            ("1.1.0", "1.1.0", Stable, Same),
            ("1.1.0", "1.1.0+a-build", Stable, Same),
            ("1.0.9", "1.1.0", Stable, NotWanted),
            ("1.1.0", "1.1.0-rc.2", Stable, Newer),
            ("1.2.0-rc.1", "1.1.0", Stable, NotWanted),
            ("1.2.0-rc.1", "1.1.0", Preview, Newer),
            ("1.2.0-rc.1", "1.2.0-rc.1", Preview, Same),
            ("1.2.0-rc.10", "1.2.0-rc.9", Preview, Newer),
            ("1.1.0-rc.1", "1.1.0", Preview, NotWanted),
        ] {
            let manifest = read(&of(offered)).unwrap();
            let said = manifest.verdict(&running.parse().unwrap(), channel, None).unwrap();
            assert_eq!(said, verdict, "{offered} for {running} on {channel}");
        }
    }

    #[test]
    fn an_older_release_than_before_is_a_replay() {
        let manifest = read(&of("1.1.0")).unwrap();
        let running = Version::new(1, 0, 0);
        let verdict = |released: &str| {
            let seen =
                SeenRelease { version: Version::new(1, 2, 0), released: released.parse().unwrap() };
            manifest.verdict(&running, Channel::Stable, Some(&seen))
        };
        assert_eq!(verdict(RELEASED).unwrap(), Verdict::Newer);
        assert_eq!(verdict("2026-11-01T00:00:00Z").unwrap(), Verdict::Newer);
        let fault = verdict("2026-11-18T09:00:01Z").unwrap_err();
        assert_eq!(fault.code, FaultCode::ReleaseReplayed);
        assert!(fault.detail.contains("1.1.0") && fault.detail.contains("1.2.0"), "{fault}");
    }
}
