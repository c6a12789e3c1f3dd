//! A new value, written into the environment file.

use claviger_sdk::disclosure::reveal;
use claviger_sdk::{Assignment, Context, Credential, Failure};

use crate::file::{self, File};
use crate::lock::Lock;
use crate::{Env, name};

impl Assignment for Env {
    fn assign(_: Context, current: Credential, proposed: Credential) -> Result<(), Failure> {
        let variable = name(&current)?;
        if variable != name(&proposed)? {
            return Err(Failure::invalid_input(
                "another variable is another credential",
            ));
        }
        if !file::is_lent() {
            return Err(Failure::unsupported(
                "there is nowhere to write it: lend the plugin a `directory` under [plugins.env], or bring the new value",
            ));
        }
        // Others read and write the same file.
        let _lock = Lock::take()?;
        let value = reveal(proposed.secret("value")?)?;
        if value.contains(['\n', '\r', '\0']) {
            return Err(Failure::invalid_input(
                "a value with a line break or a NUL can't stand in an environment file",
            ));
        }
        let file = file::read()?.unwrap_or_else(File::empty);
        file.with(variable, &value).write()
    }
}
