//! Images to fetch and to build before containers can be planned.

use super::attribute::AttributeError;
use super::mount::image_of;
use super::{BuildChoice, ImageOptions, ImagePlan, ImagePull, PlanError, build};
use crate::graph::{Graph, Selection};
use crate::model::{self, MountKind, Project, Service};
use engine_spec::{BuildSpec, ContextSource, Digest, ImageReference, Platform, PullPolicy, ServiceName};
use std::collections::BTreeMap;
use std::time::Duration;

/// As many digits as Docker prints of an id.
const SHORT_ID: usize = 12;

/// The images to fetch and to build.
///
/// # Errors
/// A service's image name or build section cannot be used.
pub fn images(
    project: &Project,
    selection: &Selection,
    options: &ImageOptions,
    local: &BTreeMap<ImageReference, Digest>,
) -> Result<ImagePlan, PlanError> {
    let mut plan = ImagePlan::default();
    for name in Graph::of(project, selection).order() {
        let Some(service) = project.service(name.as_str()) else { continue };
        let fail = PlanError::of(name);
        let image = reference(project, name, service).map_err(&fail)?;
        let is_there = local_image(project, name, service, local).map_err(&fail)?.is_some();
        match decide(service, options, &image, is_there) {
            Need::Nothing => {}
            Need::Build => plan
                .builds
                .push((name.clone(), build::of_service(project, name, service, image).map_err(&fail)?)),
            Need::Pull => {
                let can_build = service.build.is_some() && options.build != BuildChoice::Never;
                let fallback = if can_build {
                    Some(Box::new(build::of_service(project, name, service, image.clone()).map_err(&fail)?))
                } else {
                    None
                };
                add_pull(&mut plan.pulls, name, service, image, fallback);
            }
        }
        for other in others(project, service).map_err(&fail)? {
            let is_built = plan.builds.iter().any(|(_, build)| build.tags.contains(&other));
            if !local.contains_key(&other) && !is_built {
                add_pull(&mut plan.pulls, name, service, other, None);
            }
        }
    }
    plan.pulls.retain(|pull| !plan.builds.iter().any(|(_, build)| build.tags.contains(&pull.image)));
    plan.builds = Builds::of(project, plan.builds)?;
    link(&mut plan.builds);
    Ok(plan)
}

/// Lets a build start from the image that an earlier one of the same plan makes, by that image's name.
fn link(builds: &mut [(ServiceName, BuildSpec)]) {
    let mut made: BTreeMap<String, ContextSource> = BTreeMap::new();
    for (service, spec) in builds {
        for (name, build) in &made {
            spec.contexts.entry(name.clone()).or_insert_with(|| build.clone());
        }
        for tag in spec.tags.iter().map(ToString::to_string) {
            let build = ContextSource::Build(service.to_string());
            let short = tag.strip_suffix(":latest").map(str::to_owned);
            made.extend(short.into_iter().chain([tag]).map(|name| (name, build.clone())));
        }
    }
}

/// Builds with those whose results are their contexts (`service:`), and those of these, before them.
struct Builds<'a> {
    project: &'a Project,
    /// Asked for, and not yet in order.
    asked: BTreeMap<ServiceName, BuildSpec>,
    ordered: Vec<(ServiceName, BuildSpec)>,
}

impl Builds<'_> {
    fn of(
        project: &Project,
        asked: Vec<(ServiceName, BuildSpec)>,
    ) -> Result<Vec<(ServiceName, BuildSpec)>, PlanError> {
        let names: Vec<_> = asked.iter().map(|(name, _)| name.clone()).collect();
        let mut builds = Builds { project, asked: asked.into_iter().collect(), ordered: Vec::new() };
        names.iter().try_for_each(|name| builds.place(name, &mut Vec::new()))?;
        Ok(builds.ordered)
    }

    /// Those on the way down wait for each other; the engine says so of a circle.
    fn place(&mut self, name: &ServiceName, way: &mut Vec<ServiceName>) -> Result<(), PlanError> {
        let is_placed = self.ordered.iter().any(|(placed, _)| placed == name);
        let Some(service) = self.project.service(name.as_str()) else { return Ok(()) };
        if is_placed || way.contains(name) || service.build.is_none() {
            return Ok(());
        }
        let spec = match self.asked.remove(name) {
            Some(spec) => spec,
            None => {
                let fail = PlanError::of(name);
                let image = reference(self.project, name, service).map_err(&fail)?;
                build::of_service(self.project, name, service, image).map_err(&fail)?
            }
        };
        way.push(name.clone());
        for context in std::iter::once(&spec.context).chain(spec.contexts.values()) {
            if let ContextSource::Build(service) = context
                && let Some((service, _)) = self.project.service_entry(service)
            {
                self.place(service, way)?;
            }
        }
        way.pop();
        self.ordered.push((name.clone(), spec));
        Ok(())
    }
}

