//! One SQL text on either database.
//!
//! `execute!(on, "…", values…)`, `fetch_all!(on, Row, "…", values…)` and `fetch_optional!(…)` prepare and run a text on
//! a `Reader` or a `Transaction`. Placeholders are `$1`, `$2`, …, which both databases read; `Row` is a tuple or derives
//! `sqlx::FromRow`. A text that is put together from parts (of this program, never of an input) comes with its values as
//! a list of [`Value`].

/// The text with `?` for `$1`, `$2`, …, where each is there once and in its order; any other text as it is. `SQLite` counts
/// `$1` as a name, and looks a name up by walking all of them. A group of the audit log has a thousand, which made the
/// walk a seventh of what a reveal costs.
pub(crate) fn nameless(text: String) -> String {
    let mut parts = text.split('$');
    let mut nameless = String::with_capacity(text.len());
    nameless.push_str(parts.next().unwrap_or_default());
    for (index, part) in parts.enumerate() {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        if part[..part.len() - rest.len()].parse() != Ok(index + 1) {
            return text;
        }
        nameless.push('?');
        nameless.push_str(rest);
    }
    nameless
}

/// A value of a text whose number of values isn't known beforehand.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Text, or NULL.
    Text(Option<String>),
    /// A number, or NULL.
    Number(Option<i64>),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        // PostgreSQL has no NUL in a text; nothing that is stored has one either, so this finds as little.
        let text = if text.contains('\0') {
            text.replace('\0', "\u{fffd}")
        } else {
            text
        };
        Self::Text(Some(text))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Text(None), Self::from)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// Runs a statement; how many rows it changed.
macro_rules! execute {
    ($on:expr, values $values:expr, $text:expr) => {{
        let (text, values): (String, Vec<$crate::store::Value>) = ($text, $values);
        match $on.connection() {
            $crate::store::Connection::Sqlite(connection) => {
                let text = $crate::store::nameless(text);
                let query = bind_values!(sqlx::query::<sqlx::Sqlite>(sqlx::AssertSqlSafe(text)), values);
                query.execute(connection).await.map(|done| done.rows_affected())
            }
            $crate::store::Connection::Postgres(connection) => {
                let query = bind_values!(sqlx::query::<sqlx::Postgres>(sqlx::AssertSqlSafe(text)), values);
                query.execute(connection).await.map(|done| done.rows_affected())
            }
        }
        .map_err($crate::store::StoreError::from)
    }};
    ($on:expr, $text:expr $(, $value:expr)* $(,)?) => {
        match $on.connection() {
            $crate::store::Connection::Sqlite(connection) => sqlx::query::<sqlx::Sqlite>($text)
                $(.bind($value))*.execute(connection).await.map(|done| done.rows_affected()),
            $crate::store::Connection::Postgres(connection) => sqlx::query::<sqlx::Postgres>($text)
                $(.bind($value))*.execute(connection).await.map(|done| done.rows_affected()),
        }
        .map_err($crate::store::StoreError::from)
    };
}

/// All rows of a query.
macro_rules! fetch_all {
    ($on:expr, $row:ty, values $values:expr, $text:expr) => {{
        let (text, values): (String, Vec<$crate::store::Value>) = ($text, $values);
        match $on.connection() {
            $crate::store::Connection::Sqlite(connection) => {
                let text = $crate::store::nameless(text);
                let query = sqlx::query_as::<sqlx::Sqlite, $row>(sqlx::AssertSqlSafe(text));
                bind_values!(query, values).fetch_all(connection).await
            }
            $crate::store::Connection::Postgres(connection) => {
                let query = sqlx::query_as::<sqlx::Postgres, $row>(sqlx::AssertSqlSafe(text));
                bind_values!(query, values).fetch_all(connection).await
            }
        }
        .map_err($crate::store::StoreError::from)
    }};
    ($on:expr, $row:ty, $text:expr $(, $value:expr)* $(,)?) => {
        match $on.connection() {
            $crate::store::Connection::Sqlite(connection) => sqlx::query_as::<sqlx::Sqlite, $row>($text)
                $(.bind($value))*.fetch_all(connection).await,
            $crate::store::Connection::Postgres(connection) => sqlx::query_as::<sqlx::Postgres, $row>($text)
                $(.bind($value))*.fetch_all(connection).await,
        }
        .map_err($crate::store::StoreError::from)
    };
}

/// The one row of a query, where there is one.
macro_rules! fetch_optional {
    ($on:expr, $row:ty, $text:expr $(, $value:expr)* $(,)?) => {
        match $on.connection() {
            $crate::store::Connection::Sqlite(connection) => sqlx::query_as::<sqlx::Sqlite, $row>($text)
                $(.bind($value))*.fetch_optional(connection).await,
            $crate::store::Connection::Postgres(connection) => sqlx::query_as::<sqlx::Postgres, $row>($text)
                $(.bind($value))*.fetch_optional(connection).await,
        }
        .map_err($crate::store::StoreError::from)
    };
}

/// Binds a list of values, in order.
macro_rules! bind_values {
    ($query:expr, $values:expr) => {
        $values
            .into_iter()
            .fold($query, |query, value| match value {
                $crate::store::Value::Text(text) => query.bind(text),
                $crate::store::Value::Number(number) => query.bind(number),
                $crate::store::Value::Bytes(bytes) => query.bind(bytes),
            })
    };
}

#[cfg(test)]
mod tests {
    use super::nameless;

    fn named(text: &str) -> String {
        nameless(text.to_owned())
    }

    #[test]
    fn placeholders_lose_their_names_where_the_order_says_enough() {
        assert_eq!(
            named("VALUES ($1, $2), ($3, $4) LIMIT 5"),
            "VALUES (?, ?), (?, ?) LIMIT 5"
        );
        for text in [
            "SELECT 1",
            "a = $1 OR b = $1",
            "a = $2 AND b = $1",
            "a = '$'",
        ] {
            assert_eq!(named(text), text);
        }
    }
}
