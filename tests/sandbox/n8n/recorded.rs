//! The local n8n answers each recorded request as the real one did.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::fakes::Service as _;
use crate::support::fakes::n8n::recorded::{LEFT_OUT, entries};
use crate::support::fakes::n8n::{KEY, N8n, Version};
use crate::support::upstream::{Recorded, Reply};

const RESTRICTED: &str = "n8n_api_restricted";

/// The usual two nodes; what is said of the second one's credentials.
fn nodes(said: &Value) -> Value {
    let webhook = json!({ "id": "w1", "name": "Webhook", "type": "n8n-nodes-base.webhook", "parameters": {} });
    if said["webhook"] == true {
        return json!([webhook]);
    }
    let mut request = json!({ "id": "h1", "name": "HTTP Request", "type": "n8n-nodes-base.httpRequest", "parameters": {} });
    if !said["credentials"].is_null() {
        request["credentials"] = said["credentials"].clone();
    }
    if let Some(extra) = said["extra"].as_str() {
        let mut webhook = webhook;
        webhook[extra] = 1.into();
        return json!([webhook, request]);
    }
    json!([webhook, request])
}

fn request(entry: &Value, ids: &BTreeMap<String, String>) -> Recorded {
    let known = |mut text: String| {
        for (recorded, ours) in ids {
            text = text.replace(recorded, ours);
        }
        text
    };
    let mut headers = Vec::new();
    let key = match entry["key"].as_str() {
        None => Some(KEY),
        Some("restricted") => Some(RESTRICTED),
        Some("bogus") => Some("bogus"),
        Some("empty") => Some(""),
        Some(_) => None,
    };
    headers.extend(key.map(|key| ("x-n8n-api-key".to_owned(), key.to_owned())));
    let content_type = entry["content-type"].as_str().unwrap_or("application/json");
    headers.push(("content-type".to_owned(), content_type.to_owned()));
    let mut body = entry["body"].clone();
    if body["nodes"].is_object() {
        body["nodes"] = nodes(&body["nodes"]);
    }
    if body["connections"] == "usual" {
        body["connections"] = json!({ "Webhook": { "main": [[{ "node": "HTTP Request", "type": "main", "index": 0 }]] } });
    }
    let body = match (&body, entry["text"].as_str()) {
        (Value::Null, text) => text.unwrap_or_default().to_owned(),
        (body, _) => known(body.to_string()),
    };
    Recorded {
        raw: Vec::new(),
        method: entry["method"].as_str().expect("a method").to_owned(),
        target: known(entry["path"].as_str().expect("a path").to_owned()),
        headers,
        body: body.into_bytes(),
    }
}

fn replay(version: Version) -> usize {
    let mut n8n = N8n::new(version);
    n8n.key(RESTRICTED, &["credential:create"]);
    let mut ids = BTreeMap::new();
    if version.is_new() {
        // It had three credentials of an earlier session, which its list has, too.
        for number in 0..3 {
            let body = json!({ "name": format!("earlier {number}"), "type": "httpHeaderAuth", "data": {} });
            let entry = json!({ "method": "POST", "path": "/api/v1/credentials", "body": body });
            n8n.answer(&request(&entry, &ids));
        }
    }
    let mut compared = 0;
    for entry in entries(version) {
        let name = entry["name"].as_str().expect("a name");
        if LEFT_OUT.iter().any(|(left, _)| name.starts_with(left)) {
            continue;
        }
        compared += 1;
        if entry["runs"] == true {
            let flow = n8n.workflows.last().expect("a workflow").id.clone();
            let seen = n8n.secret_in_use(&flow, "HTTP Request");
            assert_eq!(seen.as_deref(), entry["seen"].as_str(), "{name}");
            continue;
        }
        let Reply::Http { status, body, .. } = n8n.answer(&request(&entry, &ids)) else {
            panic!("{name}: no answer");
        };
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(entry["status"], status, "{name}: {answer}");
        if entry["message"].is_string() {
            assert_eq!(entry["message"], answer["message"], "{name}");
        }
        if let (Some(recorded), Some(ours)) = (entry["id"].as_str(), answer["id"].as_str()) {
            ids.insert(recorded.to_owned(), ours.to_owned());
        }
        if let Some(listed) = entry["listed"].as_u64() {
            let found = answer["data"].as_array().map_or(0, Vec::len);
            // Another session's key sees nothing of what was made in this one.
            if listed > 0 {
                assert_eq!(listed, found as u64, "{name}");
            }
            assert_eq!(
                entry["next"].is_null(),
                answer["nextCursor"].is_null(),
                "{name}"
            );
        }
        if !entry["uses"].is_null() {
            let used = answer["nodes"].as_array().expect("nodes")[1]["credentials"].to_string();
            let mut expected = entry["uses"].to_string();
            for (recorded, ours) in &ids {
                expected = expected.replace(recorded, ours);
            }
            assert_eq!(used, expected, "{name}");
        }
    }
    compared
}

#[test]
fn each_recorded_request_has_the_recorded_answer() {
    assert_eq!(Version::ALL.map(replay), [111, 135]);
}

#[test]
fn what_is_left_out_was_recorded() {
    let names: Vec<String> = Version::ALL
        .into_iter()
        .flat_map(entries)
        .map(|entry| entry["name"].as_str().expect("a name").to_owned())
        .collect();
    for (left, _) in LEFT_OUT {
        assert!(names.iter().any(|name| name.starts_with(left)), "{left}");
    }
}
