//! What a `PUT` of a workflow may have in it, field by field.

use serde_json::{Map, Value};

use super::{Refusal, Version, refused};

const SETTINGS: [&str; 13] = [
    "availableInMCP",
    "callerIds",
    "callerPolicy",
    "errorWorkflow",
    "executionOrder",
    "executionTimeout",
    "saveDataErrorExecution",
    "saveDataSuccessExecution",
    "saveExecutionProgress",
    "saveManualExecutions",
    "timeSavedMode",
    "timeSavedPerExecution",
    "timezone",
];

const NODE: [&str; 19] = [
    "alwaysOutputData",
    "continueOnFail",
    "createdAt",
    "credentials",
    "disabled",
    "executeOnce",
    "id",
    "maxTries",
    "name",
    "notes",
    "notesInFlow",
    "onError",
    "parameters",
    "position",
    "retryOnFail",
    "type",
    "typeVersion",
    "waitBetweenTries",
    "webhookId",
];

/// Refuses what the version refuses, with its words.
pub(super) fn check(version: Version, body: &Map<String, Value>) -> Result<(), Refusal> {
    let is_new = version.is_new();
    let unknown = |at: &str, name: &str| {
        if is_new {
            refused(
                400,
                format!("request/body{at} Unrecognized key(s) in object: '{name}'"),
            )
        } else {
            refused(
                400,
                format!("request/body{at} must NOT have additional properties"),
            )
        }
    };
    for name in ["name", "nodes", "connections", "settings"] {
        if !body.contains_key(name) {
            return match (name, is_new) {
                ("connections", true) => refused(400, "request/body/connections must be object"),
                _ => refused(
                    400,
                    format!("request/body must have required property '{name}'"),
                ),
            };
        }
    }
    if is_new {
        read_only(
            body,
            &[
                "id",
                "active",
                "createdAt",
                "updatedAt",
                "isArchived",
                "versionId",
                "triggerCount",
                "meta",
                "tags",
                "shared",
                "activeVersion",
            ],
        )?;
        if body.get("description").is_some_and(Value::is_null) {
            return refused(
                400,
                "request/body/description Expected string, received null",
            );
        }
    }
    let optional: &[&str] = if is_new {
        &["description", "nodeGroups", "pinData", "staticData"]
    } else {
        &[
            "staticData",
            "id",
            "active",
            "createdAt",
            "updatedAt",
            "tags",
            "shared",
            "activeVersion",
        ]
    };
    for name in body.keys() {
        let is_known = ["name", "nodes", "connections", "settings"].contains(&name.as_str())
            || optional.contains(&name.as_str());
        if !is_known {
            return unknown("", name);
        }
    }
    if body.contains_key("activeVersion") {
        return refused(
            400,
            "request/body/activeVersion must pass \"readOnly\" keyword validation",
        );
    }
    read_only(
        body,
        &["id", "active", "createdAt", "updatedAt", "tags", "shared"],
    )?;
    let settings = body["settings"].as_object().into_iter().flatten();
    for (name, _) in settings {
        if !SETTINGS.contains(&name.as_str()) {
            return unknown("/settings", name);
        }
    }
    for (index, node) in body["nodes"].as_array().into_iter().flatten().enumerate() {
        let names = node.as_object().into_iter().flatten().map(|(name, _)| name);
        for name in names {
            if !NODE.contains(&name.as_str()) {
                return unknown(&format!("/nodes/{index}"), name);
            }
        }
    }
    Ok(())
}

fn read_only(body: &Map<String, Value>, names: &[&str]) -> Result<(), Refusal> {
    match names.iter().find(|name| body.contains_key(**name)) {
        Some(&"shared") => refused(400, "request/body/shared/0/project/id is read-only"),
        Some(name) => refused(400, format!("request/body/{name} is read-only")),
        None => Ok(()),
    }
}
