//! What stands for what in the script of a guest that does what the test tells it.

use claviger_sdk::http::percent;
use claviger_sdk::{Context, Credential};

/// The words of a script, and what each means.
pub struct Words(Vec<(String, String)>);

impl Words {
    /// The fields of the credential and of the connection.
    #[must_use]
    pub fn of(context: &Context, credential: &Credential) -> Self {
        let own = credential
            .fields
            .iter()
            .map(|field| (field.key.clone(), field.value.clone()));
        let connection = context
            .connection
            .iter()
            .flat_map(|connection| &connection.fields);
        let connection =
            connection.map(|field| (format!("connection.{}", field.key), field.value.clone()));
        Self(
            own.chain(connection)
                .filter(|(name, _)| name != "script")
                .collect(),
        )
    }

    /// One more word, in place of an earlier one of this name.
    pub fn learn(&mut self, name: String, value: String) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value));
    }

    /// The text, its words replaced.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in &self.0 {
            filled = filled.replace(&format!("{{{name}}}"), value);
            for (transformation, transform) in TRANSFORMATIONS {
                let word = format!("{{{name}|{transformation}}}");
                if filled.contains(&word) {
                    filled = filled.replace(&word, &transform(value));
                }
            }
        }
        filled
    }
}

type Transform = fn(&str) -> String;

const TRANSFORMATIONS: [(&str, Transform); 6] = [
    ("base64", |value| {
        claviger_sdk::http::base64(value.as_bytes())
    }),
    ("basic", |value| {
        claviger_sdk::http::base64(format!("user:{value}").as_bytes())
    }),
    ("percent", percent),
    ("reverse", |value| value.chars().rev().collect()),
    ("upper", str::to_ascii_uppercase),
    ("half", |value| value[..value.len() / 2].to_owned()),
];
