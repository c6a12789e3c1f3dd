//! Supabase: checks and rotates the API keys of a project, through the Management API and the owner's access token.
//!
//! A key itself is never sent: it works at the project's own address, and the Management API knows it by its id and its
//! name. What is checked is whether it is still there; see [`validation`].

mod answer;
mod project;
mod rotation;
mod validation;

use claviger_sdk::{
    Context, Credential, Failure, Recovery, Replacement, Report, Rotation, Validation,
};

struct Supabase;

claviger_sdk::export!(
    Supabase,
    manifest: "../manifest.json",
    capabilities: [validation, rotation, recovery]
);

impl Validation for Supabase {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        validation::validate(&context, &credential)
    }
}

impl Rotation for Supabase {
    fn create(context: Context, current: Credential) -> Result<Replacement, Failure> {
        rotation::create(&context, &current)
    }

    fn retire(context: Context, old: Credential) -> Result<(), Failure> {
        rotation::retire(&context, &old)
    }
}

impl Recovery for Supabase {
    fn abandon(context: Context, subject: Credential) -> Result<(), Failure> {
        rotation::abandon(&context, &subject)
    }
}
