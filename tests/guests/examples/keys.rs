//! Has every capability, at a provider that keeps keys: `POST /allowed/keys` makes one, `DELETE` of one ends it. It does all
//! in order, except what the field `what` names.

use claviger_guests::UPSTREAM;
use claviger_sdk::application::{Place, Receipt};
use claviger_sdk::http::{self, CaptureSource, Request, Response};
use claviger_sdk::inventory::{Entry, Page};
use claviger_sdk::issuance::{self, Issued, Outcome};
use claviger_sdk::{
    Application, Assignment, Attribute, Context, Credential, Failure, Inventory, Issuance,
    Recovery, Replacement, Report, Restoration, Rotation, Validation,
};

struct Keys;

claviger_sdk::export!(
    Keys,
    manifest: "keys.json",
    capabilities: [
        validation, rotation, assignment, restoration, recovery, application, issuance, inventory,
    ]
);

impl Validation for Keys {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let answer = http::get(format!("{UPSTREAM}/allowed"))
            .bearer(credential.secret("secret")?)
            .send()?;
        match answer.status() {
            200 if answer.json::<serde_json::Value>()?.is_object() => Ok(Report::default()),
            401 => Err(Failure::rejected("the provider says no")),
            403 => Err(Failure::restricted("the provider does not allow this")),
            _ => Err(answer.unexpected(&context)),
        }
    }
}

impl Rotation for Keys {
    fn create(context: Context, current: Credential) -> Result<Replacement, Failure> {
        let (id, key) = make(&context, &current)?;
        let details = if does(&current, "tells-the-new-secret") {
            vec![attribute("new", &key)]
        } else {
            Vec::new()
        };
        Ok(Replacement {
            fields: vec![attribute("secret", &key)],
            external_id: Some(id),
            handle: None,
            expires_at_ms: None,
            details,
        })
    }

    fn retire(context: Context, old: Credential) -> Result<(), Failure> {
        let Some(id) = old
            .external_id
            .clone()
            .filter(|_| !does(&old, "retires-nothing"))
        else {
            return Ok(());
        };
        let is_there = end(&context, &old, &id)?;
        if !is_there && does(&old, "retires-once") {
            return Err(Failure::not_found("it is not there"));
        }
        Ok(())
    }
}

impl Assignment for Keys {
    fn assign(context: Context, current: Credential, proposed: Credential) -> Result<(), Failure> {
        if does(&current, "assigns-nothing") {
            return Ok(());
        }
        let key = serde_json::json!({ "key": proposed.secret("secret")? });
        let request = Request::new("PUT", format!("{UPSTREAM}/allowed/current")).json(&key);
        good(request.bearer(current.secret("secret")?).send()?, &context).map(|_| ())
    }
}

impl Restoration for Keys {
    fn restore(context: Context, old: Credential) -> Result<(), Failure> {
        let request = http::post(format!("{UPSTREAM}/allowed/restored"));
        good(request.bearer(old.secret("secret")?).send()?, &context).map(|_| ())
    }
}

impl Recovery for Keys {
    fn abandon(context: Context, subject: Credential) -> Result<(), Failure> {
        if does(&subject, "abandons-nothing") {
            return Ok(());
        }
        match find(&context, &subject, &name(&context, &subject))? {
            Some(id) => end(&context, &subject, &id).map(|_| ()),
            None => Ok(()),
        }
    }
}

impl Application for Keys {
    fn apply(context: Context, credential: Credential, place: Place) -> Result<Receipt, Failure> {
        give(&context, &credential, &place)?;
        Ok(Receipt {
            external_id: Some(place.slot),
            details: Vec::new(),
        })
    }

    fn refresh(
        context: Context,
        credential: Credential,
        receipt: Receipt,
        places: Vec<Place>,
    ) -> Result<Receipt, Failure> {
        places
            .iter()
            .try_for_each(|place| give(&context, &credential, place))?;
        Ok(receipt)
    }
}

impl Issuance for Keys {
    fn issue(
        context: Context,
        root: Credential,
        request: issuance::Request,
    ) -> Result<Issued, Failure> {
        let (id, key) = make(&context, &root)?;
        let ttl = if does(&root, "issues-for-ever") {
            u64::from(u32::MAX)
        } else {
            request.ttl_seconds.into()
        };
        Ok(Issued {
            fields: vec![attribute("token", &key)],
            scopes: request.scopes,
            expires_at_ms: Some(context.now_ms + ttl * 1000),
            handle: Some(id),
            details: Vec::new(),
        })
    }

