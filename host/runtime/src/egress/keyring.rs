//! The secrets of one call, and the stand-ins that mean them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::CryptoRng;

use super::matcher::{Hit, TooMuchWork};
use super::session::Role;
use super::stand_in::StandIn;
use super::words::Words;
use crate::manifest::Place;
use crate::origin::Origin;
use crate::secret::Secret;
use crate::subject::{Field, FieldValue, Subject};

/// The most secrets that a call may add to those it began with: each makes every later scan longer.
const MOST_NEW: usize = 32;

/// The secrets of one call. It only grows: a word that was a stand-in stays one until the call ends.
#[derive(Default)]
pub(crate) struct Keyring {
    credentials: Vec<Credential>,
    held: Vec<Held>,
    /// Shared, because long texts are scrubbed on a thread of their own.
    words: Arc<Words>,
}

/// What the host knows of a credential beside its secrets.
pub(crate) struct Credential {
    pub(crate) role: Role,
    pub(crate) kind: String,
    /// Where its secrets may go at all.
    pub(crate) origins: Vec<Origin>,
    /// What fills templates: its text fields.
    texts: Vec<(String, String)>,
}

/// Where a credential is put to use: what a connection opens. Of no connection, nowhere.
#[derive(Debug, Clone, Default)]
pub struct Target {
    origins: Vec<Origin>,
    texts: Vec<(String, String)>,
}

/// A secret that this call keeps from its guest.
pub(crate) struct Held {
    pub(crate) stand_in: StandIn,
    pub(crate) secret: Secret,
    pub(crate) source: Source,
}

/// What a value means that a guest answers with.
pub enum Meaning<'s> {
    /// The stand-in of a new secret that this call captured.
    Captured(&'s Secret),
    /// The stand-in of a secret field of the subject: the field's name, and the secret.
    Own(&'s str, &'s Secret),
    /// Another stand-in of this call, or one in longer text or changed.
    StandIn,
    /// Text with a secret of this call in it.
    Secret,
    /// Text without any of the call's secrets and stand-ins.
    Text,
}

/// Where a secret of the call comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A field of a credential.
    Stored(FieldOf),
    /// A signature that was made with a field of a credential.
    Signature(FieldOf),
    /// An answer of the provider, by the declared capture of this name.
    Captured(String),
}

/// A credential's text fields.
fn texts(subject: &Subject) -> Vec<(String, String)> {
    let text = |field: &Field| match &field.value {
        FieldValue::Text(text) => Some((field.name.clone(), text.clone())),
        FieldValue::Secret(_) => None,
    };
    subject.fields.iter().filter_map(text).collect()
}

/// A field of a credential of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldOf {
    credential: usize,
    pub(crate) name: String,
}

impl Target {
    /// What a connection opens.
    #[must_use]
    pub fn of(connection: Option<&Subject>) -> Self {
        connection.map_or_else(Self::default, |connection| Self {
            origins: connection.origins.clone(),
            texts: texts(connection),
        })
    }
}

impl Credential {
    /// The text field of that name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.texts
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, text)| text.as_str())
    }
}

impl Source {
    /// The field that the secret is, or is a signature by.
    pub(crate) fn field(&self) -> Option<&FieldOf> {
        match self {
            Self::Stored(field) | Self::Signature(field) => Some(field),
            Self::Captured(_) => None,
        }
    }
}

impl Keyring {
    /// Takes a credential in: its fields as the guest sees them.
    pub(crate) fn admit(
        &mut self,
        role: Role,
        subject: &Subject,
        random: &mut dyn CryptoRng,
    ) -> Vec<(String, String)> {
        self.admit_fields(role, subject, &subject.fields, random)
    }

    /// Takes fields in that are not those of the credential they belong to: what was issued from a root. Whatever decides
    /// where secrets go is the credential's.
    pub(crate) fn admit_fields(
        &mut self,
        role: Role,
        subject: &Subject,
        fields: &[Field],
        random: &mut dyn CryptoRng,
    ) -> Vec<(String, String)> {
        let seen = self.hold_fields(fields.iter(), random);
        self.credentials.push(Credential {
            role,
            kind: subject.kind.clone(),
            origins: subject.origins.clone(),
            texts: texts(subject),
        });
        seen
    }

    /// Takes a credential in that is put to use: of its fields those that are `declared`, as the guest sees them. Its
    /// secrets go to the target and nowhere else.
    pub(crate) fn admit_applied(
        &mut self,
        subject: &Subject,
        target: Target,
        declared: &BTreeMap<String, Vec<Place>>,
        random: &mut dyn CryptoRng,
    ) -> Vec<(String, String)> {
        let fields = subject.fields.iter();
        let fields = fields.filter(|field| declared.contains_key(&field.name));
        let seen = self.hold_fields(fields, random);
        self.credentials.push(Credential {
            role: Role::Applied,
            kind: subject.kind.clone(),
            origins: target.origins,
            texts: target.texts,
        });
        seen
    }

