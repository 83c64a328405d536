//! The options of ps(1) that choose columns. Which processes are listed is not theirs to say.

use super::column::{Column, UnknownColumn};

/// Options that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// An option that is not known.
    #[error(
        "`{0}` is not an option that `top` knows: give those of `ps`, such as `-ef`, `aux` or `-o pid,comm`"
    )]
    Unknown(String),
    /// A list of columns that is missing.
    #[error("`{0}` needs a list of columns, such as `pid,comm`")]
    NoList(String),
    /// A column that is not known.
    #[error(transparent)]
    Column(#[from] UnknownColumn),
    /// Docker's rule: without it a row cannot be told from another.
    #[error("the list of columns has no `pid`")]
    NoPid,
}

const SHORT: [&str; 4] = ["pid", "tname", "time", "ucmd"];
const FULL: [&str; 8] = ["user=UID", "pid", "ppid", "c", "stime", "tname", "time", "cmd"];
const LONG: [&str; 11] = ["stat", "uid", "pid", "ppid", "c", "pri", "ni", "vsz", "tname", "time", "ucmd"];
const BSD: [&str; 5] = ["pid", "tty", "stat", "bsdtime", "args"];
const BSD_USER: [&str; 11] =
    ["user", "pid", "%cpu", "%mem", "vsz", "rss", "tname", "stat", "start_time", "bsdtime", "args"];

/// The columns that options ask for.
pub(super) fn columns(options: &[String]) -> Result<Vec<Column>, OptionsError> {
    if options.is_empty() {
        return preset(&FULL);
    }
    let mut listed: Vec<Column> = Vec::new();
    let mut chosen: &[&str] = &SHORT;
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        let letters = match option.strip_prefix("--") {
            Some(long) => match long.split_once('=').map_or(long, |(name, _)| name) {
                "format" => "o",
                _ => return Err(OptionsError::Unknown(option.clone())),
            },
            None => option.strip_prefix('-').unwrap_or(option),
        };
        let is_bsd = !option.starts_with('-');
        let (letters, list) = split_list(option, letters, &mut rest)?;
        if is_bsd {
            chosen = &BSD;
        }
        for letter in letters.chars() {
            match letter {
                'f' | 'F' if !is_bsd => chosen = &FULL,
                'l' if !is_bsd => chosen = &LONG,
                'u' if is_bsd => chosen = &BSD_USER,
                // Which processes, how wide: there is but one choice.
                'e' | 'A' | 'a' | 'x' | 'd' | 'w' | 'f' => {}
                _ => return Err(OptionsError::Unknown(option.clone())),
            }
        }
        for name in list.iter().flat_map(|list| list.split([',', ' '])).filter(|name| !name.is_empty()) {
            listed.push(Column::new(name)?);
        }
    }
    let columns = if listed.is_empty() { preset(chosen)? } else { listed };
    if columns.iter().any(Column::is_pid) { Ok(columns) } else { Err(OptionsError::NoPid) }
}

/// Letters up to an `o`, and the list that follows it: in the same word or as the next.
fn split_list<'a>(
    option: &'a str,
    letters: &'a str,
    rest: &mut std::slice::Iter<'a, String>,
) -> Result<(&'a str, Option<&'a str>), OptionsError> {
    if let Some((_, list)) = option.strip_prefix("--").and_then(|long| long.split_once('=')) {
        return Ok(("", Some(list)));
    }
    match letters.split_once('o') {
        None => Ok((letters, None)),
        Some((before, "")) => {
            let list = rest.next().ok_or_else(|| OptionsError::NoList(option.to_owned()))?;
            Ok((before, Some(list)))
        }
        Some((before, list)) => Ok((before, Some(list))),
    }
}

fn preset(names: &[&str]) -> Result<Vec<Column>, OptionsError> {
    Ok(names.iter().map(|name| Column::new(name)).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(options: &[&str]) -> Result<String, OptionsError> {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let columns = columns(&options)?;
        Ok(columns.iter().map(|column| column.title.as_str()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn options_are_those_of_ps() {
        let full = "UID PID PPID C STIME TTY TIME CMD";
        for options in [&[][..], &["-ef"], &["-e", "-f"], &["-fA"]] {
            assert_eq!(titles(options).as_deref(), Ok(full));
        }
        let user = "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND";
        assert_eq!(titles(&["aux"]).as_deref(), Ok(user));
        assert_eq!(titles(&["-e"]).as_deref(), Ok("PID TTY TIME CMD"));
        assert_eq!(titles(&["-o", "pid,comm"]).as_deref(), Ok("PID COMMAND"));
        assert_eq!(titles(&["-eopid,ppid", "-o", "user=WHO"]).as_deref(), Ok("PID PPID WHO"));
        assert_eq!(titles(&["--format=pid,args"]).as_deref(), Ok("PID COMMAND"));
    }

    #[test]
    fn what_cannot_be_listed_is_refused() {
        assert_eq!(titles(&["-o", "comm"]), Err(OptionsError::NoPid));
        assert_eq!(titles(&["-Z"]), Err(OptionsError::Unknown("-Z".to_owned())));
        assert_eq!(titles(&["-o"]), Err(OptionsError::NoList("-o".to_owned())));
        assert!(matches!(titles(&["-o", "pid,nonsense"]), Err(OptionsError::Column(_))));
    }
}