    fn revoke(context: Context, root: Credential, issued: Issued) -> Result<Outcome, Failure> {
        let id = issued.handle.unwrap_or_default();
        match end(&context, &root, &id)? {
            true => Ok(Outcome::Revoked),
            false if does(&root, "revokes-once") => Err(Failure::not_found("it is not there")),
            false => Ok(Outcome::AlreadyGone),
        }
    }
}

impl Inventory for Keys {
    fn enumerate(context: Context, cursor: Option<String>) -> Result<Page, Failure> {
        let connection = context
            .connection
            .clone()
            .ok_or_else(|| Failure::invalid_input("no connection"))?;
        let page = cursor.unwrap_or("1".to_owned());
        let request = http::get(format!("{UPSTREAM}/allowed/pages/{page}"));
        let answer = good(
            request.bearer(connection.secret("secret")?).send()?,
            &context,
        )?;
        let body: serde_json::Value = answer.json()?;
        let next = body["next"].as_str().map(str::to_owned);
        let entry = Entry {
            external_id: format!("on-{page}"),
            name: String::new(),
            kind: "key".to_owned(),
            attributes: Vec::new(),
        };
        let is_endless = does(&connection, "never-ends");
        Ok(Page {
            entries: if is_endless { Vec::new() } else { vec![entry] },
            next: next.or(is_endless.then_some(page)),
        })
    }
}

/// Makes a key, unless it was made before, and gives its id and the stand-in of the key itself.
fn make(context: &Context, credential: &Credential) -> Result<(String, String), Failure> {
    if let Some(id) = find(context, credential, &name(context, credential))? {
        // The provider shows a key once: what nobody has of it is of no use.
        end(context, credential, &id)?;
    }
    let name = serde_json::json!({ "name": name(context, credential) });
    let request = http::post(format!("{UPSTREAM}/allowed/keys")).json(&name);
    let request = request.capture("key", CaptureSource::JsonPointer("/key".to_owned()));
    let answer = good(
        request.bearer(credential.secret("secret")?).send()?,
        context,
    )?;
    let body: serde_json::Value = answer.json()?;
    Ok((
        body["id"].as_str().unwrap_or_default().to_owned(),
        answer.captured("key")?.to_owned(),
    ))
}

fn name(context: &Context, credential: &Credential) -> String {
    if does(credential, "names-at-random") {
        // A hash map's hasher is seeded anew in each sandbox.
        let seed =
            std::hash::BuildHasher::hash_one(&std::collections::hash_map::RandomState::new(), 0);
        return format!("key-{seed:x}");
    }
    format!("key-{}", context.idempotency_key)
}

fn find(context: &Context, credential: &Credential, name: &str) -> Result<Option<String>, Failure> {
    let request =
        http::get(format!("{UPSTREAM}/allowed/keys")).bearer(credential.secret("secret")?);
    let body: serde_json::Value = good(request.send()?, context)?.json()?;
    let mut keys = body["data"].as_array().into_iter().flatten();
    let found = keys.find(|key| key["name"] == name);
    Ok(found.and_then(|key| key["id"].as_str()).map(str::to_owned))
}

/// Ends a key, and says whether it was there.
fn end(context: &Context, credential: &Credential, id: &str) -> Result<bool, Failure> {
    let request = Request::new("DELETE", format!("{UPSTREAM}/allowed/keys/{id}"));
    let answer = request.bearer(credential.secret("secret")?).send()?;
    match answer.status() {
        404 => Ok(false),
        _ => good(answer, context).map(|_| true),
    }
}

fn give(context: &Context, credential: &Credential, place: &Place) -> Result<(), Failure> {
    let key = serde_json::json!({ "slot": place.slot, "key": credential.secret("secret")? });
    let request = Request::new(
        "PUT",
        format!("{UPSTREAM}/allowed/places/{}", place.container),
    )
    .json(&key);
    good(
        request.bearer(credential.secret("secret")?).send()?,
        context,
    )
    .map(|_| ())
}

fn good(answer: Response, context: &Context) -> Result<Response, Failure> {
    match answer.status() {
        200..=299 => Ok(answer),
        _ => Err(answer.unexpected(context)),
    }
}

fn does(credential: &Credential, what: &str) -> bool {
    credential.field("what") == Some(what)
}

fn attribute(key: &str, value: &str) -> Attribute {
    Attribute {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}
