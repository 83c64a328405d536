//! What files mean, and where their errors point.

use super::{Source, parse};
use crate::build::dockerfile::{Command, Instruction, Pair};

/// Every instruction as one line, stage by stage.
fn outline(text: &str) -> Vec<String> {
    let file = parse(Source::new("Dockerfile", text)).unwrap_or_else(|error| panic!("{error}"));
    let mut lines = Vec::new();
    for stage in file.stages {
        lines.push(format!("from {} as {}", stage.base.value, stage.name.as_deref().unwrap_or("-")));
        lines.extend(stage.steps.into_iter().map(|step| describe(step.instruction)));
    }
    lines
}

fn describe(instruction: Instruction) -> String {
    let pairs = |pairs: Vec<Pair>| {
        pairs
            .into_iter()
            .map(|(key, value)| format!(" [{}]=[{}]", key.value, value.value))
            .collect::<String>()
    };
    match instruction {
        Instruction::Env(values) => format!("env{}", pairs(values)),
        Instruction::Label(values) => format!("label{}", pairs(values)),
        Instruction::Run(run) => match run.command {
            Command::Exec(words) => format!("run exec {words:?}"),
            Command::Shell(text) => format!("run shell {text}"),
        },
        Instruction::Cmd(Command::Exec(words)) => format!("cmd exec {words:?}"),
        Instruction::Cmd(Command::Shell(text)) => format!("cmd shell {text}"),
        Instruction::Copy(copy) => {
            let sources: Vec<_> = copy.sources.iter().map(|source| source.value.as_str()).collect();
            let from = copy.from.map(|from| format!(" from {}", from.value)).unwrap_or_default();
            format!("copy {sources:?} -> {}{from}", copy.destination.value)
        }
        Instruction::OnBuild(text) => format!("onbuild {text}"),
        Instruction::Healthcheck(probe) => {
            format!("healthcheck {:?}", probe.map(|probe| probe.timing.interval))
        }
        other => format!("{other:?}"),
    }
}

/// The error of `text` as shown.
fn refused(text: &str) -> String {
    match parse(Source::new("Dockerfile", text)) {
        Ok(file) => panic!("{text:?} was accepted: {file:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn stages_and_names_are_read_without_regard_to_case() {
    assert_eq!(
        outline("from golang:1 as Build\nrun make\nFROM scratch\nCOPY --from=build /a b/ c/"),
        [
            "from golang:1 as build",
            "run shell make",
            "from scratch as -",
            "copy [\"/a\", \"b/\"] -> c/ from build"
        ]
    );
}

#[test]
fn json_that_is_none_is_a_shell_line() {
    assert_eq!(
        outline("FROM a\nRUN [\"a\", \"b c\"]\nRUN ['a']\nCMD [\"a\"] x\nCMD []"),
        ["from a as -", "run exec [\"a\", \"b c\"]", "run shell ['a']", "cmd shell [\"a\"] x", "cmd exec []",]
    );
}

#[test]
fn pairs_keep_their_quotes_for_expansion() {
    assert_eq!(
        outline("FROM a\nENV a=1 b=\"x y\" c=\nENV old  the rest = of it\nLABEL \"k\"=v"),
        [
            "from a as -",
            "env [a]=[1] [b]=[\"x y\"] [c]=[]",
            "env [old]=[the rest = of it]",
            "label [\"k\"]=[v]"
        ]
    );
}

#[test]
fn heredocs_are_handed_to_the_shell_with_their_line() {
    assert_eq!(
        outline("FROM a\nRUN cat <<X > /f\nbody\nX\nONBUILD RUN <<Y\nz\nY"),
        ["from a as -", "run shell cat <<X > /f\nbody\nX", "onbuild RUN <<Y\nz\nY"]
    );
}

#[test]
fn health_checks_have_go_durations() {
    assert_eq!(
        outline("FROM a\nHEALTHCHECK --interval=1m30s CMD x\nHEALTHCHECK NONE"),
        ["from a as -", "healthcheck Some(Some(90s))", "healthcheck None"]
    );
}

#[test]
fn a_misspelt_instruction_is_shown_with_the_nearest_name() {
    assert_eq!(
        refused("FROM a\n  RUNN x"),
        "Dockerfile:2:3: unknown instruction `RUNN`\n 2 |   RUNN x\n   |   ^^^^ did you mean `RUN`?"
    );
}

#[test]
fn an_error_in_a_continued_line_points_into_that_line() {
    let error = refused("FROM a\nENV a=1 \\\n    b");
    assert!(error.starts_with("Dockerfile:3:5: there is no `=` in `b`"), "{error}");
}

#[test]
fn malformed_instructions_are_refused() {
    for text in [
        "ENV",
        "ENV =x",
        "ENV a",
        "ARG",
        "ARG =1",
        "COPY a",
        "COPY --fron=a b c",
        "COPY --from=$x a b",
        "SHELL /bin/sh",
        "SHELL []",
        "VOLUME",
        "VOLUME [\"\"]",
        "EXPOSE",
        "WORKDIR",
        "USER",
        "RUN",
        "RUN [1]",
        "ONBUILD ONBUILD RUN a",
        "ONBUILD FROM a",
        "HEALTHCHECK",
        "HEALTHCHECK NONE x",
        "HEALTHCHECK --interval=1 CMD x",
        "FROM",
        "FROM a b",
        "FROM a AS 1x",
        "COPY --link=x a b",
        "COPY --chown a b",
        "RUN <<A <<B\nA",
        "RUN --network=x y",
        "LABEL --x a=b",
        "RUN --mount=target=/x,sise=1 y",
        "RUN --mount=type=caches,target=/x y",
        "RUN --mount=from=$x,target=/x y",
        "RUN --mont=target=/x y",
        "RUN --security=lax y",
    ] {
        refused(&format!("FROM a\n{text}"));
    }
}

#[test]
fn a_file_without_a_stage_is_refused() {
    for text in ["", "# only this", "ARG x=1", "RUN x", "RUNN x"] {
        refused(text);
    }
}
