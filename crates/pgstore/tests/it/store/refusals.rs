//! A table that refuses changes without an error: row-level security, triggers, rules.

use pgstore::ErrorClass;
use pgstore::store::Written;
use pgstore::store::{OwnerColumn, Revocation, Row, RowExtras, SweepBatch, Which};
use pgstore::{PgStore, SessionError, SessionHandle, SessionId, Store, StoreError, StoreErrorKind};

use super::migrate::{drop_role, role_without_create};
use super::things::{at, fresh, id_change, row};
use crate::support::app::{App, Told};
use crate::support::database::Database;
use crate::support::{apply, trial, trial_on_both_servers};

/// A table to which a role has all rights, and a store of this role.
struct Scene {
    store: PgStore,
    client: tokio_postgres::Client,
    role: String,
    database: Database,
}

impl Scene {
    async fn new() -> Self {
        let database = Database::fresh().await;
        database.store().await.close().await;
        let client = database.client().await;
        let role = role_without_create(&database).await;
        let grant = format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
             GRANT USAGE ON SEQUENCE http_sessions_id_seq TO {role}",
            schema = database.schema()
        );
        client.batch_execute(&grant).await.unwrap();
        let store = PgStore::connect(&database.url_as(&role)).await.unwrap();
        Self {
            store,
            client,
            role,
            database,
        }
    }

    async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    async fn rows(&self) -> i64 {
        let count = "SELECT count(*) FROM http_sessions";
        self.client.query_one(count, &[]).await.unwrap().get(0)
    }

    /// A session of alice.
    async fn session(&self) -> SessionId {
        let id = fresh();
        self.store.insert(&id, &hers()).await.unwrap();
        id
    }

    async fn end(self) {
        self.store.close().await;
        drop_role(&self.database, &self.role).await;
    }
}

/// The commands of row-level security.
const COMMANDS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/// Turns row-level security on, with a policy for each command but one.
fn policies_but(missing: &str) -> String {
    let policies = COMMANDS.iter().filter(|command| **command != missing);
    let create = policies.map(|command| {
        let condition = match *command {
            "INSERT" => "WITH CHECK (true)",
            _ => "USING (true)",
        };
        format!("CREATE POLICY may_{command} ON http_sessions FOR {command} {condition};")
    });
    let on = "ALTER TABLE http_sessions ENABLE ROW LEVEL SECURITY;".to_owned();
    create.chain([on]).collect()
}

/// A trigger that silently skips a command.
fn skips(command: &str) -> String {
    format!(
        "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN RETURN NULL; END';
         CREATE TRIGGER skips BEFORE {command} ON http_sessions
             FOR EACH ROW EXECUTE FUNCTION skip()"
    )
}

/// A rule that turns a command into nothing.
fn ignores(command: &str) -> String {
    format!("CREATE RULE ignores AS ON {command} TO http_sessions DO INSTEAD NOTHING")
}

fn hers() -> Row {
    Row {
        extras: RowExtras {
            owner: Some("alice".to_owned()),
            handle: SessionHandle::generate().ok(),
            ..row("").extras
        },
        ..row("hers")
    }
}

fn later() -> Row {
    Row {
        modified_on: at(1),
        ..hers()
    }
}

const OF_ALICE: Revocation<'_> = Revocation {
    owner: "alice",
    which: Which::All,
    column: OwnerColumn::IsTheTruth,
};

fn is_refused<T>(result: Result<T, StoreError>) -> bool {
    let Err(error) = result else { return false };
    assert_eq!(error.class(), ErrorClass::Internal);
    error.kind() == StoreErrorKind::RefusedSilently
}

/// Whether a logout's error tells that the table refused it.
fn was_refused(error: &SessionError) -> bool {
    matches!(error, SessionError::Store(error) if error.kind() == StoreErrorKind::RefusedSilently)
}

#[apply(trial)]
async fn a_logout_that_the_table_refuses_is_not_done_and_continues() {
    for refusal in [policies_but("DELETE"), skips("DELETE"), ignores("DELETE")] {
        let scene = Scene::new().await;
        let app = App::over(scene.store.clone());
        let mut browser = app.log_in().await;
        scene.run(&refusal).await;
        let session = browser.session();
        session.destroy().unwrap();
        let (told, result) = browser.save(&session).await;
        let error = result.expect_err("the row lives");
        assert!(was_refused(&error), "{error}");
        assert_eq!(told, Told::Remove);
        assert_eq!(scene.rows().await, 1);
        // The operator mends it, and the logout takes effect in the background.
        let mend = "DROP TRIGGER IF EXISTS skips ON http_sessions;
            DROP RULE IF EXISTS ignores ON http_sessions;
            ALTER TABLE http_sessions DISABLE ROW LEVEL SECURITY";
        scene.run(mend).await;
        while scene.rows().await > 0 {
            tokio::task::yield_now().await;
        }
        scene.end().await;
    }
}

