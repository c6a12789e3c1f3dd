//! From a file's text to a script that fits the plugin.

use std::path::{Path, PathBuf};

use claviger_runtime::manifest::Kind;
use claviger_runtime::{Manifest, OriginPattern};
use thiserror::Error;

use super::{Credential, Script};

/// Why a script can't be used. The texts are for the plugin's author.
#[derive(Debug, Error)]
pub(crate) enum ScriptError {
    /// It can't be read.
    #[error("{}: {source}", .path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    /// It isn't a script's TOML.
    #[error("{}:{line}:{column}: {message}", .path.display())]
    Shape {
        path: PathBuf,
        line: usize,
        column: usize,
        message: String,
    },
    /// It doesn't fit the plugin's manifest.
    #[error("{}: {at}: {problem}", .path.display())]
    Unfit {
        path: PathBuf,
        /// `credential 2`
        at: String,
        problem: String,
    },
}

impl Script {
    /// Reads a script and holds it against the manifest of the plugin that it is for.
    pub(crate) fn read(path: &Path, manifest: &Manifest) -> Result<Self, ScriptError> {
        let text = std::fs::read_to_string(path).map_err(|source| ScriptError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let script = Self::parse(&text).map_err(|error| {
            let (line, column) = position(&text, error.span().map_or(0, |span| span.start));
            ScriptError::Shape {
                path: path.to_owned(),
                line,
                column,
                message: error.message().trim().replace('\n', " "),
            }
        })?;
        script
            .check(manifest)
            .map_err(|(at, problem)| ScriptError::Unfit {
                path: path.to_owned(),
                at,
                problem,
            })?;
        Ok(script)
    }

    /// Parses a script's text.
    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// What is wrong, and where.
    fn check(&self, manifest: &Manifest) -> Result<(), (String, String)> {
        for (number, credential) in self.credentials.iter().enumerate() {
            check_credential(credential, manifest)
                .map_err(|problem| (format!("credential {}", number + 1), problem))?;
        }
        for (number, route) in self.routes.iter().enumerate() {
            let at = || {
                let (method, path) = (route.method.as_str(), route.path.as_str());
                format!("route {} ({method} {path})", number + 1)
            };
            if let Some(origin) = &route.origin
                && !manifest.origins.iter().any(|asked| {
                    matches!(asked, OriginPattern::Field(_)) || asked.matches(origin, |_| None)
                })
            {
                return Err((
                    at(),
                    format!("the manifest does not ask for the origin {origin}"),
                ));
            }
            let bodies = route.answer.iter().chain(&route.otherwise);
            for answer in bodies {
                if answer.json.is_some() && answer.text.is_some() {
                    return Err((at(), "an answer has `json` or `text`, not both".to_owned()));
                }
                if !(200..=599).contains(&answer.status) {
                    return Err((at(), format!("`{}` is not a status", answer.status)));
                }
            }
        }
        Ok(())
    }
}

fn check_credential(credential: &Credential, manifest: &Manifest) -> Result<(), String> {
    if credential.provider.is_some() {
        return check_foreign(credential, manifest);
    }
    let Some(kind) = manifest.kind(&credential.kind) else {
        let kinds = manifest.kinds.iter().map(|kind| kind.name.as_str());
        return Err(format!(
            "the manifest has no kind `{}`; it has {}",
            credential.kind,
            listed(kinds)
        ));
    };
    for (name, value) in &credential.fields {
        check_field(kind, name, value)?;
    }
    // A field that names an origin is filled with the scripted server's address.
    let is_filled = |name: &str| {
        (manifest.origins.iter())
            .any(|asked| matches!(asked, OriginPattern::Field(field) if field == name))
    };
    let missing = kind.fields.iter().find(|field| {
        field.required && !credential.fields.contains_key(&field.name) && !is_filled(&field.name)
    });
    missing.map_or(Ok(()), |field| {
        Err(format!("the field `{}` is required", field.name))
    })
}

/// What another plugin's credential looks like only that one knows.
fn check_foreign(credential: &Credential, manifest: &Manifest) -> Result<(), String> {
    let Some(subject) = manifest.subject(&credential.kind) else {
        let kinds = manifest.subjects.iter().map(|it| it.kind.as_str());
        return Err(format!(
            "the manifest's `subjects` have no kind `{}`; they have {}",
            credential.kind,
            listed(kinds)
        ));
    };
    for (name, value) in &credential.fields {
        let Some(field) = subject.fields.iter().find(|field| field.name == *name) else {
            let fields = subject.fields.iter().map(|field| field.name.as_str());
            return Err(format!(
                "`{}` of the manifest's `subjects` has no field `{name}`; it has {}",
                subject.kind,
                listed(fields)
            ));
        };
        if !field.places.is_empty() && value.len() < 8 {
            return Err(format!("`{name}` is secret, so it has at least 8 bytes"));
        }
    }
    Ok(())
}

fn check_field(kind: &Kind, name: &str, value: &str) -> Result<(), String> {
    let Some(field) = kind.field(name) else {
        let fields = kind.fields.iter().map(|field| field.name.as_str());
        return Err(format!(
            "`{}` has no field `{name}`; it has {}",
            kind.name,
            listed(fields)
        ));
    };
    if let Some(pattern) = &field.pattern
        && !pattern.matches_whole(value)
    {
        return Err(format!(
            "`{name}` does not match the manifest's pattern `{}`",
            pattern.as_str()
        ));
    }
    if field.secret && value.len() < 8 {
        return Err(format!("`{name}` is secret, so it has at least 8 bytes"));
    }
    Ok(())
}

fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Line and column of a byte, counted from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}
