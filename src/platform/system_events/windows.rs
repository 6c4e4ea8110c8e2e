//! `NotifyUnicastIpAddressChange` and `NotifyIpInterfaceChange` of the IP Helper API.

use std::ffi::c_void;

use tokio::sync::mpsc;
use windows_sys::Win32::Foundation::{HANDLE, NO_ERROR};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    CancelMibChangeNotify2, MIB_NOTIFICATION_TYPE, NotifyIpInterfaceChange,
    NotifyUnicastIpAddressChange,
};
use windows_sys::Win32::Networking::WinSock::AF_UNSPEC;

use super::SystemChange;

type Sender = mpsc::Sender<SystemChange>;

/// Two registrations and what they call; ended when dropped.
#[derive(Debug)]
pub(super) struct Watch {
    handles: Vec<HANDLE>,
    /// Outlives the registrations; boxed, so that it stays where they find it.
    _sender: Box<Sender>,
}

// SAFETY: the handles name registrations, which any thread may cancel.
#[expect(unsafe_code, reason = "a handle is a pointer to Rust")]
unsafe impl Send for Watch {}
// SAFETY: nothing can be done with a shared `Watch`.
#[expect(unsafe_code, reason = "a handle is a pointer to Rust")]
unsafe impl Sync for Watch {}

impl Watch {
    pub(super) fn begin(sender: &Sender) -> Option<Self> {
        let sender = Box::new(sender.clone());
        let context = std::ptr::from_ref::<Sender>(&sender).cast::<c_void>();
        let (mut addresses, mut interfaces) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the callbacks get `context`, which lives until the registrations are
        // cancelled; Windows waits for running callbacks when it cancels.
        #[expect(unsafe_code, reason = "the Windows API")]
        let answers = unsafe {
            [
                NotifyUnicastIpAddressChange(
                    AF_UNSPEC,
                    Some(on_change),
                    context,
                    false,
                    &raw mut addresses,
                ),
                NotifyIpInterfaceChange(
                    AF_UNSPEC,
                    Some(on_change),
                    context,
                    false,
                    &raw mut interfaces,
                ),
            ]
        };
        let handles: Vec<_> = [addresses, interfaces]
            .into_iter()
            .zip(answers)
            .filter(|(handle, answer)| *answer == NO_ERROR && !handle.is_null())
            .map(|(handle, _)| handle)
            .collect();
        if handles.is_empty() {
            tracing::debug!(?answers, "the system does not tell changes of the network");
            return None;
        }
        Some(Self { handles, _sender: sender })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for handle in &self.handles {
            // SAFETY: the registration is there and is cancelled once.
            #[expect(unsafe_code, reason = "the Windows API")]
            unsafe {
                CancelMibChangeNotify2(*handle);
            }
        }
    }
}

/// Both registrations call it, each with a row of its own kind, which nobody reads.
#[expect(unsafe_code, reason = "called by Windows")]
unsafe extern "system" fn on_change<Row>(
    context: *const c_void,
    _row: *const Row,
    _kind: MIB_NOTIFICATION_TYPE,
) {
    // SAFETY: `begin` gave a sender that lives as long as the registration.
    let sender = unsafe { &*context.cast::<Sender>() };
    // One that waits already stands for this one too.
    sender.try_send(SystemChange::Network).unwrap_or_default();
}