#[apply(trial)]
async fn a_logout_of_a_row_that_is_hidden_is_not_done() {
    for hidden in [
        "ALTER TABLE http_sessions ENABLE ROW LEVEL SECURITY".to_owned(),
        policies_but("SELECT"),
        format!(
            "{} CREATE POLICY none ON http_sessions FOR SELECT USING (false)",
            policies_but("SELECT")
        ),
        format!(
            "{} CREATE POLICY none ON http_sessions AS RESTRICTIVE FOR SELECT USING (false)",
            policies_but("nothing")
        ),
    ] {
        let scene = Scene::new().await;
        let app = App::over(scene.store.clone());
        let mut browser = app.log_in().await;
        scene.run(&hidden).await;
        let session = browser.session();
        session.destroy().unwrap();
        let (told, result) = browser.save(&session).await;
        let error = result.unwrap_err();
        assert!(
            !error.is_unavailable(),
            "the store can be reached, {hidden}: {error}"
        );
        assert_eq!((told, scene.rows().await), (Told::Remove, 1));
        let error = app.sessions.revoke_all("ada").await;
        assert!(error.is_err(), "nothing is known to be removed: {hidden}");
        scene.end().await;
    }
}

#[apply(trial)]
async fn a_revocation_that_the_table_refuses_is_not_reported_as_nothing() {
    for refusal in [policies_but("DELETE"), skips("DELETE")] {
        let scene = Scene::new().await;
        scene.session().await;
        scene.run(&refusal).await;
        let app = App::over(scene.store.clone());
        let error = app.sessions.revoke_all("alice").await.unwrap_err();
        assert!(
            matches!(&error, SessionError::Store(error)
                if error.kind() == StoreErrorKind::RefusedSilently),
            "{error}"
        );
        assert!(error.to_string().contains("row-level security"), "{error}");
        assert_eq!(scene.rows().await, 1);
        scene.end().await;
    }
}

#[apply(trial)]
async fn a_login_that_the_table_refuses_does_not_end_as_too_many_requests() {
    let neither = format!("{} {}", policies_but("UPDATE"), skips("DELETE"));
    for (refusal, renews) in [
        (policies_but("UPDATE"), false),
        (skips("UPDATE"), false),
        (neither, true),
    ] {
        let scene = Scene::new().await;
        let app = App::over(scene.store.clone());
        let mut browser = app.log_in().await;
        scene.run(&refusal).await;
        let session = browser.session();
        if renews {
            session.renew().unwrap();
        }
        session.insert("user", "grace").unwrap();
        let error = browser.save(&session).await.1.unwrap_err();
        assert!(
            matches!(&error, SessionError::Store(error)
                if error.kind() == StoreErrorKind::RefusedSilently),
            "{error}"
        );
        scene.end().await;
    }
}

#[apply(trial_on_both_servers)]
async fn a_rule_that_forbids_shared_statements_turns_them_off() {
    let scene = Scene::new().await;
    let ids = [scene.session().await, scene.session().await];
    // It does something beside the change, so PostgreSQL takes no change inside a WITH.
    scene
        .run("CREATE RULE also AS ON UPDATE TO http_sessions DO ALSO SELECT 1")
        .await;
    for id in &ids {
        let saved = scene.store.update(id, at(0), &later()).await.unwrap();
        assert_eq!(saved, Written::Saved);
    }
    scene.end().await;
}

#[apply(trial_on_both_servers)]
async fn every_refused_change_of_a_row_is_an_error() {
    for (command, refusals) in [
        (
            "UPDATE",
            vec![policies_but("UPDATE"), skips("UPDATE"), ignores("UPDATE")],
        ),
        ("DELETE", vec![policies_but("DELETE"), skips("DELETE")]),
    ] {
        for refusal in refusals {
            let scene = Scene::new().await;
            let (store, id) = (&scene.store, scene.session().await);
            scene.run(&refusal).await;
            if command == "UPDATE" {
                assert!(is_refused(store.update(&id, at(0), &later()).await));
                // What another request changed is a conflict all the same.
                let missed = store.update(&id, at(9), &later()).await.unwrap();
                assert_eq!(missed, Written::Missed);
            } else {
                assert!(is_refused(store.delete(&id).await));
                assert!(is_refused(store.delete_version(&id, at(0)).await));
                assert!(is_refused(store.revoke(&OF_ALICE).await));
                let missed = store.delete_version(&id, at(9)).await.unwrap();
                assert_eq!(missed, Written::Missed);
            }
            assert!(is_refused(store.probe().await), "{refusal}");
            assert_eq!(scene.rows().await, 1);
            scene.end().await;
        }
    }
}

#[apply(trial_on_both_servers)]
async fn a_change_of_id_that_the_table_refuses_is_an_error() {
    // Whether the store changes the row or replaces it, both are refused here.
    let scene = Scene::new().await;
    let (id, new) = (scene.session().await, fresh());
    let both = skips("UPDATE OR DELETE");
    scene.run(&both).await;
    for seen in [Some(at(0)), None] {
        let renamed = scene
            .store
            .rename(id_change(&id, seen, &new), &later())
            .await;
        assert!(is_refused(renamed), "{seen:?}");
    }
    let (change, row) = (id_change(&id, Some(at(9)), &new), later());
    let missed = scene.store.rename(change, &row).await;
    assert_eq!(missed.unwrap(), Written::Missed);
    scene.end().await;
}

