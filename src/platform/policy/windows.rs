//! The values that Group Policy writes under our own key of the registry.

use std::io;
use std::ptr::null;

use windows_registry::{Key, LOCAL_MACHINE, Type, Value};
use windows_sys::Win32::Foundation::{
    CloseHandle, ERROR_SUCCESS, FALSE, HANDLE, TRUE, WAIT_OBJECT_0,
};
use windows_sys::Win32::System::Registry::{
    REG_NOTIFY_CHANGE_LAST_SET, REG_NOTIFY_CHANGE_NAME, RegNotifyChangeKeyValue,
};
use windows_sys::Win32::System::Threading::{CreateEventW, WaitForSingleObject};

use super::{ALLOW_HYBRID_CONNECTIONS, ALLOWED_ENDPOINTS, PolicyEntry, PolicyValues, numbered};
use crate::platform::product::POLICY_KEY;

/// What is watched: our key may not be there yet.
const POLICIES: &str = r"SOFTWARE\Policies";
/// How long one wait takes at the most, in milliseconds: nobody may listen any more.
const LONGEST_WAIT: u32 = 30_000;
/// `ERROR_FILE_NOT_FOUND` as an HRESULT: the key or the value is missing.
const MISSING: i32 = 0x8007_0002_u32.cast_signed();

/// Hears of changes under [`POLICIES`]. Stays on one thread: Windows forgets what a thread
/// has asked for when that thread ends.
pub(super) struct Watch {
    /// The key, and the event that Windows sets.
    told: Option<(Key, Event)>,
    armed: bool,
}

impl Watch {
    pub(super) fn begin() -> Self {
        Self::under(LOCAL_MACHINE, POLICIES)
    }

    fn under(root: &Key, path: &str) -> Self {
        let told = root.open(path).ok().zip(Event::new());
        if told.is_none() {
            tracing::debug!("the system does not tell changes of the policy");
        }
        Self { told, armed: false }
    }

    /// Asks to be told of the next change.
    pub(super) fn arm(&mut self) {
        let Some((key, event)) = self.told.as_ref().filter(|_| !self.armed) else { return };
        let what = REG_NOTIFY_CHANGE_NAME | REG_NOTIFY_CHANGE_LAST_SET;
        // SAFETY: the key and the event are open, and stay so while Windows may use them.
        #[expect(unsafe_code, reason = "the Windows API")]
        let answer = unsafe { RegNotifyChangeKeyValue(key.as_raw(), TRUE, what, event.0, TRUE) };
        self.armed = answer == ERROR_SUCCESS;
    }

    /// Waits for a change, for a while. True when there may be one.
    pub(super) fn wait(&mut self) -> bool {
        match &self.told {
            Some((_, event)) if self.armed => {
                let told = event.wait(LONGEST_WAIT);
                self.armed &= !told;
                told
            }
            _ => {
                std::thread::sleep(std::time::Duration::from_millis(LONGEST_WAIT.into()));
                true
            }
        }
    }
}

/// An event that one wait resets.
struct Event(HANDLE);

impl Event {
    fn new() -> Option<Self> {
        // SAFETY: no pointer is given.
        #[expect(unsafe_code, reason = "the Windows API")]
        let event = unsafe { CreateEventW(null(), FALSE, FALSE, null()) };
        (!event.is_null()).then_some(Self(event))
    }

    fn wait(&self, milliseconds: u32) -> bool {
        // SAFETY: the event is open.
        #[expect(unsafe_code, reason = "the Windows API")]
        let answer = unsafe { WaitForSingleObject(self.0, milliseconds) };
        answer == WAIT_OBJECT_0
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event is open, and nobody has it any more.
        #[expect(unsafe_code, reason = "the Windows API")]
        unsafe {
            CloseHandle(self.0);
        }
    }
}

pub(super) fn read() -> PolicyValues {
    read_key(LOCAL_MACHINE, POLICY_KEY, format!(r"HKEY_LOCAL_MACHINE\{POLICY_KEY}"))
}

fn read_key(root: &Key, path: &str, place: String) -> PolicyValues {
    let read = found(root.open(path)).and_then(|key| match key {
        Some(key) => Ok(Some((allow(&key), endpoints(&key)?))),
        None => Ok(None),
    });
    match read {
        Ok(None) => PolicyValues::default(),
        Ok(Some((allow, endpoints))) => PolicyValues { place, unreadable: None, allow, endpoints },
        Err(problem) => PolicyValues::unreadable(place, problem),
    }
}

fn allow(key: &Key) -> Option<Result<bool, String>> {
    let number = |value: Value| match value.ty() {
        Type::U32 => u32::try_from(value).map_err(|error| io::Error::from(error).to_string()),
        _ => Err("it is no REG_DWORD".to_owned()),
    };
    let value = found(key.get_value(ALLOW_HYBRID_CONNECTIONS)).transpose()?;
    Some(value.and_then(number).map(|number| number != 0))
}

