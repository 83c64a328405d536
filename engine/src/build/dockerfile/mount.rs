//! `RUN --mount`: fields between commas, and what they come to once their variables are replaced.

use super::Diagnostic;
use super::diagnostic::nearest;
use super::source::{Located, Span};
use super::syntax::Reader;

/// All keys, each with the kinds of mount it means something to.
const KEYS: [(&str, &[&str]); 21] = [
    ("type", &[BIND, CACHE, TMPFS, SECRET, SSH]),
    ("target", &[BIND, CACHE, TMPFS, SECRET, SSH]),
    ("dst", &[BIND, CACHE, TMPFS, SECRET, SSH]),
    ("destination", &[BIND, CACHE, TMPFS, SECRET, SSH]),
    ("source", &[BIND, CACHE, SECRET]),
    ("src", &[BIND, CACHE, SECRET]),
    ("from", &[BIND, CACHE]),
    ("ro", &[BIND, CACHE]),
    ("readonly", &[BIND, CACHE]),
    ("rw", &[BIND, CACHE]),
    ("readwrite", &[BIND, CACHE]),
    ("id", &[CACHE, SECRET, SSH]),
    ("sharing", &[CACHE]),
    ("mode", &[CACHE, SECRET, SSH]),
    ("uid", &[CACHE, SECRET, SSH]),
    ("gid", &[CACHE, SECRET, SSH]),
    ("size", &[TMPFS]),
    ("required", &[SECRET, SSH]),
    ("env", &[SECRET]),
    ("bind-propagation", &[]),
    ("consistency", &[]),
];
const BIND: &str = "bind";
const CACHE: &str = "cache";
const TMPFS: &str = "tmpfs";
const SECRET: &str = "secret";
const SSH: &str = "ssh";

/// One `--mount` as written.
#[derive(Debug, Clone)]
pub(crate) struct RunMount {
    fields: Vec<(String, Option<String>)>,
    /// Where it stands.
    pub(crate) span: Span,
}

/// What a mount asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MountRequest {
    /// Where it goes, as written; `None` is the kind's own place.
    pub(crate) target: Option<String>,
    /// Of which kind it is.
    pub(crate) kind: MountRequestKind,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MountRequestKind {
    /// Files of the context, a stage or an image; writes are thrown away.
    Bind {
        /// Where the files come from.
        source: MountOrigin,
        /// Whether writes are allowed.
        is_writable: bool,
    },
    /// A folder that later builds find as this one leaves it.
    Cache {
        /// What tells it from others; `None` is the target.
        id: Option<String>,
        /// What is done if another step has it.
        sharing: Sharing,
        /// What it starts with.
        source: MountOrigin,
        /// Whether writes are refused.
        is_read_only: bool,
        /// Mode and owner of a new one.
        access: Access,
    },
    /// Memory.
    Tmpfs {
        /// In bytes.
        size: Option<u64>,
    },
    /// A secret of the caller.
    Secret {
        /// Its name.
        id: String,
        /// The variable that gets its value.
        env: Option<String>,
        /// Whether the step fails without it.
        is_required: bool,
        /// Mode and owner of the file.
        access: Access,
    },
    /// The socket of an SSH agent.
    Ssh {
        /// Its name.
        id: String,
        /// Whether the step fails without it.
        is_required: bool,
        /// Mode and owner of the socket.
        access: Access,
    },
}

/// Where a mount's files come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MountOrigin {
    /// A stage, image or named context; `None` is the context.
    pub(crate) from: Option<String>,
    /// The path in it; `None` is all of it.
    pub(crate) path: Option<String>,
}

/// Mode and owner, where they are given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Access {
    pub(crate) mode: Option<u32>,
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
}

/// What is done if another step has the same cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Both use it.
    #[default]
    Shared,
    /// The second gets one of its own.
    Private,
    /// The second waits.
    Locked,
}

/// Reads one `--mount` flag; what needs no variables is checked now.
pub(super) fn mount(reader: &Reader<'_>, flag: &Located<String>) -> Result<RunMount, Diagnostic> {
    let mut fields = Vec::new();
    for field in flag.value.split(',') {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (field, None),
        };
        let key = key.to_ascii_lowercase();
        if !KEYS.iter().any(|(known, _)| *known == key) {
            let near = nearest(&key, KEYS.iter().map(|(known, _)| *known));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            let error = reader.source.error(flag.span, format!("unknown key `{key}` in `--mount`"));
            return Err(Diagnostic { hint, ..error });
        }
        if key == "from" && value.as_deref().is_some_and(|value| value.contains('$')) {
            let hint = "name a stage with `FROM image AS name` and mount from that";
            return Err(reader.hint(flag.span, "variables are not expanded in `from` of a mount", hint));
        }
        fields.push((key, value));
    }
    let mount = RunMount { fields, span: flag.span };
    if !flag.value.contains('$') {
        let fail = |error: MountTextError| Diagnostic {
            hint: error.hint,
            ..reader.source.error(flag.span, error.message)
        };
        mount.request(&|text| Ok::<_, MountTextError>(text.to_owned())).map_err(fail)?;
    }
    Ok(mount)
}

