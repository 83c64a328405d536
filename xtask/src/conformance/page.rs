//! The page of an area: every question with its verdict.

use super::Area;
use super::comparison::Comparison;
use crate::origin::origin;
use crate::workspace;
use anyhow::{Context as _, Result};

/// Writes the page and prints what is at fault.
pub(super) fn write(area: &Area, comparisons: &[Comparison]) -> Result<()> {
    let text = render(area, comparisons, &origin()?);
    for comparison in comparisons.iter().filter(|comparison| comparison.is_fault()) {
        println!("{}: {}", comparison.question, comparison.verdict());
    }
    let page = workspace::root().join(format!("docs/conformance-{}.md", area.name));
    std::fs::write(&page, text).with_context(|| format!("cannot write {}", page.display()))
}

fn render(area: &Area, comparisons: &[Comparison], origin: &str) -> String {
    let faults = comparisons.iter().filter(|comparison| comparison.is_fault()).count();
    let mut text = format!(
        "# {}\n\nWritten by `cargo xtask conformance {}`; do not edit. {origin}\n\n{}\n\n\
         {} questions to Docker Engine 26.1.5 with Compose 2.26.1 and to Lighter; {faults} answered otherwise \
         without a stated reason.\n\n| Question | Verdict |\n|---|---|\n",
        area.title,
        area.name,
        area.note,
        comparisons.len(),
    );
    for comparison in comparisons {
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', "<br>");
        text.push_str(&format!("| `{}` | {} |\n", cell(&comparison.question), cell(&comparison.verdict())));
    }
    text
}
