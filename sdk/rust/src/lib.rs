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
//! - [`Failure`], [`Credential`], [`Context`]: what calls speak about, with helpers.
//! - [`signing`], [`disclosure`], [`log`]: what else the host does for a plugin.

#[doc(hidden)]
pub mod bindings;
mod credential;
mod failure;
pub mod http;
pub mod log;
#[doc(hidden)]
pub mod manifest;
mod report;

pub use bindings::disclosing::claviger::provider::disclosure;
pub use bindings::imports::claviger::provider::signing;
pub use bindings::imports::claviger::provider::types::{Attribute, Context, Credential, Failure};

pub use bindings::application::exports::claviger::provider::application::{
    self, Guest as Application,
};
pub use bindings::assignment::exports::claviger::provider::assignment::Guest as Assignment;
pub use bindings::inventory::exports::claviger::provider::inventory::{self, Guest as Inventory};
pub use bindings::issuance::exports::claviger::provider::issuance::{self, Guest as Issuance};
pub use bindings::recovery::exports::claviger::provider::recovery::Guest as Recovery;
pub use bindings::restoration::exports::claviger::provider::restoration::Guest as Restoration;
pub use bindings::rotation::exports::claviger::provider::rotation::{
    Guest as Rotation, Replacement,
};
pub use bindings::validation::exports::claviger::provider::validation::{
    Guest as Validation, Report,
};

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