    /// The fields of the credential that is taken in next, a stand-in in each secret's place.
    fn hold_fields<'f>(
        &mut self,
        fields: impl Iterator<Item = &'f Field>,
        random: &mut dyn CryptoRng,
    ) -> Vec<(String, String)> {
        let credential = self.credentials.len();
        let mut seen = Vec::new();
        for field in fields {
            let shown = match &field.value {
                FieldValue::Text(text) => text.clone(),
                FieldValue::Secret(secret) => {
                    let source = Source::Stored(FieldOf {
                        credential,
                        name: field.name.clone(),
                    });
                    self.hold(secret.clone(), source, random).to_string()
                }
            };
            seen.push((field.name.clone(), shown));
        }
        seen
    }

    /// Takes a secret in, under a stand-in drawn for it.
    pub(crate) fn hold(
        &mut self,
        secret: Secret,
        source: Source,
        random: &mut dyn CryptoRng,
    ) -> StandIn {
        let stand_in = StandIn::draw(random);
        let is_captured = matches!(source, Source::Captured(_));
        Arc::make_mut(&mut self.words).add(secret.expose(), stand_in, is_captured);
        self.held.push(Held {
            stand_in,
            secret,
            source,
        });
        stand_in
    }

    /// Whether the call may take one more new secret in.
    pub(crate) fn has_room(&self) -> bool {
        self.held
            .iter()
            .filter(|held| !matches!(held.source, Source::Stored(_)))
            .count()
            < MOST_NEW
    }

    /// The secret that a hit is of.
    pub(crate) fn held(&self, hit: &Hit) -> &Held {
        &self.held[hit.word]
    }

    /// The secret that a stand-in means.
    pub(crate) fn find(&self, stand_in: &str) -> Option<&Held> {
        self.held
            .iter()
            .find(|held| held.stand_in.as_str() == stand_in)
    }

    /// What a value of the guest's answer means.
    pub(crate) fn meaning(&self, value: &str) -> Meaning<'_> {
        match self.find(value) {
            Some(Held { secret, source, .. }) => match source {
                Source::Captured(_) => Meaning::Captured(secret),
                Source::Stored(field) if self.credential(field).role == Role::Subject => {
                    Meaning::Own(&field.name, secret)
                }
                Source::Stored(_) | Source::Signature(_) => Meaning::StandIn,
            },
            None if self.has_stand_in(value.as_bytes()) => Meaning::StandIn,
            None if self.words.has_secret(value.as_bytes()) => Meaning::Secret,
            None => Meaning::Text,
        }
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Held> {
        self.held.iter()
    }

    /// The credential that a field is of.
    pub(crate) fn credential(&self, field: &FieldOf) -> &Credential {
        &self.credentials[field.credential]
    }

    /// What the call is about.
    pub(crate) fn subject(&self) -> Option<&Credential> {
        let mut credentials = self.credentials.iter();
        credentials.find(|credential| credential.role == Role::Subject)
    }

    /// All credentials of the call.
    pub(crate) fn credentials(&self) -> &[Credential] {
        &self.credentials
    }

    /// Whether a secret is the subject's, or a signature with one of the subject's.
    pub(crate) fn is_subjects(&self, source: &Source) -> bool {
        let is_subject = |role| matches!(role, Role::Subject | Role::Applied);
        source
            .field()
            .is_some_and(|field| is_subject(self.credential(field).role))
    }

    /// The call's stand-ins in a text, encoded or plain, in any case.
    pub(crate) fn stand_ins_in<'t>(
        &'t self,
        text: &'t [u8],
    ) -> impl Iterator<Item = Result<Hit, TooMuchWork>> + 't {
        self.words.stand_ins().hits(text)
    }

    /// Whether a stand-in of the call is in a text, encoded or plain, in any case.
    pub(crate) fn has_stand_in(&self, text: &[u8]) -> bool {
        self.words.stand_ins().is_in(text)
    }

    /// Whether a hit is the stand-in as it was given out, letter for letter.
    pub(crate) fn is_plain(&self, hit: &Hit, text: &[u8]) -> bool {
        text[hit.range.clone()] == *self.held(hit).stand_in.as_bytes()
    }

    /// What finds the call's secrets.
    pub(crate) fn words(&self) -> &Arc<Words> {
        &self.words
    }

    /// The text with a stand-in for each secret in it; none where there is nothing to replace. A secret that isn't text can be
    /// found across characters: what is left of them is replaced too.
    pub(crate) fn scrubbed_text(&self, text: &str) -> Result<Option<String>, TooMuchWork> {
        let scrubbed = self.words.scrubbed(text.as_bytes())?;
        Ok(scrubbed.map(|scrubbed| {
            String::from_utf8(scrubbed)
                .unwrap_or_else(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into_owned())
        }))
    }
}
