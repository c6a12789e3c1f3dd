//! Looks around: environment, arguments, working directory, standard input.

use std::io::{Read, stdin};
use std::{env, fs};

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct Environment;

claviger_guests::guest!(Environment, {
    assert!(env::vars().next().is_none(), "`describe` sees variables");
    assert!(
        fs::metadata("/data").is_err(),
        "`describe` sees a directory"
    );
    claviger_guests::manifest("environment")
});

impl Validation for Environment {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        let variables: Vec<String> = env::vars()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let arguments: Vec<String> = env::args().collect();
        let mut input = String::new();
        let read = stdin()
            .read_to_string(&mut input)
            .map_or_else(|error| format!("refused: {error}"), |_| input);
        Ok(claviger_guests::report([
            ("variables".to_owned(), variables.join("\n")),
            ("arguments".to_owned(), arguments.join("\n")),
            (
                "directory".to_owned(),
                env::current_dir().map_or_else(
                    |error| format!("refused: {error}"),
                    |path| path.display().to_string(),
                ),
            ),
            ("input".to_owned(), read),
        ]))
    }
}
