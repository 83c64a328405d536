//! What a container asks of its log: the driver, and the options that Docker's driver of that name has.

use engine_spec::LogSpec;
use std::collections::BTreeMap;

/// The drivers there are, for messages.
const DRIVERS: &str = "json-file, local, none, syslog and journald";
const TAG: &str = "{{.ID}}";
/// What Docker keeps at most with `local`, and beside a log that goes elsewhere.
const BOUNDED: Limits = Limits { size: Some(20 << 20), files: 5, compress: true };

/// A log cannot be kept as asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogOptionError {
    /// No such driver.
    #[error("there is no log driver `{0}`: {DRIVERS} are there")]
    UnknownDriver(String),
    /// The driver has no such option.
    #[error("unknown log option `{option}` for the {driver} log driver")]
    UnknownOption {
        /// The driver.
        driver: String,
        /// The option.
        option: String,
    },
    /// An option has a value that means nothing.
    #[error("the log option `{option}` is `{value}`: expected {expected}")]
    Value {
        /// The option.
        option: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// An option means something only beside another.
    #[error("the log option `{option}` needs `{needed}`")]
    Alone {
        /// The option.
        option: &'static str,
        /// What it needs.
        needed: &'static str,
    },
    /// The host has no journald.
    #[error("the journald log driver needs systemd-journald, which does not run on this host")]
    NoJournal,
}

/// Everything about a log, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    /// How much of it is kept in a file; `None` is nothing.
    pub(super) file: Option<Limits>,
    /// Where else it goes.
    pub(super) elsewhere: Elsewhere,
    /// The tag, a template; `None` unless it was given or is needed.
    pub(super) tag: Option<String>,
    /// Labels that are noted with each line.
    pub(super) labels: Vec<String>,
    /// Variables that are noted with each line.
    pub(super) variables: Vec<String>,
}

/// Where a log goes besides the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Elsewhere {
    /// Nowhere.
    Nowhere,
    /// A syslog server.
    Syslog {
        /// `syslog-address`.
        address: Option<String>,
        /// `syslog-facility`.
        facility: u8,
        /// `syslog-format`.
        format: SyslogFormat,
    },
    /// The host's journal.
    Journal,
}

/// How a syslog message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SyslogFormat {
    /// As the server's kind of socket has it: without host name on this machine, else RFC 3164.
    Plain,
    /// RFC 3164.
    Rfc3164,
    /// RFC 5424 with seconds, or with microseconds.
    Rfc5424 { microseconds: bool },
}

/// How much is kept in files (`max-size`, `max-file`, `compress`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Bytes of one file.
    pub(super) size: Option<u64>,
    /// How many files.
    pub(super) files: u32,
    /// Whether those set aside are compressed.
    pub(super) compress: bool,
}

/// Facilities by their names in RFC 5424 order, as Docker takes them.
const FACILITIES: [&str; 24] = [
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "security",
    "console",
    "solaris-cron",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
];

impl Options {
    /// Reads them.
    pub(super) fn parse(spec: &LogSpec) -> Result<Self, LogOptionError> {
        let driver = spec.driver.as_deref().filter(|driver| !driver.is_empty()).unwrap_or("json-file");
        let given = Given { driver, options: &spec.options };
        const ABOUT: &[&str] = &["labels", "env", "tag"];
        const FILE: &[&str] = &["max-size", "max-file", "compress"];
        const CACHE: &[&str] = &["cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"];
        const SYSLOG: &[&str] = &["syslog-address", "syslog-facility", "syslog-format"];
        let unlimited = Limits { size: None, files: 1, compress: false };
        let (file, elsewhere) = match driver {
            "json-file" => {
                given.check(&[FILE, ABOUT])?;
                (Some(given.limits(["max-size", "max-file", "compress"], unlimited)?), Elsewhere::Nowhere)
            }
            "local" => {
                given.check(&[FILE])?;
                (Some(given.limits(["max-size", "max-file", "compress"], BOUNDED)?), Elsewhere::Nowhere)
            }
            "none" => (None, Elsewhere::Nowhere),
            "syslog" => {
                given.check(&[SYSLOG, ABOUT, CACHE])?;
                (given.cache()?, given.syslog()?)
            }
            "journald" => {
                given.check(&[ABOUT, CACHE])?;
                (given.cache()?, Elsewhere::Journal)
            }
            _ => return Err(LogOptionError::UnknownDriver(driver.to_owned())),
        };
        let list = |option| given.list(option);
        let tag = given.text("tag").or((elsewhere != Elsewhere::Nowhere).then_some(TAG));
        Ok(Self {
            file,
            elsewhere,
            tag: tag.map(str::to_owned),
            labels: list("labels"),
            variables: list("env"),
        })
    }
}

/// Options as given.
struct Given<'a> {
    driver: &'a str,
    options: &'a BTreeMap<String, String>,
}

