//! Imports what no host has: a shell.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct UnknownImport;

claviger_guests::guest!(UnknownImport, claviger_guests::manifest("unknown-import"));

impl Validation for UnknownImport {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        Ok(Report::default().with_detail("answer", bindings::evil::host::shell::run("id")))
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
            world shell { import evil:host/shell@1.0.0; }
            package evil:host@1.0.0 { interface shell { run: func(command: string) -> string; } }
        ",
        generate_all,
    });
}
