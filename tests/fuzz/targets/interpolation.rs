//! A template and an env file of a stranger: replacing variables ends, with a value or with diagnostics.

#![no_main]

use compose::{Files, LoadOptions};
use libfuzzer_sys::fuzz_target;
use std::io;
use std::path::Path;

/// A project whose image is the template, and whose `.env` is what follows the first line feed.
struct Templates<'a> {
    file: Vec<u8>,
    variables: &'a [u8],
}

impl Files for Templates<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.to_str() {
            Some("/project/compose.yaml") => Ok(self.file.clone()),
            Some("/project/.env" | "/project/web.env") => Ok(self.variables.to_vec()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn exists(&self, path: &Path) -> bool {
        self.read(path).is_ok()
    }
}

fuzz_target!(|text: &str| {
    let (template, variables) = text.split_once('\n').unwrap_or((text, ""));
    let quoted = template.replace('\'', "''");
    let file = format!("services: {{web: {{image: '{quoted}', env_file: web.env, ports: ['{quoted}']}}}}");
    let options = LoadOptions {
        project_name: Some("fuzz".to_owned()),
        current_directory: "/project".into(),
        ..LoadOptions::default()
    };
    let files = Templates { file: file.into_bytes(), variables: variables.as_bytes() };
    match compose::load(&options, &files) {
        Ok(loaded) => {
            let _ = loaded.configuration.to_yaml(&|_| true);
            let _ = loaded.configuration.variable_uses();
            let _ = loaded.configuration.explain("services.web.image").map(|found| found.to_string());
        }
        Err(diagnostics) => drop(diagnostics.to_string()),
    }
});