impl Given<'_> {
    /// Every driver knows how messages are delivered; a FIFO in between makes both ways the same here.
    fn check(&self, known: &[&[&str]]) -> Result<(), LogOptionError> {
        const DELIVERY: &[&str] = &["mode", "max-buffer-size"];
        let is_known =
            |option: &str| known.iter().chain([&DELIVERY]).any(|options| options.contains(&option));
        match self.options.keys().find(|option| !is_known(option)) {
            None => Ok(()),
            Some(option) => {
                Err(LogOptionError::UnknownOption { driver: self.driver.to_owned(), option: option.clone() })
            }
        }
    }

    fn text(&self, option: &str) -> Option<&str> {
        self.options.get(option).map(String::as_str).filter(|text| !text.is_empty())
    }

    fn list(&self, option: &str) -> Vec<String> {
        let words = self.text(option).unwrap_or_default().split(',').map(str::trim);
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    fn read<T>(
        &self,
        option: &'static str,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, LogOptionError> {
        let Some(value) = self.text(option) else { return Ok(None) };
        let wrong = || LogOptionError::Value { option, value: value.to_owned(), expected };
        parse(value).ok_or_else(wrong).map(Some)
    }

    fn limits(
        &self,
        [size, files, compress]: [&'static str; 3],
        usual: Limits,
    ) -> Result<Limits, LogOptionError> {
        let is_bool = |text: &str| text.parse().ok();
        let limits = Limits {
            size: self.read(size, "a size such as 10m", parse_size)?.or(usual.size),
            files: self
                .read(files, "a number from 1", |text| text.parse().ok().filter(|count| *count > 0))?
                .unwrap_or(usual.files),
            compress: self.read(compress, "true or false", is_bool)?.unwrap_or(usual.compress),
        };
        if limits.size.is_none() && limits.files > 1 {
            return Err(LogOptionError::Alone { option: files, needed: size });
        }
        if limits.compress && (limits.files < 2 || limits.size.is_none()) && usual.size.is_none() {
            return Err(LogOptionError::Alone { option: compress, needed: files });
        }
        Ok(limits)
    }

    /// What stays here of a log that goes elsewhere, for `logs`.
    fn cache(&self) -> Result<Option<Limits>, LogOptionError> {
        let is_off = self.read("cache-disabled", "true or false", |text| text.parse().ok())?;
        let limits = self.limits(["cache-max-size", "cache-max-file", "cache-compress"], BOUNDED)?;
        Ok((is_off != Some(true)).then_some(limits))
    }

    fn syslog(&self) -> Result<Elsewhere, LogOptionError> {
        let position = |text: &str| FACILITIES.iter().position(|name| *name == text).or(text.parse().ok());
        let facility =
            |text: &str| position(text).and_then(|number| u8::try_from(number).ok()).filter(|n| *n < 24);
        let format = |text: &str| match text {
            "rfc3164" => Some(SyslogFormat::Rfc3164),
            "rfc5424" => Some(SyslogFormat::Rfc5424 { microseconds: false }),
            "rfc5424micro" => Some(SyslogFormat::Rfc5424 { microseconds: true }),
            _ => None,
        };
        const DAEMON: u8 = 3;
        Ok(Elsewhere::Syslog {
            address: self.text("syslog-address").map(str::to_owned),
            facility: self.read("syslog-facility", "a facility such as daemon", facility)?.unwrap_or(DAEMON),
            format: self
                .read("syslog-format", "rfc3164, rfc5424 or rfc5424micro", format)?
                .unwrap_or(SyslogFormat::Plain),
        })
    }
}

/// `10m`, `512k`, `1g` or bytes, in steps of 1024 as Docker counts them.
fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix('b').unwrap_or(&text);
    let (digits, shift) = match text.char_indices().next_back()? {
        (at, 'k') => (&text[..at], 10),
        (at, 'm') => (&text[..at], 20),
        (at, 'g') => (&text[..at], 30),
        _ => (text, 0),
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift).filter(|size| *size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(driver: &str, options: &[(&str, &str)]) -> Result<Options, LogOptionError> {
        let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Options::parse(&LogSpec { driver: Some(driver.to_owned()), options })
    }

    #[test]
    fn sizes_are_read_as_docker_reads_them() {
        for (text, size) in
            [("10m", Some(10 << 20)), ("1kb", Some(1024)), ("7", Some(7)), ("x", None), ("", None)]
        {
            assert_eq!(parse_size(text), size, "{text}");
        }
    }

    #[test]
    fn each_driver_has_its_own_limits() {
        let file = |driver, options: &[(&str, &str)]| parse(driver, options).map(|options| options.file);
        assert_eq!(file("", &[]), Ok(Some(Limits { size: None, files: 1, compress: false })));
        assert_eq!(file("local", &[]), Ok(Some(BOUNDED)));
        assert_eq!(file("none", &[("any", "thing")]), Ok(None));
        assert_eq!(file("syslog", &[("cache-disabled", "true")]), Ok(None));
        assert_eq!(file("journald", &[]), Ok(Some(BOUNDED)));
    }

    #[test]
    fn what_means_nothing_is_refused_by_name() {
        let refused =
            |driver, options: &[(&str, &str)]| parse(driver, options).expect_err("refused").to_string();
        assert_eq!(refused("gelf", &[]), format!("there is no log driver `gelf`: {DRIVERS} are there"));
        assert!(refused("json-file", &[("max-siez", "1m")]).contains("`max-siez` for the json-file"));
        assert!(refused("json-file", &[("max-file", "3")]).contains("needs `max-size`"));
        assert!(refused("json-file", &[("compress", "true")]).contains("needs `max-file`"));
        assert!(refused("syslog", &[("syslog-facility", "luck")]).contains("a facility"));
    }
}
