//! Write a provider plugin for Claviger in Rust.
//!
//! A plugin is a WebAssembly component that knows one provider. It never holds a secret: a secret field of a credential
//! is a random word, its *stand-in*, that the host replaces on the way out where the manifest says that the secret goes.
//! This is a whole plugin (`src/lib.rs`):
//!
//! ```
//! //! Checks keys of the Acme API.
//!
//! use claviger_sdk::{Context, Credential, Failure, Report, Validation, http};
//!
//! struct Acme;
//!
//! # macro_rules! export { ($($_:tt)*) => {} }
//! # const _: &str = stringify!(
//! claviger_sdk::export!(Acme, manifest: "../manifest.json", capabilities: [validation]);
//! # );
//!
//! impl Validation for Acme {
//!     fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
//!         let answer = http::get("https://api.acme.example/v1/me").bearer(credential.secret("api_key")?).send()?;
//!         match answer.status() {
//!             200 => Ok(Report { account: answer.header("acme-account").map(str::to_owned), ..Report::default() }),
//!             401 => Err(Failure::rejected("Acme says that the key is not valid")),
//!             _ => Err(answer.unexpected(&context)),
//!         }
//!     }
//! }
//! ```
//!
//! The manifest beside it says who the plugin is and what it asks for (`wit/manifest.schema.json`):
//!
//! ```json
//! {
//!   "name": "acme",
//!   "version": "0.1.0",
//!   "description": "Checks keys of the Acme API.",
//!   "origins": ["https://api.acme.example"],
//!   "kinds": [{
//!     "name": "api_key",
//!     "label": "Acme API key",
//!     "fields": [{
//!       "name": "api_key", "label": "API key", "secret": true, "required": true,
//!       "places": [{
//!         "origin": "https://api.acme.example", "methods": ["GET"], "path-prefix": "/v1/me", "at": "header:authorization"
//!       }]
//!     }]
//!   }]
//! }
//! ```
//!
//! Build it as a `cdylib` for `wasm32-wasip2`. Say `rejected` only when the provider itself said that the secret is not
//! valid: everything else leaves the credential's health as it was.
//!
//! - [`export!`]: makes a type the plugin, with just the capabilities that it has.
//! - [`http`]: the way out.
//! - [`Validation`], [`Rotation`], [`Assignment`], [`Restoration`], [`Recovery`], [`Application`], [`Issuance`],
//!   [`Inventory`]: what a plugin can do, each with an example.
//! - [`Failure`], [`Credential`], [`Context`]: what calls speak about, with helpers.
//! - [`signing`], [`disclosure`], [`log`]: what else the host does for a plugin.
//! - [`time`]: times as providers write them.

mod answer;
#[doc(hidden)]
pub mod bindings;
mod credential;
mod failure;
pub mod http;
pub mod log;
#[doc(hidden)]
pub mod manifest;
pub mod time;

pub use bindings::disclosing::claviger::provider::disclosure;
pub use bindings::imports::claviger::provider::signing;
pub use bindings::imports::claviger::provider::types::{Attribute, Context, Credential, Failure};

pub use bindings::application::exports::claviger::provider::application;
pub use bindings::inventory::exports::claviger::provider::inventory;
pub use bindings::issuance::exports::claviger::provider::issuance;
pub use bindings::rotation::exports::claviger::provider::rotation::Replacement;
pub use bindings::validation::exports::claviger::provider::validation::Report;

/// Whether a credential works: the example at the head of this page.
pub use bindings::validation::exports::claviger::provider::validation::Guest as Validation;

/// The provider makes the new secret. The host takes it out of the answer before the plugin sees it: the manifest
/// declares the capture, the request names it, and the answer holds its stand-in.
///
/// ```
/// # use claviger_sdk::{Context, Credential, Failure, Replacement, Rotation, http};
/// use claviger_sdk::http::CaptureSource;
/// use serde_json::{Value, json};
///
/// # struct Acme;
/// impl Rotation for Acme {
///     fn create(context: Context, current: Credential) -> Result<Replacement, Failure> {
///         let answer = http::post("https://api.acme.example/v1/keys")
///             .bearer(current.secret("api_key")?)
///             .json(&json!({ "name": context.idempotency_key }))
///             .capture("api_key", CaptureSource::JsonPointer("/key".to_owned()))
///             .send()?;
///         if answer.status() != 201 {
///             return Err(answer.unexpected_change(&context));
///         }
///         let made: Value = answer.json()?;
///         let replacement = Replacement { handle: made["id"].as_str().map(str::to_owned), ..Replacement::default() };
///         Ok(replacement.with_field("api_key", answer.captured("api_key")?))
///     }
///
///     fn retire(context: Context, old: Credential) -> Result<(), Failure> {
///         let id = old.handle.as_deref().ok_or_else(|| Failure::invalid_input("the version has no handle"))?;
///         let url = format!("https://api.acme.example/v1/keys/{}", http::percent(id));
///         let answer = http::delete(url).bearer(old.secret("api_key")?).send()?;
///         match answer.status() {
///             // Gone already is what was wanted.
///             204 | 401 | 404 => Ok(()),
///             _ => Err(answer.unexpected_change(&context)),
///         }
///     }
/// }
/// ```
pub use bindings::rotation::exports::claviger::provider::rotation::Guest as Rotation;

