//! One table with ratios, under what it was measured on.

use crate::program::Program;
use crate::workspace;
use anyhow::Result;
use std::fmt::Write as _;

/// What one line of the table compares.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) work: String,
    pub(super) unit: Unit,
    pub(super) docker: f64,
    pub(super) floor: Option<f64>,
    pub(super) lighter: f64,
    pub(super) target: Target,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    Milliseconds,
    Mebibytes,
}

/// What Lighter is to reach.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// So many times less than Docker.
    Faster(f64),
    /// So many times less than Docker, and at most so many times the kernel's own.
    FasterAndNearFloor { docker: f64, floor: f64 },
    /// No more than this.
    AtMost(f64),
    /// Nothing was promised.
    None,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.docker / self.lighter
    }

    fn is_met(&self) -> Option<bool> {
        match self.target {
            Target::Faster(factor) => Some(self.ratio() >= factor),
            Target::FasterAndNearFloor { docker, floor } => {
                let near = self.floor.is_some_and(|kernel| self.lighter <= kernel * floor);
                Some(near && self.ratio() >= docker)
            }
            Target::AtMost(limit) => Some(self.lighter <= limit),
            Target::None => None,
        }
    }

    fn render(&self) -> String {
        let value = |number| self.unit.show(number);
        let target = match self.target {
            Target::Faster(factor) => format!("{factor:.0}×"),
            Target::FasterAndNearFloor { docker, floor } => format!("{docker:.0}×, {floor:.0}× the kernel"),
            Target::AtMost(limit) => value(limit),
            Target::None => "–".to_owned(),
        };
        let verdict = self.is_met().map_or("–", |met| if met { "yes" } else { "**not yet**" });
        let floor = self.floor.map_or_else(|| "–".to_owned(), value);
        let of_floor =
            self.floor.map_or_else(|| "–".to_owned(), |floor| format!("{:.1}×", self.lighter / floor));
        format!(
            "| {} | {} | {floor} | {} | {:.1}× | {of_floor} | {target} | {verdict} |\n",
            self.work,
            value(self.docker),
            value(self.lighter),
            self.ratio(),
        )
    }
}

impl Unit {
    fn show(self, number: f64) -> String {
        match self {
            Self::Milliseconds if number >= 1000.0 => format!("{:.2} s", number / 1000.0),
            Self::Milliseconds if number >= 100.0 => format!("{number:.0} ms"),
            Self::Milliseconds => format!("{number:.1} ms"),
            Self::Mebibytes => format!("{number:.1} MiB"),
        }
    }
}

/// The middle of `values`; 0 where there is none.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The page.
pub(super) fn render(rows: &[Row]) -> Result<String> {
    let mut page = format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench`; do not edit. {}\n\n\
         Each number is the median of five runs. Docker is Docker Engine 26.1.5 with Compose 2.26.1, the kernel\n\
         is what a bare program needs to start and stop as many containers of the same kind. Services are\n\
         `busybox sleep` with `init: true`; images are present; `down` has `-t 1`.\n\n\
         | Work | Docker | Kernel alone | Lighter | Docker / Lighter | Lighter / kernel | Target | Met |\n\
         |---|---|---|---|---|---|---|---|\n",
        origin()?
    );
    for row in rows {
        page.push_str(&row.render());
    }
    let missed: Vec<&str> =
        rows.iter().filter(|row| row.is_met() == Some(false)).map(|row| row.work.as_str()).collect();
    if missed.is_empty() {
        page.push_str("\nEvery target is met.\n");
    } else {
        writeln!(page, "\nNot met yet: {}.", missed.join("; "))?;
    }
    Ok(page)
}

/// When, of what and on what it was measured.
fn origin() -> Result<String> {
    let read = |program: &str, arguments: &[&str]| -> Result<String> {
        let text = Program::new(program).args(arguments).folder(workspace::root()).read()?;
        Ok(text.trim().to_owned())
    };
    let date = read("date", &["-u", "+%Y-%m-%d"])?;
    let commit = read("git", &["describe", "--always", "--dirty", "--abbrev=10"])?;
    let kernel = read("uname", &["-sr"])?;
    let field = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism()?;
    let (processor, memory) = (field("/proc/cpuinfo", "model name"), field("/proc/meminfo", "MemTotal"));
    Ok(format!("Measured on {date} at commit {commit}, on {cores} cores of {processor}, {memory}, {kernel}."))
}

#[cfg(test)]
mod tests {
    use super::{Row, Target, Unit, median};

    fn row(target: Target) -> Row {
        let unit = Unit::Milliseconds;
        Row { work: "work".into(), unit, docker: 100.0, floor: Some(2.0), lighter: 5.0, target }
    }

    #[test]
    fn median_is_the_middle_value() {
        assert!((median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < f64::EPSILON);
    }

    #[test]
    fn both_parts_of_a_target_must_hold() {
        assert_eq!(row(Target::FasterAndNearFloor { docker: 20.0, floor: 3.0 }).is_met(), Some(true));
        assert_eq!(row(Target::FasterAndNearFloor { docker: 20.0, floor: 2.0 }).is_met(), Some(false));
        assert_eq!(row(Target::FasterAndNearFloor { docker: 21.0, floor: 3.0 }).is_met(), Some(false));
    }

    #[test]
    fn row_shows_both_ratios_and_the_verdict() {
        let expected = "| work | 100 ms | 2.0 ms | 5.0 ms | 20.0× | 2.5× | 10× | yes |\n";
        assert_eq!(row(Target::Faster(10.0)).render(), expected);
    }
}
