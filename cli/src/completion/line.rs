//! The options before the command, read from a line that is not finished.

use crate::args::GlobalArguments;

/// What the words so far say about the project; anything else is passed over.
pub(super) fn global(words: &[String]) -> GlobalArguments {
    let mut global = GlobalArguments::default();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let Some((option, joined)) = option(word) else { continue };
        let Some(value) = joined.or_else(|| words.next()).map(str::to_owned) else { break };
        match option {
            Known::File => global.files.push(value.into()),
            Known::ProjectName => global.project_name = Some(value),
            Known::Profile => global.profiles.push(value),
            Known::EnvFile => global.env_files.push(value.into()),
            Known::ProjectDirectory => global.project_directory = Some(value.into()),
        }
    }
    global
}

#[derive(Clone, Copy)]
enum Known {
    File,
    ProjectName,
    Profile,
    EnvFile,
    ProjectDirectory,
}

/// The option a word is, and the value that stands in the same word.
fn option(word: &str) -> Option<(Known, Option<&str>)> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) if name.starts_with("--") => (name, Some(value)),
        _ => (word, None),
    };
    let option = match name {
        "-f" | "--file" => Known::File,
        "-p" | "--project-name" => Known::ProjectName,
        "--profile" => Known::Profile,
        "--env-file" => Known::EnvFile,
        "--project-directory" | "--workdir" => Known::ProjectDirectory,
        _ => return None,
    };
    Some((option, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_in_both_forms_and_an_unfinished_one_is_passed_over() {
        let words = "-f a.yaml --profile=dev --file b.yaml -p demo logs -n 3 --env-file";
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let global = global(&words);
        assert_eq!(global.files, ["a.yaml", "b.yaml"].map(std::path::PathBuf::from));
        assert_eq!(global.profiles, ["dev"]);
        assert_eq!(global.project_name.as_deref(), Some("demo"));
        assert!(global.env_files.is_empty());
    }
}
