//! What a guest of this version may call. Each file turns WIT types into the host's own and calls the
//! [session](crate::egress::Session), where the rules are.

mod disclosure;
mod http;
mod logging;
mod signing;
