//! One line of a table: the same work done by each, with ratios and a verdict.

use super::figure::{Figure, Target};

/// What one line of the table compares.
#[derive(Debug)]
pub(super) struct Row {
    lighter: Figure,
    docker: Option<f64>,
    floor: Option<f64>,
}

/// Puts figures of the same work into one row.
pub(super) fn join(lighter: Vec<Figure>, docker: &[Figure], floor: &[Figure]) -> Vec<Row> {
    let of = |figures: &[Figure], work: &str| {
        figures.iter().find(|figure| figure.work == work).map(|figure| figure.value)
    };
    let row = |lighter: Figure| {
        let (docker, floor) = (of(docker, &lighter.work), of(floor, &lighter.work));
        Row { lighter, docker, floor }
    };
    lighter.into_iter().map(row).collect()
}

impl Row {
    /// What was done.
    pub(super) fn work(&self) -> &str {
        &self.lighter.work
    }

    /// Whether the promise is kept; `None` where there was none, or nothing to hold it against.
    pub(super) fn is_met(&self) -> Option<bool> {
        match self.lighter.target {
            Target::Faster(factor) => Some(self.ratio()? >= factor),
            Target::FasterAndNearFloor { docker, floor } => {
                let near = self.lighter.value <= self.floor? * floor;
                Some(near && self.ratio()? >= docker)
            }
            Target::AtMost(limit) => Some(self.lighter.value <= limit),
            Target::None => None,
        }
    }

    /// The line in Markdown.
    pub(super) fn render(&self) -> String {
        let Figure { work, unit, value, target } = &self.lighter;
        let show = |number: Option<f64>| number.map_or_else(|| "–".to_owned(), |number| unit.show(number));
        let times = |ratio: Option<f64>| ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.1}×"));
        let target = match *target {
            Target::Faster(factor) => format!("{factor:.0}×"),
            Target::FasterAndNearFloor { docker, floor } => format!("{docker:.0}×, {floor:.0}× the kernel"),
            Target::AtMost(limit) => unit.show(limit),
            Target::None => "–".to_owned(),
        };
        let verdict = self.is_met().map_or("–", |met| if met { "yes" } else { "**not yet**" });
        format!(
            "| {work} | {} | {} | {} | {} | {} | {target} | {verdict} |\n",
            show(self.docker),
            show(self.floor),
            show(Some(*value)),
            times(self.ratio()),
            times(self.floor.map(|floor| value / floor)),
        )
    }

    fn ratio(&self) -> Option<f64> {
        // Nothing cannot be compared with.
        (self.lighter.value > 0.0).then_some(self.docker? / self.lighter.value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::{Figure, Target};
    use super::{Row, join};

    fn row(target: Target) -> Row {
        let figure = |value| Figure::milliseconds("work", value);
        join(vec![figure(5.0).target(target)], &[figure(100.0)], &[figure(2.0)]).remove(0)
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

    #[test]
    fn work_that_only_lighter_did_has_no_ratio() {
        let alone = join(vec![Figure::milliseconds("own", 3.0).target(Target::AtMost(2.0))], &[], &[]);
        assert_eq!(alone[0].render(), "| own | – | – | 3.0 ms | – | – | 2.0 ms | **not yet** |\n");
    }
}
