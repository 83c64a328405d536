//! What people do with single containers: to be answered before they notice.

use super::Area;
use super::figure::{Figure, Target, median};
use crate::engine::{Engine, time};
use anyhow::Result;

pub(super) const AREA: Area = Area {
    name: "operations",
    title: "Single containers",
    note: "Containers of busybox; the image is present; a command and its end, as a shell would wait for it.",
    measure,
    floor: None,
};

const RUNS: usize = 21;
const NAME: &str = "bench-operations";

fn measure(engine: &Engine) -> Result<Vec<Figure>> {
    let container = |arguments: &[&str]| time(engine.program(&["container"]).args(arguments));
    let middle = |arguments: &[&str]| -> Result<f64> {
        let times = (0..RUNS).map(|_| container(arguments));
        Ok(median(times.collect::<Result<_>>()?))
    };
    let run = middle(&["run", "--rm", "busybox", "true"])?;
    container(&["run", "-d", "--name", NAME, "busybox", "sleep", "1000"])?;
    let measured = (|| -> Result<[f64; 3]> {
        Ok([middle(&["exec", NAME, "true"])?, middle(&["top", NAME])?, middle(&["diff", NAME])?])
    })();
    container(&["rm", "-f", NAME])?;
    let [exec, top, diff] = measured?;
    Ok(vec![
        Figure::milliseconds("`container exec … true`", exec).target(Target::AtMost(15.0)),
        Figure::milliseconds("`container run --rm … true`", run).target(Target::AtMost(40.0)),
        Figure::milliseconds("`container top`", top),
        Figure::milliseconds("`container diff`", diff),
    ])
}
