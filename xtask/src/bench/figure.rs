//! One number that was measured, and what it is to be.

/// A measured number.
#[derive(Debug)]
pub(super) struct Figure {
    /// What was done; the same words for each engine.
    pub(super) work: String,
    pub(super) unit: Unit,
    pub(super) value: f64,
    /// What Lighter is to reach; that of the other engines' figures is not read.
    pub(super) target: Target,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl Figure {
    /// A time, of which nothing was promised.
    pub(super) fn milliseconds(work: impl Into<String>, value: f64) -> Self {
        Self { work: work.into(), unit: Unit::Milliseconds, value, target: Target::None }
    }

    /// An amount of memory, of which nothing was promised.
    pub(super) fn mebibytes(work: impl Into<String>, value: f64) -> Self {
        Self { unit: Unit::Mebibytes, ..Self::milliseconds(work, value) }
    }

    /// The same with a promise.
    pub(super) fn target(self, target: Target) -> Self {
        Self { target, ..self }
    }
}

impl Unit {
    /// Three digits where that says enough.
    pub(super) fn show(self, number: f64) -> String {
        match self {
            Self::Milliseconds if number >= 1000.0 => format!("{:.2} s", number / 1000.0),
            Self::Milliseconds if number >= 100.0 => format!("{number:.0} ms"),
            Self::Milliseconds if number >= 1.0 => format!("{number:.1} ms"),
            Self::Milliseconds => format!("{:.0} µs", number * 1000.0),
            Self::Mebibytes => format!("{number:.1} MiB"),
        }
    }
}

/// The middle of `values`; 0 where there is none.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The value that `percent` of all are at most (nearest rank); 0 where there is none.
pub(super) fn percentile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(index).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Unit, median, percentile};

    #[test]
    fn median_is_the_middle_value() {
        assert!((median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < f64::EPSILON);
    }

    #[test]
    fn percentile_is_the_value_at_its_rank() {
        assert!((percentile(vec![3.0, 1.0, 2.0], 99) - 3.0).abs() < f64::EPSILON);
        assert!((percentile(vec![4.0, 3.0, 1.0, 2.0], 50) - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn times_are_shown_in_the_unit_that_reads_best() {
        let shown = [2500.0, 120.4, 5.04, 0.05].map(|number| Unit::Milliseconds.show(number));
        assert_eq!(shown, ["2.50 s", "120 ms", "5.0 ms", "50 µs"]);
    }
}
