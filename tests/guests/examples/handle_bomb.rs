//! Asks the host for a million handles, which cost the guest nothing, and keeps them all.

use std::mem::forget;

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

use bindings::wasi::clocks::monotonic_clock::subscribe_duration;

struct HandleBomb;

claviger_guests::guest!(HandleBomb, claviger_guests::manifest("handle-bomb"));

impl Validation for HandleBomb {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        for _ in 0..1_000_000 {
            forget(subscribe_duration(u64::MAX / 2));
        }
        Ok(Report::default())
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
            world handles { import wasi:clocks/monotonic-clock@0.2.3; }
            package wasi:io@0.2.3 { interface poll { resource pollable { block: func(); } } }
            package wasi:clocks@0.2.3 {
                interface monotonic-clock {
                    use wasi:io/poll@0.2.3.{pollable};
                    type duration = u64;
                    subscribe-duration: func(when: duration) -> pollable;
                }
            }
        ",
        generate_all,
    });
}
