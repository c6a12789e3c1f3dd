//! Any HTTP service: `/me` says whether a key works, `/hooks/rotate` sets a new one.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::Service;
use crate::support::upstream::{Recorded, Reply};

/// The service.
pub struct HttpService {
    /// The key that works.
    pub key: String,
    /// The header that it is in, in lower case, and what stands before it.
    pub header: (&'static str, &'static str),
    /// Answers every test and every webhook of a known key with this status.
    pub refuses: Option<u16>,
    /// Whether the webhook knows a repeat by its idempotency key. If not, it looks at the key alone.
    pub remembers: bool,
    /// What was set, by idempotency key, and the key that it was set with.
    done: HashMap<String, (String, String)>,
    sets: usize,
}

impl HttpService {
    /// A service with a key in `authorization: Bearer …`.
    pub fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            header: ("authorization", "Bearer "),
            refuses: None,
            remembers: true,
            done: HashMap::new(),
            sets: 0,
        }
    }

    /// The same with the key in another header, after some text.
    #[must_use]
    pub fn in_header(self, name: &'static str, before: &'static str) -> Self {
        Self {
            header: (name, before),
            ..self
        }
    }

    /// How often the key became another one.
    pub fn sets(&self) -> usize {
        self.sets
    }

    fn rotate(&mut self, given: &str, told: &Value) -> Reply {
        let (Some(value), Some(operation)) =
            (told["value"].as_str(), told["idempotency_key"].as_str())
        else {
            return Reply::json(422, &json!({"error": "value and idempotency_key, please"}));
        };
        let is_repeat = self.remembers
            && self
                .done
                .get(operation)
                .is_some_and(|(was, set)| was == given && set == value);
        if !is_repeat {
            if given != self.key {
                return stranger();
            }
            let done = (given.to_owned(), value.to_owned());
            self.done.insert(operation.to_owned(), done);
            if self.key != value {
                value.clone_into(&mut self.key);
                self.sets += 1;
            }
        }
        Reply::json(200, &json!({"set": true}))
    }
}

impl Service for HttpService {
    const PLUGIN: &'static str = "api";
    const ORIGIN: Option<&'static str> = None;

    fn answer(&mut self, request: &Recorded) -> Reply {
        let (header, before) = self.header;
        let Some(given) = request
            .header(header)
            .and_then(|value| value.strip_prefix(before))
        else {
            return stranger();
        };
        let known = given == self.key;
        match (request.method.as_str(), request.path()) {
            ("GET" | "HEAD" | "POST", "/me" | "/hooks/rotate")
                if known && self.refuses.is_some() =>
            {
                let status = self.refuses.unwrap_or_default();
                Reply::json(status, &json!({"error": "not today"}))
            }
            ("GET", "/me") if known => Reply::json(200, &json!({"plan": "free"})),
            ("HEAD", "/me") if known => Reply::body(204, "text/plain", ""),
            ("GET" | "HEAD", "/me") => stranger(),
            ("POST", "/hooks/rotate") => {
                let told = serde_json::from_slice(&request.body).unwrap_or_default();
                self.rotate(given, &told)
            }
            (_, "/me" | "/hooks/rotate") => Reply::json(405, &json!({"error": "not so"})),
            _ => Reply::json(404, &json!({"error": "there is nothing here"})),
        }
    }
}

fn stranger() -> Reply {
    Reply::json(401, &json!({"error": "who are you?"}))
}
