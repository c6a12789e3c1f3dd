//! What the leave of callers rests on, read in the transaction that writes their entries.

use std::collections::{HashMap, HashSet};

use super::audit::placeholders;
use super::identity::read_permissions;
use super::{StoreError, Transaction, Value};
use crate::permission::{Held, Needs, Standing};

/// What each caller holds now, in one statement. Who isn't there may not log in, or their token was revoked.
pub(crate) async fn held(
    transaction: &mut Transaction,
    standings: HashSet<Standing>,
) -> Result<HashMap<Standing, Held>, StoreError> {
    let standings: Vec<_> = standings.into_iter().collect();
    let mut values = Vec::with_capacity(standings.len() * 4);
    for (index, standing) in (0_i64..).zip(&standings) {
        let workspace = match standing.needs {
            Needs::Member(workspace, _) => workspace.to_string(),
            // No workspace's id.
            Needs::Token | Needs::Administrator(_) => String::new(),
        };
        values.extend([
            Value::from(index),
            standing.user.to_string().into(),
            workspace.into(),
            standing.token.to_string().into(),
        ]);
    }
    // Both databases call the columns of a list of values so.
    let text = format!(
        "SELECT w.column1, u.generation, u.administrator, m.permissions FROM (VALUES {}) AS w \
         JOIN users u ON u.id = w.column2 AND u.active = 1 \
         LEFT JOIN members m ON m.workspace = w.column3 AND m.member = w.column2 \
         WHERE NOT EXISTS (SELECT 1 FROM revoked_tokens r WHERE r.id = w.column4)",
        placeholders(standings.len(), 4)
    );
    let rows = fetch_all!(transaction, (i64, i64, i64, Option<String>), values values, text)?;
    let mut found = HashMap::with_capacity(rows.len());
    for (index, era, administrator, permissions) in rows {
        let standing = usize::try_from(index)
            .ok()
            .and_then(|index| standings.get(index))
            .ok_or_else(|| StoreError::damaged("list of callers", index))?;
        let held = Held {
            era,
            administrator: administrator != 0,
            permissions: permissions.as_deref().map(read_permissions).transpose()?,
        };
        found.insert(*standing, held);
    }
    Ok(found)
}
