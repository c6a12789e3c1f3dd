//! Reads, writes and lists files.

use std::fs;
use std::io::Result as IoResult;

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct Files;

claviger_guests::guest!(Files, claviger_guests::manifest("files"));

impl Validation for Files {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        let said = |name: &str, result: IoResult<String>| {
            let text = result.map_or_else(
                |error| format!("refused: {error}"),
                |what| format!("worked: {what}"),
            );
            (name.to_owned(), text)
        };
        let list = |path| fs::read_dir(path).map(|entries| format!("{} entries", entries.count()));
        Ok(claviger_guests::report([
            said("read", fs::read_to_string("/etc/passwd")),
            said("proc", fs::read_to_string("/proc/self/environ")),
            said("climb", fs::read_to_string("../../../../etc/passwd")),
            said("list", list("/")),
            said("here", list(".")),
            said(
                "write",
                fs::write("/tmp/claviger-guest", "was here").map(|()| "written".to_owned()),
            ),
            said(
                "directory",
                fs::create_dir("/tmp/claviger-guest.d").map(|()| "made".to_owned()),
            ),
        ]))
    }
}
