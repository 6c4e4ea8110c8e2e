//! Accounts and access lists of Windows, behind safe functions. Identifiers are in their
//! text form (`S-1-5-18`), access lists are written in the security descriptor definition
//! language; both as Microsoft's documentation of the Windows API has them.

use std::ffi::c_void;
use std::io;
use std::os::windows::ffi::OsStrExt as _;
use std::path::Path;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{CloseHandle, ERROR_SUCCESS, HANDLE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW,
    ConvertStringSidToSidW, GetNamedSecurityInfoW, GetSecurityInfo, SDDL_REVISION_1,
    SE_FILE_OBJECT, SE_KERNEL_OBJECT, SetNamedSecurityInfoW,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, GetAce,
    GetSecurityDescriptorDacl, GetSecurityDescriptorOwner, GetTokenInformation, INHERIT_ONLY_ACE,
    LookupAccountNameW, LookupAccountSidW, OWNER_SECURITY_INFORMATION,
    PROTECTED_DACL_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID, SECURITY_ATTRIBUTES,
    TOKEN_ELEVATION, TOKEN_INFORMATION_CLASS, TOKEN_OWNER, TOKEN_QUERY, TOKEN_USER, TokenElevation,
    TokenOwner, TokenUser,
};
use windows_sys::Win32::Storage::FileSystem::CreateDirectoryW;
use windows_sys::Win32::System::Services::SetServiceObjectSecurity;
use windows_sys::Win32::System::SystemServices::ACCESS_ALLOWED_ACE_TYPE;
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

/// The system itself.
pub(super) const SYSTEM: &str = "S-1-5-18";
/// The group of administrators.
pub(super) const ADMINISTRATORS: &str = "S-1-5-32-544";
/// Whoever makes something in a folder; on the folder itself it stands for nobody.
pub(super) const CREATOR_OWNER: &str = "S-1-3-0";
/// The owner of the thing itself.
pub(super) const OWNER_RIGHTS: &str = "S-1-3-4";

/// Who owns a thing, and who may do what with it.
#[derive(Debug)]
pub(super) struct AccessList {
    /// The owner.
    pub(super) owner: String,
    /// What is allowed, in the order of the list. What is denied is left out: it takes away
    /// from this.
    pub(super) allowed: Vec<Allowed>,
}

/// One entry of an access list.
#[derive(Debug)]
pub(super) struct Allowed {
    /// Who.
    pub(super) sid: String,
    /// What, as the bits of an access mask.
    pub(super) mask: u32,
}

/// Everybody, to whom a thing without an access list is open.
const EVERYONE: &str = "S-1-1-0";

/// Memory that the system allocated.
struct Local(*mut c_void);

impl Drop for Local {
    #[expect(unsafe_code, reason = "the Windows API")]
    fn drop(&mut self) {
        // SAFETY: the system allocated it for us with LocalAlloc, and nobody else frees it.
        unsafe {
            LocalFree(self.0);
        }
    }
}

/// A handle that is ours to close.
struct Owned(HANDLE);

impl Drop for Owned {
    #[expect(unsafe_code, reason = "the Windows API")]
    fn drop(&mut self) {
        // SAFETY: the handle is open and ours.
        unsafe {
            CloseHandle(self.0);
        }
    }
}

/// This process, as the owner of things.
#[derive(Debug)]
pub(super) struct Own {
    /// The account that it runs as.
    pub(super) account: String,
    /// Who owns what it makes: the account, or the administrators where it is one of them
    /// and acts as one.
    pub(super) owner: String,
}

impl Own {
    /// Asks the system.
    ///
    /// # Errors
    /// Those of the system.
    #[expect(unsafe_code, reason = "the Windows API")]
    pub(super) fn of_this_process() -> io::Result<Self> {
        let token = own_token()?;
        let account = told_of(&token, TokenUser)?;
        let owner = told_of(&token, TokenOwner)?;
        // SAFETY: the system has written a TOKEN_USER and a TOKEN_OWNER, whose identifiers
        // are in the same buffers.
        unsafe {
            Ok(Self {
                account: text_of((*account.as_ptr().cast::<TOKEN_USER>()).User.Sid)?,
                owner: text_of((*owner.as_ptr().cast::<TOKEN_OWNER>()).Owner)?,
            })
        }
    }
}

