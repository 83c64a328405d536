//! WORKDIR: a folder that is there from now on.

use super::permission::Owner;
use super::transfer::CopyError;
use super::upper::{Metadata, Upper};
use crate::build::dockerfile::{Located, Step};
use crate::build::error::BuildError;
use crate::build::input::path::absolute;
use crate::build::input::view::Found;
use crate::build::outcome::config::working_dir;
use crate::build::outcome::draft::Draft;
use crate::build::stage::{LayerStep, StageBuild, Trust};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Action<'a> {
    workdir: &'a str,
    user: Option<&'a str>,
}

impl StageBuild<'_> {
    /// Sets the working folder, and makes it as the current user's if it is missing.
    pub(in crate::build) fn workdir(
        &mut self,
        draft: &mut Draft,
        step: &Step,
        path: &Located<String>,
    ) -> Result<(), BuildError> {
        let path = self.solver.file.expanded(path, &|name| draft.scope.value(name))?;
        let path = absolute(&working_dir(&draft.configuration.config), &path);
        draft.configuration.config.working_dir = Some(path.clone());
        let user = draft.configuration.config.user.clone();
        let key = self.key(&draft.configuration.diff_ids, &Action { workdir: &path, user: user.as_deref() });
        let layer = LayerStep { history: format!("WORKDIR {path}"), ..LayerStep::new(step, key) };
        self.layer(draft, layer, |stage, place| {
            make(&place.upper, Path::new(&path), user.as_deref())
                .map(|()| Trust::Kept)
                .map_err(|error| stage.copy_error(step, error))
        })
    }
}

fn make(upper: &Upper, path: &Path, user: Option<&str>) -> Result<(), CopyError> {
    let owner = match user {
        Some(user) => Owner::parse(user, upper.view())?,
        None => Owner::ROOT,
    };
    if let Found::Missing(_) = upper.resolve(path)? {
        upper.folder(path, Metadata::new_folder(owner))?;
    }
    Ok(())
}
