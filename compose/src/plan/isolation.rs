//! What a service's containers may do and what they share with others.

use super::attribute::AttributeError;
use super::container::Blueprint;
use crate::model::{NamespaceMode, Project, Service};
use engine_spec::{CgroupView, ContainerName, IpcMode, Isolation, Namespace, Security};

impl Blueprint<'_> {
    /// What the containers share with the host and with each other.
    pub(super) fn isolation(&self) -> Result<Isolation, AttributeError> {
        let service = self.service;
        check_kind(service)?;
        let isolation = Isolation {
            ipc: self.ipc()?,
            pid: self.namespace("pid", service.pid.as_ref())?,
            uts: self.namespace("uts", service.uts.as_ref())?,
            cgroup: service.cgroup.as_deref().map(cgroup_view).transpose()?,
            cgroup_parent: service.cgroup_parent.as_deref().map(cgroup_parent).transpose()?,
        };
        if isolation.uts == Namespace::Host
            && let Some(name) = service.hostname.as_ref().or(service.domainname.as_ref())
        {
            return Err(refuse("hostname", name, "no name of its own beside `uts: host`"));
        }
        Ok(isolation)
    }

    fn ipc(&self) -> Result<IpcMode, AttributeError> {
        Ok(match &self.service.ipc {
            None => IpcMode::Private,
            Some(NamespaceMode::Service(other)) => IpcMode::Container { name: self.first_of(other)? },
            Some(NamespaceMode::Container(name)) => {
                IpcMode::Container { name: ContainerName::new(name.as_str())? }
            }
            Some(NamespaceMode::Word(word)) => match word.as_str() {
                "" | "private" => IpcMode::Private,
                "shareable" => IpcMode::Shareable,
                "none" => IpcMode::None,
                "host" => IpcMode::Host,
                word => {
                    let expected = "private, shareable, none, host, service:NAME or container:NAME";
                    return Err(refuse("ipc", word, expected));
                }
            },
        })
    }

    fn namespace(
        &self,
        attribute: &'static str,
        mode: Option<&NamespaceMode>,
    ) -> Result<Namespace, AttributeError> {
        Ok(match mode {
            None => Namespace::Private,
            Some(NamespaceMode::Service(other)) => Namespace::Container { name: self.first_of(other)? },
            Some(NamespaceMode::Container(name)) => {
                Namespace::Container { name: ContainerName::new(name.as_str())? }
            }
            Some(NamespaceMode::Word(word)) => match word.as_str() {
                "" | "private" => Namespace::Private,
                "host" => Namespace::Host,
                word => return Err(refuse(attribute, word, "host, service:NAME or container:NAME")),
            },
        })
    }
}

/// `isolation` and `userns_mode` choose among kinds of containers and of user namespaces; there is one of each.
fn check_kind(service: &Service) -> Result<(), AttributeError> {
    match service.isolation.as_deref() {
        None | Some("" | "default") => {}
        Some(kind) => return Err(refuse("isolation", kind, "default: the others are of Windows")),
    }
    match service.userns_mode.as_deref() {
        // Containers share the host's user namespace, as Docker's do unless its daemon remaps users.
        None | Some("" | "host") => Ok(()),
        Some(mode) => Err(refuse("userns_mode", mode, "host: users are not remapped")),
    }
}

fn cgroup_view(word: &str) -> Result<CgroupView, AttributeError> {
    match word {
        "private" => Ok(CgroupView::Private),
        "host" => Ok(CgroupView::Host),
        word => Err(refuse("cgroup", word, "host or private")),
    }
}

/// A path below the root of the control groups.
fn cgroup_parent(parent: &str) -> Result<String, AttributeError> {
    let leads_out = parent.split('/').any(|part| matches!(part, "." | ".."));
    if leads_out || parent.trim_matches('/').is_empty() {
        return Err(refuse("cgroup_parent", parent, "a path of control groups without `..`"));
    }
    Ok(parent.to_owned())
}

/// What the containers may do.
pub(super) fn security(project: &Project, service: &Service) -> Result<Security, AttributeError> {
    Ok(Security {
        privileged: service.privileged,
        cap_add: service.cap_add.clone(),
        cap_drop: service.cap_drop.clone(),
        options: service.security_opt.iter().map(|option| with_absolute_profile(project, option)).collect(),
        read_only: service.read_only,
        sysctls: service.sysctls.clone(),
    })
}

/// A seccomp profile's path starts from the project's folder.
fn with_absolute_profile(project: &Project, option: &str) -> String {
    match option.split_once(['=', ':']) {
        Some(("seccomp", file)) if !matches!(file, "" | "unconfined" | "builtin") => {
            format!("seccomp={}", project.working_dir.join(file).display())
        }
        Some(_) | None => option.to_owned(),
    }
}

fn refuse(attribute: &'static str, value: &str, expected: &'static str) -> AttributeError {
    AttributeError::Value { attribute, value: value.to_owned(), expected }
}