/// Whether this process has the rights of an administrator, or could have no more.
///
/// # Errors
/// Those of the system.
pub(super) fn is_elevated() -> io::Result<bool> {
    let elevation = told_of(&own_token()?, TokenElevation)?;
    // SAFETY: the system has written a TOKEN_ELEVATION.
    #[expect(unsafe_code, reason = "the Windows API")]
    let elevation = unsafe { *elevation.as_ptr().cast::<TOKEN_ELEVATION>() };
    Ok(elevation.TokenIsElevated != 0)
}

/// What the token of this process is asked for.
fn own_token() -> io::Result<Owned> {
    let mut token = null_mut();
    // SAFETY: the pseudo handle is always valid; `token` takes a handle, which is owned below.
    #[expect(unsafe_code, reason = "the Windows API")]
    let opened = unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) };
    if opened == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Owned(token))
}

/// What the token says of an account: a structure and, behind it, an identifier, the longest
/// of which has 68 bytes.
#[expect(unsafe_code, reason = "the Windows API")]
fn told_of(token: &Owned, what: TOKEN_INFORMATION_CLASS) -> io::Result<Box<[u64; 32]>> {
    let mut buffer = Box::new([0_u64; 32]);
    let mut length = 0;
    // SAFETY: the buffer has the size that is given, and is aligned for the pointers in it.
    let told = unsafe {
        GetTokenInformation(
            token.0,
            what,
            buffer.as_mut_ptr().cast(),
            size_of_val(&*buffer) as u32,
            &raw mut length,
        )
    };
    if told == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(buffer)
}

/// The identifier of an account or a group of this machine.
///
/// # Errors
/// Those of the system; there may be none of this name.
#[expect(unsafe_code, reason = "the Windows API")]
pub(super) fn sid_of_name(name: &str) -> io::Result<String> {
    let name = wide(name.as_ref());
    let (mut sid, mut domain) = ([0_u64; 16], [0_u16; 256]);
    let (mut sid_length, mut domain_length) = (size_of_val(&sid) as u32, domain.len() as u32);
    let mut kind = 0;
    // SAFETY: the name ends with a zero, and the buffers have the sizes that are given.
    let found = unsafe {
        LookupAccountNameW(
            null(),
            name.as_ptr(),
            sid.as_mut_ptr().cast(),
            &raw mut sid_length,
            domain.as_mut_ptr(),
            &raw mut domain_length,
            &raw mut kind,
        )
    };
    if found == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the system has written an identifier.
    unsafe { text_of(sid.as_mut_ptr().cast()) }
}

/// The name of an account for people; its identifier where it has none.
#[expect(unsafe_code, reason = "the Windows API")]
pub(super) fn name_of(sid: &str) -> String {
    let mut binary = null_mut();
    let text = wide(sid.as_ref());
    // SAFETY: the text ends with a zero; what is allocated is freed below.
    if unsafe { ConvertStringSidToSidW(text.as_ptr(), &raw mut binary) } == 0 {
        return sid.to_owned();
    }
    let binary = Local(binary);
    let (mut name, mut domain) = ([0_u16; 256], [0_u16; 256]);
    let (mut name_length, mut domain_length) = (name.len() as u32, domain.len() as u32);
    let mut kind = 0;
    // SAFETY: the identifier is valid, and the buffers have the sizes that are given.
    let found = unsafe {
        LookupAccountSidW(
            null(),
            binary.0,
            name.as_mut_ptr(),
            &raw mut name_length,
            domain.as_mut_ptr(),
            &raw mut domain_length,
            &raw mut kind,
        )
    };
    if found == 0 {
        return sid.to_owned();
    }
    let text = |buffer: &[u16], length: u32| {
        String::from_utf16_lossy(&buffer[..(length as usize).min(buffer.len())])
    };
    match (text(&domain, domain_length), text(&name, name_length)) {
        (domain, name) if domain.is_empty() => name,
        (domain, name) => format!(r"{domain}\{name}"),
    }
}

