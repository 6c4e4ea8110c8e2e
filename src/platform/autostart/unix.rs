//! An entry as the XDG Autostart specification has it.

use std::io;
use std::path::{Path, PathBuf};

use directories::BaseDirs;

use super::{AutostartError, of_home};
use crate::platform::files;
use crate::platform::permissions::Access;

const NAME: &str = "hybrid-connection-manager-gui";
/// It has one group of keys.
const MENU_ENTRY: &str =
    include_str!("../../../assets/linux/hybrid-connection-manager-gui.desktop");

/// A file in the user's `autostart` folder.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    path: PathBuf,
}

impl Entry {
    pub(super) fn new(home: Option<&Path>) -> Result<Self, AutostartError> {
        let dirs = BaseDirs::new().ok_or(AutostartError::NoPlace)?;
        Ok(Self::in_folder(&dirs.config_dir().join("autostart"), home))
    }

    fn in_folder(folder: &Path, home: Option<&Path>) -> Self {
        Self { path: folder.join(format!("{NAME}{}.desktop", of_home(home))) }
    }

    pub(super) fn is_enabled(&self) -> Result<bool, AutostartError> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(starts(&String::from_utf8_lossy(&bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.failed(error)),
        }
    }

    pub(super) fn put(&self, program: &str, arguments: &[String]) -> Result<(), AutostartError> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(folder)
            .and_then(|()| {
                let text = entry(program, arguments);
                files::write_durably(&self.path, text.as_bytes(), Access::Everyone)
            })
            .map_err(|error| self.failed(error))
    }

    pub(super) fn remove(&self) -> Result<(), AutostartError> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed(error)),
            _ => Ok(()),
        }
    }

    fn failed(&self, error: io::Error) -> AutostartError {
        AutostartError::Io { entry: self.path.display().to_string(), error }
    }
}

/// The entry of the menu, with the command of this person.
fn entry(program: &str, arguments: &[String]) -> String {
    let words = std::iter::once(program).chain(arguments.iter().map(String::as_str));
    let command: Vec<_> = words.map(word).collect();
    let mut entry = String::new();
    for line in MENU_ENTRY.lines() {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let value = match key {
            "TryExec" => escape(program),
            "Exec" => escape(&command.join(" ")),
            // At login nobody waits for it.
            "StartupNotify" => "false".to_owned(),
            _ => value.to_owned(),
        };
        entry += key;
        if line.contains('=') {
            entry += "=";
            entry += &value;
        }
        entry += "\n";
    }
    entry + "X-GNOME-Autostart-enabled=true\n"
}

/// One argument of `Exec`: quoted, and without the field codes that begin with `%`.
fn word(argument: &str) -> String {
    let mut word = String::from("\"");
    for character in argument.chars() {
        match character {
            '"' | '`' | '$' | '\\' => word.extend(['\\', character]),
            '%' => word.push_str("%%"),
            _ => word.push(character),
        }
    }
    word + "\""
}

/// What the value of any key escapes; it comes on top of [`word`].
fn escape(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('\n', "\\n");
    value.replace('\r', "\\r").replace('\t', "\\t")
}

fn unescape(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value.chars();
    while let Some(character) = rest.next() {
        text.push(match (character, character == '\\') {
            (_, true) => match rest.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('s') => ' ',
                Some(other) => other,
                None => '\\',
            },
            (other, false) => other,
        });
    }
    text
}

