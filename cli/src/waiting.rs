//! What is said to who has to wait for another command on the same project.

use crate::console::terminal::Terminal;
use crate::report;
use engine::state::lock::Holder;
use engine_spec::ProjectName;

/// Longer command lines are cut short.
const LONGEST_LINE: usize = 80;

/// Says for whom this command waits.
pub(crate) fn tell(project: &ProjectName, holder: Option<&Holder>, terminal: &Terminal) {
    let other = holder.map_or_else(|| "another command".to_owned(), describe);
    report::note(&format!("waiting for {other} to finish with project {project}"), terminal);
}

/// ``process 815 (`lighter up -d web`)``.
fn describe(holder: &Holder) -> String {
    let words: Vec<_> = holder.arguments.iter().map(|word| without_value(word)).collect();
    let line = words.join(" ");
    let line: String = match line.chars().count() > LONGEST_LINE {
        true => line.chars().take(LONGEST_LINE - 1).chain(['…']).collect(),
        false => line,
    };
    format!("process {} (`{line}`)", holder.pid)
}

/// The value of `-e PASSWORD=…` and `--build-arg=TOKEN=…` is nobody else's business.
fn without_value(word: &str) -> String {
    let option = if word.starts_with("--") { word.find('=').map_or(0, |place| place + 1) } else { 0 };
    match word[option..].find('=') {
        Some(place) => format!("{}=…", &word[..option + place]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_told_by_process_and_command_line_without_values() {
        let line = ["lighter", "run", "-e", "PASSWORD=secret", "--env=A=b", "--name=x", "web"];
        let holder = Holder { pid: 815, arguments: line.map(str::to_owned).to_vec() };
        let expected = "process 815 (`lighter run -e PASSWORD=… --env=A=… --name=x web`)";
        assert_eq!(describe(&holder), expected);
    }

    #[test]
    fn a_long_command_line_is_cut_short() {
        let holder = Holder { pid: 1, arguments: vec!["x".repeat(200)] };
        assert_eq!(describe(&holder), format!("process 1 (`{}…`)", "x".repeat(79)));
    }
}
