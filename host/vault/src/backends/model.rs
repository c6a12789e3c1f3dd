//! What a backend is.

use std::fmt;
use std::str::FromStr;

use semver::VersionReq;
use thiserror::Error;

use super::scope::ScopePattern;
use crate::ids::WorkspaceId;
use crate::leases::Ttl;
use crate::store::StoreError;
use crate::store::backends::BackendRow;

/// The most characters of a backend's id.
const LONGEST_ID: usize = 64;

/// A backend's id, which its operator chose: `github`, `aws-prod`. Unique in its workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackendId(String);

/// Why a text is no backend's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "must be 1 to {LONGEST_ID} letters, digits, `-`, `_` and `.`, the first a letter or a digit"
)]
pub struct BackendIdError;

impl BackendId {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BackendId {
    type Err = BackendIdError;

    fn from_str(text: &str) -> Result<Self, BackendIdError> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let begins = text
            .as_bytes()
            .first()
            .is_some_and(u8::is_ascii_alphanumeric);
        if begins && text.len() <= LONGEST_ID && text.bytes().all(is_word) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BackendIdError)
        }
    }
}

impl fmt::Display for BackendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What issues leases.
#[derive(Debug, Clone)]
pub struct Backend {
    /// Its id in its workspace.
    pub id: BackendId,
    /// The workspace that it issues in.
    pub workspace: WorkspaceId,
    /// The name of the plugin that issues.
    pub provider: String,
    /// The root credential's name.
    pub credential: String,
    /// Which versions of the plugin may issue; none: those that the root credential allows.
    pub pin: Option<VersionReq>,
    /// How long a lease works where nothing is asked for.
    pub default_ttl: Ttl,
    /// How long a lease works at the most.
    pub max_ttl: Ttl,
    /// What may be asked for; none: whatever the provider gives.
    pub allowed_scopes: Option<Vec<ScopePattern>>,
    /// What the provider is told with each request.
    pub parameters: Vec<(String, String)>,
    /// Whether it stands in the configuration, and not in the database.
    pub configured: bool,
}

/// A backend, as it is listed.
#[derive(Debug, Clone)]
pub struct ListedBackend {
    /// It.
    pub backend: Backend,
    /// Why nothing can be issued from it, as far as that shows without asking the provider.
    pub problem: Option<String>,
}

impl Backend {
    /// A scope that may not be asked for, or none.
    pub(crate) fn forbidden<'s>(&self, scopes: &'s [String]) -> Option<&'s str> {
        let allowed = self.allowed_scopes.as_ref()?;
        let fits = |scope: &&String| allowed.iter().any(|pattern| pattern.matches(scope));
        scopes.iter().find(|scope| !fits(scope)).map(String::as_str)
    }

    /// Whether scopes have to be named: what is asked for without any may be all that the root credential can do.
    pub(crate) fn wants_scopes(&self) -> bool {
        self.allowed_scopes
            .as_ref()
            .is_some_and(|allowed| !allowed.iter().any(ScopePattern::is_everything))
    }
}

fn damaged(why: impl fmt::Display) -> StoreError {
    StoreError::damaged("backend", why)
}

impl TryFrom<BackendRow> for Backend {
    type Error = StoreError;

    fn try_from(row: BackendRow) -> Result<Self, StoreError> {
        let ttl = |seconds: i64| {
            let seconds = u32::try_from(seconds).map_err(damaged)?;
            Ttl::of_seconds(seconds).map_err(damaged)
        };
        let scopes = |text: String| {
            let texts: Vec<String> = serde_json::from_str(&text).map_err(damaged)?;
            let patterns = texts.iter().map(|text| ScopePattern::parse(text));
            patterns.collect::<Result<Vec<_>, _>>().map_err(damaged)
        };
        Ok(Self {
            id: row.id.parse().map_err(damaged)?,
            workspace: row.workspace.parse().map_err(damaged)?,
            provider: row.provider,
            credential: row.credential,
            pin: row
                .pin
                .map(|pin| pin.parse().map_err(damaged))
                .transpose()?,
            default_ttl: ttl(row.default_ttl_s)?,
            max_ttl: ttl(row.max_ttl_s)?,
            allowed_scopes: row.allowed_scopes.map(scopes).transpose()?,
            parameters: serde_json::from_str(&row.parameters).map_err(damaged)?,
            configured: false,
        })
    }
}
