//! Claviger keeps credentials and works with the services behind them.

use std::process::ExitCode;

fn main() -> ExitCode {
    claviger::command::run()
}
