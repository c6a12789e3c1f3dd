//! The first-party plugins as the server embeds them. Each is a crate beside this one; `build.rs` compiles them to
//! WebAssembly.

/// A plugin in the binary.
#[derive(Clone, Copy)]
pub struct EmbeddedPlugin {
    /// Its manifest's name.
    pub name: &'static str,
    /// The component.
    pub wasm: &'static [u8],
}

/// Every first-party plugin, by name.
pub static PLUGINS: &[EmbeddedPlugin] = include!(concat!(env!("OUT_DIR"), "/plugins.rs"));
