//! From a file's bytes to a plugin.

use thiserror::Error;

use crate::egress::SetupError;
use crate::manifest::ManifestError;

/// The largest file that is loaded, in bytes: a Python plugin has 18 MB.
const LARGEST: usize = 64 << 20;

/// Why a file is no plugin that this host runs. The texts are for the plugin's author.
#[derive(Debug, Error)]
pub enum LoadError {
    /// It is larger than the host loads.
    #[error("the file has {size} bytes; at most {LARGEST} are loaded")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// It is native code.
    #[error(
        "the file is a precompiled `.cwasm`, which is native code; put the `.wasm` component there instead"
    )]
    Precompiled,
    /// It is a core module.
    #[error(
        "the file is a core WebAssembly module, not a component; build for `wasm32-wasip2`, or make one with \
         `wasm-tools component new`"
    )]
    CoreModule,
    /// It isn't valid WebAssembly, or uses a feature that this host lacks.
    #[error("the file is not a valid WebAssembly component: {0}")]
    Invalid(String),
    /// It is valid, and can't be compiled all the same.
    #[error("the component can't be compiled: {0}")]
    Compile(String),
    /// It imports what this host doesn't have.
    #[error("the component imports `{import}`, which this host does not offer; {hint}")]
    UnknownImport {
        /// The import's name.
        import: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// It imports or exports an interface of another version of the contract.
    #[error(
        "the component {verb} `{interface}` in version {theirs}; this host speaks `claviger:provider` {ours}"
    )]
    Version {
        /// `imports` or `exports`.
        verb: &'static str,
        /// The interface's name without its version.
        interface: String,
        /// The component's version.
        theirs: String,
        /// The host's version.
        ours: &'static str,
    },
    /// It imports a known interface with other types.
    #[error("the component's imports do not fit this host: {0}")]
    ImportTypes(String),
    /// It exports a known interface with missing functions or other types.
    #[error("the component's export `{interface}` does not fit this host: {reason}")]
    ExportTypes {
        /// The interface's name.
        interface: &'static str,
        /// What doesn't fit.
        reason: String,
    },
    /// It doesn't say who it is.
    #[error(
        "the component does not export `claviger:provider/manifest`, so it can't say what it is"
    )]
    NoManifest,
    /// Its `describe` didn't answer.
    #[error("`describe` failed: {0}")]
    Describe(String),
    /// Its manifest breaks a rule.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// What the operator set for it can't be used.
    #[error(transparent)]
    Egress(#[from] SetupError),
}
