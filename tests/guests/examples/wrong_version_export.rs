//! Exports its capabilities in a version of the contract that this host does not have.

#![allow(unsafe_code, reason = "generated code")]

use bindings::exports::claviger::provider::manifest::Guest as Describe;
use bindings::exports::claviger::provider::validation::Guest as Validation;

struct WrongVersionExport;

impl Describe for WrongVersionExport {
    fn describe() -> String {
        claviger_guests::manifest("wrong-version-export")
    }
}

impl Validation for WrongVersionExport {
    fn validate(secret: String) -> String {
        secret
    }
}

bindings::export!(WrongVersionExport with_types_in bindings);

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
            world later {
                export claviger:provider/manifest@9.0.0;
                export claviger:provider/validation@9.0.0;
            }
            package claviger:provider@9.0.0 {
                interface manifest { describe: func() -> string; }
                interface validation { validate: func(secret: string) -> string; }
            }
        ",
        generate_all,
    });
}
