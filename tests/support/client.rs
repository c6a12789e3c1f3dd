//! An HTTP client that keeps every answer, and callers with verbs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// `GET /health`
    pub asked: String,
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether the answer is meant to hold a secret.
    pub reveals: bool,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{self} is no JSON: {error}"))
    }

    /// Fails unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// A header's value as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Everything that the client saw: headers and body.
    pub fn all(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} answered {}: {}",
            self.asked,
            self.status,
            self.text()
        )
    }
}

/// Speaks to one server. Clones share the connections and the record.
#[derive(Clone)]
pub struct Http {
    base: String,
    client: Client<HttpConnector, Full<Bytes>>,
    record: Arc<Mutex<Vec<Answer>>>,
}

/// A request that is being put together.
pub struct Ask<'h> {
    http: &'h Http,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    reveals: bool,
}

impl Http {
    /// For the server at `base`.
    pub fn new(base: String) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build_http();
        Self {
            base,
            client,
            record: Arc::default(),
        }
    }

    /// A request of that method and path.
    pub fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        let method = method.parse().expect("a method");
        Ask {
            http: self,
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            reveals: false,
        }
    }

    /// Every answer until now.
    pub fn record(&self) -> Vec<Answer> {
        self.record.lock().expect("no test panics with it").clone()
    }
}

impl Ask<'_> {
    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// With a body of that type.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.headers
            .push(("content-type".to_owned(), content_type.to_owned()));
        self.body = body.into();
        self
    }

    /// The answer is meant to hold a secret.
    #[must_use]
    pub fn reveals(mut self) -> Self {
        self.reveals = true;
        self
    }

    /// Sends it. None where the connection breaks.
    pub async fn try_send(self) -> Option<Answer> {
        let asked = format!("{} {}", self.method, self.path);
        let mut request = Request::builder()
            .method(self.method)
            .uri(format!("{}{}", self.http.base, self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(self.body))
            .expect("a proper request");
        let response = self.http.client.request(request).await.ok()?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let answer = Answer {
            asked,
            status: head.status.as_u16(),
            headers: head.headers,
            body,
            reveals: self.reveals,
        };
        self.http
            .record
            .lock()
            .expect("no test panics with it")
            .push(answer.clone());
        Some(answer)
    }

    /// Sends it.
    pub async fn send(self) -> Answer {
        let asked = format!("{} {}", self.method, self.path);
        self.try_send()
            .await
            .unwrap_or_else(|| panic!("{asked}: no answer"))
    }
}

/// A user who logged in.
#[derive(Clone)]
pub struct User {
    /// The connection.
    pub http: Http,
    /// The bearer token.
    pub token: String,
}

impl User {
    /// Logs in.
    pub async fn log_in(http: &Http, username: &str, password: &str) -> Self {
        let body = json!({"username": username, "password": password});
        let answer = http
            .ask("POST", "/v1/token")
            .json(&body)
            .reveals()
            .send()
            .await
            .expect(200);
        let token = answer.json()["data"]["token"]
            .as_str()
            .expect("a token")
            .to_owned();
        Self {
            http: http.clone(),
            token,
        }
    }

