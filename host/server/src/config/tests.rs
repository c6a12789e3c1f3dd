use super::*;

use std::ffi::OsString;
use std::io::Write;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    Environment::of(
        pairs
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value))),
    )
}

fn load(text: &str, pairs: &[(&str, &str)]) -> Result<Config, String> {
    let mut file = tempfile::Builder::new()
        .prefix("claviger")
        .suffix(".toml")
        .tempfile()
        .expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    Config::load(Some(file.path()), environment(pairs)).map_err(|error| {
        error
            .to_string()
            .replace(&file.path().display().to_string(), "FILE")
    })
}

fn refusal(text: &str, pairs: &[(&str, &str)]) -> String {
    load(text, pairs).map(|_| ()).expect_err("a refusal")
}

#[test]
fn defaults_are_the_documented_ones() {
    let config = load("", &[]).expect("nothing needs to be set");
    assert_eq!(config.data_dir, PathBuf::from("data"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.log_format, LogFormat::Text);
    assert!(
        config.database_url.is_none()
            && config.master_key.is_none()
            && config.plugins == Plugins::default()
    );
}

#[test]
fn the_environment_wins_over_the_file() {
    let config = load(
        "listen = \"127.0.0.1:1\"\ndata-dir = \"here\"",
        &[("CLAVIGER_LISTEN", "[::1]:0")],
    )
    .expect("loads");
    assert_eq!(config.listen.to_string(), "[::1]:0");
    assert_eq!(config.data_dir, PathBuf::from("here"));
}

#[test]
fn a_password_of_digits_stays_text_and_an_empty_variable_is_not_set() {
    let config = load(
        "",
        &[
            ("CLAVIGER_ADMIN_PASSWORD", " 0123 "),
            ("CLAVIGER_MASTER_KEY", ""),
        ],
    )
    .expect("loads");
    assert_eq!(
        config.admin_password.as_ref().and_then(Secret::expose_str),
        Some(" 0123 ")
    );
    assert!(config.master_key.is_none());
}

#[test]
fn plugins_can_be_set_in_the_environment_too() {
    let config = load("", &[("CLAVIGER_PLUGINS__OPENAI__TIMEOUT", "5s")]).expect("loads");
    assert!(config.plugins.settings.contains_key("openai"));
}

#[test]
fn what_an_orchestrator_adds_is_not_configuration() {
    load(
        "",
        &[
            ("CLAVIGER_SERVICE_HOST", "10.0.0.1"),
            ("CLAVIGER_SERVICE_PORT", "80"),
            ("CLAVIGER_SERVICE_PORT_HTTP", "80"),
            ("CLAVIGER_PORT", "tcp://10.0.0.1:80"),
            ("CLAVIGER_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("CLAVIGER_PORT_80_TCP_PROTO", "tcp"),
            ("CLAVIGER_PORT_80_TCP_PORT", "80"),
            ("CLAVIGER_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("CLAVIGER_TEST_DATABASE_URL", "postgres://127.0.0.1/x"),
            ("CLAVIGER_CONFIG", "x"),
        ],
    )
    .expect("loads");
}

#[test]
fn what_only_looks_like_an_orchestrators_is_an_unknown_key() {
    for (name, value) in [
        ("CLAVIGER_PORT", "9090"),
        ("CLAVIGER_PORTX", "tcp://10.0.0.1:80"),
        ("CLAVIGER_PORT_80", "tcp://10.0.0.1:80"),
        ("CLAVIGER_PORT_HTTP_TCP", "tcp://10.0.0.1:80"),
        ("CLAVIGER_PORT_80_TCP_", "80"),
        ("CLAVIGER_SERVICE_ACCOUNT", "x"),
        ("CLAVIGER_SERVICE_HOST", "claviger.example"),
        ("CLAVIGER_TEST_MODE", "1"),
    ] {
        let message = refusal("", &[(name, value)]);
        assert!(
            message.starts_with(&format!("{name}: is not a key that is known here")),
            "{message}"
        );
    }
}

#[test]
fn a_mistyped_level_is_told_rather_than_the_log_turned_off() {
    for good in [
        "info",
        "DEBUG",
        "off",
        "info,claviger=debug",
        "claviger_vault=trace",
    ] {
        load(&format!("log-level = \"{good}\""), &[]).expect(good);
    }
    for wrong in [
        "",
        "inof",
        "verbose",
        "claviger",
        "inof,claviger=debug",
        "claviger=loud",
    ] {
        assert_eq!(
            refusal(&format!("log-level = \"{wrong}\""), &[]),
            "FILE: `log-level`: wants error, warn, info, debug or trace, or directives such as `info,claviger=debug`",
            "{wrong}"
        );
    }
}

#[test]
fn unknown_keys_are_named() {
    let message = refusal("data-dri = \"x\"", &[]);
    assert!(
        message.starts_with("FILE: `data-dri`: is not a key that is known here; known: data-dir,"),
        "{message}"
    );
    let message = refusal("", &[("CLAVIGER_DATA_DRI", "x")]);
    assert!(
        message.starts_with("CLAVIGER_DATA_DRI: is not a key"),
        "{message}"
    );
    let message = refusal("[plugins.openai]\ntimout = \"5s\"", &[]);
    assert!(
        message.contains("FILE: `plugins.openai.timout`: is not a key"),
        "{message}"
    );
}

#[test]
fn wrong_values_say_what_is_wanted() {
    assert_eq!(
        refusal("listen = \"localhost\"", &[]),
        "FILE: `listen`: wants an IP address and a port, such as 127.0.0.1:8080, not `localhost`"
    );
    assert_eq!(
        refusal("[[listen]]\naddress = \"127.0.0.1:1\"", &[]),
        "FILE: `listen`: `[[listen]]` entries are not known to this version; write `listen = \"127.0.0.1:8080\"`"
    );
    assert_eq!(
        refusal("log-format = \"xml\"", &[]),
        "FILE: `log-format`: is none of text, json"
    );
    assert!(refusal("[[backends]]\nid = \"x\"", &[]).contains("`backends`: is not a key"));
}

#[test]
fn secrets_are_not_taken_from_the_file() {
    let message = refusal("admin-password = \"sk-canary\"", &[]);
    assert!(
        message.starts_with("FILE: `admin-password`: is not a key") && !message.contains("canary"),
        "{message}"
    );
}

#[test]
fn a_named_file_has_to_be_there() {
    let missing = Config::load(Some(Path::new("/nowhere/claviger.toml")), environment(&[]));
    assert!(matches!(missing, Err(ConfigError::Unreadable { .. })));
}

const AUTHOR: &str = "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=";

#[test]
fn what_holds_for_all_plugins_stands_beside_their_tables() {
    let text = format!(
        "[plugins]\napproval = \"review\"\nrequire-signature = true\nauthors = [\"{AUTHOR}\"]\n[plugins.acme]\nrecognises = true\n"
    );
    let plugins = load(&text, &[]).expect("loads").plugins;
    assert_eq!(
        (plugins.approval, plugins.require_signature),
        (Approval::Review, true)
    );
    assert_eq!(plugins.authors.len(), 1);
    assert!(plugins.settings["acme"].recognises);
    let variables = [
        ("CLAVIGER_PLUGINS_APPROVAL", "review"),
        ("CLAVIGER_PLUGINS_REQUIRE_SIGNATURE", "true"),
        ("CLAVIGER_PLUGINS_AUTHORS", AUTHOR),
        ("CLAVIGER_PLUGINS__ACME__RECOGNISES", "true"),
    ];
    assert_eq!(load("", &variables).expect("loads").plugins, plugins);
}

#[test]
fn what_can_not_hold_for_plugins_is_refused() {
    let message = refusal("[plugins]\napproval = \"sometimes\"", &[]);
    assert!(message.contains("plugins.approval"), "{message}");
    let message = refusal("[plugins]\nauthors = [\"abc\"]", &[]);
    assert!(message.contains("Ed25519 public key"), "{message}");
    let message = refusal("[plugins]\nrequire-signature = true", &[]);
    assert!(message.contains("plugins.authors"), "{message}");
}

const BACKEND: &str =
    "[[backend]]\nid = \"github\"\nprovider = \"github\"\ncredential = \"github-app\"\n";

#[test]
fn backends_are_read_as_the_documentation_writes_them() {
    let limits =
        "default-ttl = \"1h\"\nmax-ttl = \"24h\"\nallowed-scopes = [\"repo:*\", \"issues:*\"]\n";
    let other = "workspace = \"team\"\npin = \"^1.2\"\nparameters = { installation = \"42\" }\n";
    let config = load(&format!("{BACKEND}{limits}{BACKEND}{other}"), &[]).expect("loads");
    let backends = config.backend.check().expect("checked before");
    let workspaces: Vec<_> = backends.iter().map(|one| one.workspace.as_str()).collect();
    assert_eq!(workspaces, ["default", "team"]);
}

#[test]
fn a_backend_that_is_none_is_told_by_its_id() {
    for (more, told) in [
        (
            "default-ttl = \"2d\"\n",
            "[[backend]] `github`: `default-ttl` must be at most max-ttl, which is 24h",
        ),
        (
            "allowed-scopes = []\n",
            "[[backend]] `github`: `allowed-scopes` must be 1 to 100 patterns",
        ),
        (
            BACKEND,
            "[[backend]] `github`: `id` is given twice in one workspace",
        ),
        ("max-ttl = \"a while\"\n", "must be a duration such as"),
        ("max-ttl = \"0s\"\n", "must be a duration such as"),
        ("ttl = \"1h\"\n", "is not a key that is known here"),
        ("pin = \"latest\"\n", "pin"),
    ] {
        let refusal = refusal(&format!("{BACKEND}{more}"), &[]);
        assert!(refusal.contains(told), "{more}: {refusal}");
    }
    let missing = refusal("[[backend]]\nid = \"github\"\nprovider = \"github\"\n", &[]);
    assert!(missing.contains("`credential` is missing"), "{missing}");
}
