//! Documents of a stranger: manifests, indexes and configurations are read, or refused.

#![no_main]

use engine::image::{Configuration, check_manifest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let _ = check_manifest(text);
    if let Ok(configuration) = Configuration::from_json(text) {
        // What was read is written, and read again the same.
        let written = configuration.to_json().expect("it has a JSON form");
        let again = Configuration::from_json(&written).expect("our own is read");
        assert_eq!(again, configuration);
    }
});