/// Why a mount means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MountTextError {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl MountTextError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }
}

impl RunMount {
    /// The stage, image or context it names.
    pub(crate) fn from(&self) -> Option<Located<String>> {
        let value = self.fields.iter().find(|(key, _)| key == "from")?.1.clone()?;
        Some(Located { value, span: self.span })
    }

    /// What it asks for, its values run through `expand`.
    pub(crate) fn request(
        &self,
        expand: &dyn Fn(&str) -> Result<String, MountTextError>,
    ) -> Result<MountRequest, MountTextError> {
        let mut fields = Vec::new();
        for (key, value) in &self.fields {
            let value = match value {
                Some(value) if key != "from" => Some(expand(value)?),
                value => value.clone(),
            };
            fields.push((key.as_str(), value));
        }
        Fields(fields).request()
    }
}

/// The fields of one mount, their variables replaced.
struct Fields<'a>(Vec<(&'a str, Option<String>)>);

impl Fields<'_> {
    fn request(&self) -> Result<MountRequest, MountTextError> {
        let kind = self.text(&["type"])?.unwrap_or_else(|| BIND.to_owned()).to_ascii_lowercase();
        self.check_keys(&kind)?;
        let target = self.text(&["target", "dst", "destination"])?.filter(|target| !target.is_empty());
        if target.as_deref().is_some_and(|target| crate::build::input::path::clean(target).is_empty()) {
            return Err(MountTextError::new("nothing can be mounted at `/`"));
        }
        if target.is_none() && matches!(kind.as_str(), BIND | CACHE | TMPFS) {
            return Err(MountTextError::new(format!("a mount of type `{kind}` needs `target=…`")));
        }
        Ok(MountRequest { target, kind: self.kind(&kind)? })
    }

    fn kind(&self, kind: &str) -> Result<MountRequestKind, MountTextError> {
        Ok(match kind {
            BIND => MountRequestKind::Bind {
                source: self.origin()?,
                is_writable: self.is_writable()?.unwrap_or(false),
            },
            CACHE => MountRequestKind::Cache {
                id: self.text(&["id"])?.filter(|id| !id.is_empty()),
                sharing: self.sharing()?,
                source: self.origin()?,
                is_read_only: !self.is_writable()?.unwrap_or(true),
                access: self.access()?,
            },
            TMPFS => {
                MountRequestKind::Tmpfs { size: self.text(&["size"])?.map(|text| size(&text)).transpose()? }
            }
            SECRET => self.secret()?,
            _ => MountRequestKind::Ssh {
                id: self.text(&["id"])?.unwrap_or_else(|| "default".to_owned()),
                is_required: self.switch("required")?.unwrap_or(false),
                access: self.access()?,
            },
        })
    }

    fn secret(&self) -> Result<MountRequestKind, MountTextError> {
        let id = match (self.text(&["id"])?, self.text(&["source", "src"])?) {
            (Some(_), Some(_)) => {
                return Err(MountTextError::new("a secret takes `id` or `source`, not both"));
            }
            (id, source) => id.or(source),
        };
        let target = self.text(&["target", "dst", "destination"])?;
        let named = id.or_else(|| Some(target?.rsplit('/').next()?.to_owned()));
        Ok(MountRequestKind::Secret {
            id: named.ok_or_else(|| MountTextError::new("a secret needs `id=…`"))?,
            env: self.text(&["env"])?.filter(|env| !env.is_empty()),
            is_required: self.switch("required")?.unwrap_or(false),
            access: self.access()?,
        })
    }

    /// Every key must mean something to the kind of mount.
    fn check_keys(&self, kind: &str) -> Result<(), MountTextError> {
        const KINDS: [&str; 5] = [BIND, CACHE, TMPFS, SECRET, SSH];
        if !KINDS.contains(&kind) {
            let hint = nearest(kind, KINDS).map(|near| format!("did you mean `{near}`?"));
            return Err(MountTextError { message: format!("unsupported mount type `{kind}`"), hint });
        }
        for (key, _) in &self.0 {
            let kinds = KEYS.iter().find(|(known, _)| known == key).map_or(&[][..], |(_, kinds)| kinds);
            if !kinds.is_empty() && !kinds.contains(&kind) {
                return Err(MountTextError::new(format!(
                    "`{key}` means nothing to a mount of type `{kind}`"
                )));
            }
        }
        Ok(())
    }

    /// The value of the last field of these names.
    fn text(&self, keys: &[&str]) -> Result<Option<String>, MountTextError> {
        let Some((key, value)) = self.0.iter().rev().find(|(key, _)| keys.contains(key)) else {
            return Ok(None);
        };
        match value {
            Some(value) => Ok(Some(value.clone())),
            None => Err(MountTextError::new(format!("`{key}` needs a value: `{key}=…`"))),
        }
    }

    /// `key`, `key=true` or `key=false`.
    fn switch(&self, key: &str) -> Result<Option<bool>, MountTextError> {
        match self.0.iter().rev().find(|(known, _)| *known == key).map(|(_, value)| value.as_deref()) {
            None => Ok(None),
            Some(None | Some("true" | "1" | "t" | "T" | "TRUE" | "True")) => Ok(Some(true)),
            Some(Some("false" | "0" | "f" | "F" | "FALSE" | "False")) => Ok(Some(false)),
            Some(Some(value)) => {
                Err(MountTextError::new(format!("`{key}` is `true` or `false`, not `{value}`")))
            }
        }
    }

    fn is_writable(&self) -> Result<Option<bool>, MountTextError> {
        let read_only = self.switch("ro")?.or(self.switch("readonly")?);
        Ok(self.switch("rw")?.or(self.switch("readwrite")?).or(read_only.map(|is_set| !is_set)))
    }

    fn sharing(&self) -> Result<Sharing, MountTextError> {
        match self.text(&["sharing"])?.as_deref() {
            None | Some("shared" | "") => Ok(Sharing::Shared),
            Some("private") => Ok(Sharing::Private),
            Some("locked") => Ok(Sharing::Locked),
            Some(other) => {
                let message = format!("unsupported sharing mode `{other}`");
                Err(MountTextError { message, hint: Some("choose `shared`, `private` or `locked`".into()) })
            }
        }
    }

    fn origin(&self) -> Result<MountOrigin, MountTextError> {
        Ok(MountOrigin { from: self.text(&["from"])?, path: self.text(&["source", "src"])? })
    }

    fn access(&self) -> Result<Access, MountTextError> {
        let number = |key, base| match self.text(&[key])? {
            None => Ok(None),
            Some(text) => match u32::from_str_radix(&text, base) {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(MountTextError::new(format!("`{text}` is not a value of `{key}`"))),
            },
        };
        Ok(Access { mode: number("mode", 8)?, uid: number("uid", 10)?, gid: number("gid", 10)? })
    }
}

