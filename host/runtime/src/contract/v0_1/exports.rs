//! What a plugin of this version can do, read from what it exports before any instance of it exists.

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use wasmtime::Engine;
use wasmtime::component::InstancePre;

use super::bindings::exports::claviger::provider;
use crate::call::CallState;
use crate::contract::capability;
use crate::contract::{Contract, Guest};
use crate::load::LoadError;
use crate::load::versions::own;

macro_rules! exports {
    ($($interface:ident: $capability:ident),* $(,)?) => {
        /// Where a plugin's functions are, looked up once.
        pub(crate) struct Exports {
            /// Every plugin has it.
            manifest: provider::manifest::GuestIndices,
            $($interface: Option<provider::$interface::GuestIndices>,)*
        }

        impl Exports {
            /// Looks up the interfaces that the component exports.
            pub(crate) fn find(engine: &Engine, instance: &InstancePre<CallState>) -> Result<Self, LoadError> {
                let exported = exported(engine, instance)?;
                if !exported.contains("manifest") {
                    return Err(LoadError::NoManifest);
                }
                Ok(Self {
                    manifest: fits("manifest", provider::manifest::GuestIndices::new(instance))?,
                    $($interface: exported
                        .contains(stringify!($interface))
                        .then(|| fits(stringify!($interface), provider::$interface::GuestIndices::new(instance)))
                        .transpose()?,)*
                })
            }
        }

        impl Contract for Exports {
            fn check(&self, guest: Guest<'_>) -> Result<(), LoadError> {
                fits("manifest", self.manifest.load(&mut *guest.store, guest.instance))?;
                $(if let Some(indices) = &self.$interface {
                    fits(stringify!($interface), indices.load(&mut *guest.store, guest.instance))?;
                })*
                Ok(())
            }

            fn describe<'a>(&'a self, guest: Guest<'a>) -> BoxFuture<'a, wasmtime::Result<String>> {
                Box::pin(async move {
                    let manifest = self.manifest.load(&mut *guest.store, guest.instance)?;
                    manifest.call_describe(guest.store).await
                })
            }

            $(fn $interface(&self) -> Option<&dyn capability::$capability> {
                self.$interface.as_ref().map(|indices| indices as _)
            })*
        }
    };
}

exports! {
    validation: Validation,
    rotation: Rotation,
    assignment: Assignment,
    restoration: Restoration,
    recovery: Recovery,
    application: Application,
    issuance: Issuance,
    inventory: Inventory,
}

/// The interfaces of `claviger:provider` that are exported. Other exports are the component's own affair.
fn exported(
    engine: &Engine,
    instance: &InstancePre<CallState>,
) -> Result<BTreeSet<String>, LoadError> {
    let component = instance.component().component_type();
    let names = component
        .exports(engine)
        .map(|(name, _)| own(name, "exports").map(|own| own.map(str::to_owned)));
    names.filter_map(Result::transpose).collect()
}

fn fits<T>(interface: &'static str, found: wasmtime::Result<T>) -> Result<T, LoadError> {
    found.map_err(|error| LoadError::ExportTypes {
        interface,
        reason: format!("{error:#}"),
    })
}
