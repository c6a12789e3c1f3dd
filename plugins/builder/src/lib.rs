//! Builds WebAssembly plugins from a build script, in a cargo run of its own.
//!
//! The host embeds components that cargo can't build as ordinary dependencies, since they are for another target. A build
//! script that runs cargo again has a few ways to go wrong, and each is settled here, once for the plugins that ship and
//! the ones that the tests drive:
//!
//! - the nested run has a target directory of its own, `target/guests`: the outer run holds the lock on `target`. Two build
//!   scripts that get there together wait for each other on that directory's lock, which nobody above them holds;
//! - its environment is [cleaned](environment), or the host's compiler flags and clippy's wrapper would reach the guests;
//! - the [target] is installed when it is missing;
//! - it runs again only when [something that it reads](Guests::reads) has changed.
//!
//! What fails is printed as cargo printed it: the outer run shows a build script's output only when it fails.

mod environment;
mod target;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

/// The target of plugins.
pub const TARGET: &str = "wasm32-wasip2";

/// The profile of the workspace that plugins are built with.
const PROFILE: &str = "guest";

/// What every guest is made from, beside its own directory. Relative to the workspace.
const SHARED: [&str; 5] = [
    "sdk/rust",
    "wit",
    "Cargo.lock",
    "Cargo.toml",
    "rust-toolchain.toml",
];

/// The guests that one nested run builds.
pub struct Guests {
    workspace: PathBuf,
    target_directory: PathBuf,
    out: PathBuf,
    arguments: Vec<String>,
}

impl Guests {
    /// None yet. Only for build scripts.
    #[must_use]
    pub fn new() -> Self {
        // The workspace is known from where this crate lies; cargo has set `OUT_DIR` for every build script.
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .unwrap_or(Path::new("/"))
            .to_owned();
        let out = std::env::var_os("OUT_DIR").map(PathBuf::from);
        let out =
            out.unwrap_or_else(|| give_up("OUT_DIR is not set: this crate is for build scripts"));
        let target_directory = target_root(&out)
            .unwrap_or_else(|| workspace.join("target"))
            .join("guests");
        let guests = Self {
            workspace,
            target_directory,
            out,
            arguments: Vec::new(),
        };
        for path in SHARED {
            guests.reads(path);
        }
        guests
    }

    /// Adds a package, by its name and its directory in the workspace.
    #[must_use]
    pub fn package(mut self, name: &str, directory: &str) -> Self {
        self.reads(directory);
        self.arguments
            .extend(["--package".to_owned(), name.to_owned()]);
        self
    }

    /// Builds the packages' examples in place of their libraries.
    #[must_use]
    pub fn examples(mut self) -> Self {
        self.arguments.push("--examples".to_owned());
        self
    }

    /// Has the build script run again when this file or directory of the workspace changes.
    pub fn reads(&self, path: &str) {
        println!(
            "cargo::rerun-if-changed={}",
            self.workspace.join(path).display()
        );
    }

    /// The workspace's directory.
    #[must_use]
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Builds them all. When that fails it prints why and ends the build script.
    #[must_use]
    pub fn build(self) -> Built {
        target::ensure(&self.target_directory).unwrap_or_else(|reason| give_up(&reason));
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args([
            "build",
            "--locked",
            "--target",
            TARGET,
            "--profile",
            PROFILE,
            "--message-format=json-render-diagnostics",
            "--target-dir",
        ]);
        cargo
            .arg(&self.target_directory)
            .args(&self.arguments)
            .current_dir(&self.workspace);
        environment::clean(&mut cargo);
        let output = cargo
            .output()
            .unwrap_or_else(|error| give_up(&format!("cargo can't be started: {error}")));
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            give_up(&format!(
                "the plugins can't be built ({}); cargo says:\n\n{why}",
                output.status
            ));
        }
        Built {
            directory: self.target_directory.join(TARGET).join(PROFILE),
            out: self.out,
            messages: String::from_utf8_lossy(&output.stdout).into_owned(),
        }
    }
}

impl Default for Guests {
    fn default() -> Self {
        Self::new()
    }
}

/// Guests that have been built.
pub struct Built {
    directory: PathBuf,
    out: PathBuf,
    /// What cargo said of its work, a JSON object a line.
    messages: String,
}

impl Built {
    /// The component of a package, copied to `OUT_DIR/<name>.wasm`.
    #[must_use]
    pub fn library(&self, package: &str, name: &str) -> PathBuf {
        self.take(&self.directory.join(artefact(package)), name)
    }

    /// The component of an example, copied to `OUT_DIR/<name>.wasm`.
    #[must_use]
    pub fn example(&self, name: &str) -> PathBuf {
        self.take(&self.directory.join("examples").join(artefact(name)), name)
    }

    /// The component `<name>.wasm` that the build script of a package made, copied to `OUT_DIR/<name>.wasm`.
    #[must_use]
    pub fn made(&self, package: &str, name: &str) -> PathBuf {
        let directory = out_directory(&self.messages, package);
        let directory =
            directory.unwrap_or_else(|| give_up(&format!("cargo names no OUT_DIR of {package}")));
        self.take(&directory.join(format!("{name}.wasm")), name)
    }

    /// Copies, because the nested target directory is shared by the outer run's profiles; and only what changed, because
    /// the copy's age decides whether what embeds it is compiled again.
    fn take(&self, from: &Path, name: &str) -> PathBuf {
        let to = self.out.join(format!("{name}.wasm"));
        copy_changed(from, &to)
            .unwrap_or_else(|error| give_up(&format!("{}: {error}", from.display())));
        to
    }
}

/// Where a package's build script wrote, by cargo's own word ("build-script-executed" in the reference of its messages).
fn out_directory(messages: &str, package: &str) -> Option<PathBuf> {
    let of_package = format!("#{package}@");
    let ran = |line: &&str| {
        line.contains(r#""reason":"build-script-executed""#) && line.contains(&of_package)
    };
    let line = messages.lines().find(ran)?;
    let path = line.split_once(r#""out_dir":""#)?.1.split_once('"')?.0;
    Some(PathBuf::from(path.replace(r"\\", r"\")))
}

fn artefact(name: &str) -> String {
    format!("{}.wasm", name.replace('-', "_"))
}

fn copy_changed(from: &Path, to: &Path) -> io::Result<()> {
    let bytes = fs::read(from)?;
    if fs::read(to).is_ok_and(|present| present == bytes) {
        Ok(())
    } else {
        fs::write(to, bytes)
    }
}

/// The outer run's target directory: the one above `OUT_DIR` that cargo has marked as a cache.
fn target_root(out: &Path) -> Option<PathBuf> {
    out.ancestors()
        .find(|directory| directory.join("CACHEDIR.TAG").is_file())
        .map(Path::to_owned)
}

/// Ends a build script with a text for whoever runs the build.
pub fn give_up(reason: &str) -> ! {
    eprintln!("{reason}");
    exit(1)
}
