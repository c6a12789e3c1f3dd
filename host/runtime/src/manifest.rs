//! What a plugin says of itself and asks for: the JSON that its `describe` returns.
//!
//! A manifest is a *request*. What a plugin may do is its [grant](crate::grant), which the operator decides. It is parsed
//! once, when the plugin is loaded; unknown keys are errors, so that a misspelt rule is never a rule that isn't there.
//! `wit/manifest.schema.json` is generated from these types, and a test holds the two together.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use semver::Version;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::origin::OriginPattern;
use crate::plugin::Capability;

pub mod check;
pub mod pattern;
pub mod position;

pub use check::{BrokenRule, ManifestError, is_plugin_name};
pub use pattern::Pattern;
pub use position::Position;

/// A plugin's manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// The provider's name: 1 to 64 of `a-z`, `0-9`, `-` and `_`, a letter first.
    pub name: String,
    /// The plugin's own version (semver).
    #[serde(deserialize_with = "version")]
    #[schemars(with = "Version")]
    pub version: Version,
    /// One sentence for an operator.
    pub description: String,
    /// Where its users find more.
    #[serde(default)]
    pub homepage: Option<String>,
    /// An SPDX expression.
    #[serde(default)]
    pub licence: Option<String>,
    /// The kinds of credential that it knows.
    pub kinds: Vec<Kind>,
    /// The origins that it asks to reach.
    #[schemars(with = "Vec<String>")]
    pub origins: Vec<OriginPattern>,
    /// The kind of the credential that its operations need as a connection, where they need one.
    #[serde(default)]
    pub connection: Option<String>,
    /// Which of its capabilities need that connection, such as `rotation`; all of them where nothing is said.
    #[serde(default)]
    pub connection_for: BTreeSet<Capability>,
    /// The credentials of other plugins' that it puts to use in what its connection opens, and where their secrets go
    /// there. What isn't listed is never shown to it, and goes nowhere.
    #[serde(default)]
    pub subjects: Vec<SubjectKind>,
    /// The new secrets that it lets the host take out of answers.
    #[serde(default)]
    pub captures: Vec<CaptureRule>,
    /// Whether an old secret goes on working beside the new one when it rotates.
    #[serde(default)]
    pub overlap: Option<Overlap>,
    /// Why it asks to be shown secrets themselves. Without it, it never is.
    #[serde(default)]
    pub reveal: Option<String>,
}

/// A version, with an error that says what one looks like.
fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        D::Error::custom(format!(
            "`{text}` is not a version; write three numbers, as `0.1.0` (semver)"
        ))
    })
}

/// A kind of credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Kind {
    /// Such as `api_key`: lower case, with underscores.
    pub name: String,
    /// For a person.
    pub label: String,
    /// Its fields, in the order in which a form would ask for them.
    pub fields: Vec<FieldRule>,
    /// How a value of the kind's one required secret field begins, for credentials whose provider isn't known. Of all
    /// plugins' the longest that fits wins.
    #[serde(default)]
    pub recognises: Vec<String>,
}

/// A field of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FieldRule {
    /// Such as `api_key`: lower case, with underscores.
    pub name: String,
    /// For a person.
    pub label: String,
    /// Whether the guest gets a stand-in in its place.
    #[serde(default)]
    pub secret: bool,
    /// Whether a credential without it is refused.
    #[serde(default)]
    pub required: bool,
    /// What the whole value must match (regex, linear time). Prefix and length; not what a provider may change.
    #[serde(default)]
    pub pattern: Option<Pattern>,
    /// What one looks like; never a real one.
    #[serde(default)]
    pub example: Option<String>,
    /// Where at the provider the secret goes, and nowhere else.
    #[serde(default)]
    pub places: Vec<Place>,
    /// The schemes that the host may sign with it, such as `rs256`.
    #[serde(default)]
    pub signs: BTreeSet<String>,
    /// Where signatures made with it go.
    #[serde(default)]
    pub signature_places: Vec<Place>,
}

/// A kind of credential, of any plugin's, that is put to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SubjectKind {
    /// The kind's name, as the plugin that it belongs to declares it: `api_key`.
    pub kind: String,
    /// The fields that it is given.
    pub fields: Vec<SubjectField>,
}

/// A field of a credential that is put to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SubjectField {
    /// The field's name, as the plugin that it belongs to declares it.
    pub name: String,
    /// Where in the target a secret goes; nothing for text. A template such as `{base_url}` means the connection's field of
    /// that name, and the connection's origins bound it.
    #[serde(default)]
    pub places: Vec<Place>,
}

/// Where at the provider a secret goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Place {
    /// The origin it is sent to.
    #[schemars(with = "String")]
    pub origin: OriginPattern,
    /// The request methods, in upper case.
    pub methods: BTreeSet<String>,
    /// What the request's path begins with: whole segments, so `/v1/models` means `/v1/models` and `/v1/models/x`, not
    /// `/v1/models-x`.
    pub path_prefix: String,
    /// The position in the request.
    #[schemars(with = "String")]
    pub at: Position,
}

/// A new secret that the host may take out of an answer before the plugin sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CaptureRule {
    /// What requests call it.
    pub name: String,
    /// The origin that answers.
    #[schemars(with = "String")]
    pub origin: OriginPattern,
    /// The request methods, in upper case.
    pub methods: BTreeSet<String>,
    /// What the request's path begins with, in whole segments.
    pub path_prefix: String,
    /// Where in the answer it is.
    pub source: CaptureSource,
    /// Where it goes to be ended: as an issued field of its name, or by the call that captured it. Mostly nowhere.
    #[serde(default)]
    pub places: Vec<Place>,
}

/// Where in an answer a new secret is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CaptureSource {
    /// A JSON pointer (RFC 6901) into the body.
    JsonPointer(String),
    /// A regular expression with one group, over the body as text.
    Pattern(Pattern),
    /// A response header, in lower case.
    Header(String),
}

/// Whether two secrets of one credential work at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// The old one goes on working until it is retired.
    BothWork,
    /// Making the new one ends the old one.
    Replaces,
}

impl Manifest {
    /// The kind of the connection that a capability needs, where it needs one.
    #[must_use]
    pub fn connection_for(&self, capability: Capability) -> Option<&str> {
        let needs = self.connection_for.is_empty() || self.connection_for.contains(&capability);
        self.connection.as_deref().filter(|_| needs)
    }

    /// What it takes of credentials of a kind that are put to use, where it takes any.
    #[must_use]
    pub fn subject(&self, kind: &str) -> Option<&SubjectKind> {
        self.subjects.iter().find(|subject| subject.kind == kind)
    }

    /// The kind of that name.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.name == name)
    }
}

impl Kind {
    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldRule> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Where its secrets and signatures made with them go.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.fields
            .iter()
            .flat_map(|field| field.places.iter().chain(&field.signature_places))
    }

    /// The one required secret field, which a bare `value` means. None where there are several or none.
    #[must_use]
    pub fn main_field(&self) -> Option<&FieldRule> {
        let mut required = self
            .fields
            .iter()
            .filter(|field| field.secret && field.required);
        required.next().filter(|_| required.next().is_none())
    }
}
