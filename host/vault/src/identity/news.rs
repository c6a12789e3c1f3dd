//! What hosts that share a database tell each other of users, members and tokens.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::memory::Memory;
use super::token::TokenId;
use crate::audit::{Applied, Change};
use crate::store::listen::{self, Heed};
use crate::store::{StoreError, Transaction};

/// Something that what is remembered no longer agrees with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// A user was changed.
    User,
    /// A membership was changed.
    Member,
    /// A token was revoked.
    Revoked {
        token: TokenId,
        /// When it would have ended; after that, nobody needs to remember that it was revoked.
        expires_at: Timestamp,
    },
}

impl News {
    fn parse(words: &str) -> Option<Self> {
        let mut words = words.strip_prefix("identity ")?.split(' ');
        match words.next()? {
            "user" => Some(Self::User),
            "member" => Some(Self::Member),
            "revoked" => {
                let token = TokenId::parse(words.next()?)?;
                let expires_at = Timestamp::from_millisecond(words.next()?.parse().ok()?).ok()?;
                Some(Self::Revoked { token, expires_at })
            }
            _ => None,
        }
    }
}

impl fmt::Display for News {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => formatter.write_str("identity user"),
            Self::Member => formatter.write_str("identity member"),
            Self::Revoked { token, expires_at } => {
                write!(
                    formatter,
                    "identity revoked {token} {}",
                    expires_at.as_millisecond()
                )
            }
        }
    }
}

/// A change with the news of it: told to the others with its transaction, and learnt here before anybody is answered.
pub(super) struct Told<C> {
    change: C,
    news: News,
    memory: Arc<Memory>,
    /// Whether it was tried: where the database is out of reach from the start, nothing changed.
    tried: bool,
}

impl<C: Change> Told<C> {
    /// Boxed, as the audit writer takes it.
    pub(super) fn boxed(change: C, news: News, memory: &Arc<Memory>) -> Box<dyn Change> {
        Box::new(Self {
            change,
            news,
            memory: Arc::clone(memory),
            tried: false,
        })
    }
}

impl<C: Change> Change for Told<C> {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            self.tried = true;
            let applied = self.change.apply(transaction).await?;
            if applied == Applied::Done {
                listen::tell(transaction, &self.news.to_string()).await?;
            }
            Ok(applied)
        }
        .boxed()
    }

    fn settled(&mut self) {
        self.change.settled();
        if self.tried {
            self.memory.learn(self.news);
        }
    }
}

impl Heed for Memory {
    fn heard(&self, words: &str) {
        if let Some(news) = News::parse(words) {
            self.learn(news);
        }
    }

    fn deaf(&self) {
        self.trust(false);
    }

    fn listening(&self) {
        self.trust(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_what_is_heard() {
        let expires_at = Timestamp::from_second(1_800_000_000).unwrap();
        for news in [
            News::User,
            News::Member,
            News::Revoked {
                token: TokenId::draw(),
                expires_at,
            },
        ] {
            assert!(News::parse(&news.to_string()) == Some(news), "{news}");
        }
        for words in [
            "",
            "identity",
            "identity ",
            "identity revoked",
            "identity revoked a b",
            "credential 1 2",
        ] {
            assert!(News::parse(words).is_none(), "{words}");
        }
    }
}