/// The images that a service needs besides its own: those it mounts, apart from those of other services,
/// which come with their service, and those its `pre_start` hooks run.
fn others(project: &Project, service: &Service) -> Result<Vec<ImageReference>, AttributeError> {
    let mounted = service.volumes.iter().filter_map(|mount| match &mount.kind {
        MountKind::Image { source, .. } if project.service(source).is_none() => Some(source.as_str()),
        _ => None,
    });
    let run = service.pre_start.iter().filter_map(|hook| hook.image.as_deref());
    let mounted = mounted.map(|source| image_of(project, source));
    mounted.chain(run.map(|image| Ok(ImageReference::parse(image)?))).collect()
}

/// The image that each selected service runs, out of the local ones.
///
/// # Errors
/// A service whose image is not there.
pub fn resolve_images(
    project: &Project,
    selection: &Selection,
    local: &BTreeMap<ImageReference, Digest>,
) -> Result<BTreeMap<ServiceName, Digest>, PlanError> {
    let resolve = |name: &ServiceName| {
        let service = project.service(name.as_str()).filter(|service| service.provider.is_none());
        let Some(service) = service else { return Ok(None) };
        match local_image(project, name, service, local).map_err(PlanError::of(name))? {
            Some(digest) => Ok(Some((name.clone(), digest.clone()))),
            None => {
                let image = reference(project, name, service).map_err(PlanError::of(name))?;
                Err(PlanError::ImageMissing { service: name.clone(), image: image.to_string() })
            }
        }
    };
    selection.services().filter_map(|name| resolve(name).transpose()).collect()
}

fn reference(
    project: &Project,
    name: &ServiceName,
    service: &Service,
) -> Result<ImageReference, AttributeError> {
    Ok(ImageReference::parse(&project.image_name(name, service))?)
}

/// The local image of a service, by its name or by the beginning of its id.
fn local_image<'a>(
    project: &Project,
    name: &ServiceName,
    service: &Service,
    local: &'a BTreeMap<ImageReference, Digest>,
) -> Result<Option<&'a Digest>, AttributeError> {
    let named = local.get(&reference(project, name, service)?);
    let written = service.image.as_deref().unwrap_or_default();
    let id = written.strip_prefix("sha256:").unwrap_or(written);
    let is_id = id.len() >= SHORT_ID && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_id =
        |digest: &&Digest| digest.as_str().strip_prefix("sha256:").is_some_and(|hex| hex.starts_with(id));
    Ok(named.or_else(|| local.values().find(has_id).filter(|_| is_id)))
}

/// What a service's image needs.
enum Need {
    Nothing,
    Pull,
    Build,
}

fn decide(service: &Service, options: &ImageOptions, image: &ImageReference, is_there: bool) -> Need {
    let can_build = service.build.is_some() && options.build != BuildChoice::Never;
    if can_build && options.build == BuildChoice::Always {
        return Need::Build;
    }
    let policy = options
        .pull
        .or_else(|| service.pull_policy.as_ref().map(|given| policy(given, options.ages.get(image))));
    match policy {
        Some(PullPolicy::Always) if service.image.is_some() => Need::Pull,
        Some(PullPolicy::Build) if can_build => Need::Build,
        _ if is_there => Need::Nothing,
        // A built image is fetched first only if the file asks for that.
        Some(PullPolicy::Missing) if service.image.is_some() => Need::Pull,
        _ if can_build => Need::Build,
        Some(PullPolicy::Never) => Need::Nothing,
        _ if service.image.is_some() => Need::Pull,
        _ => Need::Nothing,
    }
}

/// What a policy means for an image that was fetched so long ago.
fn policy(policy: &model::PullPolicy, age: Option<&Duration>) -> PullPolicy {
    match policy {
        model::PullPolicy::Always => PullPolicy::Always,
        model::PullPolicy::Never => PullPolicy::Never,
        model::PullPolicy::Build => PullPolicy::Build,
        model::PullPolicy::Every(interval) if age.is_none_or(|age| *age >= interval.length()) => {
            PullPolicy::Always
        }
        model::PullPolicy::Missing
        | model::PullPolicy::IfNotPresent
        | model::PullPolicy::Refresh
        | model::PullPolicy::Every(_) => PullPolicy::Missing,
    }
}

/// Two services with one image and platform share a pull.
fn add_pull(
    pulls: &mut Vec<ImagePull>,
    name: &ServiceName,
    service: &Service,
    image: ImageReference,
    fallback: Option<Box<BuildSpec>>,
) {
    let platform = service.platform.as_deref().map(Platform::read);
    match pulls.iter_mut().find(|pull| pull.image == image && pull.platform == platform) {
        Some(pull) => {
            pull.services.push(name.clone());
            pull.fallback = pull.fallback.take().or(fallback);
        }
        None => pulls.push(ImagePull { image, platform, services: vec![name.clone()], fallback }),
    }
}
