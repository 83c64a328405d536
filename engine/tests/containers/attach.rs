//! Being connected to a container: what goes in comes out, and the end of input is an end.

use crate::machine::Machine;
use engine::container::{self, DetachKeys, End, Streams};
use nix::unistd::pipe;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::thread;

/// More than all pipes and buffers on the way hold together.
const MUCH: usize = 8 << 20;

pub(crate) fn input_and_output(machine: &Machine) {
    let mut spec = machine.spec("cat", "cat; echo done >&2; exit 5");
    (spec.process.stdin_open, spec.process.stdin_once) = (true, true);
    container::create(&machine.layout, &spec, None).expect("created");

    let ((stdin, writer), (reader, stdout), (errors, stderr)) =
        (pipe().expect("made"), pipe().expect("made"), pipe().expect("made"));
    let sent: Vec<u8> = (0..MUCH).map(|n| b"0123456789abcdef\n"[n % 17]).collect();
    let expected = sent.clone();
    let writing = thread::spawn(move || File::from(writer).write_all(&sent));
    let reading = thread::spawn(move || read(reader.into()));
    let keys = DetachKeys::default();
    let streams = Streams {
        stdin: Some(stdin.as_fd()),
        stdout: stdout.as_fd(),
        stderr: stderr.as_fd(),
        resized: None,
        detach_keys: &keys,
    };
    let end = container::start_attached(&machine.layout, &spec.name, streams).expect("attached");
    drop((stdout, stderr));
    assert_eq!(end, End::Exited { exit_code: Some(5) });
    writing.join().expect("no panic").expect("written");
    assert!(reading.join().expect("no panic") == expected, "what was written came out unchanged");
    assert_eq!(read(errors.into()), b"done\n");
    assert!(!machine.status("cat").is_running(), "the end is known when the caller hears of it");
    container::remove(&machine.layout, &spec.name, false).expect("removed");
}

fn read(mut file: File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("read");
    bytes
}
