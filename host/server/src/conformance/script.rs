//! `upstream.toml`: what the provider answers, and the credentials that it is asked about. The format is told in
//! [`crate::conformance`].

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use claviger_runtime::Origin;
use claviger_runtime::manifest::Position;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

mod pattern;
mod read;

pub(crate) use pattern::{Method, PathPattern};

/// A script.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    /// What calls are about.
    #[serde(default, rename = "credential")]
    pub credentials: Vec<Credential>,
    /// What the provider answers. The first that fits a request counts.
    #[serde(default, rename = "route")]
    pub routes: Vec<Route>,
    /// What is asked of a plugin that issues.
    pub issue: Option<Issue>,
    /// Where a plugin that applies is to put a credential.
    pub place: Option<Place>,
    /// The plugin's settings, as an operator would write them.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

/// A credential.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Credential {
    /// One of the manifest's kinds; of its `subjects`, where another plugin's credential is put to use.
    pub kind: String,
    /// That other plugin.
    pub provider: Option<String>,
    /// All its fields, secret ones as well.
    pub fields: BTreeMap<String, String>,
    /// Whether the provider takes it.
    #[serde(default = "yes")]
    pub works: bool,
    /// The provider's own id of it, for calls that need one.
    pub external_id: Option<String>,
    /// What the plugin gave the host to keep with it.
    pub handle: Option<String>,
}

/// What the provider answers to some requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    /// `GET`
    pub method: Method,
    /// `/v1/keys/*`
    pub path: PathPattern,
    /// The origin that it is for; any, where none is said.
    pub origin: Option<Origin>,
    /// What has to be in the request, by position.
    #[serde(default)]
    pub needs: HashMap<Position, String>,
    /// What is answered: one after the other, the last again and again.
    pub answer: Answers,
    /// What is answered where the needs aren't met. Without it, the next route is looked at.
    pub otherwise: Option<Answer>,
    /// The request makes something at the provider, named by what is at this position.
    pub adds: Option<Position>,
    /// The request ends what has its id, or its name, at this position.
    pub removes: Option<Position>,
    /// What one of the things made looks like in a list: what an answer's `"{items}"` is replaced by a list of.
    pub item: Option<Value>,
}

/// Answers, one at least.
#[derive(Debug, Clone)]
pub(crate) struct Answers(Vec<Answer>);

/// An answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// The status code.
    #[serde(default = "ok")]
    pub status: u16,
    /// Headers beside `content-type` and `content-length`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body, as JSON.
    pub json: Option<Value>,
    /// The body, as text.
    pub text: Option<String>,
}

/// What is asked of a plugin that issues.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Issue {
    /// The scopes, in the provider's words.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// How long, as `1h`.
    #[serde(default)]
    pub ttl: Ttl,
    /// What else the plugin wants to know.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// How long an issued credential is to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Ttl(u32);

/// Where a plugin that applies is to put a credential.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// An n8n workflow's id, for one.
    pub container: String,
    /// An n8n node's name, for one.
    pub slot: String,
    /// What else the plugin wants to know.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

impl Script {
    /// The first working credential of a kind of the plugin's own.
    pub(crate) fn working(&self, kind: &str) -> Option<&Credential> {
        self.credentials.iter().find(|credential| {
            credential.works && credential.kind == kind && credential.provider.is_none()
        })
    }

    /// The first working credential of a kind that is put to use: another plugin's, where the script has one.
    pub(crate) fn put_to_use(&self, kind: &str) -> Option<&Credential> {
        let foreign = self.credentials.iter().find(|credential| {
            credential.works && credential.kind == kind && credential.provider.is_some()
        });
        foreign.or_else(|| self.working(kind))
    }
}

impl Answers {
    /// The answer to the request of that number, counted from 0.
    pub(crate) fn number(&self, number: usize) -> &Answer {
        // There is one at least, which `Deserialize` sees to.
        &self.0[number.min(self.0.len() - 1)]
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Answer> {
        self.0.iter()
    }

    /// This one, always.
    pub(crate) fn always(answer: Answer) -> Self {
        Self(vec![answer])
    }
}

impl Answer {
    /// An answer with a body of JSON.
    pub(crate) fn of(status: u16, json: Value) -> Self {
        Self {
            status,
            headers: BTreeMap::new(),
            json: Some(json),
            text: None,
        }
    }
}

impl Ttl {
    pub(crate) fn duration(self) -> Duration {
        Duration::from_secs(self.0.into())
    }
}

impl Default for Ttl {
    fn default() -> Self {
        Self(3600)
    }
}

impl TryFrom<String> for Ttl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86400)];
        let read = units.iter().find_map(|(unit, seconds)| {
            let number: u32 = text.strip_suffix(unit)?.trim().parse().ok()?;
            number.checked_mul(*seconds).filter(|ttl| *ttl > 0)
        });
        read.map(Self).ok_or_else(|| {
            format!("`{text}` is not a duration; write a number and s, m, h or d, as `1h`")
        })
    }
}

/// By hand, and not as an untagged enum, so that a misspelt key of an answer is told with its place.
impl<'de> Deserialize<'de> for Answers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Answers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an answer or a list of answers")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Answers, A::Error> {
                Answer::deserialize(MapAccessDeserializer::new(map)).map(Answers::always)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Answers, A::Error> {
                let answers: Vec<Answer> =
                    Deserialize::deserialize(SeqAccessDeserializer::new(seq))?;
                if answers.is_empty() {
                    return Err(serde::de::Error::invalid_length(0, &"one answer at least"));
                }
                Ok(Answers(answers))
            }
        }

        deserializer.deserialize_any(OneOrMore)
    }
}

fn yes() -> bool {
    true
}

fn ok() -> u16 {
    200
}
