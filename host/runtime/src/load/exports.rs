//! What a plugin can do, read from what it exports before any instance of it exists.

use std::collections::BTreeSet;

use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Engine, Store};

use super::LoadError;
use super::versions::own;
use crate::bindings::exports::claviger::provider;
use crate::call::CallState;
use crate::plugin::Capability;

macro_rules! exports {
    ($($interface:ident => $capability:expr),* $(,)?) => {
        /// Where a plugin's functions are, looked up once.
        #[derive(Clone)]
        pub(crate) struct Exports {
            /// Every plugin has it.
            pub manifest: provider::manifest::GuestIndices,
            $(pub $interface: Option<provider::$interface::GuestIndices>,)*
        }

        impl Exports {
            /// Looks up the interfaces that the component exports.
            pub(super) fn find(engine: &Engine, instance: &InstancePre<CallState>) -> Result<Self, LoadError> {
                let exported = exported(engine, instance)?;
                if !exported.contains("manifest") {
                    return Err(LoadError::NoManifest);
                }
                Ok(Self {
                    manifest: fits("manifest", provider::manifest::GuestIndices::new(instance))?,
                    $($interface: exported
                        .contains($capability.as_str())
                        .then(|| fits($capability.as_str(), provider::$interface::GuestIndices::new(instance)))
                        .transpose()?,)*
                })
            }

            /// Compares the types of all functions with the host's, which takes an instance.
            pub(super) fn check(&self, store: &mut Store<CallState>, instance: &Instance) -> Result<(), LoadError> {
                fits("manifest", self.manifest.load(&mut *store, instance))?;
                $(if let Some(indices) = &self.$interface {
                    fits($capability.as_str(), indices.load(&mut *store, instance))?;
                })*
                Ok(())
            }

            /// What the plugin can do.
            pub(crate) fn capabilities(&self) -> BTreeSet<Capability> {
                let found = [$(self.$interface.is_some().then_some($capability)),*];
                found.into_iter().flatten().collect()
            }
        }
    };
}

exports! {
    validation => Capability::Validation,
    rotation => Capability::Rotation,
    assignment => Capability::Assignment,
    restoration => Capability::Restoration,
    recovery => Capability::Recovery,
    application => Capability::Application,
    issuance => Capability::Issuance,
    inventory => Capability::Inventory,
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
