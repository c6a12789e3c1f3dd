//! The real binary, on a data directory, a database and a port of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::client::{Http, User};
use super::database::Database;
use super::providers::Provider;
use super::wait::PATIENCE;

/// The administrator's password, unless a test wants the server to make one.
pub const PASSWORD: &str = "correct horse battery staple";

/// A place to run servers in: its data directory and database outlive each of them.
pub struct Site {
    directory: TempDir,
    /// Where its rows are.
    pub database: Database,
    plugins: BTreeMap<String, toml::Table>,
    backends: Vec<toml::Value>,
    environment: BTreeMap<String, String>,
    log_level: &'static str,
    log: Arc<Mutex<Log>>,
}

/// What every server of a site wrote.
#[derive(Default)]
struct Log {
    stdout: String,
    stderr: String,
}

/// A running server. It is killed when this is dropped.
pub struct Server {
    child: Child,
    /// Where it runs.
    pub site: Site,
    /// `http://127.0.0.1:41234`
    pub base: String,
    /// What it is spoken to with.
    pub http: Http,
    readers: Vec<JoinHandle<()>>,
}

impl Site {
    /// A fresh one.
    pub async fn new() -> Self {
        let environment =
            BTreeMap::from([("CLAVIGER_ADMIN_PASSWORD".to_owned(), PASSWORD.to_owned())]);
        Self {
            directory: TempDir::with_prefix("claviger-test-").expect("a directory"),
            database: Database::fresh().await,
            plugins: BTreeMap::new(),
            backends: Vec::new(),
            environment,
            log_level: "debug",
            log: Arc::default(),
        }
    }

    /// A plugin's provider is here, not where it really is.
    #[must_use]
    pub fn provider(self, provider: &Provider) -> Self {
        self.replace_origin(
            provider.plugin,
            provider.origin,
            &provider.upstream.origin(),
        )
    }

    /// What a plugin sends to one origin goes to another.
    #[must_use]
    pub fn replace_origin(mut self, plugin: &str, from: &str, to: &str) -> Self {
        let table = self.plugins.entry(plugin.to_owned()).or_default();
        let replaced = table
            .entry("replace-origins")
            .or_insert_with(|| toml::Table::new().into());
        let replaced = replaced.as_table_mut().expect("made above");
        replaced.insert(from.to_owned(), to.into());
        self
    }

    /// A setting of a plugin.
    #[must_use]
    pub fn plugin(mut self, plugin: &str, key: &str, value: impl Into<toml::Value>) -> Self {
        self.plugins
            .entry(plugin.to_owned())
            .or_default()
            .insert(key.to_owned(), value.into());
        self
    }

    /// A backend of the configuration.
    #[must_use]
    pub fn backend(mut self, backend: toml::Table) -> Self {
        self.backends.push(backend.into());
        self
    }

