//! The way out against real servers on loopback, with plugins that try to break each rule.

mod addresses;
mod answers;
mod applied;
mod attacks;
mod call;
mod captures;
mod connections;
mod elsewhere;
mod places;
mod random;
mod signed_requests;
mod signing;
mod upstream;
