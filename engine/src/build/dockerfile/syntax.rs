//! One line to one instruction.

use super::Diagnostic;
use super::flags::{Flags, Known};
use super::healthcheck::healthcheck;
use super::heredoc::{Heredoc, opening};
use super::instruction::{Argument, Command, Device, Instruction, Pair, Run};
use super::lines::LogicalLine;
use super::mount::mount;
use super::source::{Located, Source, Span};
use super::transfer::transfer;
use super::words::Word;
use engine_spec::BuildNetwork;

const RUN_FLAGS: [Known; 4] =
    [Known::text("network"), Known::many("mount"), Known::text("security"), Known::many("device")];

/// The line being read, and what it takes to speak about it.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    /// The file.
    pub(super) source: &'a Source,
    /// The line.
    pub(super) line: &'a LogicalLine,
    /// The file's escape character.
    pub(super) escape: char,
    /// The instruction's name in the file.
    pub(super) span: Span,
}

impl<'a> Reader<'a> {
    /// An error that knows what to do.
    pub(super) fn hint(&self, span: Span, message: impl Into<String>, hint: impl Into<String>) -> Diagnostic {
        Diagnostic { hint: Some(hint.into()), ..self.source.error(span, message) }
    }

    /// The flags in front of `arguments`.
    pub(super) fn flags<'w>(&self, arguments: Word<'w>, known: &[Known]) -> Result<Flags<'w>, Diagnostic> {
        Flags::parse(self.source, self.line, arguments, (known, self.escape))
    }

    /// `arguments` as one text, which must not be empty.
    fn whole(&self, arguments: Word<'_>) -> Result<Located<String>, Diagnostic> {
        if arguments.text.is_empty() {
            return Err(self.source.error(self.span, "the instruction needs an argument"));
        }
        Ok(self.line.located(arguments))
    }

    /// The elements of a JSON array, or `None` if `arguments` is no JSON array.
    fn json(&self, arguments: Word<'_>) -> Result<Option<Vec<String>>, Diagnostic> {
        if !arguments.text.starts_with('[') {
            return Ok(None);
        }
        let Ok(values) = serde_json::from_str::<Vec<serde_json::Value>>(arguments.text) else {
            return Ok(None);
        };
        let texts: Option<Vec<String>> =
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
        match texts {
            Some(texts) => Ok(Some(texts)),
            None => Err(self.hint(
                self.line.span(arguments),
                "the JSON form takes texts only",
                "put it in quotes",
            )),
        }
    }

    /// A JSON array's elements, or the words between blanks; at least `least`.
    pub(super) fn list(&self, arguments: Word<'_>, least: usize) -> Result<Vec<Located<String>>, Diagnostic> {
        let span = self.line.span(arguments);
        let items: Vec<Located<String>> = match self.json(arguments)? {
            Some(texts) => texts.into_iter().map(|value| Located { value, span }).collect(),
            None => arguments.split_blanks().into_iter().map(|word| self.line.located(word)).collect(),
        };
        if items.len() < least {
            let message = format!(
                "the instruction needs at least {least} argument{}",
                if least == 1 { "" } else { "s" }
            );
            return Err(self.source.error(self.span, message));
        }
        Ok(items)
    }

    /// A command in JSON or shell form.
    pub(super) fn command(&self, arguments: Word<'_>) -> Result<Command, Diagnostic> {
        match self.json(arguments)? {
            Some(texts) => Ok(Command::Exec(texts)),
            None => self.whole(arguments).map(|text| Command::Shell(text.value)),
        }
    }
}

