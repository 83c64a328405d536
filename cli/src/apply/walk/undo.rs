//! Taking back what stands half done.

use super::schedule::Schedule;
use super::{Step, rethrow};
use std::sync::Arc;

/// Takes back, last first, each step that began and that the walk did not come far enough to keep.
/// Returns what could not be taken back; one failure keeps no other from being tried.
pub(super) async fn undo<T, E, P>(schedule: &Schedule, shared: Arc<(Vec<Step<T>>, P)>) -> Vec<E>
where
    T: Send + Sync + 'static,
    E: Send + 'static,
    P: Fn(&T) -> Result<(), E> + Send + Sync + 'static,
{
    let is_half_done = |&place: &usize| {
        let undo = shared.0[place].undo.as_ref();
        undo.is_some_and(|undo| schedule.has_begun(place) && !schedule.is_done(undo.until))
    };
    let places: Vec<usize> = (0..shared.0.len()).rev().filter(is_half_done).collect();
    let take_back = move || {
        let works = places.iter().filter_map(|&place| Some(&shared.0[place].undo.as_ref()?.work));
        works.filter_map(|work| (shared.1)(work).err()).collect()
    };
    tokio::task::spawn_blocking(take_back).await.unwrap_or_else(rethrow)
}
