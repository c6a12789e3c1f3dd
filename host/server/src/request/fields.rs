//! Reads the fields of a body or a query one by one, and collects everything that is wrong with them, so that a client is
//! told all of it at once, by name, and never has a value of its own repeated to it.

use std::ops::RangeInclusive;

use claviger_runtime::secret::Secret;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::value::Value;
use crate::refusal::{Problem, Refusal};

/// The most fields of one credential, and parameters of one query, that are read: several times as many as any has.
pub(super) const MOST_FIELDS: usize = 32;

/// What a time looks like.
const TIME: &str = "a time such as 2026-12-31T00:00:00Z";

/// The fields that were sent. Each reader takes its field out; [`Fields::finish`] says whether all was well.
pub(crate) struct Fields {
    object: Vec<(String, Value)>,
    problems: Vec<Problem>,
    /// In a query everything is text, so numbers and booleans are read from texts.
    texts_alone: bool,
}

impl Fields {
    /// Of a JSON body.
    pub(crate) fn of_body(object: Vec<(String, Value)>) -> Self {
        Self {
            object,
            problems: Vec::new(),
            texts_alone: false,
        }
    }

    /// Of a query.
    pub(crate) fn of_query(object: Vec<(String, Value)>) -> Self {
        Self {
            object,
            problems: Vec::new(),
            texts_alone: true,
        }
    }

