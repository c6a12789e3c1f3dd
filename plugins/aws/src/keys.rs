//! A user's access keys: IAM lets it have two, which is what a rotation needs.
//!
//! IAM's keys have no names. What a rotation made is told by when: a key that isn't the current one and that is no older
//! than the operation (`started-at-ms` of its options), nor made long after it began. A user that has two keys when a rotation begins keeps both: one of
//! them belongs to something that nobody here knows of.

use claviger_sdk::{Context, Credential, Failure, Replacement, time};

use crate::query::{Query, Service};
use crate::xml;

/// How far IAM's clock may be behind the host's, in milliseconds.
const SKEW_MS: u64 = 5_000;

/// How long after a rotation has begun its key can have been made, in milliseconds: no call lasts as long.
const LONGEST_MS: u64 = 15 * 60 * 1000;

/// As the manifest has it.
const SECRET: &str = r"<SecretAccessKey>\s*([A-Za-z0-9/+=]{16,128})\s*</SecretAccessKey>";

struct Key {
    id: String,
    status: String,
    created: String,
}

pub fn create(context: &Context, current: &Credential) -> Result<Replacement, Failure> {
    let own = current.secret("access_key_id")?;
    if let Some(other) = others(context, current)?.first() {
        return Err(Failure::conflict(format!(
            "the user has a second access key already, {} ({}, made {}), and IAM allows two: delete it in IAM if nothing uses it",
            other.id, other.status, other.created
        )));
    }
    let answer = Query::new(Service::Iam, "CreateAccessKey", current)?
        .capture("secret_access_key", SECRET)
        .make(context)?;
    let id = xml::element(answer.xml(), "AccessKey").and_then(|key| xml::text(key, "AccessKeyId"));
    let id = id.filter(|id| id != own).ok_or_else(|| {
        Failure::unknown_outcome("IAM's answer doesn't say which access key it made")
    })?;
    let replacement = Replacement {
        external_id: Some(id.clone()),
        ..Replacement::default()
    };
    Ok(replacement
        .with_field("access_key_id", id)
        .with_field("secret_access_key", answer.captured("secret_access_key")?))
}

/// A key deletes itself. One that AWS doesn't know is gone.
pub fn retire(context: &Context, old: &Credential) -> Result<(), Failure> {
    let own = old.secret("access_key_id")?;
    delete(context, old, own)
}

pub fn abandon(context: &Context, current: &Credential) -> Result<(), Failure> {
    // Only rotations have it; a session that was issued and lost ends by itself.
    let Some(started) = context.option("started-at-ms") else {
        return Ok(());
    };
    let started: u64 = started
        .parse()
        .map_err(|_| Failure::invalid_input("`started-at-ms` is no number of milliseconds"))?;
    let mut left = others(context, current)?;
    let made = |key: &Key| time::rfc3339_ms(&key.created);
    left.retain(|key| made(key).is_some_and(|at| at.saturating_add(SKEW_MS) >= started));
    let is_late = |key: &Key| made(key).is_some_and(|at| at > started.saturating_add(LONGEST_MS));
    if let Some(late) = left.iter().find(|key| is_late(key)) {
        return Err(Failure::conflict(format!(
            "the user's access key {} was made {}, long after this operation began, so it is somebody's own: delete it in \
             IAM if nothing uses it",
            late.id, late.created
        )));
    }
    match left.as_slice() {
        [] => Ok(()),
        [key] => delete(context, current, &key.id),
        keys => {
            let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
            Err(Failure::conflict(format!(
                "the user has several access keys that are no older than this operation ({}); delete in IAM what nothing uses",
                ids.join(", ")
            )))
        }
    }
}

/// The user's keys but for the credential's own.
fn others(context: &Context, credential: &Credential) -> Result<Vec<Key>, Failure> {
    let own = credential.secret("access_key_id")?;
    let answer = Query::new(Service::Iam, "ListAccessKeys", credential)?.ask(context)?;
    let listed = xml::element(answer.xml(), "AccessKeyMetadata")
        .ok_or_else(|| Failure::unreachable("IAM's answer has no list of access keys"))?;
    let key = |member: &str| {
        Some(Key {
            id: xml::text(member, "AccessKeyId")?,
            status: xml::text(member, "Status").unwrap_or_default(),
            created: xml::text(member, "CreateDate").unwrap_or_default(),
        })
    };
    let mut keys: Vec<Key> = xml::elements(listed, "member").filter_map(key).collect();
    keys.retain(|key| key.id != own);
    Ok(keys)
}

fn delete(context: &Context, signer: &Credential, id: &str) -> Result<(), Failure> {
    let query = Query::new(Service::Iam, "DeleteAccessKey", signer)?.with("AccessKeyId", id);
    match query.repeatable(context)? {
        Ok(_) => Ok(()),
        Err(problem) if problem.code == "NoSuchEntity" => Ok(()),
        Err(problem) if problem.is_unknown_key() && signer.field("access_key_id") == Some(id) => {
            Ok(())
        }
        Err(problem) => Err(problem.failure(context)),
    }
}
