//! What a Compose file may contain: the form of every attribute, how two files' values meet, and
//! whether the engine applies it. The tables are in `schema/`; [`super::shape`] and [`super::merge`] walk them.

mod build;
mod deploy;
pub(super) mod extension;
mod project;
mod service;
#[cfg(test)]
mod support;

pub(super) use project::PROJECT;

use super::node::Node;
use super::shape::Shape;

/// The form of a value. After [`super::shape`] has passed, each has the canonical form named here.
pub(super) enum Kind {
    /// Anything, kept as it is.
    Any,
    /// A string.
    Text,
    /// One of these strings.
    Word(&'static [&'static str]),
    /// String, number or boolean; becomes a string.
    Scalar,
    /// String or number; becomes a string.
    TextOrNumber,
    /// Boolean, or a string that reads as one; becomes a boolean.
    Bool,
    /// Integer, or a string that reads as one; becomes an integer.
    Integer,
    /// Number, or a string that reads as one; becomes a number.
    Number,
    /// A size; becomes a string.
    Size,
    /// A duration; becomes a string.
    Duration,
    /// A signal by its name or number.
    Signal,
    /// A path of the host; becomes absolute.
    Path,
    /// A path of the host or an address; paths become absolute.
    PathOrUrl,
    /// The form of another kind, or null.
    Nullable(&'static Kind),
    /// A list.
    List(&'static Kind, Merge),
    /// A list, or one scalar item; becomes a list.
    OneOrMore(&'static Kind, Merge),
    /// A command line: a list of strings, or one string that is split as a shell does; becomes a list.
    Command,
    /// A health check's command: as a string it is one line for a shell; becomes a list.
    HealthTest,
    /// A mapping with any keys.
    Map(&'static Kind),
    /// A mapping with any keys, or a list of `key=value`; becomes a mapping to strings.
    Pairs,
    /// The same, where a key without value stands for the environment's; becomes a mapping to strings or null.
    Variables,
    /// A mapping with any keys to optional objects, or a list of the keys; becomes a mapping.
    /// The flag says whether an entry without an object is null rather than an empty mapping.
    Names(&'static Kind, bool),
    /// `host=address` or `host:address` in a list, or a mapping; becomes a list of `host=address`.
    Hosts,
    /// A mapping with the keys of a table.
    Object(&'static Object),
    /// A long form, or a scalar in short form that stands for one or several.
    Short(fn(&Node, &str, &mut Shape<'_>) -> Vec<Node>, &'static Kind),
    /// A scalar of the first kind, or the second.
    Either(&'static Kind, &'static Kind),
}

/// How the lists of two files become one.
#[derive(Clone, Copy)]
pub(super) enum Merge {
    /// Later items follow earlier ones.
    Append,
    /// Later items follow earlier ones, and none may be there twice.
    Distinct,
    /// Later items follow earlier ones; those already there are left out.
    Unique,
    /// The later list stands.
    Replace,
    /// A later item takes the place of an earlier one with the same identity.
    By(fn(&Node) -> String),
    /// The later list stands, each item on top of the earlier one with the same identity.
    Onto(fn(&Node) -> String),
}

/// A mapping with known keys.
pub(super) struct Object {
    /// What it is, in the words of a message.
    pub(super) name: &'static str,
    /// Its keys, sorted.
    pub(super) fields: &'static [Field],
    /// Settles what one field means for another.
    pub(super) finish: fn(&mut Node, &mut Shape<'_>),
}

/// One key of an object.
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) kind: Kind,
    pub(super) status: Status,
    pub(super) empty: Empty,
}

/// How `config` prints an attribute that is zero, false or empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Empty {
    /// Not at all.
    Dropped,
    /// As it is: an explicit zero differs from none.
    Kept,
    /// In JSON as null, even where the file says nothing.
    Null,
    /// In JSON as an empty mapping, even where the file says nothing.
    Mapping,
}

/// What the engine makes of an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It is applied.
    Applied,
    /// It is accepted, with a warning that it is not applied yet.
    Later,
    /// It is accepted in silence: it means nothing on one Linux host.
    Inert,
    /// It is refused: ignoring it would change what the project does.
    Refused,
}

/// The form of one service.
pub(super) fn service_kind() -> &'static Kind {
    &service::SERVICE
}

/// A hint at the section that an unknown key belongs to, for keys that are often misplaced.
pub(super) fn home_of(key: &str) -> Option<String> {
    let section = match key {
        "context" | "dockerfile" | "args" | "target" => "`build`",
        "condition" => "`depends_on`",
        "interval" | "retries" | "timeout" | "start_period" | "test" => "`healthcheck`",
        "replicas" | "resources" | "placement" | "update_config" | "restart_policy" => "`deploy`",
        "limits" | "reservations" => "`deploy.resources`",
        "log_driver" | "log_opt" => "`logging`",
        "net" => return Some("it is called `network_mode` now".to_owned()),
        "volume_driver" => return Some("name the driver in the top-level `volumes`".to_owned()),
        _ => return None,
    };
    Some(format!("it belongs to {section}"))
}

impl Object {
    /// The field of a key.
    pub(super) fn field(&self, key: &str) -> Option<&'static Field> {
        let at = self.fields.binary_search_by_key(&key, |field| field.key).ok()?;
        Some(&self.fields[at])
    }
}

impl Field {
    const fn new(key: &'static str, kind: Kind, status: Status) -> Self {
        Self { key, kind, status, empty: Empty::Dropped }
    }

    /// The same, printed in another way when empty.
    const fn empty(self, empty: Empty) -> Self {
        Self { empty, ..self }
    }

    /// The same, printed even when zero.
    const fn kept(self) -> Self {
        self.empty(Empty::Kept)
    }
}

const fn applied(key: &'static str, kind: Kind) -> Field {
    Field::new(key, kind, Status::Applied)
}

const fn later(key: &'static str, kind: Kind) -> Field {
    Field::new(key, kind, Status::Later)
}

const fn inert(key: &'static str, kind: Kind) -> Field {
    Field::new(key, kind, Status::Inert)
}

const fn refused(key: &'static str, kind: Kind) -> Field {
    Field::new(key, kind, Status::Refused)
}

const fn object(name: &'static str, fields: &'static [Field]) -> Object {
    Object { name, fields, finish: |_, _| {} }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_sorted(object: &Object) {
        for pair in object.fields.windows(2) {
            assert!(pair[0].key < pair[1].key, "{}: {} after {}", object.name, pair[1].key, pair[0].key);
        }
        object.fields.iter().for_each(|field| check_kind(&field.kind));
    }

    fn check_kind(kind: &Kind) {
        match kind {
            Kind::Object(object) => check_sorted(object),
            Kind::Nullable(inner)
            | Kind::List(inner, _)
            | Kind::OneOrMore(inner, _)
            | Kind::Map(inner)
            | Kind::Names(inner, _) => check_kind(inner),
            Kind::Short(_, inner) | Kind::Either(_, inner) => check_kind(inner),
            _ => {}
        }
    }

    #[test]
    fn keys_are_sorted_for_the_binary_search() {
        check_sorted(&PROJECT);
    }
}
