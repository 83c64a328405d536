//! The log is bounded, and a reader misses nothing of it.

use super::*;
use engine_spec::{ContainerId, ContainerName, Labels};

fn event(text: &str) -> Event {
    Event {
        time: SystemTime::UNIX_EPOCH,
        object: EventObject::Container {
            id: ContainerId::from_random([1; 32]),
            name: ContainerName::new("demo-web-1").expect("valid"),
            image: "busybox".parse().expect("valid"),
            labels: Labels::from([("text".to_owned(), text.to_owned())]),
            action: ContainerAction::Start,
        },
    }
}

fn text(event: &Event) -> &str {
    &event.labels().expect("a container has labels")["text"]
}

fn installation(name: &str) -> (PathBuf, Layout) {
    let root = std::env::temp_dir().join(format!("lighter-events-{name}-{}", std::process::id()));
    let layout = Layout::at(&root);
    layout.prepare().expect("prepared");
    (root, layout)
}

#[test]
fn a_log_is_bounded_and_keeps_the_newest() {
    let (root, layout) = installation("bounded");
    let filler = "x".repeat(400_000);
    (0..40).for_each(|_| append(&layout, &event(&filler)).expect("appended"));
    append(&layout, &event("last")).expect("appended");

    let events = read(&layout).expect("read");
    assert_eq!(text(events.last().expect("kept")), "last");
    assert!(events.len() <= 21, "{} events are kept", events.len());
    fs::remove_dir_all(root).expect("removed");
}

#[test]
fn a_reader_follows_into_the_next_log() {
    let (root, layout) = installation("followed");
    let mut reader = EventReader::open(&layout).expect("opened");
    let filler = "x".repeat(1_500_000);
    for number in 0..5 {
        append(&layout, &event(&format!("{number}{filler}"))).expect("appended");
        let next = reader.next(None).expect("read").expect("there");
        assert!(text(&next).starts_with(&number.to_string()));
    }
    let over = reader.next(Some(SystemTime::now())).expect("read");
    assert_eq!(over, None, "nothing more was written in time");
    fs::remove_dir_all(root).expect("removed");
}
