//! What n8n wants of a credential type's data, which differs from version to version (`GET /credentials/schema/{type}`).
//!
//! Fields that this version doesn't know are refused, so they are left out. In 1.x a condition on a field that isn't there
//! counts as met, and what it then requires would be missed: such fields are sent, empty.

use claviger_sdk::Failure;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The part of a schema that is heeded.
#[derive(Deserialize)]
pub struct Schema {
    #[serde(default)]
    properties: Map<String, Value>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default, rename = "allOf")]
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(rename = "if")]
    when: Option<When>,
    then: Option<Then>,
}

#[derive(Deserialize)]
struct When {
    #[serde(default)]
    properties: Map<String, Value>,
}

#[derive(Deserialize)]
struct Then {
    #[serde(default, rename = "allOf")]
    all: Vec<Required>,
}

#[derive(Deserialize)]
struct Required {
    #[serde(default)]
    required: Vec<String>,
}

impl Schema {
    /// The data as this n8n takes it.
    pub fn fit(&self, data: &Map<String, Value>) -> Result<Map<String, Value>, Failure> {
        let mut fitted: Map<String, Value> = data
            .iter()
            .filter(|(name, _)| self.properties.contains_key(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        // The secret is what it is all about.
        let holds = |value: &Value| value.as_str().is_some_and(|it| !it.is_empty());
        if !fitted.values().any(holds) {
            return Err(Failure::unsupported(
                "this n8n's credential type has none of the fields that would hold the secret",
            ));
        }
        for name in &self.required {
            self.add(name, &mut fitted);
        }
        for condition in &self.conditions {
            self.heed(condition, &mut fitted);
        }
        Ok(fitted)
    }

    fn heed(&self, condition: &Condition, fitted: &mut Map<String, Value>) {
        let (Some(when), Some(then)) = (&condition.when, &condition.then) else {
            return;
        };
        for name in when.properties.keys() {
            self.add(name, fitted);
        }
        let is_met = when.properties.iter().all(|(name, rule)| {
            let among =
                |options: &Vec<Value>| fitted.get(name).is_none_or(|value| options.contains(value));
            rule["enum"].as_array().is_none_or(among)
        });
        if is_met {
            for name in then.all.iter().flat_map(|it| &it.required) {
                self.add(name, fitted);
            }
        }
    }

    /// A field that has to be there, with the least that its type allows.
    fn add(&self, name: &str, fitted: &mut Map<String, Value>) {
        let Some(rule) = self
            .properties
            .get(name)
            .filter(|_| !fitted.contains_key(name))
        else {
            return;
        };
        let first = rule["enum"].get(0);
        let least = match (first, rule["type"].as_str()) {
            (Some(first), _) => first.clone(),
            (None, Some("boolean")) => Value::Bool(false),
            (None, Some("number")) => Value::from(0),
            (None, _) => Value::String(String::new()),
        };
        fitted.insert(name.to_owned(), least);
    }
}
