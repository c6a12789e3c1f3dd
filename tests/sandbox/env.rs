//! Environment variables: compared with their secrets and written into a file, in a directory and of variables that an
//! operator lends; the one plugin of the server's that is shown secrets.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use claviger_runtime::{CallOutcome, Plugin, Report, Subject};
use serde_json::json;
use tempfile::TempDir;

use super::first_party::{answered, assert_absent, credential, embedded, failure, lent};
use super::stage::{context, settings};

const VALUE: &str = "it's a \"secret\" $HOME `id` \\ value";
const NEXT: &str = "next-value-0123456789";

fn of(variable: &str, value: &str) -> Subject {
    credential("env", &[("value", value)], &[("variable", variable)], &[])
}

async fn with_directory(directory: &Path) -> Arc<Plugin> {
    embedded("env", &settings(lent(directory))).await
}

async fn validate(plugin: &Arc<Plugin>, variable: &str, value: &str) -> CallOutcome<Report> {
    plugin.validate(context(), of(variable, value)).await
}

async fn assign(plugin: &Arc<Plugin>, variable: &str, value: &str) -> CallOutcome<()> {
    let current = of(variable, "what-was-before-0123456789");
    plugin.assign(context(), current, of(variable, value)).await
}

#[tokio::test]
async fn without_anything_lent_nothing_is_known_nor_shown() {
    let plugin = embedded("env", &settings(json!({}))).await;
    let outcome = validate(&plugin, "CARGO_PKG_NAME", "claviger").await;
    assert_eq!(outcome.evidence.reveals, 0);
    let unknown = failure(outcome);
    assert_eq!(unknown.code, "not-found");
    assert!(unknown.message.contains("[plugins.env]"), "{unknown:?}");
    let outcome = assign(&plugin, "CARGO_PKG_NAME", NEXT).await;
    assert_eq!(outcome.evidence.reveals, 0);
    let nowhere = failure(outcome);
    assert_eq!(nowhere.code, "unsupported");
    assert!(
        nowhere.message.contains("bring the new value"),
        "{nowhere:?}"
    );
}

#[tokio::test]
async fn a_variable_of_the_servers_is_compared() {
    // Cargo sets it for this test's process.
    let plugin = embedded("env", &settings(json!({"environment": ["CARGO_PKG_NAME"]}))).await;
    let outcome = validate(&plugin, "CARGO_PKG_NAME", env!("CARGO_PKG_NAME")).await;
    assert_eq!(
        (outcome.evidence.reveals, outcome.evidence.subject_revealed),
        (1, true)
    );
    answered(outcome);
    let outcome = validate(&plugin, "CARGO_PKG_NAME", "another-value-0123456789").await;
    assert!(outcome.evidence.subject_revealed);
    let other = failure(outcome);
    assert_eq!(other.code, "rejected");
    assert!(!other.message.contains("another-value"), "{other:?}");
    // Others of the server's are not its business.
    let outcome = validate(&plugin, "PATH", "a-path-0123456789").await;
    assert_eq!(failure(outcome).code, "not-found");
}

