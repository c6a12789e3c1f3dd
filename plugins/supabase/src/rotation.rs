//! New keys, and the end of old ones. Supabase lets any number of keys work at a time.
//!
//! What is made is named after the operation. That is how an earlier try of it is found.

use claviger_sdk::{Context, Credential, Failure, Replacement, log};
use serde_json::{Value, json};

use crate::project::{Key, Project};

/// The longest name that Supabase takes.
const LONGEST_NAME: usize = 64;

/// Makes a key that may do what the current one may.
pub fn create(context: &Context, current: &Credential) -> Result<Replacement, Failure> {
    let project = Project::of(current)?;
    let keys = project.keys(context)?;
    let replaced = replaced(&keys, current)?;
    let name = name(context);
    // Supabase shows a new key once, so nobody has one that an earlier try made.
    remove_named(&project, context, &keys, &name)?;
    let made = project.make(context, &asked(&name, replaced))?;
    let replacement = Replacement {
        external_id: Some(made.id),
        ..Replacement::default()
    };
    Ok(replacement
        .with_field("api_key", made.secret)
        .with_field("key_name", name))
}

/// Ends an old key.
pub fn retire(context: &Context, old: &Credential) -> Result<(), Failure> {
    let project = Project::of(old)?;
    if let Some(id) = &old.external_id {
        return project.remove(context, id);
    }
    let Some(name) = old.field("key_name") else {
        return Err(Failure::unsupported(
            "nobody knows this key's name or id at Supabase, so it can't be ended from here; delete it in the dashboard",
        ));
    };
    let keys = project.keys(context)?;
    let named: Vec<&Key> = keys.iter().filter(|key| key.is_named(name)).collect();
    match named[..] {
        [] => {
            log::warn("no key of the project has the old one's name: it counts as deleted");
            Ok(())
        }
        [key] if key.is_legacy() => Err(legacy()),
        [Key { id: Some(id), .. }] => project.remove(context, id),
        _ => Err(Failure::unsupported(format!(
            "several keys of the project are named `{name}`; delete the old one in the dashboard"
        ))),
    }
}

/// Ends what the operation made, if it made anything.
pub fn abandon(context: &Context, subject: &Credential) -> Result<(), Failure> {
    let project = Project::of(subject)?;
    let keys = project.keys(context)?;
    remove_named(&project, context, &keys, &name(context))
}

/// The key that is to be replaced. Unless it is found, nobody knows what it may do, and the new one might do more.
fn replaced<'k>(keys: &'k [Key], current: &Credential) -> Result<&'k Key, Failure> {
    if current.external_id.is_none() && current.field("key_name").is_none() {
        return Err(Failure::invalid_input(
            "neither the key's name nor its id at Supabase is known, so it can't be replaced by one of the same rights; \
             store `key_name` with it",
        ));
    }
    let found = keys.iter().find(|key| key.is_of(current));
    match found {
        Some(key) if key.is_legacy() => Err(legacy()),
        Some(key) => Ok(key),
        None => Err(Failure::not_found(
            "the project no longer has the key, so nobody knows what the new one is to be allowed; make it in the \
             dashboard and bring it as the new value",
        )),
    }
}

fn remove_named(
    project: &Project<'_>,
    context: &Context,
    keys: &[Key],
    name: &str,
) -> Result<(), Failure> {
    let named = keys.iter().filter(|key| key.is_named(name));
    named
        .filter_map(|key| key.id.as_deref())
        .try_for_each(|id| project.remove(context, id))
}

/// What is asked for: a key of the same type and rights as the one that it replaces.
fn asked(name: &str, replaced: &Key) -> Value {
    let mut asked = json!({
        "type": replaced.kind.as_deref().unwrap_or("secret"),
        "name": name,
        "description": "Made by Claviger",
    });
    if let Some(rights) = &replaced.secret_jwt_template {
        asked["secret_jwt_template"] = rights.clone();
    }
    asked
}

/// The name at Supabase: `a-z`, `0-9` and `_`, with a letter first.
fn name(context: &Context) -> String {
    let plain = |letter: char| match letter.to_ascii_lowercase() {
        letter @ ('a'..='z' | '0'..='9') => letter,
        _ => '_',
    };
    let key = context.idempotency_key.chars().map(plain);
    "claviger_".chars().chain(key).take(LONGEST_NAME).collect()
}

fn legacy() -> Failure {
    Failure::unsupported(
        "`anon` and `service_role` are legacy keys, which Supabase doesn't make or end one at a time; make a secret key in \
         the dashboard, store it here, and disable the legacy keys there once nobody uses them",
    )
}
