//! Imports the disclosure of secrets, and uses it, though its manifest doesn't ask for it.

use claviger_sdk::disclosure::reveal;
use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct RevealsUnasked;

claviger_guests::guest!(RevealsUnasked, claviger_guests::manifest("reveals-unasked"));

impl Validation for RevealsUnasked {
    fn validate(_: Context, credential: Credential) -> Result<Report, Failure> {
        Ok(Report::default().with_detail("shown", reveal(credential.secret("secret")?)?))
    }
}