/// Reads the arguments of the instruction `name`, one of the known ones.
pub(super) fn instruction(
    reader: &Reader<'_>,
    name: &str,
    rest: Word<'_>,
) -> Result<Instruction, Diagnostic> {
    let arguments = match name {
        "ADD" | "COPY" | "RUN" | "HEALTHCHECK" => rest,
        _ => reader.flags(rest, &[])?.rest,
    };
    Ok(match name {
        "ADD" => Instruction::Add(transfer(reader, arguments, true)?),
        "COPY" => Instruction::Copy(transfer(reader, arguments, false)?),
        "ARG" => Instruction::Arg(build_arguments(reader, arguments)?),
        "CMD" => Instruction::Cmd(reader.command(arguments)?),
        "ENTRYPOINT" => Instruction::Entrypoint(reader.command(arguments)?),
        "ENV" => Instruction::Env(pairs(reader, arguments)?),
        "LABEL" => Instruction::Label(pairs(reader, arguments)?),
        "EXPOSE" => Instruction::Expose(reader.list(arguments, 1)?),
        "VOLUME" => Instruction::Volume(volumes(reader, arguments)?),
        "HEALTHCHECK" => Instruction::Healthcheck(healthcheck(reader, arguments)?),
        "MAINTAINER" => Instruction::Maintainer(reader.whole(arguments)?.value),
        "ONBUILD" => Instruction::OnBuild(trigger(reader, arguments)?),
        "RUN" => Instruction::Run(run(reader, arguments)?),
        "SHELL" => Instruction::Shell(shell(reader, arguments)?),
        "STOPSIGNAL" => Instruction::StopSignal(reader.whole(arguments)?),
        "USER" => Instruction::User(reader.whole(arguments)?),
        "WORKDIR" => Instruction::Workdir(reader.whole(arguments)?),
        _ => return Err(reader.source.error(reader.span, format!("`{name}` cannot stand here"))),
    })
}

fn build_arguments(reader: &Reader<'_>, arguments: Word<'_>) -> Result<Vec<Argument>, Diagnostic> {
    let words = arguments.split_quoted(reader.escape);
    if words.is_empty() {
        return Err(reader.hint(reader.span, "ARG names nothing", "write `ARG name` or `ARG name=default`"));
    }
    words.into_iter().map(|word| build_argument(reader, word)).collect()
}

fn build_argument(reader: &Reader<'_>, word: Word<'_>) -> Result<Argument, Diagnostic> {
    let (name, default) = match word.text.find('=') {
        Some(equals) => {
            let (name, rest) = word.split_at(equals);
            (name, Some(Word::new(&rest.text[1..], rest.offset + 1)))
        }
        None => (word, None),
    };
    if name.text.is_empty() {
        return Err(reader.source.error(reader.line.span(word), "the argument has no name"));
    }
    Ok(Argument { name: reader.line.located(name), default: default.map(|word| reader.line.located(word)) })
}

/// `key=value …`, or the old `key rest of the line`.
fn pairs(reader: &Reader<'_>, arguments: Word<'_>) -> Result<Vec<Pair>, Diagnostic> {
    let words = arguments.split_quoted(reader.escape);
    let Some(first) = words.first() else {
        return Err(reader.hint(reader.span, "there is nothing to set", "write `key=value`"));
    };
    if !first.text.contains('=') {
        let value = arguments.split_at(first.text.len()).1;
        if value.text.is_empty() {
            return Err(reader.hint(reader.line.span(*first), "the value is missing", "write `key=value`"));
        }
        return Ok(vec![(reader.line.located(*first), reader.line.located(value))]);
    }
    words.into_iter().map(|word| pair(reader, word)).collect()
}

fn pair(reader: &Reader<'_>, word: Word<'_>) -> Result<Pair, Diagnostic> {
    let span = reader.line.span(word);
    match word.text.find('=') {
        Some(0) => Err(reader.source.error(span, "the name before `=` is missing")),
        Some(equals) => {
            let value = Word::new(&word.text[equals + 1..], word.offset + equals + 1);
            Ok((
                reader.line.located(Word::new(&word.text[..equals], word.offset)),
                reader.line.located(value),
            ))
        }
        None => {
            let hint = "write `key=value`, with quotes around blanks";
            Err(reader.hint(span, format!("there is no `=` in `{}`", word.text), hint))
        }
    }
}

