//! COPY and ADD.

use super::Diagnostic;
use super::flags::Known;
use super::heredoc::opening;
use super::instruction::{Remote, Transfer};
use super::source::Located;
use super::syntax::Reader;
use super::words::Word;

const COPY_FLAGS: [Known; 6] = [
    Known::text("from"),
    Known::text("chown"),
    Known::text("chmod"),
    Known::switch("link"),
    Known::switch("parents"),
    Known::many("exclude"),
];

const ADD_FLAGS: [Known; 7] = [
    Known::text("chown"),
    Known::text("chmod"),
    Known::switch("link"),
    Known::switch("unpack"),
    Known::many("exclude"),
    Known::text("checksum"),
    Known::switch("keep-git-dir"),
];

/// Reads COPY, or ADD where `is_add`.
pub(super) fn transfer(
    reader: &Reader<'_>,
    arguments: Word<'_>,
    is_add: bool,
) -> Result<Transfer, Diagnostic> {
    let known: &[Known] = if is_add { &ADD_FLAGS } else { &COPY_FLAGS };
    let mut flags = reader.flags(arguments, known)?;
    let mut sources = reader.list(flags.rest, 2)?;
    let destination = sources.pop().expect("the list has two elements at least");
    let heredocs = reader.line.heredocs.clone();
    if !heredocs.is_empty() {
        if opening(&destination.value).is_some() {
            return Err(reader.source.error(destination.span, "a here-document cannot be the destination"));
        }
        sources.retain(|source| opening(&source.value).is_none());
    }
    let from = flags.take("from");
    refuse_variable(reader, from.as_ref())?;
    let unpack = flags.take("unpack").map(|value| value.value == "true");
    Ok(Transfer {
        sources,
        heredocs,
        destination,
        from,
        chown: flags.take("chown"),
        chmod: flags.take("chmod"),
        is_linked: flags.take_switch("link"),
        parents: flags.take_switch("parents"),
        excludes: flags.take_all("exclude").into_iter().map(|pattern| pattern.value).collect(),
        remote: is_add.then(|| Remote {
            unpack,
            checksum: flags.take("checksum"),
            keeps_git: flags.take_switch("keep-git-dir"),
        }),
    })
}

fn refuse_variable(reader: &Reader<'_>, from: Option<&Located<String>>) -> Result<(), Diagnostic> {
    match from {
        Some(from) if from.value.contains('$') => {
            let hint = "name a stage with `FROM image AS name` and copy from that";
            Err(reader.hint(from.span, "variables are not expanded in `--from`", hint))
        }
        _ => Ok(()),
    }
}