/// Makes a folder that has the access list `sddl` from its first moment.
///
/// # Errors
/// Those of the system; `AlreadyExists` among them.
#[expect(unsafe_code, reason = "the Windows API")]
pub(super) fn create_folder(folder: &Path, sddl: &str) -> io::Result<()> {
    let descriptor = descriptor_of(sddl)?;
    let attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.0,
        bInheritHandle: 0,
    };
    let folder = wide(folder.as_os_str());
    // SAFETY: the path ends with a zero; descriptor and attributes live through the call.
    if unsafe { CreateDirectoryW(folder.as_ptr(), &raw const attributes) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Gives the file or folder at `path` the access list of `sddl` and no other, and its owner
/// where `sddl` names one.
///
/// # Errors
/// Those of the system.
#[expect(unsafe_code, reason = "the Windows API")]
pub(super) fn set_access(path: &Path, sddl: &str) -> io::Result<()> {
    let descriptor = descriptor_of(sddl)?;
    let (mut owner, mut list): (PSID, *mut ACL) = (null_mut(), null_mut());
    let (mut present, mut defaulted) = (0, 0);
    // SAFETY: the descriptor is valid; what the two point to is in it and lives as long.
    let read = unsafe {
        GetSecurityDescriptorOwner(descriptor.0, &raw mut owner, &raw mut defaulted) != 0
            && GetSecurityDescriptorDacl(
                descriptor.0,
                &raw mut present,
                &raw mut list,
                &raw mut defaulted,
            ) != 0
    };
    if !read {
        return Err(io::Error::last_os_error());
    }
    let mut what = DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
    if !owner.is_null() {
        what |= OWNER_SECURITY_INFORMATION;
    }
    let path = wide(path.as_os_str());
    // SAFETY: the path ends with a zero, and the descriptor lives through the call.
    let answer = unsafe {
        SetNamedSecurityInfoW(path.as_ptr(), SE_FILE_OBJECT, what, owner, null_mut(), list, null())
    };
    of_answer(answer)
}

/// Gives a service the access list of `sddl` and no other. `service` is open for that.
///
/// # Errors
/// Those of the system.
#[expect(unsafe_code, reason = "the Windows API")]
pub(super) fn set_service_access(service: HANDLE, sddl: &str) -> io::Result<()> {
    let descriptor = descriptor_of(sddl)?;
    // SAFETY: the handle is open, and the descriptor lives through the call.
    let done =
        unsafe { SetServiceObjectSecurity(service, DACL_SECURITY_INFORMATION, descriptor.0) };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Who owns the file or folder at `path`, and who may do what with it.
///
/// # Errors
/// Those of the system.
#[expect(unsafe_code, reason = "the Windows API")]
pub(super) fn access_of(path: &Path) -> io::Result<AccessList> {
    let path = wide(path.as_os_str());
    let (mut owner, mut list, mut descriptor) = (null_mut(), null_mut(), null_mut());
    // SAFETY: the path ends with a zero; what is allocated is freed below.
    of_answer(unsafe {
        GetNamedSecurityInfoW(
            path.as_ptr(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
            &raw mut owner,
            null_mut(),
            &raw mut list,
            null_mut(),
            &raw mut descriptor,
        )
    })?;
    let _descriptor = Local(descriptor);
    // SAFETY: owner and list are in the descriptor, which lives to the end of this function.
    unsafe { Ok(AccessList { owner: text_of(owner)?, allowed: entries_of(list)? }) }
}

/// Who owns what `handle` is open on: a pipe, for example.
///
/// # Errors
/// Those of the system.
#[expect(unsafe_code, reason = "the Windows API")]
pub(super) fn owner_of_handle(handle: HANDLE) -> io::Result<String> {
    let (mut owner, mut descriptor) = (null_mut(), null_mut());
    // SAFETY: the handle is open; what is allocated is freed below.
    of_answer(unsafe {
        GetSecurityInfo(
            handle,
            SE_KERNEL_OBJECT,
            OWNER_SECURITY_INFORMATION,
            &raw mut owner,
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut descriptor,
        )
    })?;
    let _descriptor = Local(descriptor);
    // SAFETY: the owner is in the descriptor.
    unsafe { text_of(owner) }
}

/// # Safety
/// `list` is null or a valid access list.
#[expect(unsafe_code, reason = "the Windows API")]
unsafe fn entries_of(list: *mut ACL) -> io::Result<Vec<Allowed>> {
    if list.is_null() {
        return Ok(vec![Allowed { sid: EVERYONE.to_owned(), mask: u32::MAX }]);
    }
    let mut allowed = Vec::new();
    // SAFETY: the list is valid.
    for index in 0..u32::from(unsafe { (*list).AceCount }) {
        let mut entry = null_mut();
        // SAFETY: the index is below the count.
        if unsafe { GetAce(list, index, &raw mut entry) } == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: every entry begins with a header.
        let header = unsafe { &*entry.cast::<ACE_HEADER>() };
        if u32::from(header.AceType) != ACCESS_ALLOWED_ACE_TYPE
            || u32::from(header.AceFlags) & INHERIT_ONLY_ACE != 0
        {
            continue;
        }
        let entry = entry.cast::<ACCESS_ALLOWED_ACE>();
        // SAFETY: an entry of this type has a mask, and behind it an identifier.
        unsafe {
            let sid = (&raw mut (*entry).SidStart).cast();
            allowed.push(Allowed { sid: text_of(sid)?, mask: (*entry).Mask });
        }
    }
    Ok(allowed)
}

/// # Safety
/// `sid` is a valid identifier.
#[expect(unsafe_code, reason = "the Windows API")]
unsafe fn text_of(sid: PSID) -> io::Result<String> {
    let mut text = null_mut();
    // SAFETY: the identifier is valid; what is allocated is freed below.
    if unsafe { ConvertSidToStringSidW(sid, &raw mut text) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let _text = Local(text.cast());
    // SAFETY: the system has written a text that ends with a zero.
    let units = unsafe {
        let length = (0..).take_while(|&at| *text.add(at) != 0).count();
        std::slice::from_raw_parts(text, length)
    };
    Ok(String::from_utf16_lossy(units))
}

#[expect(unsafe_code, reason = "the Windows API")]
fn descriptor_of(sddl: &str) -> io::Result<Local> {
    let text = wide(sddl.as_ref());
    let mut descriptor: PSECURITY_DESCRIPTOR = null_mut();
    // SAFETY: the text ends with a zero; what is allocated is freed when it is dropped.
    let made = unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            text.as_ptr(),
            SDDL_REVISION_1,
            &raw mut descriptor,
            null_mut(),
        )
    };
    if made == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Local(descriptor))
}

fn of_answer(answer: u32) -> io::Result<()> {
    if answer == ERROR_SUCCESS {
        return Ok(());
    }
    Err(io::Error::from_raw_os_error(answer.cast_signed()))
}

/// With a zero at the end.
pub(super) fn wide(text: &std::ffi::OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_an_account() {
        let own = Own::of_this_process().unwrap();
        assert!(own.account.starts_with("S-1-5-") && own.owner.starts_with("S-1-5-"), "{own:?}");
    }

    #[test]
    fn well_known_accounts_have_names() {
        assert!(name_of(SYSTEM).to_lowercase().contains("system"), "{}", name_of(SYSTEM));
        assert_eq!(name_of("S-1-5-80-1-2-3-4-5"), "S-1-5-80-1-2-3-4-5");
        assert_eq!(name_of("nobody"), "nobody");
    }

    #[test]
    fn an_access_list_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("x");
        let Own { account: own, owner } = Own::of_this_process().unwrap();
        create_folder(&folder, &format!("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;{own})")).unwrap();
        let exists = create_folder(&folder, "D:P(A;;FA;;;SY)").unwrap_err();
        assert_eq!(exists.kind(), io::ErrorKind::AlreadyExists);
        let list = access_of(&folder).unwrap();
        assert_eq!(list.owner, owner);
        assert!(list.allowed.iter().any(|entry| entry.sid == own), "{list:?}");
        set_access(&folder, "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;WD)").unwrap();
        let list = access_of(&folder).unwrap();
        assert!(list.allowed.iter().any(|entry| entry.sid == EVERYONE), "{list:?}");
        let error = set_access(&folder, "no access list").unwrap_err();
        assert!(error.raw_os_error().is_some(), "{error}");
    }
}
