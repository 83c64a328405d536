//! What happens inside, on stderr, for whoever looks for a fault.

use crate::args::LogLevel;
use crate::console::terminal::Terminal;
use tracing_subscriber::filter::LevelFilter;

/// Begins to log what is at least as grave as `level`.
pub(crate) fn start(level: LogLevel, terminal: &Terminal) {
    let filter = match level {
        LogLevel::Off => return,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let builder = tracing_subscriber::fmt()
        .with_max_level(filter)
        .with_writer(std::io::stderr)
        .with_ansi(terminal.colour_stderr);
    // Times and modules are for those who look inside; a warning is for everybody.
    if filter <= LevelFilter::WARN {
        builder.without_time().with_target(false).init();
    } else {
        builder.init();
    }
}
