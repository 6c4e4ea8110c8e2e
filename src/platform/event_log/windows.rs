//! `ReportEventW`, as Microsoft's documentation of the Windows API has it.

use windows_registry::LOCAL_MACHINE;
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::EventLog::{
    DeregisterEventSource, EVENTLOG_ERROR_TYPE, EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE,
    RegisterEventSourceW, ReportEventW,
};

use super::{EventId, Severity};
use crate::platform::product::PRODUCT_NAME;
use crate::platform::windows_security::wide;

/// Longest text of an entry in UTF-16 units; Windows refuses longer ones as a whole.
const LONGEST: usize = 31_000;
/// Where Windows looks for the program that has the texts of a source.
const SOURCES: &str = r"SYSTEM\CurrentControlSet\Services\EventLog\Application";
/// The kinds of entries that a source writes, as `TypesSupported` counts them.
const TYPES: u32 = (EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE) as u32;

#[derive(Debug)]
pub(super) struct Source(HANDLE);

// SAFETY: the handle names an event source, which any thread may use.
#[expect(unsafe_code, reason = "a handle is a pointer to Rust")]
unsafe impl Send for Source {}
// SAFETY: as above; Windows orders the calls itself.
#[expect(unsafe_code, reason = "a handle is a pointer to Rust")]
unsafe impl Sync for Source {}

impl Source {
    pub(super) fn open() -> Option<Self> {
        let name = wide(PRODUCT_NAME.as_ref());
        // SAFETY: `name` ends with a zero and lives through the call.
        #[expect(unsafe_code, reason = "the Windows API")]
        let handle = unsafe { RegisterEventSourceW(std::ptr::null(), name.as_ptr()) };
        (!handle.is_null()).then_some(Self(handle))
    }

    pub(super) fn report(&self, id: EventId, text: &str) {
        let mut text: Vec<u16> = text.encode_utf16().take(LONGEST).collect();
        text.push(0);
        let texts = [text.as_ptr()];
        let kind = match id.severity() {
            Severity::Information => EVENTLOG_INFORMATION_TYPE,
            Severity::Warning => EVENTLOG_WARNING_TYPE,
            Severity::Error => EVENTLOG_ERROR_TYPE,
        };
        // SAFETY: one text that ends with a zero, no account and no data, as the counts say.
        #[expect(unsafe_code, reason = "the Windows API")]
        let written = unsafe {
            ReportEventW(
                self.0,
                kind,
                0,
                id as u32,
                std::ptr::null_mut(),
                1,
                0,
                texts.as_ptr(),
                std::ptr::null(),
            )
        };
        if written == 0 {
            let error = std::io::Error::last_os_error();
            tracing::debug!(%error, "the Event Log takes no entry");
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody has it any more.
        #[expect(unsafe_code, reason = "the Windows API")]
        unsafe {
            DeregisterEventSource(self.0);
        }
    }
}

/// Tells Windows that the texts of our entries are in `program`.
pub(in crate::platform) fn register(program: &str) -> windows_registry::Result<()> {
    let key = LOCAL_MACHINE.create(format!(r"{SOURCES}\{PRODUCT_NAME}"))?;
    key.set_string("EventMessageFile", program)?;
    key.set_u32("TypesSupported", TYPES)
}

/// Forgets the source; one that is not there is fine. Entries stay.
pub(in crate::platform) fn unregister() -> windows_registry::Result<()> {
    match LOCAL_MACHINE.create(SOURCES)?.remove_tree(PRODUCT_NAME) {
        Err(error) if error.code().0.cast_unsigned() == NOT_FOUND => Ok(()),
        removed => removed,
    }
}

/// `HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)`.
const NOT_FOUND: u32 = 0x8007_0002;
