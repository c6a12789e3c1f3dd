//! Starting a plugin, and looking plugin files over, as an author does it on the command line.
//!
//! What the commands print is kept in `snapshots`.

use std::path::Path;

use tempfile::TempDir;
use tokio::process::Command;

use claviger_test_guests as guests;

/// What a command did.
struct Done {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Done {
    fn text(&self) -> String {
        let Self {
            code,
            stdout,
            stderr,
        } = self;
        format!(
            "code {}\n--- stdout\n{stdout}--- stderr\n{stderr}",
            code.unwrap_or(-1)
        )
    }
}

/// Runs `claviger plugin …` in a directory with no configuration and no data.
async fn plugin(directory: &Path, arguments: &[&str]) -> Done {
    let output = Command::new(env!("CARGO_BIN_EXE_claviger"))
        .arg("plugin")
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .output()
        .await
        .expect("the command runs");
    Done {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

fn directory() -> TempDir {
    TempDir::with_prefix("claviger-author-").expect("a directory")
}

#[tokio::test]
async fn a_project_is_started_once() {
    let directory = directory();
    let rotation = [
        "new",
        "acme",
        "--language",
        "rust",
        "--capabilities",
        "rotation",
    ];
    let started = plugin(directory.path(), &rotation).await;
    insta::assert_snapshot!("new", started.text());
    let again = plugin(directory.path(), &rotation).await;
    insta::assert_snapshot!("new_again", again.text());
    let world = std::fs::read_to_string(directory.path().join("acme/wit/world.wit"));
    assert!(
        world
            .expect("a world")
            .contains("export claviger:provider/recovery@")
    );

    let json = [
        "new",
        "x",
        "--language",
        "python",
        "--directory",
        "elsewhere",
        "--json",
    ];
    let started = plugin(directory.path(), &json).await;
    let answer: serde_json::Value = serde_json::from_str(&started.stdout).expect("JSON");
    assert_eq!(answer["directory"], "elsewhere");
    assert_eq!(answer["capabilities"], serde_json::json!(["validation"]));
}

#[tokio::test]
async fn what_can_not_be_started_is_said() {
    let directory = directory();
    for (name, language) in [("Acme", "rust"), ("acme", "cobol")] {
        let done = plugin(directory.path(), &["new", name, "--language", language]).await;
        assert_eq!(done.code, Some(2), "{}", done.text());
    }
    std::fs::write(directory.path().join("file"), "mine").expect("written");
    for target in ["file", "file/below", "/proc/nowhere"] {
        let arguments = ["new", "acme", "--language", "c", "--directory", target];
        let done = plugin(directory.path(), &arguments).await;
        assert_eq!(done.code, Some(1), "{}", done.text());
        assert!(done.stderr.contains(target), "{}", done.text());
        assert_eq!(done.stderr.lines().count(), 1, "{}", done.text());
    }
}

#[tokio::test]
async fn a_check_says_what_is_wrong_and_what_to_do() {
    let directory = directory();
    let files: [(&str, &[u8]); 4] = [
        ("echo.wasm", guests::ECHO),
        ("shell.wasm", guests::UNKNOWN_IMPORT),
        ("empty.wasm", b""),
        ("garbage.wasm", &[0xff; 4096]),
    ];
    let mut told = String::new();
    for (name, wasm) in files {
        std::fs::write(directory.path().join(name), wasm).expect("written");
        let done = plugin(directory.path(), &["check", name]).await;
        told = format!("{told}# {name}\n{}\n", done.text());
    }
    insta::assert_snapshot!("check", told);

    let json = plugin(directory.path(), &["check", "shell.wasm", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!((json.code, &answer["fine"]), (Some(1), &false.into()));
    assert_eq!(answer["refusals"][0]["code"], "unknown-import");
}

#[tokio::test]
async fn what_is_no_file_and_what_is_too_large_is_said() {
    let directory = directory();
    for command in ["check", "inspect"] {
        for missing in ["missing.wasm", "."] {
            let done = plugin(directory.path(), &[command, missing]).await;
            assert_eq!(done.code, Some(2), "{}", done.text());
            assert!(done.stderr.contains("can't be read"), "{}", done.text());
        }
    }
    let large = std::fs::File::create(directory.path().join("large.wasm")).expect("a file");
    large.set_len(65 << 20).expect("a length");
    let done = plugin(directory.path(), &["check", "large.wasm"]).await;
    assert_eq!(done.code, Some(1), "{}", done.text());
    assert!(done.stdout.contains("too-large"), "{}", done.text());
}

#[tokio::test]
async fn an_inspection_shows_what_a_plugin_is_and_takes() {
    let directory = directory();
    std::fs::write(directory.path().join("echo.wasm"), guests::ECHO).expect("written");
    let shown = plugin(directory.path(), &["inspect", "echo.wasm"]).await;
    assert_eq!(shown.code, Some(0), "{}", shown.text());
    for row in [
        "plugin          echo 0.1.0",
        "contract        claviger:provider 0.1.0",
        "capabilities    validation",
        "kinds           test: secret*",
        "places          secret: header:authorization of GET/POST https://upstream.example/allowed",
        "blake3",
        "core instances",
        "memory at start",
        "compiled in",
        "sandbox made in",
        "describe        ",
    ] {
        assert!(shown.stdout.contains(row), "{row}: {}", shown.text());
    }
    let shown = plugin(directory.path(), &["inspect", "echo.wasm", "--json"]).await;
    let view: serde_json::Value = serde_json::from_str(&shown.stdout).expect("JSON");
    assert_eq!(view["size"], guests::ECHO.len());
    assert!(
        view["measured"]["describe_warm_us"]
            .as_f64()
            .is_some_and(|it| it > 0.0),
        "{view}"
    );
    assert!(
        view["measured"]["memory_at_start"]
            .as_u64()
            .is_some_and(|it| it >= 1 << 16),
        "{view}"
    );

    let refused = directory.path().join("shell.wasm");
    std::fs::write(refused, guests::UNKNOWN_IMPORT).expect("written");
    let shown = plugin(directory.path(), &["inspect", "shell.wasm"]).await;
    assert_eq!(shown.code, Some(1), "{}", shown.text());
    assert!(
        shown.stdout.contains("evil:host 1.0.0: shell"),
        "{}",
        shown.text()
    );
    assert!(
        shown.stderr.contains("claviger plugin check shell.wasm"),
        "{}",
        shown.text()
    );
}