/// Whether a desktop starts what the entry says.
fn starts(text: &str) -> bool {
    let lines = text.lines().skip_while(|line| line.trim() != "[Desktop Entry]").skip(1);
    let mut command = false;
    for line in lines.take_while(|line| !line.starts_with('[')) {
        let Some((key, value)) = line.split_once('=') else { continue };
        let value = value.trim();
        match key.trim() {
            "Exec" => command = true,
            "Hidden" if value == "true" => return false,
            "X-GNOME-Autostart-enabled" if value == "false" => return false,
            "TryExec" if !Path::new(&unescape(value)).is_file() => return false,
            _ => {}
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::super::Autostart;
    use super::*;

    struct Bed {
        folder: tempfile::TempDir,
        program: PathBuf,
    }

    impl Bed {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let program = folder.path().join("gui");
            std::fs::File::create(&program).unwrap();
            Self { folder, program }
        }

        fn autostart(&self, home: Option<&Path>) -> Autostart {
            // The folder is missing in a new account.
            let entry = Entry::in_folder(&self.folder.path().join("config/autostart"), home);
            Autostart::with_entry(entry, &self.program, home).unwrap()
        }
    }

    fn text_of(autostart: &Autostart) -> String {
        std::fs::read_to_string(&autostart.entry.path).unwrap()
    }

    #[test]
    fn it_is_off_then_on_then_off() {
        let bed = Bed::new();
        let autostart = bed.autostart(None);
        assert!(!autostart.is_enabled().unwrap());
        autostart.disable().unwrap();
        autostart.enable().unwrap();
        autostart.enable().unwrap();
        assert!(autostart.is_enabled().unwrap());
        assert!(text_of(&autostart).contains("gui\" \"--minimized\"\n"));
        autostart.disable().unwrap();
        assert!(!autostart.is_enabled().unwrap());
    }

    #[test]
    fn each_home_has_an_entry_of_its_own() {
        let bed = Bed::new();
        let (usual, other) = (bed.autostart(None), bed.autostart(Some(Path::new("/srv/a b"))));
        other.enable().unwrap();
        assert!(other.is_enabled().unwrap() && !usual.is_enabled().unwrap());
        assert!(text_of(&other).contains("\" \"--home\" \"/srv/a b\" \"--minimized\"\n"));
    }

    #[test]
    fn a_relative_home_is_written_in_full() {
        let bed = Bed::new();
        let autostart = bed.autostart(Some(Path::new("here")));
        autostart.enable().unwrap();
        let full = std::path::absolute("here").unwrap();
        assert!(text_of(&autostart).contains(&format!("\"--home\" \"{}\"", full.display())));
    }

    #[test]
    fn what_a_desktop_has_switched_off_is_off() {
        let bed = Bed::new();
        let autostart = bed.autostart(None);
        for (from, to) in [
            ("X-GNOME-Autostart-enabled=true", "X-GNOME-Autostart-enabled=false"),
            ("Terminal=false", "Terminal=false\nHidden=true"),
            ("Exec=", "NoExec="),
        ] {
            autostart.enable().unwrap();
            let text = text_of(&autostart).replace(from, to);
            let bytes = text.as_bytes();
            files::write_durably(&autostart.entry.path, bytes, Access::Everyone).unwrap();
            assert!(!autostart.is_enabled().unwrap(), "{text}");
        }
        autostart.enable().unwrap();
        assert!(autostart.is_enabled().unwrap());
        std::fs::remove_file(&bed.program).unwrap();
        assert!(!autostart.is_enabled().unwrap(), "the program has gone");
    }

    #[test]
    fn an_argument_is_escaped_twice_as_the_specification_asks() {
        assert_eq!(word(r#"a b"c$d`e\f%g"#), r#""a b\"c\$d\`e\\f%%g""#);
        let entry = entry("/o p/gui", &[r"C:\x".to_owned(), "a\tb\nc".to_owned()]);
        assert!(entry.contains("TryExec=/o p/gui\n"), "{entry}");
        let command = r#"Exec="/o p/gui" "C:\\\\x" "a\tb\nc""#;
        assert!(entry.contains(&format!("{command}\n")), "{entry}");
    }

    #[test]
    fn it_is_the_entry_of_the_menu_but_for_its_command() {
        let own = entry("/opt/gui", &["--minimized".to_owned()]);
        let of_the_command = |line: &&str| {
            ["Exec=", "TryExec=", "StartupNotify="].iter().any(|key| line.starts_with(key))
        };
        let rest = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !of_the_command(line)).map(str::to_owned).collect()
        };
        let expected =
            rest(MENU_ENTRY).into_iter().chain(["X-GNOME-Autostart-enabled=true".into()]);
        assert_eq!(rest(&own), expected.collect::<Vec<_>>());
        assert!(own.contains("Exec=\"/opt/gui\" \"--minimized\"\n"), "{own}");
        assert_eq!(own.matches("Exec=").count(), 2, "TryExec and Exec: {own}");
        assert_eq!(MENU_ENTRY.matches('[').count() - MENU_ENTRY.matches("[zh_CN]").count(), 1);
    }

    #[test]
    fn what_is_escaped_comes_back() {
        let text = "a\\ b\n\t\r\\n";
        assert_eq!(unescape(&escape(text)), text);
        assert_eq!(unescape(r"\sx\"), " x\\");
    }

    #[test]
    fn a_path_that_is_no_text_is_refused() {
        use std::os::unix::ffi::OsStrExt as _;
        let bad = Path::new(std::ffi::OsStr::from_bytes(b"/x\xff"));
        let error = Autostart::new(bad, None).unwrap_err();
        assert!(matches!(error, AutostartError::NotUnicode(_)), "{error}");
    }
}
