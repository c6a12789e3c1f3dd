//! `claviger plugin …`: a file for each command.

use std::process::ExitCode;

use clap::Subcommand;

use super::Failure;
use crate::config::Config;

mod approve;
mod bindings;
mod check;
mod component;
mod control;
mod inspect;
mod list;
mod new;
mod reload;
mod show;
mod test;

#[derive(Subcommand)]
pub(super) enum Command {
    /// List the plugins: what they can do and where they may go
    List(list::Arguments),
    /// Let a plugin that waits serve, with the rights that it asks for
    Approve(approve::Arguments),
    /// Look at the plugin directory now
    Reload(reload::Arguments),
    /// Start a plugin: a project that builds, with a test
    New(new::Arguments),
    /// Write the C bindings of a project's world
    Bindings(bindings::Arguments),
    /// Make a component of a WebAssembly module, as C compilers write them
    Component(component::Arguments),
    /// Show what a plugin file is: exports, imports, manifest, sizes and times
    Inspect(inspect::Arguments),
    /// Say why this host would refuse a plugin file, and what to do about it
    Check(check::Arguments),
    /// Run the conformance suite on a plugin file, against a scripted provider
    Test(test::Arguments),
}

pub(super) async fn run(command: Command, config: &Config) -> Result<ExitCode, Failure> {
    match command {
        Command::List(arguments) => list::run(arguments, config).await,
        Command::Approve(arguments) => approve::run(arguments, config).await,
        Command::Reload(arguments) => reload::run(arguments, config).await,
        Command::New(arguments) => new::run(&arguments),
        Command::Bindings(arguments) => bindings::run(&arguments),
        Command::Component(arguments) => component::run(&arguments),
        Command::Inspect(arguments) => inspect::run(arguments, config).await,
        Command::Check(arguments) => check::run(arguments, config).await,
        Command::Test(arguments) => test::run(arguments, config).await,
    }
}
