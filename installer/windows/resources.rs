//! What Windows reads of a program besides its code. Icon, version and manifest are in each program;
//! the texts of the Event Log are in the service.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use semver::Version;
use winresource::{VersionInfo, WindowsResource};

const PRODUCT: &str = "Hybrid Connection Manager";
const SERVICE: &str = "hybrid-connection-manager-service";
/// Each program, and what it is in the list of a task manager.
const PROGRAMS: [(&str, &str); 4] = [
    ("hcm", "Hybrid Connection Manager CLI"),
    ("hybrid-connection-manager-gui", "Hybrid Connection Manager GUI"),
    (SERVICE, "Hybrid Connection Manager Background Service"),
    ("relay-emulator", "Azure Relay emulator of Hybrid Connection Manager"),
];
/// The numbers in `platform::event_log::EventId` are among these.
const EVENT_IDS: std::ops::RangeInclusive<u32> = 1..=64;
/// `RT_MESSAGETABLE`.
const MESSAGE_TABLE: u16 = 11;

/// Compiles the resources of all programs, which say that they are `version`.
///
/// # Errors
/// When a tool for it is missing, or refuses them.
pub(crate) fn compile(version: &Version) -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let table = out.join("events.bin");
    File::create(&table)?.write_all(&message_table())?;
    for (program, description) in PROGRAMS {
        resources_of(program, description, version, &table).compile_for(program)?;
    }
    Ok(())
}

fn resources_of(
    program: &str,
    description: &str,
    version: &Version,
    table: &Path,
) -> WindowsResource {
    // Four numbers of 16 bits each; what comes after a hyphen is in the texts alone.
    let numbers = version.major << 48 | version.minor << 32 | version.patch << 16;
    let mut resources = WindowsResource::new();
    resources
        .set_icon("assets/icon/icon.ico")
        .set_manifest_file("installer/windows/program.manifest")
        .set_version_info(VersionInfo::FILEVERSION, numbers)
        .set_version_info(VersionInfo::PRODUCTVERSION, numbers)
        .set("FileVersion", &version.to_string())
        .set("ProductVersion", &version.to_string())
        .set("ProductName", PRODUCT)
        .set("FileDescription", description)
        .set("InternalName", program)
        .set("OriginalFilename", &format!("{program}.exe"))
        .set("LegalCopyright", "MIT licence");
    if std::env::var("HOST") != std::env::var("TARGET") {
        resources
            .set_windres_path("x86_64-w64-mingw32-windres")
            .set_ar_path("x86_64-w64-mingw32-ar");
    }
    if program == SERVICE {
        let table = table.display().to_string().replace('\\', "/");
        resources.append_rc_content(&format!("1 {MESSAGE_TABLE} \"{table}\"\n"));
    }
    resources
}

/// `MESSAGE_RESOURCE_DATA` (Windows documentation): one block of entries, each of which is
/// the text of the event itself.
fn message_table() -> Vec<u8> {
    const UNICODE: u16 = 1;
    /// Blocks, first and last number, and where the entries begin.
    const HEADER: u32 = 16;

    let mut text: Vec<u8> = "%1\r\n\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    text.resize(text.len().next_multiple_of(4), 0);
    let length = u16::try_from(4 + text.len()).expect("the text is short");
    let mut table = Vec::new();
    for number in [1, *EVENT_IDS.start(), *EVENT_IDS.end(), HEADER] {
        table.extend(number.to_le_bytes());
    }
    for _ in EVENT_IDS {
        table.extend(length.to_le_bytes());
        table.extend(UNICODE.to_le_bytes());
        table.extend(&text);
    }
    table
}