/// The list as one value, as values of a key of its own (as Group Policy writes it), or both.
/// A key of its own without values is no list: Group Policy leaves it behind.
fn endpoints(key: &Key) -> Result<Option<Vec<PolicyEntry>>, String> {
    let mut entries = match found(key.get_value(ALLOWED_ENDPOINTS))? {
        None => None,
        Some(value) if value.ty() == Type::MultiString => {
            let texts = Vec::<String>::try_from(value).unwrap_or_default();
            Some(numbered(texts.into_iter().filter(|text| !text.is_empty())))
        }
        Some(_) => Some(vec![PolicyEntry {
            name: ALLOWED_ENDPOINTS.to_owned(),
            text: Err("it is no REG_MULTI_SZ".to_owned()),
        }]),
    };
    if let Some(list) = found(key.open(ALLOWED_ENDPOINTS))? {
        let values = list.values().map_err(|error| io::Error::from(error).to_string())?;
        for (name, value) in values {
            let text = String::try_from(value).map_err(|_| "it is no REG_SZ".to_owned());
            let name = format!(r"{ALLOWED_ENDPOINTS}\{name}");
            entries.get_or_insert_default().push(PolicyEntry { name, text });
        }
    }
    Ok(entries)
}

/// `None` for what is missing.
fn found<T>(result: windows_registry::Result<T>) -> Result<Option<T>, String> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code().0 == MISSING => Ok(None),
        Err(error) => Err(io::Error::from(error).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use windows_registry::CURRENT_USER;

    use super::*;

    /// A key of this test, gone with it.
    struct TestKey {
        path: String,
        key: Key,
    }

    impl TestKey {
        fn new(name: &str) -> Self {
            let path =
                format!(r"Software\Hybrid Connection Manager test {name} {}", std::process::id());
            Self { key: CURRENT_USER.create(&path).unwrap(), path }
        }

        fn read(&self) -> PolicyValues {
            read_key(CURRENT_USER, &self.path, "there".to_owned())
        }
    }

    impl Drop for TestKey {
        fn drop(&mut self) {
            CURRENT_USER.remove_tree(&self.path).unwrap();
        }
    }

    fn texts(values: &PolicyValues) -> Vec<(&str, Result<&str, &str>)> {
        let entries = values.endpoints.iter().flatten();
        entries
            .map(|entry| (entry.name.as_str(), entry.text.as_deref().map_err(String::as_str)))
            .collect()
    }

    #[test]
    fn no_key_is_no_policy_and_neither_is_a_list_that_group_policy_left_behind() {
        let nowhere = read_key(CURRENT_USER, r"Software\no such key of ours", String::new());
        assert_eq!(nowhere, PolicyValues::default());
        let test = TestKey::new("none");
        test.key.create(ALLOWED_ENDPOINTS).unwrap();
        let values = test.read();
        assert_eq!((values.place.as_str(), values.allow, values.endpoints), ("there", None, None));
    }

    #[test]
    fn both_forms_of_the_list_count() {
        let test = TestKey::new("list");
        test.key.set_u32(ALLOW_HYBRID_CONNECTIONS, 0).unwrap();
        test.key.set_multi_string(ALLOWED_ENDPOINTS, &["a:1", "b:2"]).unwrap();
        let list = test.key.create(ALLOWED_ENDPOINTS).unwrap();
        list.set_string("1", "c:3").unwrap();
        list.set_u32("2", 4).unwrap();
        let values = test.read();
        assert_eq!((values.unreadable.as_ref(), values.allow.as_ref()), (None, Some(&Ok(false))));
        assert_eq!(
            texts(&values),
            [
                ("AllowedEndpoints, entry 1", Ok("a:1")),
                ("AllowedEndpoints, entry 2", Ok("b:2")),
                (r"AllowedEndpoints\1", Ok("c:3")),
                (r"AllowedEndpoints\2", Err("it is no REG_SZ")),
            ]
        );
        test.key.set_u32(ALLOW_HYBRID_CONNECTIONS, 1).unwrap();
        assert_eq!(test.read().allow, Some(Ok(true)));
    }

    #[test]
    fn each_change_is_told_once_it_was_asked_for() {
        let test = TestKey::new("watch");
        let mut watch = Watch::under(CURRENT_USER, &test.path);
        for number in 0..3 {
            watch.arm();
            watch.arm();
            // Below the key that is watched, and new at first.
            let list = test.key.create(ALLOWED_ENDPOINTS).unwrap();
            list.set_u32("1", number).unwrap();
            assert!(watch.wait(), "change {number}");
        }
        watch.arm();
        assert!(watch.armed && !watch.told.as_ref().unwrap().1.wait(0), "nothing has changed");
    }

    #[test]
    fn values_of_another_type_are_not_guessed_at() {
        let test = TestKey::new("types");
        test.key.set_string(ALLOW_HYBRID_CONNECTIONS, "1").unwrap();
        test.key.set_string(ALLOWED_ENDPOINTS, "a:1").unwrap();
        let values = test.read();
        assert_eq!(values.allow, Some(Err("it is no REG_DWORD".to_owned())));
        assert_eq!(texts(&values), [("AllowedEndpoints", Err("it is no REG_MULTI_SZ"))]);
        let empty: [&str; 0] = [];
        test.key.set_multi_string(ALLOWED_ENDPOINTS, &empty).unwrap();
        assert_eq!(test.read().endpoints, Some(vec![]), "a list that allows nothing");
    }
}
