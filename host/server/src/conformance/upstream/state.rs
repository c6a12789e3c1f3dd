//! What the scripted provider knows, and what it makes of a request.

use std::collections::BTreeMap;

use serde_json::json;

use super::answer::{self, Reply};
use super::items::{Changed, Items};
use super::needs;
use super::request::Recorded;
use crate::conformance::script::{Answer, Route, Script};

/// The most requests that are kept, so that a plugin that asks in a loop doesn't fill the memory.
const MOST_REQUESTS: usize = 1000;

/// How the path ends that a redirect leads to, which must not be followed. What stands before is the path that was asked
/// for: the plugin may go there.
pub(crate) const ELSEWHERE: &str = "/claviger-redirected";

/// A provider in trouble.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It answers this, whatever it is asked.
    Answer(Answer),
    /// It answers as the script says, and the connection breaks in the middle of the body.
    CutOff,
    /// It answers with what isn't HTTP.
    NoHttp,
    /// It takes the request and never answers.
    Hang,
    /// It does what changes something, and the answer to it is lost. Other requests are answered.
    LostAnswer,
    /// It sends whoever asks elsewhere, on the origin that was asked.
    Redirect,
}

pub(super) struct State {
    script: Script,
    pub fault: Option<Fault>,
    pub working: Vec<BTreeMap<String, String>>,
    pub items: Items,
    pub requests: Vec<Recorded>,
    /// The requests that no route was for.
    pub unanswered: Vec<String>,
    /// How often each route has answered.
    answered: Vec<usize>,
}

impl State {
    pub(super) fn new(script: Script) -> Self {
        let mut state = Self {
            script,
            fault: None,
            working: Vec::new(),
            items: Items::default(),
            requests: Vec::new(),
            unanswered: Vec::new(),
            answered: Vec::new(),
        };
        state.reset();
        state
    }

    pub(super) fn reset(&mut self) {
        let working = self.script.credentials.iter().filter(|it| it.works);
        self.working = working.map(|it| it.fields.clone()).collect();
        self.answered = vec![0; self.script.routes.len()];
        self.items = Items::default();
        self.requests.clear();
        self.unanswered.clear();
        self.fault = None;
    }

    pub(super) fn answer(&mut self, request: Recorded) -> Reply {
        let reply = self.reply(&request);
        if self.requests.len() < MOST_REQUESTS {
            self.requests.push(request);
        }
        reply
    }

    fn reply(&mut self, request: &Recorded) -> Reply {
        match self.fault.clone() {
            None => Reply::Bytes(answer::bytes(&self.scripted(request), false)),
            Some(Fault::CutOff) => Reply::Bytes(answer::bytes(&self.scripted(request), true)),
            Some(Fault::Answer(fixed)) => Reply::Bytes(answer::bytes(&fixed, false)),
            Some(Fault::NoHttp) => {
                Reply::Bytes(b"\x16\x03\x01\x02\0\x01\0\x01 this is no HTTP\r\n\r\n".to_vec())
            }
            Some(Fault::Hang) => Reply::Silence,
            Some(Fault::LostAnswer) => {
                let found = self.scripted(request);
                Reply::Bytes(if request.is_change() {
                    Vec::new()
                } else {
                    answer::bytes(&found, false)
                })
            }
            Some(Fault::Redirect) => {
                let mut elsewhere = Answer::of(302, json!({}));
                let location = format!("{}{}{ELSEWHERE}", request.origin, request.path);
                elsewhere.headers.insert("location".to_owned(), location);
                Reply::Bytes(answer::bytes(&elsewhere, false))
            }
        }
    }

    /// What the script answers.
    fn scripted(&mut self, request: &Recorded) -> Answer {
        for number in 0..self.script.routes.len() {
            let route = &self.script.routes[number];
            if !is_for(route, request) {
                continue;
            }
            let changed = if needs::are_met(&route.needs, request, &self.working, &self.items) {
                self.items.change(route, request)
            } else {
                Changed::Missing
            };
            let made = match changed {
                Changed::Item(item) => Some(item),
                Changed::Nothing => None,
                Changed::Missing => match &route.otherwise {
                    Some(otherwise) => return otherwise.clone(),
                    None => continue,
                },
            };
            let answer = route.answer.number(self.answered[number]).clone();
            self.answered[number] += 1;
            return self.items.fill(answer, route, made.as_ref());
        }
        let line = request.line();
        let answer = Answer::of(
            404,
            json!({"error": format!("the script has no answer to {line}")}),
        );
        if self.unanswered.len() < MOST_REQUESTS {
            self.unanswered.push(line);
        }
        answer
    }
}

/// Whether a route is for a request, its needs aside.
fn is_for(route: &Route, request: &Recorded) -> bool {
    route.method.as_str() == request.method
        && route.path.matches(&request.path)
        && route
            .origin
            .as_ref()
            .is_none_or(|origin| *origin == request.origin)
}
