//! What operators write of a backend, and the rules it must hold to.

use std::collections::BTreeMap;

use semver::VersionReq;

use super::model::{Backend, BackendId};
use super::scope::{MOST, ScopePattern};
use crate::credentials::CredentialName;
use crate::error::Problem;
use crate::ids::WorkspaceId;
use crate::leases::Ttl;

/// The most characters of a provider's name.
const LONGEST_PROVIDER: usize = 64;
/// The most parameters of a backend.
const MOST_PARAMETERS: usize = 32;
/// The most characters of a parameter's name and of its value.
const LONGEST_PARAMETER: usize = 1000;

/// A backend, as it was written. Field names in problems are as operators write them in the configuration.
#[derive(Debug, Clone, Default)]
pub struct NewBackend {
    /// A [`BackendId`].
    pub id: String,
    /// The plugin's name.
    pub provider: String,
    /// The root credential's name; it needn't be there yet.
    pub credential: String,
    /// How long a lease works where nothing is asked for; none: an hour, or the longest, if that is shorter.
    pub default_ttl: Option<Ttl>,
    /// How long a lease works at the most; none: a day.
    pub max_ttl: Option<Ttl>,
    /// Patterns of what may be asked for; none: whatever the provider gives.
    pub allowed_scopes: Option<Vec<String>>,
    /// A range of the plugin's versions.
    pub pin: Option<VersionReq>,
    /// What the provider is told with each request.
    pub parameters: BTreeMap<String, String>,
}

impl NewBackend {
    /// Checks it against the rules; all that it breaks are told.
    pub fn check(self) -> Result<CheckedBackend, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut problem =
            |field: &str, message: String| problems.push(Problem::new(field, message));
        let id = self.id.parse::<BackendId>();
        if let Err(why) = &id {
            problem("id", why.to_string());
        }
        let provider = self.provider.to_lowercase();
        if provider.is_empty() || provider.chars().nth(LONGEST_PROVIDER).is_some() {
            let rule = format!("must be a plugin's name, 1 to {LONGEST_PROVIDER} characters");
            problem("provider", rule);
        }
        let credential = CredentialName::parse(&self.credential);
        if let Err(why) = &credential {
            problem("credential", why.to_string());
        }
        let max_ttl = self.max_ttl.unwrap_or(Ttl::DAY);
        let default_ttl = self.default_ttl.unwrap_or(Ttl::HOUR.min(max_ttl));
        if default_ttl > max_ttl {
            let rule = format!("must be at most max-ttl, which is {max_ttl}");
            problem("default-ttl", rule);
        }
        let allowed_scopes = self.allowed_scopes.as_deref().map(patterns).transpose();
        if let Err(why) = &allowed_scopes {
            problem("allowed-scopes", why.clone());
        }
        let is_long = |text: &String| text.chars().nth(LONGEST_PARAMETER).is_some();
        let too_long = |(name, value): (&String, &String)| is_long(name) || is_long(value);
        if self.parameters.len() > MOST_PARAMETERS || self.parameters.iter().any(too_long) {
            let rule = format!(
                "must be at most {MOST_PARAMETERS}, of {LONGEST_PARAMETER} characters each"
            );
            problem("parameters", rule);
        }
        match (id, credential, allowed_scopes) {
            (Ok(id), Ok(credential), Ok(allowed_scopes)) if problems.is_empty() => {
                Ok(CheckedBackend {
                    id,
                    provider,
                    credential: credential.to_string(),
                    pin: self.pin,
                    default_ttl,
                    max_ttl,
                    allowed_scopes,
                    parameters: self.parameters.into_iter().collect(),
                })
            }
            _ => Err(problems),
        }
    }
}

/// The patterns, of which there are some: without the list there is no limit, and an empty one would let nothing be issued.
fn patterns(texts: &[String]) -> Result<Vec<ScopePattern>, String> {
    if texts.is_empty() || texts.len() > MOST {
        return Err(format!(
            "must be 1 to {MOST} patterns; leave it out where anything may be asked for"
        ));
    }
    let read = |text: &String| ScopePattern::parse(text).map_err(|why| why.to_string());
    texts.iter().map(read).collect()
}

/// A backend that holds to the rules.
#[derive(Debug, Clone)]
pub struct CheckedBackend {
    pub(super) id: BackendId,
    provider: String,
    credential: String,
    pin: Option<VersionReq>,
    default_ttl: Ttl,
    max_ttl: Ttl,
    allowed_scopes: Option<Vec<ScopePattern>>,
    parameters: Vec<(String, String)>,
}

impl CheckedBackend {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &BackendId {
        &self.id
    }

    pub(super) fn within(&self, workspace: WorkspaceId, configured: bool) -> Backend {
        Backend {
            id: self.id.clone(),
            workspace,
            provider: self.provider.clone(),
            credential: self.credential.clone(),
            pin: self.pin.clone(),
            default_ttl: self.default_ttl,
            max_ttl: self.max_ttl,
            allowed_scopes: self.allowed_scopes.clone(),
            parameters: self.parameters.clone(),
            configured,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> NewBackend {
        NewBackend {
            id: "github".to_owned(),
            provider: "GitHub".to_owned(),
            credential: "github-app".to_owned(),
            ..NewBackend::default()
        }
    }

    fn ttl(text: &str) -> Ttl {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let backend = new()
            .check()
            .unwrap()
            .within(WorkspaceId::from([1; 8]), true);
        assert_eq!(
            (
                backend.provider.as_str(),
                backend.default_ttl,
                backend.max_ttl
            ),
            ("github", Ttl::HOUR, Ttl::DAY)
        );
        assert!(backend.allowed_scopes.is_none() && !backend.wants_scopes());
        let short = NewBackend {
            max_ttl: Some(ttl("15m")),
            ..new()
        };
        assert_eq!(Some(short.check().unwrap().default_ttl), Some(ttl("15m")));
    }

    #[test]
    fn each_broken_rule_is_told() {
        let all = NewBackend {
            id: "-".to_owned(),
            provider: String::new(),
            credential: String::new(),
            default_ttl: Some(ttl("2h")),
            max_ttl: Some(ttl("1h")),
            allowed_scopes: Some(vec!["a b".to_owned(), String::new()]),
            parameters: (0..33).map(|n| (n.to_string(), String::new())).collect(),
            ..NewBackend::default()
        };
        let problems = all.check().unwrap_err();
        let fields: Vec<_> = problems
            .iter()
            .map(|problem| problem.field.as_str())
            .collect();
        assert_eq!(
            fields,
            [
                "id",
                "provider",
                "credential",
                "default-ttl",
                "allowed-scopes",
                "parameters"
            ]
        );
    }
}
