//! A plugin's sources, in a directory of their own, and what builds them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use super::stage::tool;
use super::support::server::Site;

/// How long a build may take, its tools' download included.
const BUILD: Duration = Duration::from_mins(20);

/// What building leaves behind, which is no part of an example.
const MADE: [&str; 5] = [".venv", "build", "node_modules", "target", "__pycache__"];

/// A plugin's project.
pub struct Project {
    _home: TempDir,
    directory: PathBuf,
    /// The plugin's name.
    pub name: String,
    /// The kind of credential that it knows.
    pub kind: &'static str,
    /// The origin that its manifest asks for.
    pub origin: String,
}

impl Project {
    /// What `claviger plugin new` writes.
    pub async fn start(language: &str, name: &str, capabilities: &[&str]) -> Self {
        let home = home();
        let directory = home.path().join(name);
        let output = Command::new(env!("CARGO_BIN_EXE_claviger"))
            .args(["plugin", "new", name, "--language", language])
            .args(["--capabilities", &capabilities.join(",")])
            .arg("--directory")
            .arg(&directory)
            .current_dir(home.path())
            .output()
            .await
            .expect("the binary");
        assert!(output.status.success(), "{output:?}");
        Self {
            _home: home,
            directory,
            name: name.to_owned(),
            kind: "api_key",
            origin: format!("https://api.{name}.example"),
        }
    }

    /// The same with every capability that there is.
    pub async fn start_with_all(language: &str) -> Self {
        let all = [
            "validation",
            "rotation",
            "assignment",
            "restoration",
            "recovery",
            "application",
            "issuance",
            "inventory",
        ];
        Self::start(language, "acme-all", &all).await
    }

    /// The example of a language, copied with what it refers to: its SDK and the contract.
    pub fn example(language: &str, name: &str, kind: &'static str, origin: &str) -> Self {
        let home = home();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let sdk = format!("sdk/{language}");
        for part in ["wit", &sdk] {
            copy(&repository.join(part), &home.path().join(part));
        }
        Self {
            directory: home.path().join(sdk).join("example"),
            _home: home,
            name: name.to_owned(),
            kind,
            origin: origin.to_owned(),
        }
    }

    /// Writes `that` where a file of the project has `this`, which it has once.
    pub fn edit(&self, file: &str, this: &str, that: &str) {
        let path = self.directory.join(file);
        let text = std::fs::read_to_string(&path).expect("a file of the project");
        assert_eq!(
            text.matches(this).count(),
            1,
            "`{this}` is not in {file} once:\n{text}"
        );
        std::fs::write(&path, text.replace(this, that)).expect("written");
    }

    /// Builds the component, as its README says.
    pub async fn make(&self) {
        let began = Instant::now();
        let made = Command::new("make")
            .current_dir(&self.directory)
            .env("CLAVIGER", env!("CARGO_BIN_EXE_claviger"))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = timeout(BUILD, made)
            .await
            .expect("it ends")
            .expect("make runs");
        assert!(
            output.status.success(),
            "{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let size = std::fs::metadata(self.component())
            .expect("a component")
            .len();
        println!(
            "{}: built in {:.1?}, {size} bytes",
            self.name,
            began.elapsed()
        );
    }

    /// Builds it, and has `claviger plugin check` find nothing wrong with it.
    pub async fn checks(&self) {
        self.make().await;
        let site = Site::new().await;
        tool(&site, "check", &self.component()).await;
    }

    /// What `make` makes.
    pub fn component(&self) -> PathBuf {
        self.directory.join(format!("{}.wasm", self.name))
    }
}

fn home() -> TempDir {
    TempDir::with_prefix("claviger-language-").expect("a directory")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        let (from, to) = (entry.path(), to.join(&name));
        if entry.file_type().expect("a type").is_dir() {
            if !MADE.iter().any(|made| name == *made) {
                copy(&from, &to);
            }
        } else if from.extension().is_none_or(|extension| extension != "wasm") {
            std::fs::copy(&from, &to).expect("copied");
        }
    }
}