    /// An environment variable of the server.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Without that environment variable.
    #[must_use]
    pub fn without_variable(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// Writes less than the tests look through.
    #[must_use]
    pub fn log_level(mut self, level: &'static str) -> Self {
        self.log_level = level;
        self
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// What stdout said, of all servers that ran here.
    pub fn stdout(&self) -> String {
        self.log
            .lock()
            .expect("no test panics with it")
            .stdout
            .clone()
    }

    /// What stderr said, of all servers that ran here.
    pub fn stderr(&self) -> String {
        self.log
            .lock()
            .expect("no test panics with it")
            .stderr
            .clone()
    }

    fn write_config(&self) -> PathBuf {
        let mut config = toml::Table::new();
        config.insert("data-dir".to_owned(), path_text(&self.data()).into());
        config.insert("listen".to_owned(), "127.0.0.1:0".into());
        config.insert("log-level".to_owned(), self.log_level.into());
        if let Some(url) = self.database.url() {
            config.insert("database-url".to_owned(), url.into());
        }
        let plugins: toml::Table = self
            .plugins
            .clone()
            .into_iter()
            .map(|(name, table)| (name, table.into()))
            .collect();
        config.insert("plugins".to_owned(), plugins.into());
        if !self.backends.is_empty() {
            config.insert("backend".to_owned(), self.backends.clone().into());
        }
        let path = self.directory.path().join("claviger.toml");
        std::fs::write(&path, config.to_string()).expect("a file");
        path
    }

    /// The binary with these arguments, this site's configuration and environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.write_config())
            .current_dir(self.directory.path());
        command
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs the binary to its end.
    pub async fn run(&self, arguments: &[&str]) -> std::process::Output {
        let output = self
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output();
        let output = timeout(PATIENCE, output)
            .await
            .expect("it ends")
            .expect("it runs");
        let mut log = self.log.lock().expect("no test panics with it");
        log.stdout
            .push_str(&String::from_utf8_lossy(&output.stdout));
        log.stderr
            .push_str(&String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Starts a server and waits until it is ready.
    pub async fn start(self) -> Server {
        let mut command = self.command(&["serve"]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        let (ready, mut address) = watch::channel(None::<String>);
        let stdout = child.stdout.take().expect("piped");
        let stderr = child.stderr.take().expect("piped");
        let readers = vec![
            tokio::spawn(collect(stdout, Arc::clone(&self.log), true, Some(ready))),
            tokio::spawn(collect(stderr, Arc::clone(&self.log), false, None)),
        ];
        let found = timeout(PATIENCE, address.wait_for(Option::is_some)).await;
        let base = match found {
            Ok(Ok(address)) => address.clone().expect("waited for"),
            _ => panic!(
                "the server isn't ready; stdout: {}\nstderr: {}",
                self.stdout(),
                self.stderr()
            ),
        };
        Server {
            child,
            site: self,
            http: Http::new(base.clone()),
            base,
            readers,
        }
    }
}

impl Server {
    /// A server with nothing set.
    pub async fn plain() -> Self {
        Site::new().await.start().await
    }

    /// The first administrator.
    pub async fn admin(&self) -> User {
        User::log_in(&self.http, "admin", PASSWORD).await
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Ends it at once, as `kill -9` does.
    pub async fn kill(mut self) -> Site {
        self.child.kill().await.expect("it ran");
        self.read_to_the_end().await;
        self.site
    }

    /// Asks it to end, waits for it, and says how it ended.
    pub async fn stop(mut self) -> (Site, ExitStatus) {
        let pid = self.pid().to_string();
        let asked = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &pid])
            .status()
            .await
            .expect("a shell");
        assert!(asked.success(), "the server was gone already");
        let status = timeout(PATIENCE, self.child.wait())
            .await
            .expect("it ends")
            .expect("it ran");
        self.read_to_the_end().await;
        (self.site, status)
    }

    async fn read_to_the_end(&mut self) {
        for reader in self.readers.drain(..) {
            // The pipes close with the process.
            let _ = timeout(Duration::from_secs(5), reader).await;
        }
    }
}

async fn collect(
    pipe: impl AsyncRead + Unpin,
    log: Arc<Mutex<Log>>,
    stdout: bool,
    ready: Option<watch::Sender<Option<String>>>,
) {
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(ready) = &ready
            && let Some(address) = address_in(&line)
        {
            ready.send_replace(Some(address));
        }
        let mut log = log.lock().expect("no test panics with it");
        let text = if stdout {
            &mut log.stdout
        } else {
            &mut log.stderr
        };
        text.push_str(&line);
        text.push('\n');
    }
}

/// `http://127.0.0.1:41234`, if the line names it.
fn address_in(line: &str) -> Option<String> {
    let at = line.find("127.0.0.1:")?;
    let port: String = line[at + "127.0.0.1:".len()..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    (!port.is_empty() && port != "0").then(|| format!("http://127.0.0.1:{port}"))
}

fn path_text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}
