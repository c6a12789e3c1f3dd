//! Who the callers are: users, their passwords and tokens, and the workspaces that they are members of.
//!
//! - [`username`], [`password`]: what a user is known by; [`users`]: users made, listed and changed
//! - [`token`], [`session`]: tokens issued, verified once and then remembered, refreshed and revoked
//! - [`caller`]: whose request it is
//! - [`workspaces`], [`members`]: workspaces, and who may do what in them
//! - [`start`]: what the first start makes
//!
//! What is remembered here is good for as long as its [`Generation`](memory) is: a change of users or members, on this
//! host or another, counts it up, and the next request of each caller reads the database again.

mod caller;
mod memory;
mod password;
mod token;
mod username;

pub use caller::{Actor, Caller};
pub use password::{LONGEST_PASSWORD, SHORTEST_PASSWORD};
pub use username::{InvalidUsername, Username};
