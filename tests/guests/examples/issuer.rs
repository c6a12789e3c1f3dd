//! Issues tokens that end themselves, at a provider as that of `keys`, and has no other capability: what it issued without an
//! answer, nobody undoes. It issues for fifteen minutes at the least. What else it does, the field `what` names:
//! `until-expiry` (a token can't be ended), `never-ends` (it has no end of its own), `ends-in:<seconds>` (its end is the
//! provider's), `traps` (once it was issued).

use claviger_guests::UPSTREAM;
use claviger_sdk::http::{self, CaptureSource, Request};
use claviger_sdk::issuance::{self, Issued, Outcome};
use claviger_sdk::{Attribute, Context, Credential, Failure, Issuance};

const SHORTEST: u32 = 900;

struct Issuer;

claviger_sdk::export!(Issuer, manifest: "issuer.json", capabilities: [issuance]);

impl Issuance for Issuer {
    fn issue(
        context: Context,
        root: Credential,
        request: issuance::Request,
    ) -> Result<Issued, Failure> {
        if request.ttl_seconds < SHORTEST {
            return Err(Failure::invalid_input(
                "the provider issues for at least 15 minutes",
            ));
        }
        let what = root.field("what").unwrap_or_default();
        let name = serde_json::json!({ "name": format!("key-{}", context.idempotency_key) });
        let asked = http::post(format!("{UPSTREAM}/allowed/keys")).json(&name);
        let asked = asked.capture("token", CaptureSource::JsonPointer("/key".to_owned()));
        let answer = asked.bearer(root.secret("secret")?).send()?;
        match answer.status() {
            201 => {}
            401 => return Err(Failure::rejected("the provider says no")),
            _ => return Err(answer.unexpected(&context)),
        }
        assert_ne!(what, "traps");
        let body: serde_json::Value = answer.json()?;
        let seconds = what
            .strip_prefix("ends-in:")
            .and_then(|text| text.parse().ok());
        let seconds: u64 = seconds.unwrap_or_else(|| request.ttl_seconds.into());
        Ok(Issued {
            fields: vec![
                attribute("token", answer.captured("token")?),
                attribute("region", "eu"),
            ],
            scopes: request.scopes,
            expires_at_ms: (what != "never-ends").then(|| context.now_ms + seconds * 1000),
            handle: body["id"].as_str().map(str::to_owned),
            details: Vec::new(),
        })
    }

    fn revoke(context: Context, root: Credential, issued: Issued) -> Result<Outcome, Failure> {
        if root.field("what") == Some("until-expiry") {
            return Ok(Outcome::UntilExpiry);
        }
        let token = issued.fields.iter().find(|field| field.key == "token");
        let token = token.map_or("", |field| field.value.as_str());
        let id = issued.handle.unwrap_or_default();
        let asked = Request::new("DELETE", format!("{UPSTREAM}/allowed/keys/{id}"));
        let answer = asked.bearer(token).send()?;
        match answer.status() {
            200..=299 => Ok(Outcome::Revoked),
            404 => Ok(Outcome::AlreadyGone),
            _ => Err(answer.unexpected(&context)),
        }
    }
}

fn attribute(key: &str, value: &str) -> Attribute {
    Attribute {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}