    /// Reports what is wrong, if something is.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Invalid(self.problems))
        }
    }

    /// Takes note of a broken rule.
    pub(crate) fn problem(&mut self, field: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            field: field.to_owned(),
            message: message.into(),
        });
    }

    /// Whether the field was sent at all, `null` included.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.object.iter().any(|(known, _)| known == name)
    }

    /// A text, if there is one.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.read(name, "text", |value| match value {
            Value::Text(text) => Ok(text.as_str().to_owned()),
            other => Err(other),
        })
    }

    /// A text that has to be there.
    pub(crate) fn required_text(&mut self, name: &str) -> String {
        self.required(name, Self::text).unwrap_or_default()
    }

    /// A text that nobody may see.
    pub(crate) fn secret(&mut self, name: &str) -> Option<Secret> {
        self.read(name, "text", |value| match value {
            Value::Text(text) => Ok(Secret::new(text.as_bytes().to_vec())),
            other => Err(other),
        })
    }

    /// A text that nobody may see and that has to be there.
    pub(crate) fn required_secret(&mut self, name: &str) -> Secret {
        self.required(name, Self::secret)
            .unwrap_or_else(|| Secret::new(Vec::new()))
    }

    /// True or false.
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        let texts = self.texts_alone;
        self.read(name, "true or false", |value| match &value {
            Value::Bool(value) => Ok(*value),
            Value::Text(text) if texts => match text.to_ascii_lowercase().as_str() {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                _ => Err(value),
            },
            _ => Err(value),
        })
    }

    /// A whole number within a range.
    pub(crate) fn integer(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let texts = self.texts_alone;
        let wanted = if *range.end() == i64::MAX {
            format!("a whole number, {} or more", range.start())
        } else {
            format!("a whole number from {} to {}", range.start(), range.end())
        };
        let read = self.read(name, &wanted, |value| match &value {
            Value::Number(number) => number.as_i64().ok_or(value),
            Value::Text(text) if texts => text.parse().map_err(|_| value),
            _ => Err(value),
        })?;
        if range.contains(&read) {
            return Some(read);
        }
        self.problem(name, format!("must be {wanted}"));
        None
    }

    /// A time (RFC 3339); one without an offset, or a date alone, is taken as UTC.
    pub(crate) fn timestamp(&mut self, name: &str) -> Option<Timestamp> {
        self.moment(name, TIME, |_| None)
    }

    /// A time, or something else that says when.
    pub(crate) fn time_or(
        &mut self,
        name: &str,
        other: &str,
        read: impl FnOnce(&str) -> Option<Timestamp>,
    ) -> Option<Timestamp> {
        self.moment(name, &format!("{TIME}, or {other}"), read)
    }

    fn moment(
        &mut self,
        name: &str,
        wanted: &str,
        other: impl FnOnce(&str) -> Option<Timestamp>,
    ) -> Option<Timestamp> {
        self.read(name, wanted, |value| match &value {
            Value::Text(text) => parse_time(text).or_else(|| other(text)).ok_or(value),
            _ => Err(value),
        })
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        self.read(name, "a list of texts", |value| match value {
            Value::List(list) if list.iter().all(|item| matches!(item, Value::Text(_))) => {
                let text = |item| {
                    if let Value::Text(text) = item {
                        text.as_str().to_owned()
                    } else {
                        String::new()
                    }
                };
                Ok(list.into_iter().map(text).collect())
            }
            other => Err(other),
        })
    }

    /// A list of texts that has to be there.
    pub(crate) fn required_texts(&mut self, name: &str) -> Vec<String> {
        self.required(name, Self::texts).unwrap_or_default()
    }

    /// An object as it is.
    pub(crate) fn object(
        &mut self,
        name: &str,
    ) -> Option<serde_json::Map<String, serde_json::Value>> {
        self.read(name, "an object", |value| match value {
            Value::Object(object) => Ok(object
                .into_iter()
                .map(|(name, value)| (name, value.into_json()))
                .collect()),
            other => Err(other),
        })
    }

    /// An object whose values are texts that nobody may see: a kind's fields. Those that are `null` count as not sent.
    pub(crate) fn secrets(&mut self, name: &str) -> Option<Vec<(String, Secret)>> {
        let object = self.read(name, "an object of texts", |value| match value {
            Value::Object(object) => Ok(object),
            other => Err(other),
        })?;
        if object.len() > MOST_FIELDS {
            self.problem(name, format!("has more than {MOST_FIELDS} fields"));
            return None;
        }
        let mut secrets = Vec::with_capacity(object.len());
        for (field, value) in object {
            match value {
                Value::Null => {}
                Value::Text(text) => secrets.push((field, Secret::new(text.as_bytes().to_vec()))),
                other => self.problem(&format!("{name}.{field}"), wanted_not("text", other.kind())),
            }
        }
        Some(secrets)
    }

    /// One of some words.
    pub(crate) fn choice<T: Copy>(&mut self, name: &str, known: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = known.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            self.problem(name, format!("must be one of {}", words.join(", ")));
        }
        found.map(|(_, choice)| *choice)
    }

    /// One of some words, which has to be there.
    pub(crate) fn required_choice<T: Copy>(
        &mut self,
        name: &str,
        known: &[(&str, T)],
    ) -> Option<T> {
        self.required(name, |fields, name| fields.choice(name, known))
    }

    /// A field of a patch: not sent means unchanged, `null` clears, a value sets.
    #[expect(
        clippy::option_option,
        reason = "what the vault's patch is made of: unchanged, cleared, set"
    )]
    pub(crate) fn change<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.object.iter().find(|(known, _)| known == name) {
            None => None,
            Some((_, Value::Null)) => {
                self.take(name);
                Some(None)
            }
            Some(_) => read(self, name).map(Some),
        }
    }

    /// A field of a patch that can't be cleared.
    pub(crate) fn replacement<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> Option<T> {
        let change = self.change(name, read)?;
        if change.is_none() {
            self.problem(name, "can't be null; leave it out to keep it");
        }
        change
    }

    fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> Option<T> {
        let problems = self.problems.len();
        let value = read(self, name);
        if value.is_none() && self.problems.len() == problems {
            self.problem(name, "is required");
        }
        value
    }

    fn read<T>(
        &mut self,
        name: &str,
        wanted: &str,
        read: impl FnOnce(Value) -> Result<T, Value>,
    ) -> Option<T> {
        match self.take(name)? {
            Value::Null => None,
            value => match read(value) {
                Ok(value) => Some(value),
                Err(other) => {
                    self.problem(name, wanted_not(wanted, other.kind()));
                    None
                }
            },
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let position = self.object.iter().position(|(known, _)| known == name)?;
        // Their order says nothing, and moving all that follow would cost a body of many keys dearly.
        Some(self.object.swap_remove(position).1)
    }
}

/// `must be text, not a number`; but not `must be a list of texts, not a list`.
fn wanted_not(wanted: &str, found: &str) -> String {
    let noun = found.rsplit(' ').next().unwrap_or(found);
    let told = wanted.contains(noun) || found == "text";
    if told {
        format!("must be {wanted}")
    } else {
        format!("must be {wanted}, not {found}")
    }
}

fn parse_time(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

#[cfg(test)]
mod tests;
