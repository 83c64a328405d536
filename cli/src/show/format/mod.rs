//! `--format`, the same for every command: `table`, `json`, `table TEMPLATE` or `TEMPLATE`.
//!
//! A list is a type that implements [`Row`] and [`Columns`] that name its fields:
//!
//! ```text
//! const COLUMNS: Columns = Columns {
//!     table: "{{.Name}}\t{{.Driver}}",
//!     names: &[("Name", "VOLUME NAME"), ("Driver", "DRIVER")],
//!     least_width: table::NARROW,
//! };
//! format.print_rows(&COLUMNS, rows)
//! ```
//! `inspect` commands print whole values instead: [`print_values`].

mod template;

pub(crate) use template::{Template, TemplateError};

use crate::error::CommandError;
use crate::show::output;
use crate::show::table::Tabbed;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::str::FromStr;

/// What `--format` asks for; without it, a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Format {
    /// The columns that the list has by itself.
    #[default]
    Table,
    /// One JSON object per line.
    Json,
    /// `table TEMPLATE`: columns of one's own under their names.
    Columns(Template),
    /// A line per row.
    Lines(Template),
}

/// The columns of one kind of list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns {
    /// The template of the table that is shown without `--format`.
    pub(crate) table: &'static str,
    /// The column name of each field.
    pub(crate) names: &'static [(&'static str, &'static str)],
    /// The least width of a column: [`crate::show::table::NARROW`] or [`crate::show::table::WIDE`].
    pub(crate) least_width: usize,
}

/// An object in a list. Its fields are those that templates see, under docker's names.
pub(crate) trait Row: Serialize {
    /// What `{{.Label "key"}}` answers from; `None` where the kind of object has no labels.
    fn labels(&self) -> Option<&BTreeMap<String, String>> {
        None
    }
}

impl FromStr for Format {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        match text.trim() {
            "" | "table" => Ok(Self::Table),
            "json" => Ok(Self::Json),
            trimmed => {
                match trimmed.strip_prefix("table").filter(|rest| rest.starts_with([' ', '\t', '{'])) {
                    Some(columns) => Template::parse_list(trimmed, columns.trim_start()).map(Self::Columns),
                    None => Template::parse_list(trimmed, trimmed).map(Self::Lines),
                }
            }
        }
    }
}

impl Format {
    /// Whether a template asks for a field that is dear to find out.
    pub(crate) fn mentions(&self, field: &str) -> bool {
        match self {
            Self::Table | Self::Json => false,
            Self::Columns(template) | Self::Lines(template) => template.mentions(field),
        }
    }

    /// Prints a list.
    pub(crate) fn print_rows<R: Row>(
        &self,
        columns: &Columns,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), CommandError> {
        output::print(&self.render_rows(columns, rows)?)
    }

    /// The text of a list.
    pub(crate) fn render_rows<R: Row>(
        &self,
        columns: &Columns,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<String, CommandError> {
        match self {
            Self::Table => columns.render(&Template::parse_list(columns.table, columns.table)?, rows),
            Self::Columns(template) => columns.render(template, rows),
            Self::Json => rows.into_iter().map(|row| Ok(serde_json::to_string(&row)? + "\n")).collect(),
            Self::Lines(template) => rows.into_iter().map(|row| Ok(line(template, &row)? + "\n")).collect(),
        }
    }
}

impl Columns {
    fn render<R: Row>(
        &self,
        template: &Template,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<String, CommandError> {
        let names: Map<_, _> =
            self.names.iter().map(|(field, name)| ((*field).to_owned(), Value::from(*name))).collect();
        let mut table = Tabbed::new(self.least_width);
        table.line(&template.render_header(&Value::Object(names))?);
        for row in rows {
            table.line(&line(template, &row)?);
        }
        Ok(table.render())
    }
}

fn line<R: Row>(template: &Template, row: &R) -> Result<String, CommandError> {
    Ok(template.render_row(&serde_json::to_value(row)?, row.labels())?)
}

/// What `--format` asks of an `inspect`; without it, all values as one indented JSON list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ValueFormat {
    /// All values as one compact JSON list.
    Json,
    /// A line per value; unlike in lists, `\t` outside actions stays as it is.
    Lines(Template),
}

impl FromStr for ValueFormat {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        if text == "json" { Ok(Self::Json) } else { Template::parse(text).map(Self::Lines) }
    }
}

/// Prints what `inspect` found.
pub(crate) fn print_values(format: Option<&ValueFormat>, values: &[Value]) -> Result<(), CommandError> {
    output::print(&render_values(format, values)?)
}

fn render_values(format: Option<&ValueFormat>, values: &[Value]) -> Result<String, CommandError> {
    match format {
        None => Ok(indented(values)? + "\n"),
        Some(ValueFormat::Json) => Ok(serde_json::to_string(values)? + "\n"),
        Some(ValueFormat::Lines(template)) => {
            values.iter().map(|value| Ok(template.render(value)? + "\n")).collect()
        }
    }
}

/// docker indents by four spaces.
fn indented(values: &[Value]) -> Result<String, CommandError> {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    values.serialize(&mut serde_json::Serializer::with_formatter(&mut text, formatter))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests;
