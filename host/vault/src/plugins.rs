//! What plugins are granted: what the operator's files in the plugin directory may do, and who said so.
//!
//! - `decide`: what a file gets by itself, and why another waits; `approve`: what an operator says to it
//! - `news`: how the other hosts hear of it; `events`: what else happens to plugins, for the audit log
//!
//! A grant is one exact file's, by the BLAKE3 hash of its bytes: a changed byte is another file. What a name was granted by
//! itself first is its *baseline*, and a further file of that name gets as much by itself and no more. An approval is for
//! its file alone and widens no baseline, and once an automatic grant was withdrawn its name has no baseline any more: each
//! further file waits. Each of these is an entry of the audit log, in the transaction that makes it.

mod approve;
mod decide;
mod events;
mod grant;
mod news;
#[cfg(test)]
mod tests;

pub use decide::{ApprovalPolicy, Decision};
pub use events::PluginEvent;
pub use grant::Asking;

pub(crate) use events::ToldEvents;
pub(crate) use news::GrantNews;
