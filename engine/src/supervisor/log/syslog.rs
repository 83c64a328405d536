//! Syslog messages (RFC 3164, RFC 5424), as Docker's syslog driver writes them.

use super::delivery::{Address, Destination, Flow};
use super::notes::Notes;
use super::options::{LogOptionError, SyslogFormat};
use super::time;
use crate::supervisor::step::Stream;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Where a machine's own syslog listens.
const LOCAL: [&str; 3] = ["/dev/log", "/var/run/syslog", "/var/run/log"];
const PORT: u16 = 514;
/// Severities (RFC 5424 section 6.2.1).
const ERROR: u8 = 3;
const INFORMATIONAL: u8 = 6;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The server at `address`, or this machine's own.
pub(super) fn destination(
    address: Option<&str>,
    facility: u8,
    format: SyslogFormat,
    notes: &Notes,
) -> Result<Destination, LogOptionError> {
    let address = match address {
        Some(text) => parse(text).ok_or_else(|| LogOptionError::Value {
            option: "syslog-address",
            value: text.to_owned(),
            expected: "unix://PATH, unixgram://PATH, udp://HOST[:PORT] or tcp://HOST[:PORT]",
        })?,
        None => {
            let there = LOCAL.iter().find(|path| Path::new(path).exists());
            Address::Unix(there.unwrap_or(&LOCAL[0]).into(), Flow::Datagrams)
        }
    };
    let is_local = matches!(address, Address::Unix(..));
    let format = if format == SyslogFormat::Plain && !is_local { SyslogFormat::Rfc3164 } else { format };
    let host = nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned();
    let writer = Writer { facility, format, host, tag: notes.tag.clone().unwrap_or_default() };
    Ok(Destination { address, encode: Box::new(move |stream, text, now| writer.encode(stream, text, now)) })
}

fn parse(text: &str) -> Option<Address> {
    let (scheme, rest) = text.split_once("://")?;
    let network = |flow| {
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
            _ => (rest, PORT),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (!host.is_empty()).then(|| Address::Network(host.to_owned(), port, flow))
    };
    match scheme {
        "unix" => Some(Address::Unix(PathBuf::from(rest), Flow::Stream)),
        "unixgram" => Some(Address::Unix(PathBuf::from(rest), Flow::Datagrams)),
        "udp" => network(Flow::Datagrams),
        "tcp" => network(Flow::Stream),
        _ => None,
    }
}

struct Writer {
    facility: u8,
    format: SyslogFormat,
    host: String,
    tag: String,
}

impl Writer {
    fn encode(&self, stream: Stream, text: &[u8], now: SystemTime) -> Vec<u8> {
        let severity = if stream == Stream::Stderr { ERROR } else { INFORMATIONAL };
        let priority = self.facility * 8 + severity;
        let Self { host, tag, .. } = self;
        let (pid, time) = (std::process::id(), time::format(now));
        let mut message = match self.format {
            SyslogFormat::Plain => format!("<{priority}>{} {tag}[{pid}]: ", stamp(&time)),
            SyslogFormat::Rfc3164 => format!("<{priority}>{} {host} {tag}[{pid}]: ", stamp(&time)),
            SyslogFormat::Rfc5424 { microseconds } => {
                // 2026-11-20T18:25:13.123456789Z, of which the fraction has six digits or none.
                let (seconds, fraction) = (&time[..19], &time[19..26]);
                let fraction = if microseconds { fraction } else { "" };
                format!("<{priority}>1 {seconds}{fraction}Z {host} {tag} {pid} {tag} - ")
            }
        };
        // A message ends with its line, so that a stream of them can be told apart.
        message.push_str(&String::from_utf8_lossy(text));
        message.push('\n');
        message.into_bytes()
    }
}

/// `Nov 20 18:25:13`, out of `2026-11-20T18:25:13…`.
fn stamp(time: &str) -> String {
    let month = time[5..7].parse().ok().and_then(|month: usize| MONTHS.get(month.wrapping_sub(1)));
    let day = time[8..10].trim_start_matches('0');
    format!("{} {day:>2} {}", month.unwrap_or(&MONTHS[0]), &time[11..19])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn check(format: SyslogFormat, stream: Stream, expected: &str) {
        let writer = Writer { facility: 3, format, host: "here".into(), tag: "web".into() };
        let now = UNIX_EPOCH + Duration::new(1_793_730_303, 123_456_789);
        let text = String::from_utf8(writer.encode(stream, b"hello", now)).expect("text");
        assert_eq!(text.replace(&std::process::id().to_string(), "PID"), expected);
    }

    #[test]
    fn messages_have_priority_time_and_tag() {
        check(SyslogFormat::Plain, Stream::Stdout, "<30>Nov  3 18:25:03 web[PID]: hello\n");
        check(SyslogFormat::Rfc3164, Stream::Stderr, "<27>Nov  3 18:25:03 here web[PID]: hello\n");
        let seconds = SyslogFormat::Rfc5424 { microseconds: false };
        check(seconds, Stream::Stdout, "<30>1 2026-11-03T18:25:03Z here web PID web - hello\n");
        let micro = SyslogFormat::Rfc5424 { microseconds: true };
        check(micro, Stream::Stdout, "<30>1 2026-11-03T18:25:03.123456Z here web PID web - hello\n");
    }

    #[test]
    fn addresses_name_a_socket_or_a_server() {
        let shown = |text: &str| parse(text).map(|address| address.to_string());
        assert_eq!(shown("udp://logs").as_deref(), Some("udp://logs:514"));
        assert_eq!(shown("tcp://192.0.2.1:601").as_deref(), Some("tcp://192.0.2.1:601"));
        assert_eq!(shown("unixgram:///run/x").as_deref(), Some("unixgram:///run/x"));
        assert_eq!(shown("tcp+tls://logs:6514"), None);
        assert_eq!(shown("logs:514"), None);
    }
}
