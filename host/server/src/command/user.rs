//! `claviger user …`

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use clap::Subcommand;
use claviger_runtime::secret::Secret;
use claviger_vault::Opened;
use claviger_vault::identity::IdentityError;
use zeroize::Zeroizing;

use super::Failure;
use super::serve::tell_first_start;
use crate::config::Config;
use crate::front::Chain;
use crate::wiring;

/// More than any password is long, in bytes.
const LONGEST_LINE: usize = 4096;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Give a user another password, which ends the user's tokens. It is asked for, or the first line of standard input
    Password {
        /// The user's name
        name: String,
    },
}

pub(super) async fn run(command: Command, config: Config) -> Result<ExitCode, Failure> {
    let Command::Password { name } = command;
    let (lock, Opened { vault, first_start }) = wiring::open_vault_alone(config).await?;
    if let Some(first) = first_start {
        tell_first_start(&mut io::stderr().lock(), &first)?;
    }
    let changed = match new_password() {
        Ok(password) => vault.reset_password(&name, password).await.map_err(told),
        Err(error) => Err(error),
    };
    vault.close().await;
    drop(lock);
    changed?;
    writeln!(
        io::stdout(),
        "the password of {name:?} is changed, and the user's tokens have ended"
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Never an argument: those are there for everyone on the machine to read.
fn new_password() -> Result<Secret, Failure> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return first_line(stdin.lock());
    }
    let password = Zeroizing::new(rpassword::prompt_password("New password: ")?);
    let again = Zeroizing::new(rpassword::prompt_password("Again: ")?);
    if password != again {
        return Err("the two are not the same; nothing was changed".into());
    }
    Ok(Secret::new(password.as_bytes().to_vec()))
}

fn first_line(input: impl BufRead) -> Result<Secret, Failure> {
    // Of its whole length from the start, so that it never moves and leaves a copy behind.
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST_LINE));
    input
        .take(LONGEST_LINE as u64)
        .read_until(b'\n', &mut line)?;
    let password = line.strip_suffix(b"\n").unwrap_or(&line);
    let password = password.strip_suffix(b"\r").unwrap_or(password);
    if password.is_empty() {
        return Err("there is no password on standard input; write it as the first line".into());
    }
    Ok(Secret::new(password.to_vec()))
}

/// On the command line the one who reads is the operator.
fn told(error: IdentityError) -> Failure {
    match error {
        IdentityError::Unavailable(internal) => Chain(internal.cause()).to_string().into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn a_password_is_the_first_line_as_it_is() {
        let read = |text: &'static str| first_line(text.as_bytes());
        for (text, password) in [
            (" two words \n", " two words "),
            ("windows\r\n", "windows"),
            ("no end", "no end"),
            ("first\nsecond\n", "first"),
        ] {
            let found = read(text).expect("a password");
            assert_eq!(found.expose_str(), Some(password));
        }
        assert!(read("").is_err() && read("\nsecond").is_err());
    }
}