#[tokio::test]
async fn a_value_is_written_as_a_shell_reads_it() {
    let directory = TempDir::new().expect("a directory");
    let plugin = with_directory(directory.path()).await;
    let file = directory.path().join("claviger.env");
    fs::write(
        &file,
        "# kept\nexport TOKEN=old\nOTHER='as it was'\nTOKEN=older\nTOKENS=kept\n",
    )
    .expect("a file");
    let outcome = assign(&plugin, "TOKEN", VALUE).await;
    assert_absent(&outcome.evidence, &[VALUE]);
    assert_eq!(outcome.evidence.reveals, 1);
    answered(outcome);
    let written = fs::read_to_string(&file).expect("a file");
    let line = r#"TOKEN='it'\''s a "secret" $HOME `id` \ value'"#;
    assert_eq!(
        written,
        format!("# kept\n{line}\nOTHER='as it was'\nTOKENS=kept\n")
    );
    // A shell reads what was meant.
    let read = std::process::Command::new("sh")
        .args(["-c", r#". "$0" && printf %s "$TOKEN""#])
        .arg(&file)
        .output()
        .expect("a shell");
    assert_eq!(String::from_utf8_lossy(&read.stdout), VALUE);
    answered(validate(&plugin, "TOKEN", VALUE).await);
    assert_eq!(
        failure(validate(&plugin, "TOKEN", NEXT).await).code,
        "rejected"
    );

    // Again, another variable, another value: what is there is what was last set, and nothing is left beside it.
    answered(assign(&plugin, "TOKEN", VALUE).await);
    assert_eq!(fs::read_to_string(&file).expect("a file"), written);
    answered(assign(&plugin, "NEW", NEXT).await);
    answered(assign(&plugin, "TOKEN", NEXT).await);
    assert_eq!(
        fs::read_to_string(&file).expect("a file"),
        format!("# kept\nTOKEN={NEXT}\nOTHER='as it was'\nTOKENS=kept\nNEW={NEXT}\n")
    );
    let left = fs::read_dir(directory.path()).expect("a directory").count();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn the_file_counts_before_the_servers_environment() {
    let directory = TempDir::new().expect("a directory");
    let mut written = lent(directory.path());
    written["environment"] = json!(["CARGO_PKG_NAME"]);
    let plugin = embedded("env", &settings(written)).await;
    answered(validate(&plugin, "CARGO_PKG_NAME", env!("CARGO_PKG_NAME")).await);
    answered(assign(&plugin, "CARGO_PKG_NAME", NEXT).await);
    answered(validate(&plugin, "CARGO_PKG_NAME", NEXT).await);
}

#[tokio::test]
async fn what_can_not_be_a_line_is_refused_and_the_file_stays() {
    let directory = TempDir::new().expect("a directory");
    let plugin = with_directory(directory.path()).await;
    answered(assign(&plugin, "TOKEN", NEXT).await);
    let file = directory.path().join("claviger.env");
    let before = fs::read_to_string(&file).expect("a file");
    for value in ["two\nlines-0123456789", "carriage\rreturn-0123456789"] {
        let refused = failure(assign(&plugin, "TOKEN", value).await);
        assert_eq!(refused.code, "invalid-input");
    }
    let other = plugin
        .assign(context(), of("TOKEN", VALUE), of("OTHER", VALUE))
        .await;
    assert_eq!(failure(other).code, "invalid-input");
    assert_eq!(fs::read_to_string(&file).expect("a file"), before);
    // A line that a shell would work out is not one that can be compared.
    fs::write(&file, "TOKEN=\"$HOME/secret\"\n").expect("a file");
    let outcome = validate(&plugin, "TOKEN", NEXT).await;
    assert_eq!(outcome.evidence.reveals, 0);
    assert_eq!(failure(outcome).code, "unreachable");
}

#[tokio::test]
async fn of_many_writers_none_is_lost() {
    const MANY: usize = 8;
    let directory = TempDir::new().expect("a directory");
    let plugin = with_directory(directory.path()).await;
    let writers = (0..MANY).map(|number| {
        let plugin = Arc::clone(&plugin);
        tokio::spawn(async move { assign(&plugin, &format!("V{number}"), NEXT).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        answered(writer.await.expect("no panic"));
    }
    let written = fs::read_to_string(directory.path().join("claviger.env")).expect("a file");
    assert_eq!(written.lines().count(), MANY, "{written}");
}

#[tokio::test]
async fn what_a_killed_server_left_behind_is_in_nobodys_way() {
    let directory = TempDir::new().expect("a directory");
    let plugin = with_directory(directory.path()).await;
    let lock = directory.path().join(".claviger.env.lock");
    let old = std::time::SystemTime::UNIX_EPOCH;
    let made = fs::File::create(&lock).expect("a file");
    made.set_modified(old).expect("a time");
    fs::write(directory.path().join(".claviger.env.next"), "half a li").expect("a file");
    answered(assign(&plugin, "TOKEN", NEXT).await);
    assert!(!lock.exists());
    // One that is new is another's.
    fs::write(&lock, "").expect("a file");
    assert_eq!(
        failure(assign(&plugin, "TOKEN", VALUE).await).code,
        "conflict"
    );
}
