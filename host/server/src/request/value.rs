//! JSON as it was sent: texts zero themselves, for any of them may be a secret, and nothing can be printed.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use zeroize::Zeroizing;

/// How much of a key an error repeats.
const KEY_SHOWN: usize = 64;

/// A JSON value.
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(Zeroizing<String>),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Value {
    /// What it is, for "must be text, not a number".
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Hands out, piece by piece, bytes that are the same for values that say the same, and differ for all others: an
    /// object's keys are in order, and every text comes with its length.
    pub(crate) fn walk(&self, take: &mut impl FnMut(&[u8])) {
        match self {
            Self::Null => take(b"n"),
            Self::Bool(true) => take(b"t"),
            Self::Bool(false) => take(b"f"),
            Self::Number(number) => {
                take(b"d");
                walk_text(&number.to_string(), take);
            }
            Self::Text(text) => walk_text(text, take),
            Self::List(list) => {
                take(b"[");
                for value in list {
                    value.walk(take);
                }
                take(b"]");
            }
            Self::Object(object) => {
                let mut members: Vec<_> = object.iter().collect();
                members.sort_unstable_by_key(|(name, _)| name);
                take(b"{");
                for (name, value) in members {
                    walk_text(name, take);
                    value.walk(take);
                }
                take(b"}");
            }
        }
    }

    /// The same as a value that is no secret.
    pub(crate) fn into_json(self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => value.into(),
            Self::Number(number) => number.into(),
            Self::Text(text) => text.as_str().into(),
            Self::List(list) => list.into_iter().map(Self::into_json).collect(),
            Self::Object(object) => object
                .into_iter()
                .map(|(name, value)| (name, value.into_json()))
                .collect(),
        }
    }
}

fn walk_text(text: &str, take: &mut impl FnMut(&[u8])) {
    take(b"s");
    take(&text.len().to_le_bytes());
    take(text.as_bytes());
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element()? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    /// A key that comes twice is refused: readers disagree on which counts, and one may be what another has checked.
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut object: Vec<(String, Value)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if !seen.insert(name.clone()) {
                let shown: String = name.chars().take(KEY_SHOWN).collect();
                return Err(A::Error::custom(format_args!("`{shown}` is given twice")));
            }
            object.push((name, value));
        }
        Ok(Value::Object(object))
    }
}
