//! What `RUN --mount` asks for becomes places of the host, held as long as the command runs.
//!
//! The key of a step counts what the command can tell apart: where mounts go, of which kind they are,
//! and what bound files contain. It does not count secrets, agents or what a cache holds.

use super::cache_mount::{CacheMount, CacheMountError, CacheRequest};
use super::mask::Mask;
use super::secret::{self, SecretError};
use super::ssh::{Forwarder, SshError};
use crate::build::dockerfile::{
    Access, Diagnostic, Located, MountOrigin, MountRequest, MountRequestKind, MountTextError, Run, Span, Step,
};
use crate::build::error::BuildError;
use crate::build::files::copy::{Copier, Target};
use crate::build::files::fingerprint::Fingerprint;
use crate::build::files::select::select;
use crate::build::files::transfer::{CopyError, Origin};
use crate::build::files::upper::Upper;
use crate::build::input::path::{absolute, clean};
use crate::build::outcome::config::working_dir;
use crate::build::outcome::draft::Draft;
use crate::build::stage::{StageBuild, Workplace};
use crate::supervisor::step::{SecretBytes, StepMount, StepSource};
use engine_spec::Digest;
use serde::Serialize;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Where secrets and agents go that are not sent anywhere else, as BuildKit has it.
const SECRETS: &str = "/run/secrets";
const AGENTS: &str = "/run/buildkit/ssh_agent";
const AGENT_VARIABLE: &str = "SSH_AUTH_SOCK";
const SECRET_MODE: u32 = 0o400;
const AGENT_MODE: u32 = 0o600;

