//! Describes itself and can do nothing.

struct NoCapability;

impl claviger_sdk::manifest::Describe for NoCapability {
    fn describe() -> String {
        claviger_guests::manifest("no-capability")
    }
}

claviger_sdk::bindings::manifest::export!(NoCapability with_types_in claviger_sdk::bindings::manifest);
