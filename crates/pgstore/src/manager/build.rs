//! Checks a configuration and makes the manager of it.

use std::sync::Arc;
use std::time::Duration;

use super::builder::SessionManagerBuilder;
use super::config_error::ConfigError;
use super::known_names::KnownNames;
use super::session_manager::{ManagerConfig, SessionManager};
use crate::clock::LONGEST_SETTING;
use crate::name::CookieError;
use crate::options::{CookieOptions, MaxAge};
use crate::policy::Touch;
use crate::session::{Background, Counters, LogoutRetry, SaveTurns, TextSource};
use crate::telemetry;
use crate::wire::{Key, Keys, SecureCookie};

/// The shortest hash key that raises no warning: HMAC-SHA256's own strength.
const SHORTEST_HASH_KEY: usize = 32;

/// The keys of the values that the library itself keeps in a session.
const RESERVED_KEYS: [&str; 2] = ["_flash", "_csrf"];

impl SessionManagerBuilder {
    /// Checks the configuration and makes the manager.
    ///
    /// A hash key of less than 32 bytes is accepted, since Go programs have such keys, and logged
    /// as a warning.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pgstore::{ConfigError, Keys, MemoryStore, SessionManager};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let refused = SessionManager::builder(MemoryStore::new(), keys)
    ///     .save_deadline(Duration::ZERO)
    ///     .build();
    /// assert!(matches!(refused, Err(ConfigError::Zero { setting: "save_deadline", .. })));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ConfigError`] for the first setting that cannot work.
    pub fn build(self) -> Result<SessionManager, ConfigError> {
        self.check_durations()?;
        self.check_values()?;
        let cookie_options = self.checked_cookie_options()?;
        warn_of_short_keys(&self.keys);
        telemetry::describe_sessions();
        let default_max_length = self.go_peer.default_max_length();
        let codec = SecureCookie::new(self.keys)
            .max_age(whole_seconds(self.max_age))
            .max_length(self.max_length.unwrap_or(default_max_length));
        let counters = Arc::<Counters>::default();
        let background = Background::default();
        let logouts = LogoutRetry::new(
            Arc::clone(&self.store),
            Arc::clone(&counters),
            background.clone(),
        );
        Ok(SessionManager {
            on_outage: self.policy.on_outage,
            config: Arc::new(ManagerConfig {
                store: self.store,
                cookie_codec: codec.clone().max_length(SecureCookie::DEFAULT_MAX_LENGTH),
                codec,
                cookie_options,
                clock: self.clock,
                go_peer: self.go_peer,
                policy: self.policy,
                owner_value: self.owner_value,
                label_value: self.label_value,
                background,
                logouts,
                turns: SaveTurns::default(),
                counters,
                known_names: KnownNames::default(),
            }),
        })
    }

    fn check_durations(&self) -> Result<(), ConfigError> {
        let policy = &self.policy;
        not_zero("save_deadline", policy.deadline)?;
        if let Touch::AfterOneIn(0) = policy.touch {
            return Err(ConfigError::Zero { setting: "touch" });
        }
        if let Some(timeout) = policy.absolute_timeout {
            not_zero("absolute_timeout", timeout)?;
            not_too_long("absolute_timeout", timeout)?;
        }
        not_too_long("save_deadline", policy.deadline)?;
        not_too_long("max_age", self.max_age)?;
        not_too_long("retirement", policy.retirement)?;
        not_too_long("rotation_grace", policy.grace)
    }

    /// Refuses values for owner and label that the library itself uses.
    fn check_values(&self) -> Result<(), ConfigError> {
        let values = [
            ("owner_from", &self.owner_value),
            ("label_from", &self.label_value),
        ];
        for (setting, value) in values {
            let Some((cookie, source)) = value else {
                continue;
            };
            self.cookie_options.check(cookie)?;
            match source {
                TextSource::Value(key) if is_reserved(key) => {
                    let key = key.clone();
                    return Err(ConfigError::ReservedKey { setting, key });
                }
                TextSource::Value(_) | TextSource::Values(_) | TextSource::Setter => {}
            }
        }
        Ok(())
    }

    fn checked_cookie_options(&self) -> Result<CookieOptions, CookieError> {
        let max_age = MaxAge::from(whole_seconds(self.max_age));
        let options = self.cookie_options.clone().or_max_age(max_age);
        options.check_attributes()?;
        match options.lasting() {
            MaxAge::Delete => Err(CookieError::Deletes),
            MaxAge::For(_) | MaxAge::UntilBrowserCloses => Ok(options),
        }
    }
}

fn is_reserved(key: &Key) -> bool {
    let mut reserved = RESERVED_KEYS.iter();
    reserved.any(|reserved| *key == Key::from(*reserved))
}

