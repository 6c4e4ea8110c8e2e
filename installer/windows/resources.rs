//! What Windows reads of a program besides its code: icon, version and manifest.

fn main() {
    println!("cargo:rerun-if-changed=installer/windows/resources.rs");
}
