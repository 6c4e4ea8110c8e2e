//! "Internet Settings" in the registry, and the settings of WinHTTP (`netsh winhttp`).

use std::ptr;

use widestring::U16CStr;
use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE};
use windows_sys::Win32::Foundation::GlobalFree;
use windows_sys::Win32::Networking::WinHttp::{
    WINHTTP_ACCESS_TYPE_NAMED_PROXY, WINHTTP_PROXY_INFO, WinHttpGetDefaultProxyConfiguration,
};

use super::Found;

const SETTINGS: &str = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings";
const POLICY: &str = r"Software\Policies\Microsoft\Windows\CurrentVersion\Internet Settings";
/// With 0 in it, the settings of the machine hold for all accounts.
const PER_ACCOUNT: &str = "ProxySettingsPerUser";

pub(super) fn read() -> Vec<Found> {
    let policy = LOCAL_MACHINE.open(POLICY).ok();
    let per_account = policy.and_then(|policy| policy.get_u32(PER_ACCOUNT).ok()) != Some(0);
    let account = per_account
        .then(|| internet_settings(CURRENT_USER, "the proxy settings of this account in Windows"));
    let machine = internet_settings(LOCAL_MACHINE, "the proxy settings of this machine in Windows");
    account.flatten().into_iter().chain(machine).chain(winhttp()).collect()
}

/// What "Internet Settings" under `root` say.
fn internet_settings(root: &Key, place: &'static str) -> Option<Found> {
    Some(found(&root.open(SETTINGS).ok()?, place))
}

fn found(key: &Key, place: &'static str) -> Found {
    let text = |name: &str| key.get_string(name).unwrap_or_default();
    let is_on = key.get_u32("ProxyEnable").is_ok_and(|on| on != 0);
    let (server, exceptions) =
        if is_on { (text("ProxyServer"), text("ProxyOverride")) } else { Default::default() };
    Found { place, server, exceptions, script: text("AutoConfigURL") }
}

/// What `netsh winhttp set proxy` has set.
fn winhttp() -> Option<Found> {
    let mut info = WINHTTP_PROXY_INFO {
        dwAccessType: 0,
        lpszProxy: ptr::null_mut(),
        lpszProxyBypass: ptr::null_mut(),
    };
    // SAFETY: `info` is there to be written.
    #[expect(unsafe_code, reason = "the Windows API")]
    let is_read = unsafe { WinHttpGetDefaultProxyConfiguration(&raw mut info) } != 0;
    if !is_read {
        return None;
    }
    let (server, exceptions) = (taken(info.lpszProxy), taken(info.lpszProxyBypass));
    (info.dwAccessType == WINHTTP_ACCESS_TYPE_NAMED_PROXY).then(|| Found {
        place: "the proxy settings of WinHTTP (netsh winhttp show proxy)",
        server,
        exceptions,
        script: String::new(),
    })
}

/// The text at `text`, which is freed.
fn taken(text: *mut u16) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: WinHTTP gives a text that ends with 0, and that is ours to free.
    #[expect(unsafe_code, reason = "the Windows API")]
    unsafe {
        let copy = U16CStr::from_ptr_str(text).to_string_lossy();
        GlobalFree(text.cast());
        copy
    }
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Networking::WinHttp::{
        WINHTTP_ACCESS_TYPE_NO_PROXY, WinHttpSetDefaultProxyConfiguration,
    };

    use super::*;

    #[test]
    fn the_registry_is_read_as_windows_writes_it() {
        let path = format!(r"Software\hcm-test-{}", std::process::id());
        let key = CURRENT_USER.create(&path).unwrap();
        assert_eq!(found(&key, "x"), Found { place: "x", ..Found::default() });
        key.set_string("ProxyServer", "http=a:80;https=b:8080").unwrap();
        key.set_string("ProxyOverride", "*.corp;<local>").unwrap();
        key.set_u32("ProxyEnable", 0).unwrap();
        assert_eq!(found(&key, "x").server, "", "it is off");
        key.set_u32("ProxyEnable", 1).unwrap();
        key.set_string("AutoConfigURL", "http://wpad/x.pac").unwrap();
        let on = Found {
            place: "x",
            server: "http=a:80;https=b:8080".to_owned(),
            exceptions: "*.corp;<local>".to_owned(),
            script: "http://wpad/x.pac".to_owned(),
        };
        assert_eq!(found(&key, "x"), on);
        CURRENT_USER.remove_tree(&path).unwrap();
    }

    #[test]
    fn winhttp_is_read_as_netsh_sets_it() {
        let set = |access: u32, server: &str, exceptions: &str| {
            let (mut server, mut exceptions) = (wide(server), wide(exceptions));
            let mut info = WINHTTP_PROXY_INFO {
                dwAccessType: access,
                lpszProxy: server.as_mut_ptr(),
                lpszProxyBypass: exceptions.as_mut_ptr(),
            };
            // SAFETY: `info` and what it points to are there for the call.
            #[expect(unsafe_code, reason = "the Windows API")]
            let is_set = unsafe { WinHttpSetDefaultProxyConfiguration(&raw mut info) } != 0;
            assert!(is_set);
        };
        set(WINHTTP_ACCESS_TYPE_NAMED_PROXY, "proxy.corp:3128", "*.corp;<local>");
        let found = winhttp().unwrap();
        set(WINHTTP_ACCESS_TYPE_NO_PROXY, "", "");
        assert_eq!(
            (found.server.as_str(), found.exceptions.as_str()),
            ("proxy.corp:3128", "*.corp;<local>")
        );
        assert!(found.place.contains("WinHTTP") && found.script.is_empty());
        assert_eq!(winhttp(), None);
    }

    fn wide(text: &str) -> Vec<u16> {
        text.encode_utf16().chain([0]).collect()
    }

    #[test]
    fn the_settings_of_the_account_come_first_unless_the_policy_is_for_the_machine() {
        let account = CURRENT_USER.create(SETTINGS).unwrap();
        let before = (account.get_u32("ProxyEnable"), account.get_string("ProxyServer"));
        account.set_u32("ProxyEnable", 1).unwrap();
        account.set_string("ProxyServer", "account:1").unwrap();
        let first = super::super::read().into_iter().next().unwrap();
        assert_eq!((first.server.as_str(), first.place.contains("account")), ("account:1", true));
        let policy = LOCAL_MACHINE.create(POLICY).unwrap();
        policy.set_u32(PER_ACCOUNT, 0).unwrap();
        let all = super::super::read();
        policy.remove_value(PER_ACCOUNT).unwrap();
        assert!(all.iter().all(|found| found.server != "account:1"), "{all:?}");
        account.set_u32("ProxyEnable", before.0.unwrap_or(0)).unwrap();
        match before.1 {
            Ok(server) => account.set_string("ProxyServer", &server).unwrap(),
            Err(_) => account.remove_value("ProxyServer").unwrap(),
        }
    }
}
