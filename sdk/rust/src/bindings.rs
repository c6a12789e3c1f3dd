//! What `wit-bindgen` makes of `wit/provider.wit`, one world per capability.
//!
//! A component exports whatever a world that is linked into it exports, so one world with every capability would make
//! every plugin claim them all. Here each capability has a world of its own that shares the types of the first, and only
//! the export macros that a plugin uses put their world into its component.

#![allow(
    missing_docs,
    unsafe_code,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    reason = "generated code"
)]

pub mod imports {
    wit_bindgen::generate!({
        inline: "package claviger:sdk; world base { include claviger:provider/imports@0.1.0; import claviger:provider/types@0.1.0; }",
        path: "../../wit",
        generate_all,
        generate_unused_types: true,
    });
}

pub mod disclosing {
    wit_bindgen::generate!({
        inline: "package claviger:sdk; world disclosing { import claviger:provider/disclosure@0.1.0; }",
        path: "../../wit",
        with: { "claviger:provider/types@0.1.0": crate::bindings::imports::claviger::provider::types },
        generate_all,
    });
}

pub mod manifest {
    wit_bindgen::generate!({
        inline: "package claviger:sdk; world manifest { export claviger:provider/manifest@0.1.0; }",
        path: "../../wit",
        generate_all,
        pub_export_macro: true,
    });
}

macro_rules! capability {
    ($name:ident, $world:literal $(, $default:literal)?) => {
        pub mod $name {
            wit_bindgen::generate!({
                inline: $world,
                path: "../../wit",
                with: { "claviger:provider/types@0.1.0": crate::bindings::imports::claviger::provider::types },
                additional_type_attributes: { $($default: [#[derive(Default)]])? },
                generate_all,
                pub_export_macro: true,
            });
        }
    };
}

capability!(
    validation,
    "package claviger:sdk; world validation { export claviger:provider/validation@0.1.0; }",
    "claviger:provider/validation@0.1.0/report"
);
capability!(
    rotation,
    "package claviger:sdk; world rotation { export claviger:provider/rotation@0.1.0; }",
    "claviger:provider/rotation@0.1.0/replacement"
);
capability!(
    assignment,
    "package claviger:sdk; world assignment { export claviger:provider/assignment@0.1.0; }"
);
capability!(
    restoration,
    "package claviger:sdk; world restoration { export claviger:provider/restoration@0.1.0; }"
);
capability!(
    recovery,
    "package claviger:sdk; world recovery { export claviger:provider/recovery@0.1.0; }"
);
capability!(
    application,
    "package claviger:sdk; world application { export claviger:provider/application@0.1.0; }",
    "claviger:provider/application@0.1.0/receipt"
);
capability!(
    issuance,
    "package claviger:sdk; world issuance { export claviger:provider/issuance@0.1.0; }",
    "claviger:provider/issuance@0.1.0/issued"
);
capability!(
    inventory,
    "package claviger:sdk; world inventory { export claviger:provider/inventory@0.1.0; }",
    "claviger:provider/inventory@0.1.0/page"
);