/// The host makes the new secret, and the plugin has it set: no crash can lose it.
///
/// ```
/// # use claviger_sdk::{Assignment, Context, Credential, Failure, http};
/// use serde_json::json;
///
/// # struct Acme;
/// impl Assignment for Acme {
///     fn assign(context: Context, current: Credential, proposed: Credential) -> Result<(), Failure> {
///         let answer = http::put("https://api.acme.example/v1/password")
///             .json(&json!({ "old": current.secret("password")?, "new": proposed.secret("password")? }))
///             .send()?;
///         match answer.status() {
///             204 => Ok(()),
///             _ => Err(answer.unexpected(&context)),
///         }
///     }
/// }
/// ```
pub use bindings::assignment::exports::claviger::provider::assignment::Guest as Assignment;

/// An old version is made to work again, for a rollback.
///
/// ```
/// # use claviger_sdk::{Context, Credential, Failure, Restoration, http};
/// # struct Acme;
/// impl Restoration for Acme {
///     fn restore(context: Context, old: Credential) -> Result<(), Failure> {
///         let admin = context.connection()?.secret("admin_key")?;
///         let id = old.external_id.as_deref().ok_or_else(|| Failure::invalid_input("the version has no id"))?;
///         let url = format!("https://api.acme.example/v1/keys/{}/activate", http::percent(id));
///         let answer = http::post(url).bearer(admin).send()?;
///         match answer.status() {
///             200 => Ok(()),
///             404 => Err(Failure::not_found("Acme has deleted the key")),
///             _ => Err(answer.unexpected(&context)),
///         }
///     }
/// }
/// ```
pub use bindings::restoration::exports::claviger::provider::restoration::Guest as Restoration;

/// After a crash or a lost answer: what the operation with the context's idempotency key left at the provider is undone,
/// found by the name that was derived from that key.
///
/// ```
/// # use claviger_sdk::{Context, Credential, Failure, Recovery, http};
/// # struct Acme;
/// impl Recovery for Acme {
///     fn abandon(context: Context, subject: Credential) -> Result<(), Failure> {
///         let answer = http::delete("https://api.acme.example/v1/keys")
///             .query("name", &context.idempotency_key)
///             .bearer(subject.secret("api_key")?)
///             .send()?;
///         match answer.status() {
///             204 | 404 => Ok(()),
///             _ => Err(answer.unexpected(&context)),
///         }
///     }
/// }
/// ```
pub use bindings::recovery::exports::claviger::provider::recovery::Guest as Recovery;

/// A credential is put to use in a target, which the context's connection opens.
///
/// ```
/// # use claviger_sdk::{Application, Context, Credential, Failure, http};
/// use claviger_sdk::application::{Place, Receipt};
/// use serde_json::{Value, json};
///
/// # struct Acme;
/// impl Application for Acme {
///     fn apply(context: Context, credential: Credential, place: Place) -> Result<Receipt, Failure> {
///         let answer = http::post("https://api.acme.example/v1/variables")
///             .bearer(context.connection()?.secret("admin_key")?)
///             .json(&json!({ "project": place.container, "name": place.slot, "value": credential.secret("value")? }))
///             .send()?;
///         if answer.status() != 201 {
///             return Err(answer.unexpected(&context));
///         }
///         let made: Value = answer.json()?;
///         Ok(Receipt { external_id: made["id"].as_str().map(str::to_owned), ..Receipt::default() })
///     }
///
///     fn refresh(
///         context: Context, credential: Credential, receipt: Receipt, _: Vec<Place>,
///     ) -> Result<Receipt, Failure> {
///         let id = receipt.external_id.as_deref().ok_or_else(|| Failure::invalid_input("the receipt has no id"))?;
///         let answer = http::put(format!("https://api.acme.example/v1/variables/{}", http::percent(id)))
///             .bearer(context.connection()?.secret("admin_key")?)
///             .json(&json!({ "value": credential.secret("value")? }))
///             .send()?;
///         match answer.status() {
///             200 => Ok(receipt),
///             _ => Err(answer.unexpected(&context)),
///         }
///     }
/// }
/// ```
pub use bindings::application::exports::claviger::provider::application::Guest as Application;

