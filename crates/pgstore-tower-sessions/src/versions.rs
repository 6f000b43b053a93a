//! The traits of each version of tower-sessions-core.

/// Implements the traits of one version. The versions differ in their types alone.
macro_rules! implement_traits {
    ($core:ident) => {
        mod $core {
            use std::future::pending;
            use std::time::Duration;

            use async_trait::async_trait;
            use pgstore::SweepOptions;
            use $core::session::{Id, Record};
            use $core::session_store::{Error, Result};
            use $core::{ExpiredDeletion, SessionStore};

            use crate::failure::Failure;
            use crate::postgres_store::PostgresStore;

            #[async_trait]
            impl SessionStore for PostgresStore {
                async fn create(&self, record: &mut Record) -> Result<()> {
                    let Record {
                        id,
                        data,
                        expiry_date,
                    } = record;
                    let first = id.to_string();
                    let draw = || {
                        *id = Id::default();
                        id.to_string()
                    };
                    let created = self.create_record(first, data, *expiry_date, draw);
                    created.await.map_err(error)
                }

                async fn save(&self, record: &Record) -> Result<()> {
                    let id = record.id.to_string();
                    let saved = self.save_record(id, &record.data, record.expiry_date);
                    saved.await.map_err(error)
                }

                async fn load(&self, id: &Id) -> Result<Option<Record>> {
                    let loaded = self.load_record(id.to_string()).await.map_err(error)?;
                    Ok(loaded.map(|(data, expiry_date)| Record {
                        id: *id,
                        data,
                        expiry_date,
                    }))
                }

                async fn delete(&self, id: &Id) -> Result<()> {
                    let deleted = self.delete_record(id.to_string());
                    deleted.await.map_err(error)
                }
            }

            #[async_trait]
            impl ExpiredDeletion for PostgresStore {
                async fn delete_expired(&self) -> Result<()> {
                    self.sweep_records().await.map_err(error)
                }

                /// Sweeps until the future is dropped. Unlike the trait's own, it outlives errors.
                async fn continuously_delete_expired(self, period: Duration) -> Result<()> {
                    let _sweeping = self.start_sweeping(SweepOptions::new().interval(period));
                    pending().await
                }
            }

            fn error(failure: Failure) -> Error {
                match failure {
                    Failure::Encode => Error::Encode(failure.text()),
                    Failure::Decode => Error::Decode(failure.text()),
                    _ => Error::Backend(failure.text()),
                }
            }
        }
    };
}

#[cfg(feature = "core-0_14")]
implement_traits!(tower_sessions_core_0_14);

#[cfg(feature = "core-0_15")]
implement_traits!(tower_sessions_core_0_15);
