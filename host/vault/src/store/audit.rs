//! The rows of the audit log, and the head of its chain.

use std::fmt::Write as _;

use sqlx::FromRow;

use super::{Database, StoreError, Transaction, Value};

/// A row of the log, as it is chained, written and read.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct AuditRow {
    pub(crate) number: i64,
    pub(crate) at: i64,
    pub(crate) workspace: Option<String>,
    pub(crate) actor_kind: String,
    pub(crate) actor_id: Option<String>,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) credential: Option<String>,
    pub(crate) credential_name: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) success: i64,
    pub(crate) trace_id: String,
    pub(crate) address: Option<String>,
    pub(crate) detail: String,
    pub(crate) mac_key: String,
    pub(crate) mac: Vec<u8>,
}

const COLUMNS: &str = "number, at, workspace, actor_kind, actor_id, actor, action, credential, credential_name, target, \
     success, trace_id, address, detail, mac_key, mac";
const WIDTH: usize = 16;

/// The number and the MAC of the last entry. Locks the chain until the transaction ends: one group at a time gets
/// numbers, also between hosts.
pub(crate) async fn lock_head(transaction: &mut Transaction) -> Result<(i64, Vec<u8>), StoreError> {
    let text = "UPDATE audit_head SET number = number WHERE one = 1 RETURNING number, mac";
    fetch_optional!(transaction, (i64, Vec<u8>), text)?
        .ok_or_else(|| StoreError::damaged("audit_head", "its one row is missing"))
}

/// Moves the head to the last entry of a group.
pub(crate) async fn move_head(
    transaction: &mut Transaction,
    number: i64,
    mac: &[u8],
) -> Result<(), StoreError> {
    execute!(
        transaction,
        "UPDATE audit_head SET number = $1, mac = $2 WHERE one = 1",
        number,
        mac
    )?;
    Ok(())
}

/// Inserts the entries of a group in one statement.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    rows: Vec<AuditRow>,
) -> Result<(), StoreError> {
    let text = format!(
        "INSERT INTO audit ({COLUMNS}) VALUES {}",
        placeholders(rows.len(), WIDTH)
    );
    let mut values = Vec::with_capacity(rows.len() * WIDTH);
    for row in rows {
        values.extend::<[Value; WIDTH]>([
            row.number.into(),
            row.at.into(),
            row.workspace.into(),
            row.actor_kind.into(),
            row.actor_id.into(),
            row.actor.into(),
            row.action.into(),
            row.credential.into(),
            row.credential_name.into(),
            row.target.into(),
            row.success.into(),
            row.trace_id.into(),
            row.address.into(),
            row.detail.into(),
            row.mac_key.into(),
            row.mac.into(),
        ]);
    }
    execute!(transaction, values values, text)?;
    Ok(())
}

/// `($1, $2), ($3, $4)` for `rows` of `width` values.
pub(super) fn placeholders(rows: usize, width: usize) -> String {
    let mut text = String::with_capacity(rows * width * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..width {
            let number = row * width + column + 1;
            // Writing to a `String` can't fail.
            let _ = if column == 0 {
                write!(text, "${number}")
            } else {
                write!(text, ", ${number}")
            };
        }
        text.push(')');
    }
    text
}

/// Which entries are wanted. Those that are none are not asked about.
#[derive(Debug, Default)]
pub(crate) struct AuditQuery {
    pub(crate) workspace: String,
    pub(crate) credential_name: Option<String>,
    /// Any of them.
    pub(crate) actions: Vec<String>,
    /// What the actions begin with, in characters that are no patterns of SQL's.
    pub(crate) families: &'static [&'static str],
    pub(crate) target: Option<String>,
    pub(crate) actor: Option<String>,
    pub(crate) since: Option<i64>,
    pub(crate) until: Option<i64>,
    pub(crate) before: Option<i64>,
}

impl AuditQuery {
    /// The condition, with the values in the order of its placeholders.
    fn condition(&self) -> (String, Vec<Value>) {
        let mut text = String::from("workspace = $1");
        let mut values = vec![Value::from(self.workspace.clone())];
        let mut and = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                // Writing to a `String` can't fail.
                let _ = write!(text, " AND {condition} ${}", values.len());
            }
        };
        and(
            "credential_name =",
            self.credential_name.clone().map(Value::from),
        );
        and("target =", self.target.clone().map(Value::from));
        and("actor =", self.actor.clone().map(Value::from));
        and("at >=", self.since.map(Value::from));
        and("at <=", self.until.map(Value::from));
        and("number <", self.before.map(Value::from));
        if !self.actions.is_empty() {
            let list: Vec<_> = (values.len() + 1..=values.len() + self.actions.len())
                .map(|number| format!("${number}"))
                .collect();
            // Writing to a `String` can't fail.
            let _ = write!(text, " AND action IN ({})", list.join(", "));
            values.extend(self.actions.iter().cloned().map(Value::from));
        }
        let mut or = " AND (";
        for family in self.families {
            values.push(format!("{family}%").into());
            let _ = write!(text, "{or}action LIKE ${}", values.len());
            or = " OR ";
        }
        if !self.families.is_empty() {
            text.push(')');
        }
        (text, values)
    }
}

/// The newest entries that a query wants, and how many it wants in all.
pub(crate) async fn page(
    database: &Database,
    query: &AuditQuery,
    limit: i64,
) -> Result<(Vec<AuditRow>, i64), StoreError> {
    let mut reader = database.read().await?;
    let (condition, values) = query.condition();
    let text = format!("SELECT COUNT(*) FROM audit WHERE {condition}");
    let total = fetch_all!(reader, (i64,), values values.clone(), text)?
        .first()
        .map_or(0, |row| row.0);
    let text =
        format!("SELECT {COLUMNS} FROM audit WHERE {condition} ORDER BY number DESC LIMIT {limit}");
    Ok((fetch_all!(reader, AuditRow, values values, text)?, total))
}

/// The next entries of the whole log after `number`, in order.
pub(crate) async fn after(
    database: &Database,
    number: i64,
    limit: i64,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut reader = database.read().await?;
    let text = format!("SELECT {COLUMNS} FROM audit WHERE number > $1 ORDER BY number LIMIT $2");
    fetch_all!(reader, AuditRow, values vec![number.into(), limit.into()], text)
}

/// The head, without locking it.
pub(crate) async fn head(database: &Database) -> Result<(i64, Vec<u8>), StoreError> {
    let mut reader = database.read().await?;
    fetch_optional!(
        reader,
        (i64, Vec<u8>),
        "SELECT number, mac FROM audit_head WHERE one = 1"
    )?
    .ok_or_else(|| StoreError::damaged("audit_head", "its one row is missing"))
}