/// A mount of a RUN could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum RunMountError {
    /// A cache folder could not be used.
    #[error(transparent)]
    Cache(#[from] CacheMountError),
    /// A secret could not be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// An agent could not be reached.
    #[error(transparent)]
    Ssh(#[from] SshError),
}

/// A mount with its variables replaced.
pub(in crate::build) struct Wanted {
    /// Absolute; `None` for a secret that only becomes a variable.
    target: Option<PathBuf>,
    kind: MountRequestKind,
    /// Where bound files come from, and what tells them from others.
    origin: Option<(Origin, String)>,
    span: Span,
}

/// All that a command can tell apart of a mount.
#[derive(Serialize)]
pub(in crate::build) enum MountKey<'a> {
    Bind { target: &'a Path, content: Content<'a>, is_writable: bool },
    Cache { target: &'a Path, is_read_only: bool },
    Tmpfs { target: &'a Path, size: Option<u64> },
    Secret { target: Option<&'a Path>, id: &'a str, env: Option<&'a str>, access: Access },
    Ssh { target: &'a Path, id: &'a str, access: Access },
}

/// What bound files are: by the layers they lie in, which is quick to tell, or by content.
#[derive(Serialize)]
pub(in crate::build) enum Content<'a> {
    Definition { layers: &'a [Digest], path: &'a str },
    Digest(Digest),
}

/// Mounts that are ready.
#[derive(Default)]
pub(in crate::build) struct Ready {
    pub(in crate::build) mounts: Vec<StepMount>,
    /// Variables they bring, as `NAME=value`.
    pub(in crate::build) environment: Vec<String>,
    /// Hides the secrets in what the command writes.
    pub(in crate::build) mask: Mask,
    /// Held until the command has ended.
    _caches: Vec<CacheMount>,
    _agents: Vec<Forwarder>,
}

impl StageBuild<'_> {
    /// The mounts of `run`, outer ones first.
    pub(in crate::build) fn wanted(
        &self,
        draft: &Draft,
        step: &Step,
        run: &Run,
    ) -> Result<Vec<Wanted>, BuildError> {
        let mut all = Vec::new();
        let mut agents = 0;
        for mount in &run.mounts {
            let pointed = |error: MountTextError| self.mount_error(mount.span, error);
            let expand = |text: &str| {
                let located = Located { value: text.to_owned(), span: mount.span };
                let expanded = self.solver.file.expanded(&located, &|name| draft.scope.value(name));
                expanded.map_err(|error| MountTextError::new(error.message))
            };
            let MountRequest { target, kind } = mount.request(&expand).map_err(pointed)?;
            let folder = working_dir(&draft.configuration.config);
            let target = match (&kind, target) {
                (_, Some(target)) => Some(absolute(&folder, &target).into()),
                (MountRequestKind::Secret { env: Some(_), .. }, None) => None,
                (MountRequestKind::Secret { id, .. }, None) => {
                    Some(Path::new(SECRETS).join(id.rsplit('/').next().unwrap_or(id)))
                }
                (_, None) => {
                    agents += 1;
                    Some(format!("{AGENTS}.{}", agents - 1).into())
                }
            };
            let origin = self.mount_origin(step, &kind, mount.span)?;
            all.push(Wanted { target, kind, origin, span: mount.span });
        }
        all.sort_by_key(|wanted| wanted.target.as_ref().map_or(0, |target| target.components().count()));
        Ok(all)
    }

    fn mount_origin(
        &self,
        step: &Step,
        kind: &MountRequestKind,
        span: Span,
    ) -> Result<Option<(Origin, String)>, BuildError> {
        let source = match kind {
            MountRequestKind::Bind { source, .. } => source,
            MountRequestKind::Cache { source, .. } if source.from.is_some() => source,
            _ => return Ok(None),
        };
        let MountOrigin { from, path } = source;
        let from = from.clone().filter(|from| !from.is_empty()).map(|value| Located { value, span });
        let path = clean(path.as_deref().unwrap_or_default());
        Ok(Some((self.origin(step, from.as_ref())?, path)))
    }

    /// The part of a key that mounts are; `by_content` says how bound files of layers count.
    pub(in crate::build) fn mount_keys<'w>(
        &self,
        step: &Step,
        wanted: &'w [Wanted],
        by_content: bool,
    ) -> Result<Vec<MountKey<'w>>, BuildError> {
        let root = Path::new("/");
        let key = |wanted: &'w Wanted| {
            let target = wanted.target.as_deref().unwrap_or(root);
            Ok(match &wanted.kind {
                MountRequestKind::Bind { is_writable, .. } => MountKey::Bind {
                    target,
                    content: self.bound(step, wanted, by_content)?,
                    is_writable: *is_writable,
                },
                MountRequestKind::Cache { is_read_only, .. } => {
                    MountKey::Cache { target, is_read_only: *is_read_only }
                }
                MountRequestKind::Tmpfs { size } => MountKey::Tmpfs { target, size: *size },
                MountRequestKind::Secret { id, env, access, .. } => MountKey::Secret {
                    target: wanted.target.as_deref(),
                    id,
                    env: env.as_deref(),
                    access: *access,
                },
                MountRequestKind::Ssh { id, access, .. } => MountKey::Ssh { target, id, access: *access },
            })
        };
        wanted.iter().map(key).collect()
    }

    fn bound<'w>(
        &self,
        step: &Step,
        wanted: &'w Wanted,
        by_content: bool,
    ) -> Result<Content<'w>, BuildError> {
        let Some((origin, path)) = &wanted.origin else {
            return Ok(Content::Definition { layers: &[], path: "" });
        };
        match origin.layers() {
            Some(layers) if !by_content => Ok(Content::Definition { layers, path }),
            layers => {
                let mut fingerprint = Fingerprint::new(origin.view(), &self.shop.contents, layers.is_some());
                for selected in self.pointed(select(origin.view(), path), wanted.span)? {
                    fingerprint.add(&selected).map_err(|error| self.copy_error(step, error))?;
                }
                Ok(Content::Digest(Digest::from_sha256(fingerprint.finish().0)))
            }
        }
    }

    /// Makes everything ready; what is not there and not required is left out.
    pub(in crate::build) fn ready(
        &self,
        step: &Step,
        place: &Workplace,
        wanted: &[Wanted],
    ) -> Result<Ready, BuildError> {
        let mut ready = Ready::default();
        for (number, wanted) in wanted.iter().enumerate() {
            let scratch = place.staging.path(&format!("mount-{number}"));
            self.add(step, &mut ready, wanted, &scratch)?;
        }
        Ok(ready)
    }

    fn add(&self, step: &Step, ready: &mut Ready, wanted: &Wanted, scratch: &Path) -> Result<(), BuildError> {
        let target = wanted.target.clone();
        let failed = |source: RunMountError| BuildError::RunMount { at: self.at(step), source };
        let (source, is_read_only) = match &wanted.kind {
            MountRequestKind::Tmpfs { size } => (StepSource::Tmpfs { size: *size }, false),
            MountRequestKind::Bind { is_writable, .. } => (self.bind(step, wanted, scratch)?, !is_writable),
            MountRequestKind::Cache { is_read_only, .. } => {
                let cache = self.cache_mount(step, wanted, scratch)?;
                let source = cache.source();
                ready._caches.push(cache);
                (source, *is_read_only)
            }
            MountRequestKind::Secret { id, env, is_required, access } => {
                let value = self.secret(id, *is_required).map_err(|error| failed(error.into()))?;
                let Some(value) = value else { return Ok(()) };
                ready.mask.hide(&value);
                if let Some(name) = env {
                    let text = secret::text(id, &value).map_err(|error| failed(error.into()))?;
                    ready.environment.push(format!("{name}={text}"));
                }
                let Access { mode, uid, gid } = *access;
                let (mode, uid, gid) =
                    (mode.unwrap_or(SECRET_MODE), uid.unwrap_or_default(), gid.unwrap_or_default());
                (StepSource::Secret { content: SecretBytes(value), mode, uid, gid }, true)
            }
            MountRequestKind::Ssh { id, is_required, access } => {
                let agent = self.agent(id, *is_required).map_err(|error| failed(error.into()))?;
                let Some(agent) = agent else { return Ok(()) };
                let owner = (access.uid.unwrap_or_default(), access.gid.unwrap_or_default());
                let access = (access.mode.unwrap_or(AGENT_MODE), owner);
                let forwarder =
                    Forwarder::start(&agent, scratch, access).map_err(|error| failed(error.into()))?;
                ready
                    .environment
                    .extend(target.iter().map(|path| format!("{AGENT_VARIABLE}={}", path.display())));
                let source = forwarder.source();
                ready._agents.push(forwarder);
                (source, false)
            }
        };
        ready.mounts.extend(target.map(|target| StepMount { target, source, is_read_only }));
        Ok(())
    }

    /// Files of the context are copied, so that they are root's, complete in spite of edits, and no
    /// command can write to them; layers are mounted.
    fn bind(&self, step: &Step, wanted: &Wanted, scratch: &Path) -> Result<StepSource, BuildError> {
        let Some((origin, path)) = &wanted.origin else {
            return Ok(StepSource::Tmpfs { size: None });
        };
        match origin {
            Origin::Layers { layers, .. } => {
                let layers = layers.iter().rev().map(|layer| self.shop.layout.layer(layer)).collect();
                Ok(StepSource::Layers { layers, scratch: scratch.to_owned(), path: path.into() })
            }
            Origin::Context(_) => {
                let selected = self.pointed(select(origin.view(), path), wanted.span)?;
                let copied =
                    copy_out(origin, &selected, scratch).map_err(|error| self.copy_error(step, error))?;
                Ok(StepSource::Folder { root: scratch.to_owned(), path: copied })
            }
        }
    }

    fn cache_mount(&self, step: &Step, wanted: &Wanted, scratch: &Path) -> Result<CacheMount, BuildError> {
        let MountRequestKind::Cache { id, sharing, source, access, .. } = &wanted.kind else {
            return Err(BuildError::Stopped);
        };
        let target = wanted.target.clone().unwrap_or_default();
        let namespace =
            self.solver.given().get("BUILDKIT_CACHE_MOUNT_NS").cloned().flatten().unwrap_or_default();
        let request = CacheRequest {
            id: id.clone().unwrap_or_else(|| target.to_string_lossy().into_owned()),
            namespace,
            sharing: *sharing,
            access: *access,
            seed: wanted.origin.as_ref().map(|(origin, path)| (origin.identity(), path.clone())),
            path: if wanted.origin.is_none() {
                clean(source.path.as_deref().unwrap_or_default())
            } else {
                String::new()
            },
        };
        let failed =
            |source: CacheMountError| BuildError::RunMount { at: self.at(step), source: source.into() };
        let cache = CacheMount::acquire(self.shop.layout, &request, || {
            self.shop.must_be_emptied(self.reuse(), &request)
        })
        .map_err(failed)?;
        if let (true, Some((origin, path))) = (cache.is_new(), &wanted.origin) {
            let selected = self.pointed(select(origin.view(), path), wanted.span)?;
            let seeded = copy_out(origin, &selected, &cache.data());
            seeded.map_err(|error| self.copy_error(step, error))?;
        }
        cache.finish(*access).map_err(failed)?;
        let _ = scratch;
        Ok(cache)
    }

    fn mount_error(&self, span: Span, error: MountTextError) -> Diagnostic {
        Diagnostic { hint: error.hint, ..self.solver.file.source.error(span, error.message) }
    }
}

/// Copies what was selected into `folder` and returns where in it the thing itself lies.
fn copy_out(
    origin: &Origin,
    selected: &[crate::build::files::select::Selected],
    folder: &Path,
) -> Result<PathBuf, CopyError> {
    if !folder.exists() {
        let made = DirBuilder::new().mode(0o755).create(folder);
        made.map_err(|source| crate::build::files::upper::UpperError::Write {
            path: folder.to_owned(),
            source,
        })?;
    }
    let upper = Upper::new(folder, &[])?;
    let target = Target { path: "/".into(), is_folder: true, owner: None, mode: None };
    let mut copier = Copier::new(&upper, origin.view(), &target);
    let mut place = PathBuf::new();
    for selected in selected {
        copier.copy(selected)?;
        if selected.entry.kind != crate::build::input::view::Kind::Folder {
            place = PathBuf::from(&selected.name);
        }
    }
    Ok(place)
}
