//! {{ type }}: works with credentials of its API.
{% if "validation" in capabilities %}

mod answer;
{% endif %}

{% if "assignment" in capabilities %}
use claviger_sdk::Assignment;
{% endif %}
{% if "recovery" in capabilities %}
use claviger_sdk::Recovery;
{% endif %}
{% if "restoration" in capabilities %}
use claviger_sdk::Restoration;
{% endif %}
{% if "application" in capabilities %}
use claviger_sdk::{Application, application};
{% endif %}
{% if capabilities == ["inventory"] %}
use claviger_sdk::{Context, Failure};
{% elif capabilities %}
use claviger_sdk::{Context, Credential, Failure};
{% endif %}
{% if "inventory" in capabilities %}
use claviger_sdk::{Inventory, inventory};
{% endif %}
{% if "issuance" in capabilities %}
use claviger_sdk::{Issuance, issuance};
{% endif %}
{% if "rotation" in capabilities %}
use claviger_sdk::{Replacement, Rotation};
{% endif %}
{% if "validation" in capabilities %}
use claviger_sdk::{Report, Validation, http};
{% endif %}

struct {{ type }};

claviger_sdk::export!({{ type }}, manifest: "../manifest.json", capabilities: [{{ capabilities | join(", ") }}]);
{% if "validation" in capabilities %}

impl Validation for {{ type }} {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        // A stand-in: a random word, good for this call. The host puts the key in its place as the request leaves.
        let key = credential.secret("api_key")?;
        let answer = http::get("https://api.{{ name }}.example/v1/me").bearer(key).send()?;
        let account = answer.header("{{ name }}-account");
        answer::read(answer.status(), account).unwrap_or_else(|| Err(answer.unexpected(&context)))
    }
}
{% endif %}
{% if "rotation" in capabilities %}

impl Rotation for {{ type }} {
    fn create(_: Context, _: Credential) -> Result<Replacement, Failure> {
        Err(Failure::unsupported(
            "not written: ask {{ type }} for another key with `http::post(…).capture(\"api_key\", …)`, named after \
             `context.idempotency_key`, and return its stand-in in `fields`; the manifest's `captures` say where it is",
        ))
    }

    fn retire(_: Context, _: Credential) -> Result<(), Failure> {
        Err(Failure::unsupported(
            "not written: delete the old key at {{ type }}; that it is gone already is `Ok`",
        ))
    }
}
{% endif %}
{% if "assignment" in capabilities %}

impl Assignment for {{ type }} {
    fn assign(_: Context, _: Credential, _: Credential) -> Result<(), Failure> {
        Err(Failure::unsupported(
            "not written: send the proposed credential's stand-in to {{ type }}, authorised with the current one's",
        ))
    }
}
{% endif %}
{% if "restoration" in capabilities %}

impl Restoration for {{ type }} {
    fn restore(_: Context, _: Credential) -> Result<(), Failure> {
        Err(Failure::unsupported(
            "not written: make the old version work again at {{ type }}, for a rollback",
        ))
    }
}
{% endif %}
{% if "recovery" in capabilities %}

impl Recovery for {{ type }} {
    fn abandon(_: Context, _: Credential) -> Result<(), Failure> {
        Err(Failure::unsupported(
            "not written: find what was made under `context.idempotency_key` at {{ type }} and delete it; that there is \
             nothing is `Ok`",
        ))
    }
}
{% endif %}
{% if "application" in capabilities %}

impl Application for {{ type }} {
    fn apply(_: Context, _: Credential, _: application::Place) -> Result<application::Receipt, Failure> {
        Err(Failure::unsupported(
            "not written: put the credential to use in the place of the target that `context.connection()` opens",
        ))
    }

    fn refresh(
        _: Context,
        _: Credential,
        _: application::Receipt,
        _: Vec<application::Place>,
    ) -> Result<application::Receipt, Failure> {
        Err(Failure::unsupported(
            "not written: give the target the credential's current secret, in all these places",
        ))
    }
}
{% endif %}
{% if "issuance" in capabilities %}

impl Issuance for {{ type }} {
    fn issue(_: Context, _: Credential, _: issuance::Request) -> Result<issuance::Issued, Failure> {
        Err(Failure::unsupported(
            "not written: have {{ type }} make a token with `http::post(…).capture(\"token\", …)`, no wider and no longer \
             than asked, and return its stand-in in `fields`; the manifest's `captures` say where it is",
        ))
    }

    fn revoke(_: Context, _: Credential, _: issuance::Issued) -> Result<issuance::Outcome, Failure> {
        Err(Failure::unsupported(
            "not written: end the token at {{ type }}; where that can't be done, return `Outcome::UntilExpiry`",
        ))
    }
}
{% endif %}
{% if "inventory" in capabilities %}

impl Inventory for {{ type }} {
    fn enumerate(_: Context, _: Option<String>) -> Result<inventory::Page, Failure> {
        Err(Failure::unsupported(
            "not written: list what `context.connection()` opens, a page at a time",
        ))
    }
}
{% endif %}
