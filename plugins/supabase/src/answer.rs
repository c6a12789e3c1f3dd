//! What the Management API's answers say of an access token (supabase.com, "Management API").

use claviger_sdk::Failure;
use claviger_sdk::http::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// An error, as far as it shows that it is Supabase who answered.
#[derive(Deserialize)]
struct Bad {
    #[serde(rename = "message")]
    _message: IgnoredAny,
}

/// Why Supabase refused what it was asked for. What isn't a refusal of its own is `otherwise`.
pub fn refusal(answer: &Response, otherwise: Failure) -> Failure {
    // A proxy on the way may answer 401 too; only Supabase's own words are held against a token.
    if answer.json::<Bad>().is_err() {
        return otherwise;
    }
    match answer.status() {
        401 => Failure::rejected("Supabase says that the access token is not valid"),
        403 => Failure::restricted("Supabase knows the access token and does not allow it this"),
        404 => Failure::restricted("Supabase shows this access token no such project"),
        _ => otherwise,
    }
}

/// Whether Supabase itself says that there is no such thing.
pub fn is_gone(answer: &Response) -> bool {
    answer.status() == 404 && answer.json::<Bad>().is_ok()
}
