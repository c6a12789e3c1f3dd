//! The host's side of `claviger:provider`, generated from `wit/provider.wit`.
//!
//! One world with every import and every capability: a plugin that lacks a capability is no error, because exports are
//! looked up interface by interface ([`crate::load::exports`]).

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package claviger:host;

        world plugin {
            include claviger:provider/imports@0.1.0;
            import claviger:provider/disclosure@0.1.0;
            export claviger:provider/manifest@0.1.0;
            export claviger:provider/validation@0.1.0;
            export claviger:provider/rotation@0.1.0;
            export claviger:provider/assignment@0.1.0;
            export claviger:provider/restoration@0.1.0;
            export claviger:provider/recovery@0.1.0;
            export claviger:provider/application@0.1.0;
            export claviger:provider/issuance@0.1.0;
            export claviger:provider/inventory@0.1.0;
        }
    ",
    world: "claviger:host/plugin",
    imports: {
        "claviger:provider/http.send": async,
        "claviger:provider/signing.sign": async,
        "claviger:provider/disclosure.reveal": async,
        "claviger:provider/logging.log": async,
    },
    exports: { default: async },
});
