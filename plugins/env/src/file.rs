//! `claviger.env` in the directory that the plugin is lent: a line `VARIABLE=value` each, as a shell reads it. Lines of
//! others are kept as they are.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use claviger_sdk::Failure;

use crate::shell;

const DIRECTORY: &str = "/data";
const PATH: &str = "/data/claviger.env";
/// What the next file is called until it is whole. One writer at a time has it.
const NEXT: &str = "/data/.claviger.env.next";

/// The longest file, in bytes.
const LONGEST: u64 = 1 << 20;

/// The file as it is, or as it is to be.
pub struct File(String);

/// Whether there is a directory.
pub fn is_lent() -> bool {
    Path::new(DIRECTORY).is_dir()
}

/// The file, where there is one.
pub fn read() -> Result<Option<File>, Failure> {
    let size = match fs::metadata(PATH) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == ErrorKind::NotFound || !is_lent() => return Ok(None),
        Err(error) => return Err(trouble("read", &error)),
    };
    if size > LONGEST {
        return Err(Failure::invalid_input("claviger.env is longer than 1 MiB"));
    }
    let text = fs::read_to_string(PATH).map_err(|error| trouble("read", &error))?;
    Ok(Some(File(text)))
}

impl File {
    pub fn empty() -> Self {
        Self(String::new())
    }

    /// What a shell that reads the file knows the variable by: the last line counts.
    pub fn value(&self, variable: &str) -> Result<Option<String>, Failure> {
        let Some(written) = self
            .0
            .lines()
            .filter_map(|line| of(line, variable))
            .next_back()
        else {
            return Ok(None);
        };
        let value = shell::unquoted(written).ok_or_else(|| {
            Failure::unreachable(format!(
                "claviger.env has a line for `{variable}` that isn't one plain value"
            ))
        })?;
        Ok(Some(value))
    }

    /// The same file with another value: in the place of the variable's line, or at the end.
    pub fn with(self, variable: &str, value: &str) -> Self {
        let line = format!("{variable}={}", shell::quoted(value));
        let mut lines = Vec::new();
        let mut is_there = false;
        for old in self.0.lines() {
            if of(old, variable).is_none() {
                lines.push(old);
            } else if !is_there {
                is_there = true;
                lines.push(&line);
            }
        }
        if !is_there {
            lines.push(&line);
        }
        Self(lines.join("\n") + "\n")
    }

    /// Puts it in the old one's place, whole or not at all.
    pub fn write(&self) -> Result<(), Failure> {
        let written = fs::File::create(NEXT).and_then(|mut next| {
            next.write_all(self.0.as_bytes())?;
            next.sync_all()
        });
        written
            .and_then(|()| fs::rename(NEXT, PATH))
            .map_err(|error| trouble("written", &error))
    }
}

/// What a line has for a variable, where it is that one's.
fn of<'l>(line: &'l str, variable: &str) -> Option<&'l str> {
    let line = line.trim();
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    line.strip_prefix(variable)?.strip_prefix('=')
}

fn trouble(what: &str, error: &std::io::Error) -> Failure {
    Failure::unreachable(format!("claviger.env can't be {what}: {error}"))
}
