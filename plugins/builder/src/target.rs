//! The compiler's standard library for WebAssembly.
//!
//! It stands in `rust-toolchain.toml`, so rustup brings it along. Where rustup is told not to install by itself, it is
//! added here, by one build script at a time.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::TARGET;

/// Sees to it that the target is installed, or says what to do.
pub(crate) fn ensure(target_directory: &Path) -> Result<(), String> {
    if is_installed()? {
        return Ok(());
    }
    let lock = lock(&target_directory.join(".target.lock"))?;
    // Another build script may have added it while this one waited.
    if !is_installed()? {
        add()?;
    }
    drop(lock);
    Ok(())
}

fn is_installed() -> Result<bool, String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let output = Command::new(&rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    let output =
        output.map_err(|error| format!("`{}` can't be started: {error}", rustc.display()))?;
    if !output.status.success() {
        return Err(format!(
            "the compiler does not know {TARGET}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    let directory = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(directory
        .read_dir()
        .is_ok_and(|mut files| files.next().is_some()))
}

/// Held until the file is dropped, also when the build script is killed.
fn lock(path: &Path) -> Result<File, String> {
    let locked = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| File::create(path))
        .and_then(|file| {
            file.lock()?;
            Ok(file)
        });
    locked.map_err(|error| format!("{} can't be locked: {error}", path.display()))
}

fn add() -> Result<(), String> {
    // The toolchain is the one that runs this build: rustup names it to everything that it starts.
    let output = Command::new("rustup")
        .args(["target", "add", TARGET])
        .output();
    let why = match output {
        Ok(output) if output.status.success() => {
            return if is_installed()? {
                Ok(())
            } else {
                Err(advice("it isn't there"))
            };
        }
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => format!("`rustup` can't be started: {error}"),
    };
    Err(advice(&why))
}

fn advice(why: &str) -> String {
    format!(
        "The plugins are WebAssembly, and this compiler has no standard library for {TARGET}.\n\
         `rustup target add {TARGET}` failed: {why}\n\
         Run it by hand where there is a network, or install the package with which your system's Rust brings that target."
    )
}
