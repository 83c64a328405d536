//! The scheduler over made-up nodes.

use super::schedule::Schedule;
use super::{Step, StepKind, Stopped, Tolerance, Undo, apply};
use crate::console::interrupt::Interrupt;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

fn work(name: &'static str, after: &[usize]) -> Step<&'static str> {
    step(name, after, StepKind::Work)
}

fn step(name: &'static str, after: &[usize], kind: StepKind) -> Step<&'static str> {
    Step { work: name, after: after.to_vec(), behind: Vec::new(), kind, undo: None, tolerance: None }
}

fn wait(name: &'static str, after: &[usize]) -> Step<&'static str> {
    step(name, after, StepKind::Wait)
}

fn run<P>(steps: Vec<Step<&'static str>>, perform: P) -> Result<(), Stopped<String>>
where
    P: Fn(&&'static str) -> Result<(), String> + Send + Sync + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let result = runtime.block_on(async {
        let mut interrupt = Interrupt::listen().expect("signals");
        apply(steps, 4, &mut interrupt, perform).await
    });
    runtime.shutdown_background();
    result
}

#[test]
fn a_step_runs_after_all_it_depends_on() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&order);
    let steps = vec![work("start", &[1, 2]), work("network", &[]), work("create", &[1]), work("next", &[0])];
    let result = run(steps, move |name| {
        seen.lock().expect("lock").push(*name);
        Ok(())
    });
    assert_eq!(result, Ok(()));
    assert_eq!(*order.lock().expect("lock"), ["network", "create", "start", "next"]);
}

#[test]
fn independent_steps_run_at_the_same_time() {
    // Each of the two needs the other to have begun; one after the other they would never end.
    let (to_first, first) = mpsc::channel();
    let (to_second, second) = mpsc::channel();
    let channels = Mutex::new(vec![(to_first, second), (to_second, first)]);
    let result = run(vec![work("a", &[]), work("b", &[])], move |_| {
        let (sender, receiver) = channels.lock().expect("lock").pop().expect("one each");
        sender.send(()).expect("sent");
        receiver.recv().expect("received");
        Ok(())
    });
    assert_eq!(result, Ok(()));
}

#[test]
fn the_first_failure_keeps_the_rest_from_beginning() {
    let steps = vec![work("bad", &[]), work("after", &[0]), work("later", &[1])];
    let result = run(steps, |name| if *name == "bad" { Err("bad failed".to_owned()) } else { Ok(()) });
    assert_eq!(result, Err(Stopped::Failed(vec!["bad failed".to_owned()])));
}

#[test]
fn a_failure_does_not_wait_for_those_who_wait() {
    // The sender is never used nor dropped, so whoever waits for it waits for good.
    let (_sender, receiver) = mpsc::channel::<()>();
    let receiver = Mutex::new(receiver);
    let result = run(vec![wait("health", &[]), work("bad", &[])], move |name| match *name {
        "health" => receiver.lock().expect("lock").recv().map_err(|error| error.to_string()),
        _ => Err("bad failed".to_owned()),
    });
    assert_eq!(result, Err(Stopped::Failed(vec!["bad failed".to_owned()])));
}

#[test]
fn waiting_steps_take_no_place_from_working_ones() {
    let steps = [wait("a", &[]), work("b", &[]), work("c", &[]), wait("d", &[1])];
    let mut schedule = Schedule::new(&steps, 1);
    assert_eq!((schedule.next(), schedule.next(), schedule.next()), (Some(0), Some(1), None));
    schedule.finish(1, true);
    assert_eq!((schedule.next(), schedule.next(), schedule.next()), (Some(3), Some(2), None));
}

/// The steps and undone steps that ran, in order.
fn trace(steps: Vec<Step<&'static str>>, fails: &'static str) -> (Vec<&'static str>, Vec<String>) {
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&order);
    let result = run(steps, move |name| {
        seen.lock().expect("lock").push(*name);
        if *name == fails { Err(format!("{name} failed")) } else { Ok(()) }
    });
    let failures = match result {
        Ok(()) => Vec::new(),
        Err(Stopped::Failed(failures) | Stopped::Interrupted(failures)) => failures,
    };
    let order = order.lock().expect("lock").clone();
    (order, failures)
}

fn undone(step: Step<&'static str>, work: &'static str, until: usize) -> Step<&'static str> {
    Step { undo: Some(Undo { work, until }), ..step }
}

/// A replacement: made beside the old one, which stops and goes; then there is no way back.
fn replacement() -> Vec<Step<&'static str>> {
    vec![
        undone(work("create", &[]), "remove the new one", 2),
        undone(step("stop", &[0], StepKind::Stop), "start the old one", 2),
        work("remove", &[1]),
        work("rename", &[2]),
    ]
}

#[test]
fn what_stands_half_done_is_taken_back_last_first() {
    let (order, failures) = trace(replacement(), "remove");
    assert_eq!(order, ["create", "stop", "remove", "start the old one", "remove the new one"]);
    assert_eq!(failures, ["remove failed"]);
}

#[test]
fn a_step_that_failed_is_taken_back_too() {
    assert_eq!(trace(replacement(), "create").0, ["create", "remove the new one"]);
}

#[test]
fn nothing_is_taken_back_once_there_is_no_way_back() {
    assert_eq!(trace(replacement(), "rename").0, ["create", "stop", "remove", "rename"]);
    assert_eq!(trace(replacement(), "nothing").0, ["create", "stop", "remove", "rename"]);
}

#[test]
fn a_borne_failure_keeps_only_what_depends_on_it_from_beginning() {
    let tolerance = Some(Tolerance { group: 0, failures: 1 });
    let mut steps = vec![work("first", &[]), work("of first", &[0]), work("second", &[]), work("third", &[])];
    steps.iter_mut().for_each(|step| step.tolerance = tolerance);
    steps[2].behind = vec![1];
    steps[3].behind = vec![2];
    let (order, failures) = trace(steps.clone(), "first");
    assert_eq!((order, failures), (vec!["first", "second", "third"], vec!["first failed".to_owned()]));
    steps.iter_mut().for_each(|step| step.tolerance = Some(Tolerance { group: 0, failures: 0 }));
    assert_eq!(trace(steps, "first").0, ["first"]);
}