/// Bytes, with `k`, `m`, `g` and `t` for powers of 1024.
fn size(text: &str) -> Result<u64, MountTextError> {
    let lower = text.to_ascii_lowercase();
    let plain = lower.trim_end_matches('b').trim_end_matches('i');
    let (number, shift) = match plain.char_indices().last() {
        Some((end, 'k')) => (&plain[..end], 10),
        Some((end, 'm')) => (&plain[..end], 20),
        Some((end, 'g')) => (&plain[..end], 30),
        Some((end, 't')) => (&plain[..end], 40),
        _ => (plain, 0),
    };
    let bytes = number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift));
    bytes.ok_or_else(|| MountTextError::new(format!("`{text}` is not a size")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Result<MountRequest, String> {
        let fields = text.split(',').map(|field| match field.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (field.to_owned(), None),
        });
        let mount = RunMount { fields: fields.collect(), span: Span { line: 1, column: 1, width: 1 } };
        mount.request(&|text| Ok(text.replace("$d", "/deep"))).map_err(|error| error.message)
    }

    #[test]
    fn a_mount_without_a_type_binds_the_context_read_only() {
        let kind = MountRequestKind::Bind { source: MountOrigin::default(), is_writable: false };
        assert_eq!(request("target=$d/x"), Ok(MountRequest { target: Some("/deep/x".into()), kind }));
    }

    #[test]
    fn every_kind_has_its_own_fields() {
        let access = Access { mode: Some(0o700), uid: Some(7), gid: None };
        let cache = MountRequestKind::Cache {
            id: Some("npm".into()),
            sharing: Sharing::Locked,
            source: MountOrigin { from: Some("base".into()), path: Some("/seed".into()) },
            is_read_only: true,
            access,
        };
        let text = "type=cache,id=npm,sharing=locked,from=base,source=/seed,ro,mode=700,uid=7,target=/c";
        assert_eq!(request(text).expect("valid").kind, cache);
        let tmpfs = request("type=tmpfs,target=/t,size=2m").expect("valid").kind;
        assert_eq!(tmpfs, MountRequestKind::Tmpfs { size: Some(2 << 20) });
        let secret = request("type=secret,src=key,env=KEY,required").expect("valid").kind;
        assert!(
            matches!(secret, MountRequestKind::Secret { id, env: Some(_), is_required: true, .. } if id == "key")
        );
        let ssh = request("type=ssh").expect("valid").kind;
        assert!(matches!(ssh, MountRequestKind::Ssh { id, is_required: false, .. } if id == "default"));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for (text, expected) in [
            ("type=bind", "a mount of type `bind` needs `target=…`"),
            ("type=cache,target=/", "nothing can be mounted at `/`"),
            ("type=volume,target=/x", "unsupported mount type `volume`"),
            ("type=bind,target=/x,size=1m", "`size` means nothing to a mount of type `bind`"),
            ("type=secret,id=a,source=b", "a secret takes `id` or `source`, not both"),
            ("type=cache,target=/x,sharing=all", "unsupported sharing mode `all`"),
            ("type=cache,target=/x,mode=9", "`9` is not a value of `mode`"),
            ("type=tmpfs,target=/x,size=big", "`big` is not a size"),
            ("target", "`target` needs a value: `target=…`"),
        ] {
            assert_eq!(request(text), Err(expected.to_owned()), "{text}");
        }
    }
}