#[apply(trial_on_both_servers)]
async fn an_insert_that_writes_no_row_is_an_error() {
    let scene = Scene::new().await;
    scene.run(&skips("INSERT")).await;
    assert!(is_refused(scene.store.insert(&fresh(), &hers()).await));
    assert!(is_refused(scene.store.probe().await));
    scene.end().await;

    // These the server refuses aloud.
    for refusal in [
        ignores("INSERT"),
        policies_but("INSERT"),
        policies_but("SELECT"),
    ] {
        let scene = Scene::new().await;
        scene.run(&refusal).await;
        assert!(scene.store.insert(&fresh(), &hers()).await.is_err());
        assert!(scene.store.probe().await.is_err(), "{refusal}");
        assert_eq!(scene.rows().await, 0);
        scene.end().await;
    }
}

#[apply(trial_on_both_servers)]
async fn an_insert_that_a_trigger_routes_to_a_partition_is_done() {
    let scene = Scene::new().await;
    let routes = "CREATE TABLE part () INHERITS (http_sessions);
        CREATE FUNCTION route() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
            'BEGIN INSERT INTO part SELECT NEW.*; RETURN NULL; END';
        CREATE TRIGGER routes BEFORE INSERT ON http_sessions
            FOR EACH ROW EXECUTE FUNCTION route()";
    scene.run(routes).await;
    let id = fresh();
    scene.store.insert(&id, &hers()).await.unwrap();
    let found = scene.store.load(&id, at(0)).await.unwrap();
    assert!(found.into_row().is_some());
    assert_eq!(scene.store.delete(&id).await.unwrap(), 1);
    scene.end().await;
}

#[apply(trial_on_both_servers)]
async fn a_sweep_that_finds_expired_rows_and_removes_none_is_an_error() {
    for refusal in [
        policies_but("DELETE"),
        policies_but("UPDATE"),
        skips("DELETE"),
    ] {
        let scene = Scene::new().await;
        scene.session().await;
        scene.run(&refusal).await;
        let swept = scene.store.sweep(&batch()).await;
        assert!(is_refused(swept), "{refusal}");
        scene.end().await;
    }
}

fn batch() -> SweepBatch {
    SweepBatch::new(at(1_000_000), at(1_000_000), 100)
}

#[apply(trial_on_both_servers)]
async fn rows_that_others_have_locked_are_no_refusal() {
    let scene = Scene::new().await;
    scene.session().await;
    scene
        .run("BEGIN; SELECT FROM http_sessions FOR UPDATE")
        .await;
    assert_eq!(scene.store.sweep(&batch()).await.unwrap().removed, 0);
    scene.run("COMMIT").await;
    assert_eq!(scene.store.sweep(&batch()).await.unwrap().removed, 1);
    scene.end().await;
}

#[apply(trial_on_both_servers)]
async fn where_policies_allow_everything_a_miss_is_a_miss() {
    let scene = Scene::new().await;
    scene.run(&policies_but("nothing")).await;
    let (store, id) = (&scene.store, scene.session().await);
    store.probe().await.unwrap();
    let absent = fresh();
    assert_eq!(store.delete(&absent).await.unwrap(), 0);
    let missed = store.update(&absent, at(0), &later()).await.unwrap();
    assert_eq!(missed, Written::Missed);
    let revoked = store.revoke(&OF_ALICE).await.unwrap();
    assert_eq!((revoked.seen, revoked.removed), (1, 1));
    assert_eq!(store.revoke(&OF_ALICE).await.unwrap().seen, 0);
    assert_eq!(store.delete(&id).await.unwrap(), 0);
    assert_eq!(store.sweep(&batch()).await.unwrap().removed, 0);
    scene.end().await;
}

#[apply(trial_on_both_servers)]
async fn older_rows_that_the_table_does_not_remove_are_not_counted_as_removed() {
    let scene = Scene::new().await;
    let (store, id) = (&scene.store, scene.session().await);
    store.insert(&id, &later()).await.unwrap();
    scene.run(&skips("DELETE")).await;
    // Which of them is found does not depend on the removal.
    let found = store.load(&id, at(0)).await.unwrap().into_row();
    assert_eq!(found.map(|row| row.modified_on), Some(at(1)));
    store.close().await; // It waits for the removal in the background.
    assert_eq!((store.duplicates_removed(), scene.rows().await), (0, 2));
    scene.end().await;
}

#[apply(trial_on_both_servers)]
async fn a_refusal_says_what_it_is_and_what_to_do() {
    let scene = Scene::new().await;
    let id = scene.session().await;
    scene.run(&policies_but("DELETE")).await;
    let error = scene.store.delete(&id).await.unwrap_err();
    let text = error.to_string();
    for part in [
        "silently",
        "row-level security",
        "trigger",
        "rule",
        "policies",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!error.is_in_doubt() && !error.is_unavailable());
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "a row was neither changed nor removed");
    scene.end().await;
}
