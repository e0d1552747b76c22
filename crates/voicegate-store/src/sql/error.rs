//! Database errors as the port sees them.

use sqlx::Error;
use voicegate_service::ports::StoreError;

/// Sorts a database error by whether trying again may help.
pub(crate) fn failed(error: Error) -> StoreError {
    let unavailable = match &error {
        Error::Io(_)
        | Error::Tls(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed
        | Error::BeginFailed => true,
        Error::Database(database) => database.code().is_some_and(|code| may_pass(&code)),
        _ => false,
    };
    if unavailable {
        StoreError::Unavailable(error.into())
    } else if is_damage(&error) {
        StoreError::Damaged(error.into())
    } else {
        StoreError::Database(error.into())
    }
}

/// Whether `error` says that the database itself is damaged.
pub(crate) fn is_damage(error: &Error) -> bool {
    let Error::Database(database) = error else { return false };
    database.code().is_some_and(|code| is_damage_code(&code))
}

fn is_damage_code(code: &str) -> bool {
    // PostgreSQL: data corrupted, index corrupted. SQLite: SQLITE_CORRUPT and SQLITE_NOTADB.
    matches!(code, "XX001" | "XX002") || is_sqlite(code, &[11, 26])
}

/// Whether `error` came of two transactions getting into each other's way, so that this one was undone
/// and can be done again.
pub(crate) fn is_contention(error: &StoreError) -> bool {
    let StoreError::Unavailable(source) = error else { return false };
    let Some(Error::Database(database)) = source.downcast_ref::<Error>() else { return false };
    database.code().is_some_and(|code| is_contention_code(&code))
}

fn is_contention_code(code: &str) -> bool {
    // PostgreSQL: serialization failure, deadlock, lock time-out.
    // SQLite: SQLITE_BUSY and SQLITE_LOCKED.
    matches!(code, "40001" | "40P01" | "55P03") || is_sqlite(code, &[5, 6])
}

/// Whether `code` is one of SQLite's `kinds`, which are the low byte of their extended codes.
fn is_sqlite(code: &str, kinds: &[u32]) -> bool {
    // PostgreSQL's codes have five characters, SQLite's at most four.
    code.len() < 5 && code.parse::<u32>().is_ok_and(|code| kinds.contains(&(code & 0xff)))
}

fn may_pass(code: &str) -> bool {
    // PostgreSQL: connection exceptions (08), insufficient resources (53), operator intervention (57; among them
    // time-outs and shutdown).
    is_contention_code(code) || (code.len() == 5 && matches!(&code[..2], "08" | "53" | "57"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted() {
        for contention in ["5", "6", "261", "517", "262", "40001", "40P01", "55P03"] {
            assert!(is_contention_code(contention) && may_pass(contention), "{contention}");
        }
        for passing in ["08006", "53300", "57014", "57P01"] {
            assert!(!is_contention_code(passing) && may_pass(passing), "{passing}");
        }
        for damage in ["11", "26", "267", "523", "XX001", "XX002"] {
            assert!(is_damage_code(damage) && !may_pass(damage), "{damage}");
        }
        for whole in ["1", "5", "14", "26005", "42P01"] {
            assert!(!is_damage_code(whole), "{whole}");
        }
        for lasting in ["1", "11", "19", "2067", "23505", "42P01", "26005", "22021"] {
            assert!(!may_pass(lasting), "{lasting}");
        }
        assert!(matches!(failed(Error::PoolTimedOut), StoreError::Unavailable(_)));
        assert!(matches!(failed(Error::RowNotFound), StoreError::Database(_)));
    }
}