    /// A request with this user's token.
    pub fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        self.http
            .ask(method, path)
            .header("authorization", &format!("Bearer {}", self.token))
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send().await
    }

    /// `POST` without a body.
    pub async fn post(&self, path: &str) -> Answer {
        self.ask("POST", path).send().await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path).send().await
    }

    /// Any method with a JSON body.
    pub async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        self.ask(method, path).json(&body).send().await
    }

    /// The verbs of the `workspaces` surface in one workspace.
    pub fn workspace(&self, id: &str) -> Workspace {
        Workspace {
            user: self.clone(),
            id: id.to_owned(),
        }
    }

    /// Makes a user (administrators only) and logs in as that one. Gives the id, too.
    pub async fn make_user(
        &self,
        username: &str,
        password: &str,
        administrator: bool,
    ) -> (Self, String) {
        let body =
            json!({"username": username, "password": password, "administrator": administrator});
        let answer = self.send("POST", "/admin/users", body).await;
        assert!(matches!(answer.status, 200 | 201), "{answer}");
        let id = answer.json()["id"].as_str().expect("an id").to_owned();
        (Self::log_in(&self.http, username, password).await, id)
    }

    /// Makes a workspace (administrators only) and gives its id.
    pub async fn make_workspace(&self, name: &str) -> String {
        let answer = self
            .send("POST", "/admin/workspaces", json!({"name": name}))
            .await;
        assert!(matches!(answer.status, 200 | 201), "{answer}");
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    /// Lets a user do these things in a workspace (administrators only).
    pub async fn put_member(&self, workspace: &str, user: &str, permissions: &[&str]) {
        let path = format!("/admin/workspaces/{workspace}/members/{user}");
        let answer = self
            .send("PUT", &path, json!({"permissions": permissions}))
            .await;
        assert!(matches!(answer.status, 200 | 201 | 204), "{answer}");
    }

    /// The id of the workspace `default`.
    pub async fn default_workspace(&self) -> String {
        let answer = self.get("/admin/workspaces").await.expect(200).json();
        let all = answer["workspaces"].as_array().expect("a list").clone();
        let one = all
            .iter()
            .find(|one| one["name"] == "default")
            .expect("the first start makes it");
        one["id"].as_str().expect("an id").to_owned()
    }

    /// Stores a credential through `aegis`, in the home workspace.
    pub async fn store(&self, name: &str, kind: &str, provider: &str, value: &str) -> Value {
        let body =
            json!({"name": name, "credential_type": kind, "provider": provider, "value": value});
        let answer = self.send("POST", "/credentials", body).await;
        assert!(matches!(answer.status, 200 | 201), "{answer}");
        answer.json()
    }

    /// Tests a credential through `aegis`, in the home workspace.
    pub async fn test(&self, name: &str) -> Value {
        self.post(&format!("/credentials/{name}/test"))
            .await
            .expect(200)
            .json()
    }

    /// The whole audit log of the home workspace.
    pub async fn audit_log(&self) -> Vec<Value> {
        let answer = self.get("/audit/log?limit=1000").await.expect(200).json();
        answer["log"].as_array().expect("a list").clone()
    }
}

/// The `workspaces` surface, in one workspace.
#[derive(Clone)]
pub struct Workspace {
    /// Who speaks.
    pub user: User,
    /// `WSP-…`
    pub id: String,
}

impl Workspace {
    /// The path of all credentials, or with `/…` of one.
    pub fn path(&self, rest: &str) -> String {
        format!("/frontend/workspaces/{}/credentials{rest}", self.id)
    }

    /// Stores an API key and gives its id.
    pub async fn create_api_key(&self, name: &str, provider: &str, key: &str) -> String {
        let body = json!({"name": name, "provider": provider, "api_key": key});
        self.create("api-key", &body).await
    }

    /// Stores a credential of any kind and gives its id.
    pub async fn create(&self, kind: &str, body: &Value) -> String {
        let answer = self.try_create(kind, body).await.expect(200);
        answer.json()["data"]["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// Stores a credential of any kind.
    pub async fn try_create(&self, kind: &str, body: &Value) -> Answer {
        self.user
            .ask("POST", &self.path(&format!("/{kind}")))
            .json(body)
            .send()
            .await
    }

    /// A credential without its secret.
    pub async fn get(&self, id: &str) -> Answer {
        self.user.get(&self.path(&format!("/{id}"))).await
    }

    /// A credential with its secret.
    pub async fn reveal(&self, id: &str) -> Answer {
        self.user
            .ask("GET", &self.path(&format!("/{id}?include_secret=true")))
            .reveals()
            .send()
            .await
    }

    /// All credentials; `query` is empty or begins with `?`.
    pub async fn list(&self, query: &str) -> Answer {
        self.user.get(&self.path(query)).await
    }

    /// Changes metadata.
    pub async fn update(&self, id: &str, body: Value) -> Answer {
        self.user
            .send("PUT", &self.path(&format!("/{id}")), body)
            .await
    }

    /// Makes it usable again.
    pub async fn activate(&self, id: &str) -> Answer {
        self.user.post(&self.path(&format!("/{id}/activate"))).await
    }

    /// Makes it unusable for a while.
    pub async fn deactivate(&self, id: &str) -> Answer {
        self.user
            .post(&self.path(&format!("/{id}/deactivate")))
            .await
    }

    /// Deletes it.
    pub async fn delete(&self, id: &str) -> Answer {
        self.user.delete(&self.path(&format!("/{id}"))).await
    }
}