fn volumes(reader: &Reader<'_>, arguments: Word<'_>) -> Result<Vec<Located<String>>, Diagnostic> {
    let volumes = reader.list(arguments, 1)?;
    match volumes.iter().find(|volume| volume.value.trim().is_empty()) {
        Some(empty) => Err(reader.source.error(empty.span, "a volume's path is empty")),
        None => Ok(volumes),
    }
}

fn shell(reader: &Reader<'_>, arguments: Word<'_>) -> Result<Vec<String>, Diagnostic> {
    match reader.json(arguments)? {
        Some(words) if !words.is_empty() => Ok(words),
        _ => Err(reader.hint(
            reader.span,
            "SHELL takes the JSON form only",
            "write `SHELL [\"/bin/bash\", \"-c\"]`",
        )),
    }
}

/// An instruction for later, checked now; here-documents stay with it.
fn trigger(reader: &Reader<'_>, arguments: Word<'_>) -> Result<String, Diagnostic> {
    let (name, rest) = arguments.split_first();
    let name = name.text.to_ascii_uppercase();
    if matches!(name.as_str(), "ONBUILD" | "FROM" | "MAINTAINER" | "") {
        return Err(reader.source.error(reader.span, format!("`ONBUILD {name}` is not allowed")));
    }
    instruction(reader, &name, rest)?;
    Ok(with_bodies(arguments.text, &reader.line.heredocs))
}

fn run(reader: &Reader<'_>, arguments: Word<'_>) -> Result<Run, Diagnostic> {
    let mut flags = reader.flags(arguments, &RUN_FLAGS)?;
    let network = flags.take("network").map(|network| network_mode(reader, &network)).transpose()?;
    let is_insecure = flags.take("security").map_or(Ok(false), |security| is_insecure(reader, &security))?;
    let mounts = flags.take_all("mount").iter().map(|flag| mount(reader, flag)).collect::<Result<_, _>>()?;
    let devices = flags.take_all("device").iter().map(device).collect();
    let command = match reader.command(flags.rest)? {
        Command::Shell(_) => Command::Shell(with_bodies(flags.rest.text, &reader.line.heredocs)),
        Command::Exec(words) if words.is_empty() => {
            return Err(reader.source.error(reader.line.span(flags.rest), "there is nothing to run"));
        }
        exec @ Command::Exec(_) => exec,
    };
    let is_script = opening(flags.rest.text).is_some() && flags.rest.split_quoted(reader.escape).len() == 1;
    let script = reader.line.heredocs.first().filter(|_| is_script).cloned();
    Ok(Run { command, script, network, mounts, is_insecure, devices })
}

fn network_mode(reader: &Reader<'_>, mode: &Located<String>) -> Result<BuildNetwork, Diagnostic> {
    match mode.value.as_str() {
        "default" => Ok(BuildNetwork::Default),
        "none" => Ok(BuildNetwork::None),
        "host" => Ok(BuildNetwork::Host),
        other => {
            let message = format!("`{other}` is not a network of build steps");
            Err(reader.hint(mode.span, message, "choose `default`, `none` or `host`"))
        }
    }
}

fn is_insecure(reader: &Reader<'_>, security: &Located<String>) -> Result<bool, Diagnostic> {
    match security.value.as_str() {
        "sandbox" => Ok(false),
        "insecure" => Ok(true),
        other => {
            let message = format!("`{other}` is not a security mode of build steps");
            Err(reader.hint(security.span, message, "choose `sandbox` or `insecure`"))
        }
    }
}

/// `vendor/class=name[,required]`.
fn device(flag: &Located<String>) -> Device {
    let mut fields = flag.value.split(',');
    let name = fields.next().unwrap_or_default().trim_start_matches("name=");
    let is_required = fields.any(|field| matches!(field, "required" | "required=true"));
    Device { name: Located { value: name.to_owned(), span: flag.span }, is_required }
}

/// `text` with its here-documents below it, as a shell reads them.
fn with_bodies(text: &str, heredocs: &[Heredoc]) -> String {
    heredocs.iter().fold(text.to_owned(), |text, heredoc| format!("{text}\n{}{}", heredoc.body, heredoc.name))
}