/// A duration in seconds, rounded up.
fn whole_seconds(duration: Duration) -> i64 {
    let seconds = duration.as_millis().div_ceil(1000);
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

fn not_zero(setting: &'static str, duration: Duration) -> Result<(), ConfigError> {
    if duration.is_zero() {
        return Err(ConfigError::Zero { setting });
    }
    Ok(())
}

fn not_too_long(setting: &'static str, duration: Duration) -> Result<(), ConfigError> {
    if duration > LONGEST_SETTING {
        return Err(ConfigError::TooLong { setting });
    }
    Ok(())
}

fn warn_of_short_keys(keys: &Keys) {
    let bytes = keys.shortest_hash_key();
    if bytes < SHORTEST_HASH_KEY {
        tracing::warn!(
            bytes,
            "a hash key is shorter than {SHORTEST_HASH_KEY} bytes and may be guessed: put a new \
             one in front (`openssl rand -hex 32` or `pgstore keygen` makes it) and keep the old \
             one until its sessions have ended"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::CookieName;
    use crate::options::SameSite;
    use crate::store::MemoryStore;
    use crate::wire::GoPeer;

    fn builder() -> SessionManagerBuilder {
        let keys = Keys::from_pairs(&[[7; 32]]).unwrap();
        SessionManager::builder(MemoryStore::new(), keys)
    }

    fn refusal(builder: SessionManagerBuilder) -> String {
        let error = builder.build().unwrap_err();
        assert_eq!(error.class(), crate::wire::ErrorClass::Usage);
        assert_eq!(format!("{error:?}"), error.to_string());
        error.to_string()
    }

    #[test]
    fn a_duration_without_end_is_refused_in_every_setting() {
        let endless = Duration::MAX;
        for (setting, builder) in [
            ("max_age", builder().max_age(endless)),
            ("absolute_timeout", builder().absolute_timeout(endless)),
            ("retirement", builder().retirement(endless)),
            ("rotation_grace", builder().rotation_grace(endless)),
            ("save_deadline", builder().save_deadline(endless)),
        ] {
            let error = refusal(builder);
            assert!(
                error.starts_with(&format!("{setting} is more than 100 years")),
                "{error}"
            );
        }
        let cookie = CookieOptions::default().max_age(endless);
        let error = builder().cookie_options(cookie).build().unwrap_err();
        assert!(matches!(error, ConfigError::Cookie(CookieError::MaxAge)));
    }

    #[test]
    fn zero_is_refused_where_it_would_end_or_fail_everything() {
        let zero = Duration::ZERO;
        for (setting, builder) in [
            ("absolute_timeout", builder().absolute_timeout(zero)),
            ("save_deadline", builder().save_deadline(zero)),
            ("touch", builder().touch(Touch::AfterOneIn(0))),
        ] {
            let error = refusal(builder);
            assert!(error.starts_with(&format!("{setting} is zero")), "{error}");
        }
        let off = builder()
            .max_age(zero)
            .retirement(zero)
            .rotation_grace(zero);
        assert!(off.build().is_ok());
    }

    #[test]
    fn attributes_that_work_under_no_name_are_refused() {
        let cookie = CookieOptions::default;
        let none = cookie().secure(false).same_site(SameSite::None);
        for (options, expected) in [
            (none, CookieError::SameSiteNone),
            (cookie().max_age(-1), CookieError::Deletes),
            (cookie().max_age(401 * 24 * 60 * 60), CookieError::MaxAge),
        ] {
            let error = builder().cookie_options(options).build().unwrap_err();
            assert!(matches!(error, ConfigError::Cookie(error) if error == expected));
        }
        assert!(refusal(builder().max_age(LONGEST_SETTING)).contains("400 days"));
    }

    #[test]
    fn an_owner_or_label_in_a_value_of_the_library_is_refused() {
        let name = || CookieName::new("s").unwrap();
        let error = refusal(builder().owner_from(name(), "_csrf"));
        assert!(error.starts_with("owner_from names _csrf"), "{error}");
        let error = refusal(builder().label_from(name(), "_flash"));
        assert!(error.starts_with("label_from names _flash"), "{error}");
        assert!(builder().owner_from(name(), "user").build().is_ok());
    }

    #[test]
    fn rows_are_as_long_as_go_reads_them_only_where_go_reads_them() {
        let length = |builder: SessionManagerBuilder| {
            let sessions = builder.build().unwrap();
            let plaintext = [0; 70_000];
            let sealed = sessions.codec().seal("s", &plaintext, 0, [0; 16]);
            sealed.map_err(|too_long| too_long.to_string())
        };
        let go = || builder().go_peer(GoPeer::registered(["time.Time"]));
        assert!(length(builder()).unwrap_err().contains("65536"));
        assert!(length(go()).unwrap_err().contains("4096"));
        assert!(length(go().max_length(5000)).unwrap_err().contains("5000"));
        assert!(length(builder().max_length(0)).is_ok());
    }
}
