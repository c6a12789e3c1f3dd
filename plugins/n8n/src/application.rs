//! A credential is put to use in a node.

use claviger_sdk::application::{Place, Receipt};
use claviger_sdk::{Application, Context, Credential, Failure};
use serde_json::{Value, json};

use crate::N8nPlugin;
use crate::api::Api;
use crate::mark::Mark;
use crate::stored::{self, Changed, Stored};
use crate::wanted::Wanted;
use crate::workflow::Workflow;
use crate::{edit, refresh};

/// Nodes of one provider, by what their types have in them, and the credential types that they take.
const TAKES: [(&str, &[&str]); 6] = [
    ("lmChatAnthropic", &["anthropicApi"]),
    ("lmChatOpenAi", &["openAiApi"]),
    ("n8n-nodes-base.github", &["githubApi"]),
    ("n8n-nodes-base.openAi", &["openAiApi"]),
    ("n8n-nodes-base.slack", &["slackApi"]),
    ("n8n-nodes-base.supabase", &["supabaseApi"]),
];

/// The node that makes any request.
const ANY_REQUEST: &str = "n8n-nodes-base.httpRequest";

impl Application for N8nPlugin {
    fn apply(context: Context, credential: Credential, place: Place) -> Result<Receipt, Failure> {
        let api = Api::connected(&context)?;
        let wanted = Wanted::of(&context, &credential, &place.parameters)?;
        check_same(&context, &wanted)?;
        // Nothing is made for a node that can't use it.
        let workflow = Workflow::read(&api, &place.container)?;
        workflow.check_published()?;
        check_takes(workflow.node(&place.slot)?, &wanted.kind)?;
        let data = stored::fitted(&api, &wanted)?;
        let mark = Mark::of(&context, &credential);
        let known = match context.option("external-id") {
            Some(id) => stored::change(&api, id, &wanted, &data)?,
            None => Changed::Gone,
        };
        let made = match known {
            Changed::Yes(stored) => stored.into(),
            Changed::Gone | Changed::Unsupported => {
                stored::create(&api, &credential, &mark, &wanted, &data)?
            }
        };
        let changed = edit::change(&api, &workflow, |workflow, nodes| {
            workflow.node(&place.slot)?;
            let mut named = nodes.iter_mut().filter(|node| node["name"] == place.slot);
            named.try_for_each(|node| set(node, &made.stored))
        });
        match changed {
            Ok(()) => Ok(receipt(made.stored, &wanted)),
            Err(failed) if failed.may_be_written => Err(failed.failure),
            Err(failed) => Err(stored::undo(&api, &made, failed.failure)),
        }
    }

    fn refresh(
        context: Context,
        credential: Credential,
        receipt: Receipt,
        places: Vec<Place>,
    ) -> Result<Receipt, Failure> {
        refresh::run(&context, &credential, &receipt, &places)
    }
}

/// What the host keeps. Its type and header are what all places of the credential have.
pub fn receipt(stored: Stored, wanted: &Wanted) -> Receipt {
    let receipt = Receipt {
        external_id: Some(stored.id),
        ..Receipt::default()
    };
    let receipt = receipt
        .with_detail("type", stored.kind)
        .with_detail("name", stored.name);
    match &wanted.header {
        Some(header) => receipt.with_detail("header", header.as_str()),
        None => receipt,
    }
}

/// That what n8n has already is what is wanted: all places share it, so that another header would be another one for all.
fn check_same(context: &Context, wanted: &Wanted) -> Result<(), Failure> {
    let kept = [
        ("type", Some(wanted.kind.as_str())),
        ("header", wanted.header.as_deref()),
    ];
    for (key, now) in kept {
        let known = context.option(&format!("receipt:{key}"));
        if let Some(known) = known
            && now.is_some_and(|now| now != known)
        {
            return Err(Failure::conflict(format!(
                "n8n has the credential with the {key} `{known}`, which its other places use; store another credential for `{}`",
                now.unwrap_or_default()
            )));
        }
    }
    Ok(())
}

fn check_takes(node: &Value, kind: &str) -> Result<(), Failure> {
    let has = node["credentials"].get(kind).is_some();
    let node_type = node["type"].as_str().unwrap_or_default();
    let known = TAKES.iter().find(|(part, _)| node_type.contains(part));
    match known {
        Some((_, takes)) if !has && !takes.contains(&kind) => Err(Failure::invalid_input(format!(
            "a node of type `{node_type}` takes `{}`, not `{kind}`",
            takes.join("`, `")
        ))),
        _ => Ok(()),
    }
}

/// Has a node use a credential, and use it rather than another way to authenticate that it has.
fn set(node: &mut Value, stored: &Stored) -> Result<(), Failure> {
    let kind = stored.kind.as_str();
    check_takes(node, kind)?;
    if !node["credentials"].is_object() {
        node["credentials"] = json!({});
    }
    if node["credentials"][kind]["id"] != stored.id.as_str() {
        node["credentials"][kind] = json!({ "id": stored.id, "name": stored.name });
    }
    if node["type"] == ANY_REQUEST {
        let (way, named) = match kind {
            "httpHeaderAuth" | "httpBearerAuth" => ("genericCredentialType", "genericAuthType"),
            _ => ("predefinedCredentialType", "nodeCredentialType"),
        };
        let parameters = &mut node["parameters"];
        if !parameters.is_object() {
            *parameters = json!({});
        }
        parameters["authentication"] = way.into();
        parameters[named] = kind.into();
    } else if matches!(kind, "slackApi" | "githubApi")
        && let Some(way) = node.pointer_mut("/parameters/authentication")
        && way.is_string()
    {
        *way = "accessToken".into();
    }
    Ok(())
}
