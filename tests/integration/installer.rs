//! Holds the names of the installer for Windows to those of the code.

use std::fs;
use std::path::Path;

use hybrid_connection_manager::platform::event_log::EventId;
use hybrid_connection_manager::platform::product;

fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("installer/windows").join(file);
    fs::read_to_string(path).unwrap()
}

/// The value of a `<?define …?>` of the installer.
fn defined<'a>(text: &'a str, name: &str) -> &'a str {
    let start = format!("<?define {name} = \"");
    let (_, rest) = text.split_once(&start).unwrap_or_else(|| panic!("{name} is not defined"));
    rest.split('"').next().unwrap()
}

#[test]
fn the_installer_uses_the_names_of_the_code() {
    let names = text("product.wxi");
    for (name, expected) in [
        ("ProductName", product::PRODUCT_NAME.to_owned()),
        ("ServiceName", product::SERVICE_NAME.to_owned()),
        ("ServiceDisplayName", product::SERVICE_DISPLAY_NAME.to_owned()),
        ("UpgraderServiceName", product::UPGRADER_SERVICE_NAME.to_owned()),
        ("ServiceAccount", format!(r"NT SERVICE\{}", product::SERVICE_NAME)),
    ] {
        assert_eq!(defined(&names, name), expected, "{name}");
    }
}

#[test]
fn every_event_has_a_text_in_the_program() {
    let script = text("resources.rs");
    let (_, range) = script.split_once("EVENT_IDS: std::ops::RangeInclusive<u32> = ").unwrap();
    let (first, last) = range.split(';').next().unwrap().split_once("..=").unwrap();
    let range = first.parse::<u32>().unwrap()..=last.parse::<u32>().unwrap();
    for id in EventId::ALL {
        assert!(range.contains(&(id as u32)), "{id:?}");
    }
}
