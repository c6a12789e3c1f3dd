//! Sessions of a role: `AssumeRole`.

use claviger_sdk::issuance::{Issued, Request};
use claviger_sdk::{Context, Credential, Failure, time};

use crate::policy;
use crate::query::{Query, Service};

/// How long STS lets a session live, in seconds.
const SHORTEST: u32 = 900;
const LONGEST: u32 = 43_200;

/// The same where the key that asks is a session's own ("role chaining").
const LONGEST_CHAINED: u32 = 3_600;

/// The longest name of a session.
const LONGEST_NAME: usize = 64;

/// As the manifest has them.
const SECRET: &str = r"<SecretAccessKey>\s*([A-Za-z0-9/+=]{16,128})\s*</SecretAccessKey>";
const TOKEN: &str = r"<SessionToken>\s*([A-Za-z0-9/+=]+)\s*</SessionToken>";

pub fn issue(context: &Context, root: &Credential, request: Request) -> Result<Issued, Failure> {
    let role = root.field("role_arn").ok_or_else(|| {
        Failure::invalid_input(
            "the root credential has no `role_arn`, the role to issue sessions of",
        )
    })?;
    check_time(root, request.ttl_seconds)?;
    let mut query = Query::new(Service::Sts, "AssumeRole", root)?
        .with("RoleArn", role)
        .with("RoleSessionName", session_name(&context.idempotency_key))
        .with("DurationSeconds", request.ttl_seconds.to_string());
    for (name, value) in policy::of(&request)? {
        query = query.with(name, value);
    }
    if let Some(id) = request.parameter("external-id") {
        if !(2..=1224).contains(&id.len()) {
            return Err(Failure::invalid_input(
                "`external-id` has 2 to 1224 characters",
            ));
        }
        query = query.with("ExternalId", id);
    }
    let answer = query
        .capture("secret_access_key", SECRET)
        .capture("token", TOKEN)
        .make(context)?;
    let incomplete = || Failure::unknown_outcome("STS's answer is not a whole session");
    let id = answer.text("AccessKeyId").ok_or_else(incomplete)?;
    let expires = answer.text("Expiration").ok_or_else(incomplete)?;
    let issued = Issued {
        scopes: request.scopes,
        expires_at_ms: Some(time::rfc3339_ms(&expires).ok_or_else(incomplete)?),
        ..Issued::default()
    };
    let issued = issued
        .with_field("token", answer.captured("token")?)
        .with_field("access_key_id", id)
        .with_field("secret_access_key", answer.captured("secret_access_key")?)
        .with_detail("role", role);
    Ok(match root.field("region") {
        Some(region) => issued.with_field("region", region),
        None => issued,
    })
}

fn check_time(root: &Credential, seconds: u32) -> Result<(), Failure> {
    let is_session = root.secret("access_key_id")?.starts_with("ASIA");
    let refused = match seconds {
        ..SHORTEST => "AWS issues for at least 15m (900 s)",
        LONGEST_CHAINED.. if is_session && seconds > LONGEST_CHAINED => {
            "AWS issues for at most 1h (3600 s) where the root is itself a session's key"
        }
        _ if seconds > LONGEST => "AWS issues for at most 12h (43200 s)",
        _ => return Ok(()),
    };
    Err(Failure::invalid_input(refused))
}

/// As `CloudTrail` shows it: 2 to 64 of letters, digits and `_+=,.@-`.
fn session_name(operation: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    let name = format!("claviger-{operation}");
    let name = name
        .chars()
        .map(|letter| if fits(letter) { letter } else { '-' });
    name.take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_named_after_its_operation() {
        assert_eq!(session_name("0a1b"), "claviger-0a1b");
        assert_eq!(session_name("a/b ü"), "claviger-a-b--");
        assert_eq!(session_name(&"x".repeat(99)).len(), LONGEST_NAME);
    }
}
