//! P6.3: no statement that runs in the course of service reads a whole table.

use sqlx::AnyConnection;
use sqlx::{AssertSqlSafe, Connection, Executor, Row};

use super::{
    Dialect, accounts, api_keys, chain, challenges, config, devices, fingerprints, history, idempotency,
    limits, logs, notices, people, sessions, sources, templates,
};

const STATEMENTS: &[(&str, &str)] = &[
    ("accounts::READ", accounts::READ),
    ("accounts::UPDATE", accounts::UPDATE),
    ("api_keys::BY_HASH", api_keys::BY_HASH),
    ("api_keys::REVOKE", api_keys::REVOKE),
    ("chain::ADVANCE", chain::ADVANCE),
    ("chain::CHECKPOINTS", chain::CHECKPOINTS),
    ("chain::LOCK", chain::LOCK),
    ("chain::READ", chain::READ),
    ("chain::REWRAP", chain::REWRAP),
    ("challenges::DELETE", challenges::DELETE),
    ("challenges::FORGET", challenges::FORGET),
    ("challenges::MAKE_ROOM", challenges::MAKE_ROOM),
    ("challenges::TAKE", challenges::TAKE),
    ("config::READ", config::READ),
    ("config::UPDATE", config::UPDATE),
    ("devices::BY_ID", devices::BY_ID),
    ("devices::DELETE", devices::DELETE),
    ("devices::OF_PERSON", devices::OF_PERSON),
    ("devices::UPDATE", devices::UPDATE),
    ("fingerprints::DELETE", fingerprints::DELETE),
    ("fingerprints::FORGET", fingerprints::FORGET),
    ("fingerprints::MAKE_ROOM", fingerprints::MAKE_ROOM),
    ("fingerprints::NEWEST", fingerprints::NEWEST),
    ("history::DELETE", history::DELETE),
    ("history::READ", history::READ),
    ("idempotency::ANSWER", idempotency::ANSWER),
    ("idempotency::ERASE", idempotency::ERASE),
    ("idempotency::FORGET", idempotency::FORGET),
    ("idempotency::GIVE_UP", idempotency::GIVE_UP),
    ("idempotency::READ", idempotency::READ),
    ("idempotency::TAKE_OVER", idempotency::TAKE_OVER),
    ("limits::CHARGE", limits::CHARGE),
    ("limits::FORGET", limits::FORGET),
    ("limits::LOCK", limits::LOCK),
    ("limits::PUT", limits::PUT),
    ("logs::ANY", logs::ANY),
    ("logs::MORE_OF_EXPERIMENT", logs::MORE_OF_EXPERIMENT),
    ("logs::NEWEST_OF_EXPERIMENT", logs::NEWEST_OF_EXPERIMENT),
    ("logs::NEWEST_OF_PERSON", logs::NEWEST_OF_PERSON),
    ("logs::PAGE", logs::PAGE),
    ("notices::DEAD", notices::DEAD),
    ("notices::DONE", notices::DONE),
    ("notices::FORGET", notices::FORGET),
    ("notices::LEASE", notices::LEASE),
    ("notices::NEWEST", notices::NEWEST),
    ("notices::PLACE_OF", notices::PLACE_OF),
    ("notices::RETRY", notices::RETRY),
    ("people::COUNT_WRAPPED_BEFORE", people::COUNT_WRAPPED_BEFORE),
    ("people::KEY", people::KEY),
    ("people::LOCK", people::LOCK),
    ("people::LOCK_KEY", people::LOCK_KEY),
    ("people::MARK_VERIFIED", people::MARK_VERIFIED),
    ("people::OWNER", people::OWNER),
    ("people::REF_OF", people::REF_OF),
    ("people::REVOKE", people::REVOKE),
    ("people::REWRAP", people::REWRAP),
    ("people::SET_KEY", people::SET_KEY),
    ("people::UPDATE", people::UPDATE),
    ("people::WRAPPED_BEFORE", people::WRAPPED_BEFORE),
    ("sessions::BY_TOKEN", sessions::BY_TOKEN),
    ("sessions::END", sessions::END),
    ("sessions::END_ALL", sessions::END_ALL),
    ("sessions::FORGET", sessions::FORGET),
    ("sessions::LOCK", sessions::LOCK),
    ("sessions::MAKE_ROOM", sessions::MAKE_ROOM),
    ("sessions::OF_PERSON", sessions::OF_PERSON),
    ("sessions::TOUCH", sessions::TOUCH),
    ("sessions::UPDATE", sessions::UPDATE),
    ("sources::FORGET", sources::FORGET),
    ("sources::OTHERS", sources::OTHERS),
    ("templates::DELETE", templates::DELETE),
    ("templates::PROFILE", templates::PROFILE),
    ("records of a day", "SELECT seq FROM voice_auth_logs WHERE at >= $1 AND at < $2"),
    ("records of a person", "SELECT seq FROM voice_auth_logs WHERE person_ref = $1 ORDER BY seq"),
    ("record of a request", "SELECT seq FROM voice_auth_logs WHERE request_id = $1"),
];

async fn migrated(dialect: Dialect, connection: &mut AnyConnection) {
    dialect.migrations().run(connection).await.unwrap();
}

#[tokio::test]
async fn sqlite_uses_an_index_for_every_statement() {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect("sqlite::memory:").await.unwrap();
    migrated(Dialect::Sqlite, &mut connection).await;
    for (name, statement) in STATEMENTS {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let rows = connection.fetch_all(explain).await.unwrap();
        for row in rows {
            let step: String = row.get("detail");
            // Walking an index in order until LIMIT is reached is a scan in name only.
            let scans = step.starts_with("SCAN") && *name != "logs::ANY";
            assert!(!scans && !step.contains("TEMP B-TREE"), "{name}: {step}");
        }
    }
}

#[tokio::test]
async fn postgresql_can_use_an_index_for_every_statement() {
    #[expect(clippy::disallowed_methods, reason = "tests take the database to use from the environment")]
    let Ok(server) = std::env::var("VOICEGATE_TEST_POSTGRES") else {
        eprintln!("SKIPPED on PostgreSQL: VOICEGATE_TEST_POSTGRES holds no URL");
        return;
    };
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&server).await.unwrap();
    // The tables are empty, where reading them whole is cheapest: the planner is asked what it would do otherwise.
    let prepare = "CREATE SCHEMA voicegate_plans; SET search_path = voicegate_plans; SET enable_seqscan = off; \
                   SET plan_cache_mode = force_generic_plan";
    connection.execute(prepare).await.unwrap();
    migrated(Dialect::Postgres, &mut connection).await;
    for (name, statement) in STATEMENTS {
        connection.execute(AssertSqlSafe(format!("PREPARE asked AS {statement}"))).await.unwrap();
        let parameters = (1..).take_while(|n| statement.contains(&format!("${n}"))).count();
        let nulls = if parameters == 0 {
            String::new()
        } else {
            format!("({})", vec!["NULL"; parameters].join(", "))
        };
        let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE asked{nulls}"));
        let rows = sqlx::raw_sql(explain).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("Index") && !plan.contains("Seq Scan"), "{name}:\n{plan}");
        connection.execute("DEALLOCATE asked").await.unwrap();
    }
    connection.execute("DROP SCHEMA voicegate_plans CASCADE").await.unwrap();
}
