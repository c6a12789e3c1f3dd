//! What the answers of `GET /v1/me` say of a key. Nothing here needs the host, so `cargo test` runs it.

use claviger_sdk::{Failure, Report};

/// What a status says of the key, and the account that a good answer names; none where it says nothing.
pub fn read(status: u16, account: Option<&str>) -> Option<Result<Report, Failure>> {
    match (status, account) {
        // Proxies and login pages answer 200, too: a good answer is one that only {{ type }} gives.
        (200, Some(account)) => Some(Ok(Report {
            account: Some(account.to_owned()),
            ..Report::default()
        })),
        // The one answer that makes a credential invalid: nothing but {{ type }}'s own word for it.
        (401, _) => Some(Err(Failure::rejected("{{ type }} says that the key is not valid"))),
        (403, _) => Some(Err(Failure::restricted("{{ type }} does not allow the key this"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_key_shows_its_account() {
        let report = read(200, Some("{{ type }} Ltd")).expect("an answer").expect("a report");
        assert_eq!(report.account.as_deref(), Some("{{ type }} Ltd"));
    }

    #[test]
    fn only_401_is_held_against_a_key() {
        let code = |status| read(status, None).map(|answer| answer.err().map(|failure| failure.code));
        assert_eq!(code(401).flatten().as_deref(), Some("rejected"));
        assert_eq!(code(403).flatten().as_deref(), Some("restricted"));
        for status in [200, 204, 302, 404, 429, 500, 503] {
            assert_eq!(code(status), None, "{status} says nothing of the key");
        }
    }
}
