//! Permissions in GitHub's words, as scopes: `contents:read`, `issues:write`.

use std::collections::BTreeMap;

use claviger_sdk::Failure;
use serde::{Deserialize, Serialize};

/// How much of something is permitted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Read,
    Write,
    Admin,
}

/// What is permitted, by GitHub's own names.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(BTreeMap<String, Level>);

impl Permissions {
    /// Those that scopes ask for; of the same one asked for twice the higher level.
    pub fn asked(scopes: &[String]) -> Result<Self, Failure> {
        let mut asked = BTreeMap::new();
        for scope in scopes {
            let (name, level) = parse(scope).ok_or_else(|| {
                Failure::invalid_input(format!(
                    "`{scope}` is no permission of GitHub's; write `contents:read` or `issues:write`"
                ))
            })?;
            let entry = asked.entry(name).or_insert(level);
            *entry = (*entry).max(level);
        }
        Ok(Self(asked))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether these hold more than `asked`. To read what a repository is called comes with every other permission.
    pub fn beyond(&self, asked: &Self) -> bool {
        let is_more = |(name, level): (&String, &Level)| {
            let comes_along = name == "metadata" && *level == Level::Read;
            !comes_along && asked.0.get(name).is_none_or(|asked| level > asked)
        };
        self.0.iter().any(is_more)
    }

    /// Those of the scopes that these permit.
    pub fn of(&self, scopes: Vec<String>) -> Vec<String> {
        let permits = |scope: &String| {
            parse(scope).is_some_and(|(name, level)| self.0.get(&name) >= Some(&level))
        };
        scopes.into_iter().filter(permits).collect()
    }

    /// As scopes.
    pub fn scopes(&self) -> Vec<String> {
        let scope = |(name, level): (&String, &Level)| {
            let level = match level {
                Level::Read => "read",
                Level::Write => "write",
                Level::Admin => "admin",
            };
            format!("{name}:{level}")
        };
        self.0.iter().map(scope).collect()
    }
}

/// `repo` is what many call the contents of a repository.
fn parse(scope: &str) -> Option<(String, Level)> {
    let (name, level) = scope.split_once(':')?;
    let level = match level {
        "read" => Level::Read,
        "write" => Level::Write,
        "admin" => Level::Admin,
        _ => return None,
    };
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    let name = if name == "repo" { "contents" } else { name };
    (!name.is_empty() && name.bytes().all(is_name)).then(|| (name.to_owned(), level))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(scopes: &[&str]) -> Permissions {
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        Permissions::asked(&scopes).unwrap_or_else(|failure| panic!("{}", failure.message))
    }

    #[test]
    fn scopes_are_githubs_permissions() {
        let permissions = asked(&["repo:read", "issues:write", "issues:read"]);
        assert_eq!(permissions.scopes(), ["contents:read", "issues:write"]);
        for scope in [
            "repo",
            "repo:*",
            "*:read",
            "Contents:read",
            ":read",
            "contents:",
            "contents:own",
        ] {
            assert!(Permissions::asked(&[scope.to_owned()]).is_err(), "{scope}");
        }
    }

    #[test]
    fn what_is_more_is_seen() {
        let read = asked(&["contents:read"]);
        assert!(!read.beyond(&read));
        assert!(!asked(&["contents:read", "metadata:read"]).beyond(&read));
        assert!(!asked(&["contents:read"]).beyond(&asked(&["contents:write"])));
        assert!(asked(&["contents:write"]).beyond(&read));
        assert!(asked(&["issues:read"]).beyond(&read));
        assert!(asked(&["contents:read", "metadata:write"]).beyond(&read));
    }

    #[test]
    fn only_what_was_given_is_told() {
        let scopes = vec!["repo:write".to_owned(), "issues:read".to_owned()];
        assert_eq!(
            asked(&["contents:read", "issues:write"]).of(scopes),
            ["issues:read"]
        );
    }
}
