//! Imports logging from a version of the contract that this host does not have.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct WrongVersionImport;

claviger_guests::guest!(
    WrongVersionImport,
    claviger_guests::manifest("wrong-version-import")
);

impl Validation for WrongVersionImport {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        Ok(Report::default().with_detail(
            "answer",
            bindings::claviger::provider::logging::log("hello from 9.0.0"),
        ))
    }
}

mod bindings {
    #![allow(
        missing_docs,
        unsafe_code,
        unused_qualifications,
        clippy::all,
        clippy::pedantic,
        reason = "generated code"
    )]

    wit_bindgen::generate!({
        inline: "
            package claviger:guests;
            world later { import claviger:provider/logging@9.0.0; }
            package claviger:provider@9.0.0 { interface logging { log: func(message: string) -> string; } }
        ",
        generate_all,
    });
}
