//! What there is to draw with.

/// Whether something other than the processor can draw. Costs a look into a folder, where
/// asking the drivers takes a tenth of a second.
pub fn has_device() -> bool {
    os::has_device()
}

#[cfg(unix)]
mod os {
    use std::path::Path;

    /// A render node of the kernel, or the graphics card that Windows lends to its Linux.
    pub(super) fn has_device() -> bool {
        Path::new("/dev/dxg").exists() || has_render_node(Path::new("/dev/dri"))
    }

    fn has_render_node(folder: &Path) -> bool {
        let Ok(entries) = folder.read_dir() else { return false };
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("renderD"))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_render_node_is_a_device_and_a_display_alone_is_none() {
            let folder = tempfile::tempdir().unwrap();
            assert!(!has_render_node(&folder.path().join("missing")));
            std::fs::File::create_new(folder.path().join("card0")).unwrap();
            assert!(!has_render_node(folder.path()));
            std::fs::File::create_new(folder.path().join("renderD128")).unwrap();
            assert!(has_render_node(folder.path()));
        }
    }
}

#[cfg(windows)]
mod os {
    /// Direct3D is there everywhere, over Remote Desktop too.
    pub(super) fn has_device() -> bool {
        true
    }
}
