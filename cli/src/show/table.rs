//! Columns as docker prints them: Go's `text/tabwriter` with a padding of three spaces.
//!
//! Every cell but a row's last is padded to its column's width, which is never below a minimum.

/// The least width of a column in docker's own lists (`ps`, `volume ls`), padding included.
pub(crate) const NARROW: usize = 10;
/// The least width of a column in lists that only compose has (`ls`, `images`), padding included.
pub(crate) const WIDE: usize = 20;

const PADDING: usize = 3;

/// Rows of text under a header.
#[derive(Debug)]
pub(crate) struct Table {
    minimum: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column names and this least column width.
    pub(crate) fn new<const N: usize>(minimum: usize, header: [&str; N]) -> Self {
        Self { minimum, rows: vec![header.map(str::to_owned).to_vec()] }
    }

    /// Adds a row; control characters are made harmless.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| cell.replace(|c: char| c.is_control(), " ")).to_vec());
    }

    /// All rows, each ended by a line feed.
    pub(crate) fn render(&self) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate() {
                text.push_str(cell);
                if column + 1 < row.len() {
                    text.extend(std::iter::repeat_n(' ', widths[column] - width(cell)));
                }
            }
            text.push('\n');
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest =
            |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max();
        (0..columns).map(|column| (widest(column).unwrap_or(0) + PADDING).max(self.minimum)).collect()
    }
}

/// tabwriter counts code points, not columns on the screen; names and ports are ASCII anyhow.
fn width(cell: &str) -> usize {
    cell.chars().count()
}

/// Lines whose cells are ended by tabs, as `--format` makes them.
///
/// As in tabwriter, a column is a run of lines that have such a cell: what stands after a line's last
/// tab is in no column.
#[derive(Debug)]
pub(crate) struct Tabbed {
    minimum: usize,
    lines: Vec<Vec<String>>,
}

impl Tabbed {
    /// Lines with this least column width.
    pub(crate) fn new(minimum: usize) -> Self {
        Self { minimum, lines: Vec::new() }
    }

    /// Adds what may be several lines; control characters are made harmless.
    pub(crate) fn line(&mut self, text: &str) {
        let harmless = |cell: &str| cell.replace(|c: char| c.is_control(), " ");
        self.lines.extend(text.split('\n').map(|line| line.split('\t').map(harmless).collect()));
    }

    /// All lines with their cells padded, each ended by a line feed.
    pub(crate) fn render(mut self) -> String {
        let columns = self.lines.iter().map(Vec::len).max().unwrap_or(0);
        for column in 0..columns {
            let minimum = self.minimum;
            let ends = |line: &Vec<String>| line.len() > column + 1;
            for block in self.lines.chunk_by_mut(|a, b| ends(a) == ends(b)) {
                if ends(&block[0]) {
                    let widest = block.iter().map(|line| width(&line[column])).max().unwrap_or(0);
                    let filled = (widest + PADDING).max(minimum);
                    block.iter_mut().for_each(|line| fill(&mut line[column], filled));
                }
            }
        }
        self.lines.iter().map(|line| line.concat() + "\n").collect()
    }
}

fn fill(cell: &mut String, to: usize) {
    cell.extend(std::iter::repeat_n(' ', to - width(cell)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[[&str; 3]], expected: &str) {
        let mut table = Table::new(NARROW, ["NAME", "STATUS", "PORTS"]);
        for row in rows {
            table.row(row.map(str::to_owned));
        }
        assert_eq!(table.render(), expected);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_three_spaces() {
        check(
            &[["project-web-1", "Up 3 seconds", "0.0.0.0:80->80/tcp"], ["db", "Up", ""]],
            "NAME            STATUS         PORTS\n\
             project-web-1   Up 3 seconds   0.0.0.0:80->80/tcp\n\
             db              Up             \n",
        );
    }

    #[test]
    fn a_column_is_a_run_of_lines_that_have_it() {
        let mut table = Tabbed::new(NARROW);
        table.line("a\tb\na much longer one\tb\nnone\nx\ty\tz");
        assert_eq!(
            table.render(),
            "a                   b\na much longer one   b\nnone\nx         y         z\n"
        );
    }

    #[test]
    fn a_table_without_rows_still_shows_its_header() {
        check(&[], "NAME      STATUS    PORTS\n");
    }

    #[test]
    fn control_characters_cannot_reach_the_terminal() {
        check(&[["a\x1b[2J", "b\n", "c"]], "NAME      STATUS    PORTS\na [2J     b         c\n");
    }
}
