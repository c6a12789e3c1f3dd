//! Reads, writes and lists files; with `data` in `what`, those of the directory that it may have been lent.

use std::fs;
use std::io::Result as IoResult;

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct Files;

claviger_guests::guest!(Files, claviger_guests::manifest("files"));

impl Validation for Files {
    fn validate(_: Context, credential: Credential) -> Result<Report, Failure> {
        let said = |name: &str, result: IoResult<String>| {
            let text = result.map_or_else(
                |error| format!("refused: {error}"),
                |what| format!("worked: {what}"),
            );
            (name.to_owned(), text)
        };
        let list = |path| fs::read_dir(path).map(|entries| format!("{} entries", entries.count()));
        if credential.field("what") == Some("data") {
            let written = fs::write("/data/written", "was here").map(|()| "written".to_owned());
            return Ok(claviger_guests::report([
                said("greeting", fs::read_to_string("/data/greeting")),
                said("written", written),
                said("list", list("/data")),
                said("within", fs::read_to_string("/data/within")),
                said("link", fs::read_to_string("/data/link")),
                said("linked", list("/data/linked")),
                said("through", fs::read_to_string("/data/linked/passwd")),
                said("climb", fs::read_to_string("/data/../etc/passwd")),
                said("deeper", fs::read_to_string("/data/linked/../../passwd")),
                said(
                    "over",
                    fs::rename("/data/written", "/data/linked/written").map(|()| String::new()),
                ),
                said("root", fs::read_to_string("/etc/passwd")),
            ]));
        }
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
