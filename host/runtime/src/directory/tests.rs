use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::*;

fn directory() -> (TempDir, PluginDirectory) {
    let place = TempDir::new().expect("a directory");
    let directory = PluginDirectory::new(place.path().join("plugins"), true);
    fs::create_dir(directory.path()).expect("made");
    (place, directory)
}

fn put(directory: &PluginDirectory, name: &str, bytes: &[u8]) {
    fs::write(directory.path().join(name), bytes).expect("written");
}

fn stamp(directory: &PluginDirectory, name: &str) -> Stamp {
    let mut looked = directory.look().expect("a look");
    looked.remove(name).expect("there").expect("a file")
}

#[test]
fn plugin_files_are_found_and_others_are_not() {
    let (_place, directory) = directory();
    for name in [
        "b.wasm",
        "a.wasm",
        "a.wasm.sig",
        "notes.txt",
        ".hidden.wasm",
        "wasm",
        "c.WASM",
    ] {
        put(&directory, name, b"x");
    }
    fs::create_dir(directory.path().join("folder")).expect("made");
    put(&directory, "folder/d.wasm", b"x");
    let found: Vec<String> = directory.look().expect("a look").into_keys().collect();
    assert_eq!(found, ["a.wasm", "b.wasm"]);
}

#[test]
fn what_can_not_be_loaded_is_named_with_its_reason() {
    let (place, directory) = directory();
    fs::write(place.path().join("outside.wasm"), b"x").expect("written");
    put(&directory, "real.wasm", b"x");
    put(&directory, "native.cwasm", b"x");
    let at = |name: &str| directory.path().join(name);
    symlink("../outside.wasm", at("out.wasm")).expect("linked");
    symlink(place.path().join("outside.wasm"), at("absolute.wasm")).expect("linked");
    symlink("nothing", at("nowhere.wasm")).expect("linked");
    symlink("real.wasm", at("inside.wasm")).expect("linked");
    fs::create_dir(at("folder.wasm")).expect("made");
    let large = fs::File::create(at("large.wasm")).expect("made");
    large.set_len(LARGEST as u64 + 1).expect("a sparse file");
    let looked = directory.look().expect("a look");
    let refusal = |name: &str| looked[name].clone().err();
    assert_eq!(refusal("native.cwasm"), Some(FileRefusal::Precompiled));
    assert_eq!(refusal("out.wasm"), Some(FileRefusal::LeadsOut));
    assert_eq!(refusal("absolute.wasm"), Some(FileRefusal::LeadsOut));
    assert_eq!(refusal("nowhere.wasm"), Some(FileRefusal::LeadsNowhere));
    assert_eq!(refusal("folder.wasm"), Some(FileRefusal::NotAFile));
    let size = LARGEST as u64 + 1;
    assert_eq!(refusal("large.wasm"), Some(FileRefusal::TooLarge { size }));
    assert_eq!(refusal("inside.wasm"), None);
    assert_eq!(refusal("real.wasm"), None);
}

#[test]
fn a_file_is_read_in_the_state_it_was_looked_at_in() {
    let (_place, directory) = directory();
    put(&directory, "a.wasm", b"one");
    let before = stamp(&directory, "a.wasm");
    let content = directory.read("a.wasm", &before).expect("no refusal");
    let content = content.expect("unchanged");
    assert_eq!((&content.wasm[..], content.signature), (&b"one"[..], None));
    put(&directory, "a.wasm.sig", b"signed");
    assert!(
        directory
            .read("a.wasm", &before)
            .expect("no refusal")
            .is_none()
    );
    let signed = stamp(&directory, "a.wasm");
    let content = directory.read("a.wasm", &signed).expect("no refusal");
    assert_eq!(
        content.expect("unchanged").signature.as_deref(),
        Some(&b"signed"[..])
    );
    fs::remove_file(directory.path().join("a.wasm")).expect("removed");
    assert!(
        directory
            .read("a.wasm", &signed)
            .expect("no refusal")
            .is_none()
    );
}

fn put_pipe(directory: &PluginDirectory, name: &str) {
    let made = Command::new("mkfifo")
        .arg(directory.path().join(name))
        .status();
    assert!(made.expect("mkfifo runs").success());
}

#[test]
fn a_pipe_is_refused_and_never_waited_for() {
    let (_place, directory) = directory();
    put(&directory, "a.wasm", b"x");
    put_pipe(&directory, "a.wasm.sig");
    let signed = stamp(&directory, "a.wasm");
    let refusal = directory.read("a.wasm", &signed).expect_err("refused");
    assert_eq!(
        refusal,
        FileRefusal::Signature(Box::new(FileRefusal::NotAFile))
    );
    assert_eq!(
        refusal.to_string(),
        "its signature: it is not a regular file"
    );
    fs::remove_file(directory.path().join("a.wasm")).expect("removed");
    put_pipe(&directory, "a.wasm");
    let refusal = directory.read("a.wasm", &signed).expect_err("refused");
    assert_eq!(refusal, FileRefusal::NotAFile);
}

#[test]
fn a_file_settles_once_it_stays_as_it_is() {
    let (_place, directory) = directory();
    let mut settling = Settling::default();
    let start = Instant::now();
    let mut settled = |after: u64| {
        let looked = directory.look().expect("a look");
        let now = start + Duration::from_millis(after);
        settling.settled(&looked, now).len()
    };
    put(&directory, "a.wasm", b"half");
    assert_eq!(settled(0), 0);
    assert_eq!(settled(99), 0);
    put(&directory, "a.wasm", b"half and half");
    assert_eq!(settled(150), 0);
    assert_eq!(settled(249), 0);
    assert_eq!(settled(250), 1);
    assert_eq!(settled(300), 1);
    fs::remove_file(directory.path().join("a.wasm")).expect("removed");
    assert_eq!(settled(400), 0);
}

#[test]
fn a_look_finds_all_plugin_files_or_fails() {
    let (_place, directory) = directory();
    for number in 0..=MOST_NAMES {
        put(&directory, &format!("{number}.txt"), b"");
    }
    put(&directory, "a.wasm", b"x");
    assert_eq!(directory.look().expect("a look").len(), 1);
    for number in 1..MOST_NAMES {
        put(&directory, &format!("{number}.cwasm"), b"");
    }
    assert_eq!(directory.look().expect("a look").len(), MOST_NAMES);
    put(&directory, "b.wasm", b"x");
    let error = directory.look().expect_err("too many");
    assert!(error.to_string().contains("more than 10000"), "{error}");
}

#[test]
fn a_directory_that_is_gone_is_empty() {
    let (_place, directory) = directory();
    fs::remove_dir(directory.path()).expect("removed");
    assert!(directory.look().expect("a look").is_empty());
}
