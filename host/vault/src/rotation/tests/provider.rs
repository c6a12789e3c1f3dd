//! A provider that keeps keys, as the guests `keys` and `assigner` know it.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::support::FIRST;

/// A key that was made there.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) secret: String,
    pub(super) works: bool,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It answers this and does nothing.
    Answers(u16),
    /// It does it, and the answer gets lost.
    LosesAnswer,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) keys: Vec<Key>,
    /// Method, beginning of the path, what goes wrong and how often.
    faults: Vec<(&'static str, &'static str, Fault, usize)>,
    /// `POST /allowed/keys`, …
    pub(super) asked: Vec<String>,
    made: usize,
    /// Whether making a key ends the one that it was asked for with.
    pub(super) replaces: bool,
    /// How often a key is refused that isn't the first one, where it is tested.
    pub(super) refuses_new: usize,
    running: usize,
    pub(super) most_at_once: usize,
}

#[derive(Clone)]
pub(super) struct Provider {
    pub(super) origin: String,
    state: Arc<Mutex<State>>,
}

impl Provider {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let provider = Self { origin, state };
        let serving = provider.clone();
        tokio::spawn(async move {
            // Ends with the test's runtime.
            while let Ok((stream, _)) = listener.accept().await {
                let provider = serving.clone();
                tokio::spawn(async move { provider.serve(stream).await });
            }
        });
        provider
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A key that was made in the provider's console.
    pub(super) fn add(&self, name: &str, secret: &str) {
        let key = Key {
            id: format!("id-{name}"),
            name: name.to_owned(),
            secret: secret.to_owned(),
            works: true,
        };
        self.state().keys.push(key);
    }

    pub(super) fn break_down(
        &self,
        method: &'static str,
        path: &'static str,
        fault: Fault,
        times: usize,
    ) {
        self.state().faults.push((method, path, fault, times));
    }

    pub(super) fn heal(&self) {
        self.state().faults.clear();
    }

    /// The secrets that work, the oldest first.
    pub(super) fn working(&self) -> Vec<String> {
        let state = self.state();
        let working = state.keys.iter().filter(|key| key.works);
        working.map(|key| key.secret.clone()).collect()
    }

    pub(super) fn works(&self, secret: &str) -> bool {
        self.working().iter().any(|known| known == secret)
    }

    /// How often that was asked for.
    pub(super) fn times(&self, what: &str) -> usize {
        let state = self.state();
        state.asked.iter().filter(|asked| *asked == what).count()
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.to_owned())
        };
        let length = header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let bearer = header("authorization").unwrap_or_default();
        let secret = bearer.strip_prefix("Bearer ").unwrap_or_default();
        let answer = self.answer(method, path, secret, &body).await;
        let Some((status, body)) = answer else { return };
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        // Whoever asked may have gone.
        let _ = stream.write_all(answer.as_bytes()).await;
    }

    /// None where the answer gets lost.
    async fn answer(
        &self,
        method: &str,
        path: &str,
        secret: &str,
        body: &Value,
    ) -> Option<(u16, Value)> {
        let fault = {
            let mut state = self.state();
            state.running += 1;
            state.most_at_once = state.most_at_once.max(state.running);
            state.asked.push(format!("{method} {path}"));
            state.fault(method, path)
        };
        // Others come in meanwhile.
        tokio::task::yield_now().await;
        let mut state = self.state();
        state.running -= 1;
        match fault {
            Some(Fault::Answers(status)) => Some((status, json!({}))),
            Some(Fault::LosesAnswer) => {
                state.does(method, path, secret, body);
                None
            }
            None => Some(state.does(method, path, secret, body)),
        }
    }
}

impl State {
    fn fault(&mut self, method: &str, path: &str) -> Option<Fault> {
        let found = self
            .faults
            .iter_mut()
            .find(|(of, at, _, times)| *of == method && path.starts_with(at) && *times > 0)?;
        found.3 -= 1;
        Some(found.2)
    }

    fn does(&mut self, method: &str, path: &str, secret: &str, body: &Value) -> (u16, Value) {
        let asker = self.keys.iter().position(|key| key.secret == secret);
        let restores = path == "/allowed/restored";
        let Some(asker) = asker.filter(|index| restores || self.keys[*index].works) else {
            return (401, json!({"error": "no such key"}));
        };
        match (method, path) {
            ("GET", "/allowed") if secret != FIRST && self.refuses_new > 0 => {
                self.refuses_new -= 1;
                (401, json!({"error": "not known here yet"}))
            }
            ("GET", "/allowed") => (200, json!({})),
            ("GET", "/allowed/keys") => {
                let working = self.keys.iter().filter(|key| key.works);
                let listed: Vec<_> = working
                    .map(|key| json!({"id": key.id, "name": key.name}))
                    .collect();
                (200, json!({ "data": listed }))
            }
            ("POST", "/allowed/keys") => {
                self.made += 1;
                let key = Key {
                    id: format!("id-{}", self.made),
                    name: body["name"].as_str().unwrap().to_owned(),
                    secret: format!("made-secret-{:08}", self.made),
                    works: true,
                };
                let answer = json!({"id": key.id, "key": key.secret});
                self.keys[asker].works = !self.replaces;
                self.keys.push(key);
                (200, answer)
            }
            ("PUT", "/allowed/current") => {
                body["key"]
                    .as_str()
                    .unwrap()
                    .clone_into(&mut self.keys[asker].secret);
                (200, json!({}))
            }
            ("POST", "/allowed/restored") => {
                self.keys[asker].works = true;
                (200, json!({}))
            }
            ("DELETE", path) => {
                let id = path.rsplit('/').next().unwrap();
                let found = self.keys.iter_mut().find(|key| key.id == id && key.works);
                match found {
                    Some(key) => {
                        key.works = false;
                        (200, json!({}))
                    }
                    None => (404, json!({})),
                }
            }
            _ => (405, json!({})),
        }
    }
}
