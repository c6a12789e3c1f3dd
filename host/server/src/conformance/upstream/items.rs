//! What requests made at the provider: enough of a provider's memory to see whether a plugin leaves something behind.

use std::collections::BTreeMap;

use serde_json::Value;

use super::request::Recorded;
use crate::conformance::script::{Answer, Route};

/// What an answer holds in the place of a list of the things that are there.
const ALL: &str = "{items}";

/// The things that are there.
#[derive(Default)]
pub(super) struct Items {
    there: Vec<Item>,
    /// How many were ever made: no id is given twice.
    made: usize,
}

/// One of them.
#[derive(Clone)]
pub(super) struct Item {
    id: String,
    name: String,
    secret: String,
}

/// What a route changed.
pub(super) enum Changed {
    /// What is to be removed isn't there.
    Missing,
    /// The route neither makes nor removes.
    Nothing,
    /// What was made or removed.
    Item(Item),
}

impl Item {
    /// As placeholders name it.
    pub(super) fn fields(&self) -> BTreeMap<String, String> {
        [
            ("item.id", &self.id),
            ("item.name", &self.name),
            ("item.secret", &self.secret),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .into()
    }
}

impl Items {
    pub(super) fn len(&self) -> usize {
        self.there.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.there.iter()
    }

    /// Makes or removes what the route says.
    pub(super) fn change(&mut self, route: &Route, request: &Recorded) -> Changed {
        if let Some(position) = &route.removes {
            let named = request.at(position);
            let at = self.there.iter().position(|item| {
                named
                    .iter()
                    .any(|name| *name == item.id || *name == item.name)
            });
            return at.map_or(Changed::Missing, |at| Changed::Item(self.there.remove(at)));
        }
        let Some(position) = &route.adds else {
            return Changed::Nothing;
        };
        self.made += 1;
        let name = request
            .at(position)
            .first()
            .map(|name| name.clone().into_owned());
        let item = Item {
            id: format!("item-{}", self.made),
            name: name.unwrap_or_default(),
            secret: format!("made-{}-{:016x}", self.made, rand::random::<u64>()),
        };
        self.there.push(item.clone());
        Changed::Item(item)
    }

    /// The answer with its placeholders filled: `{item.id}`, `{item.name}` and `{item.secret}` of what was made or
    /// removed, and `"{items}"` with a list of what is there, which joins the list that it is in.
    pub(super) fn fill(&self, mut answer: Answer, route: &Route, made: Option<&Item>) -> Answer {
        let shown = route.item.as_ref().map(|shape| {
            let one = |item: &Item| {
                let mut shape = shape.clone();
                replace(&mut shape, &item.fields(), None);
                shape
            };
            Value::Array(self.there.iter().map(one).collect())
        });
        let fields = made.map(Item::fields).unwrap_or_default();
        if let Some(json) = &mut answer.json {
            replace(json, &fields, shown.as_ref());
        }
        let texts = answer.headers.values_mut().chain(&mut answer.text);
        for text in texts {
            *text = with(text, &fields);
        }
        answer
    }
}

fn replace(json: &mut Value, fields: &BTreeMap<String, String>, all: Option<&Value>) {
    match json {
        Value::String(text) if text == ALL => {
            if let Some(all) = all {
                *json = all.clone();
            }
        }
        Value::String(text) => *text = with(text, fields),
        Value::Array(list) => {
            let mut filled = Vec::with_capacity(list.len());
            for mut it in std::mem::take(list) {
                let is_all = it == ALL;
                replace(&mut it, fields, all);
                match it {
                    // In a list of others they stand beside them.
                    Value::Array(all) if is_all => filled.extend(all),
                    it => filled.push(it),
                }
            }
            *list = filled;
        }
        Value::Object(object) => object.values_mut().for_each(|it| replace(it, fields, all)),
        _ => {}
    }
}

/// What else is in braces is the provider's own.
fn with(text: &str, fields: &BTreeMap<String, String>) -> String {
    fields.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value)
    })
}
