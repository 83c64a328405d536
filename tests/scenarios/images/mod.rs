//! Images on their way: registries, archives, and what goes wrong with them.

mod archives;
mod faults;
mod registry;
mod resume;
mod ways;

use scenarios::{Folder, Lighter, Outcome, host};

/// Bytes of the file in the test image, which does not compress.
const SIZE: usize = 3 << 20;

/// An installation of its own with an image of one large layer.
struct Source {
    lighter: Lighter,
    folder: Folder,
}

impl Source {
    fn new() -> Self {
        let folder = Folder::new("image");
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let noise = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        });
        folder.write("root/noise", noise.take(SIZE).collect::<Vec<u8>>());
        folder.write("root/etc/text", "text\n");
        let (root, archive) = (folder.path().join("root"), folder.path().join("root.tar"));
        host::run("tar", &["-C", &root.display().to_string(), "-cf", &archive.display().to_string(), "."]);
        Self { lighter: Lighter::new(), folder }
    }

    /// Imports the image under this name; returns its id.
    fn import(&self, name: &str) -> String {
        let archive = self.folder.path().join("root.tar").display().to_string();
        let change = "CMD [\"/none\"]";
        ok(&self.lighter, &["image", "import", "-c", change, &archive, name]).trim().to_owned()
    }
}

/// An installation with these settings for registries.
fn with_settings(settings: &str) -> Lighter {
    let lighter = Lighter::new();
    let folder = lighter.root().join("lib");
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(folder.join("registries.toml"), settings).expect("written");
    lighter
}

/// Runs a command that must succeed; returns what it printed.
#[track_caller]
fn ok(lighter: &Lighter, arguments: &[&str]) -> String {
    lighter.run(arguments).succeeds().stdout
}

/// The id of an image.
#[track_caller]
fn id(lighter: &Lighter, name: &str) -> String {
    ok(lighter, &["image", "inspect", "-f", "{{.Id}}", name]).trim().to_owned()
}

/// Makes sure that a failed command has left nothing: no image, and nothing damaged.
#[track_caller]
fn nothing_is_left(lighter: &Lighter) {
    assert_eq!(ok(lighter, &["image", "ls", "-q"]), "");
    let folder = lighter.root().join("lib");
    let entries = |name: &str| std::fs::read_dir(folder.join(name)).map_or(0, Iterator::count);
    assert_eq!((entries("layers"), entries("content/sha256")), (0, 0), "no layer, no blob");
}

/// Runs a command whose failure must say all of `texts`.
#[track_caller]
fn refused(lighter: &Lighter, arguments: &[&str], texts: &[&str]) -> Outcome {
    lighter.run(arguments).fails_with(1).says(texts)
}