/// Short-lived credentials are made from a root credential, for no more than was asked for.
///
/// ```
/// # use claviger_sdk::{Context, Credential, Failure, Issuance, http};
/// use claviger_sdk::http::CaptureSource;
/// use claviger_sdk::issuance::{Issued, Outcome, Request};
/// use serde_json::{Value, json};
///
/// # struct Acme;
/// impl Issuance for Acme {
///     fn issue(context: Context, root: Credential, request: Request) -> Result<Issued, Failure> {
///         let answer = http::post("https://api.acme.example/v1/tokens")
///             .bearer(root.secret("api_key")?)
///             .json(&json!({ "seconds": request.ttl_seconds, "scopes": request.scopes }))
///             .capture("token", CaptureSource::JsonPointer("/token".to_owned()))
///             .send()?;
///         if answer.status() != 201 {
///             return Err(answer.unexpected_change(&context));
///         }
///         let made: Value = answer.json()?;
///         let issued = Issued {
///             scopes: request.scopes,
///             expires_at_ms: made["expires_at_ms"].as_u64(),
///             ..Issued::default()
///         };
///         Ok(issued.with_field("token", answer.captured("token")?))
///     }
///
///     fn revoke(context: Context, _: Credential, issued: Issued) -> Result<Outcome, Failure> {
///         // The issued token ends itself: the manifest's capture `token` says in `places` that it goes there.
///         let answer = http::delete("https://api.acme.example/v1/token").bearer(issued.field("token")?).send()?;
///         match answer.status() {
///             204 => Ok(Outcome::Revoked),
///             401 | 404 => Ok(Outcome::AlreadyGone),
///             _ => Err(answer.unexpected_change(&context)),
///         }
///     }
/// }
/// ```
pub use bindings::issuance::exports::claviger::provider::issuance::Guest as Issuance;

/// What the provider behind the context's connection holds, a page at a time.
///
/// ```
/// # use claviger_sdk::{Context, Failure, Inventory, http};
/// use claviger_sdk::inventory::{Entry, Page};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Listed {
///     keys: Vec<Key>,
///     next: Option<String>,
/// }
///
/// #[derive(Deserialize)]
/// struct Key {
///     id: String,
///     name: String,
/// }
///
/// # struct Acme;
/// impl Inventory for Acme {
///     fn enumerate(context: Context, cursor: Option<String>) -> Result<Page, Failure> {
///         let admin = context.connection()?.secret("admin_key")?;
///         let request = http::get("https://api.acme.example/v1/keys").bearer(admin);
///         let answer = match &cursor {
///             Some(cursor) => request.query("after", cursor),
///             None => request,
///         }
///         .send()?;
///         if answer.status() != 200 {
///             return Err(answer.unexpected(&context));
///         }
///         let listed: Listed = answer.json()?;
///         let entry = |key: Key| {
///             Entry { external_id: key.id, name: key.name, kind: "api_key".to_owned(), attributes: Vec::new() }
///         };
///         Ok(Page { entries: listed.keys.into_iter().map(entry).collect(), next: listed.next })
///     }
/// }
/// ```
pub use bindings::inventory::exports::claviger::provider::inventory::Guest as Inventory;

/// Makes a type the plugin: it exports `manifest`, from the JSON file named, and the capabilities listed, and no other.
///
/// The path is relative to the source file, as for [`include_str!`]. For each capability the type implements the trait of
/// that name: `validation` wants [`Validation`].
///
/// ```ignore
/// claviger_sdk::export!(Acme, manifest: "../manifest.json", capabilities: [validation, rotation, recovery]);
/// ```
#[macro_export]
macro_rules! export {
    ($plugin:ident, manifest: $manifest:literal, capabilities: [$($capability:ident),* $(,)?]) => {
        const _: () = $crate::manifest::check(include_str!($manifest));
        impl $crate::manifest::Describe for $plugin {
            fn describe() -> String {
                include_str!($manifest).to_owned()
            }
        }
        $crate::bindings::manifest::export!($plugin with_types_in $crate::bindings::manifest);
        $($crate::bindings::$capability::export!($plugin with_types_in $crate::bindings::$capability);)*
    };
}
