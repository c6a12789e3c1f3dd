//! The command line.
//!
//! Standard output is for what was asked for, standard error for the log and for what went wrong, in one line. Exit codes:
//! 0 done, 1 not done, 2 wrong arguments or configuration.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use claviger_runtime::printable::printable;

use crate::config::{CONFIG, Config, Environment};
use crate::front::Chain;

mod audit;
mod plugin;
mod serve;
mod user;

/// Keeps credentials and works with the services behind them.
#[derive(Parser)]
#[command(name = "claviger", version, about, disable_help_subcommand = true)]
struct Arguments {
    /// The configuration file [default: claviger.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = CONFIG)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server; so does no command at all
    Serve,
    /// The provider plugins
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// The users
    #[command(subcommand)]
    User(user::Command),
    /// The audit log
    #[command(subcommand)]
    Audit(audit::Command),
}

/// Why a command isn't done.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Does what the process's arguments say.
#[must_use]
pub fn run() -> ExitCode {
    let Arguments { config, command } = Arguments::parse();
    let config = match Config::load(config.as_deref(), Environment::of_process()) {
        Ok(config) => config,
        Err(error) => return fail(&error, 2),
    };
    let done = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(execute(command.unwrap_or(Command::Serve), config)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(code) => code,
        // Whoever read the output has read enough of it, as `head` does.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => fail(&*error, 1),
    }
}

async fn execute(command: Command, config: Config) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve => serve::run(config).await,
        Command::Plugin(command) => plugin::run(command, &config).await,
        Command::User(command) => user::run(command, config).await,
        Command::Audit(command) => audit::run(command, config).await,
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let kind = error
        .downcast_ref::<serde_json::Error>()
        .and_then(serde_json::Error::io_error_kind);
    kind.or_else(|| error.downcast_ref::<io::Error>().map(io::Error::kind))
        == Some(io::ErrorKind::BrokenPipe)
}

/// One line, whatever the error's text.
fn fail(error: &dyn std::error::Error, code: u8) -> ExitCode {
    let text = Chain(error).to_string();
    let line: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    eprintln!("claviger: {}", printable(&line.join(" ")));
    ExitCode::from(code)
}
