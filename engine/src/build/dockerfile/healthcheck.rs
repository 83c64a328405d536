//! HEALTHCHECK and its times.

use super::Diagnostic;
use super::flags::{Flags, Known};
use super::instruction::Probe;
use super::source::Located;
use super::syntax::Reader;
use super::words::Word;
use engine_spec::HealthSpec;
use std::time::Duration;

const HEALTHCHECK_FLAGS: [Known; 5] = [
    Known::text("interval"),
    Known::text("timeout"),
    Known::text("start-period"),
    Known::text("start-interval"),
    Known::text("retries"),
];

/// Reads `[flags] CMD command` or `NONE`.
pub(super) fn healthcheck(reader: &Reader<'_>, arguments: Word<'_>) -> Result<Option<Probe>, Diagnostic> {
    let mut flags = reader.flags(arguments, &HEALTHCHECK_FLAGS)?;
    let (kind, rest) = flags.rest.split_first();
    match kind.text.to_ascii_uppercase().as_str() {
        "NONE" if !rest.text.is_empty() || !flags.is_empty() => {
            Err(reader.source.error(reader.span, "`HEALTHCHECK NONE` takes nothing else"))
        }
        "NONE" => Ok(None),
        "CMD" => {
            let timing = timing(reader, &mut flags)?;
            Ok(Some(Probe { command: reader.command(rest)?, timing }))
        }
        _ => Err(reader.hint(
            reader.line.span(kind),
            "unknown kind of health check",
            "write `CMD …` or `NONE`",
        )),
    }
}

fn timing(reader: &Reader<'_>, flags: &mut Flags<'_>) -> Result<HealthSpec, Diagnostic> {
    let mut duration = |name| flags.take(name).map(|text| duration(reader, &text)).transpose();
    Ok(HealthSpec {
        test: None,
        interval: duration("interval")?,
        timeout: duration("timeout")?,
        start_period: duration("start-period")?,
        start_interval: duration("start-interval")?,
        retries: flags.take("retries").map(|text| retries(reader, &text)).transpose()?,
    })
}

fn retries(reader: &Reader<'_>, text: &Located<String>) -> Result<u32, Diagnostic> {
    text.value
        .parse()
        .map_err(|_| reader.source.error(text.span, format!("`{}` is not a number", text.value)))
}

/// A duration of zero or at least a millisecond, in Go's notation (`1m30s`, `500ms`).
fn duration(reader: &Reader<'_>, text: &Located<String>) -> Result<Duration, Diagnostic> {
    let found =
        go_duration(&text.value).filter(|found| found.is_zero() || *found >= Duration::from_millis(1));
    found.ok_or_else(|| {
        let message = format!("`{}` is not a duration of at least 1ms", text.value);
        reader.hint(text.span, message, "write it like `30s` or `1m30s`")
    })
}

fn go_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let unit =
            rest[number..].find(|c: char| c.is_ascii_digit() || c == '.').map_or(rest.len(), |n| number + n);
        let seconds = match &rest[number..unit] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total += rest[..number].parse::<f64>().ok()? * seconds;
        rest = &rest[unit..];
    }
    if text.is_empty() { None } else { Duration::try_from_secs_f64(total).ok() }
}
