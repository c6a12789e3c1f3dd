//! What is wrong with a script is told, with its place.

use claviger_plugins::PLUGINS;

use super::prepare;
use crate::conformance::script::Script;

/// What is said of a script for the plugin `openai`.
async fn error(text: &str) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("upstream.toml");
    std::fs::write(&path, text).expect("a file");
    let openai = PLUGINS
        .iter()
        .find(|plugin| plugin.name == "openai")
        .expect("openai");
    let prepared = prepare(openai.wasm).await;
    let error = Script::read(&path, prepared.manifest())
        .expect_err("a mistake")
        .to_string();
    let place = path.display().to_string();
    error.strip_prefix(&place).expect("the path").to_owned()
}

#[tokio::test]
async fn mistakes_in_the_text_are_told_with_line_and_column() {
    for (text, told) in [
        (
            "[[credential]]\nkind = \"api_key\"\nfeilds = {}\n",
            ":3:1: unknown field `feilds`",
        ),
        (
            "[[route]]\nmethod = \"get\"\n",
            ":2:10: `get` is not a method",
        ),
        (
            "[[route]]\nmethod = \"GET\"\npath = \"/\"\nanswer = { stauts = 200 }\n",
            ":4:12: unknown field `stauts`",
        ),
        (
            "[[route]]\nmethod = \"GET\"\npath = \"/\"\nanswer = {}\nneeds = { authorization = \"x\" }\n",
            ":5:11: `authorization` is not a position",
        ),
        (
            "[issue]\nttl = \"soon\"\n",
            ":2:7: `soon` is not a duration",
        ),
        (
            "[[route]]\nmethod = \"GET\"\npath = \"/\"\nanswer = []\n",
            ":4:10: invalid length 0",
        ),
    ] {
        let error = error(text).await;
        assert!(error.starts_with(told), "{error}\ninstead of\n{told}");
    }
}

#[tokio::test]
async fn what_does_not_fit_the_manifest_is_told() {
    let credential = |kind: &str, fields: &str| {
        format!("[[credential]]\nkind = \"{kind}\"\nfields = {{ {fields} }}\n")
    };
    for (text, told) in [
        (
            credential("token", ""),
            ": credential 1: the manifest has no kind `token`; it has `api_key`, `openai_admin`",
        ),
        (credential("api_key", ""), ": credential 1: the field `api_key` is required"),
        (
            credential("api_key", "key = \"sk-0123456789\""),
            ": credential 1: `api_key` has no field `key`; it has `api_key`",
        ),
        (
            credential("api_key", "api_key = \"0123456789\""),
            ": credential 1: `api_key` does not match the manifest's pattern `sk-[!-~]{5,509}`",
        ),
        (
            "[[route]]\nmethod = \"GET\"\npath = \"/\"\norigin = \"https://evil.example\"\nanswer = {}\n".to_owned(),
            ": route 1 (GET /): the manifest does not ask for the origin https://evil.example",
        ),
        (
            "[[route]]\nmethod = \"GET\"\npath = \"/\"\nanswer = { json = 1, text = \"1\" }\n".to_owned(),
            ": route 1 (GET /): an answer has `json` or `text`, not both",
        ),
    ] {
        let error = error(&text).await;
        assert_eq!(error, told);
    }
}
