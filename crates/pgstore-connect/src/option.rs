//! The options: the table of `docs/connecting.md` as code.

use crate::{ConfigError, parameters};

/// Declares the options in the table's order: variant, name, environment variable.
macro_rules! options {
    ($($variant:ident $name:literal $variable:expr;)*) => {
        /// An option of a connection string.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Opt { $($variant),* }

        impl Opt {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name in a connection string.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The environment variable that is its default.
            pub(crate) fn variable(self) -> Option<&'static str> {
                match self { $(Self::$variant => $variable),* }
            }
        }
    };
}

options! {
    Host "host" Some("PGHOST");
    HostAddr "hostaddr" Some("PGHOSTADDR");
    Port "port" Some("PGPORT");
    DbName "dbname" Some("PGDATABASE");
    User "user" Some("PGUSER");
    Password "password" Some("PGPASSWORD");
    PassFile "passfile" Some("PGPASSFILE");
    ConnectTimeout "connect_timeout" Some("PGCONNECT_TIMEOUT");
    TargetSessionAttrs "target_session_attrs" Some("PGTARGETSESSIONATTRS");
    LoadBalanceHosts "load_balance_hosts" Some("PGLOADBALANCEHOSTS");
    ApplicationName "application_name" Some("PGAPPNAME");
    FallbackApplicationName "fallback_application_name" None;
    Options "options" Some("PGOPTIONS");
    ClientEncoding "client_encoding" None;
    SslMode "sslmode" Some("PGSSLMODE");
    SslNegotiation "sslnegotiation" Some("PGSSLNEGOTIATION");
    SslRootCert "sslrootcert" Some("PGSSLROOTCERT");
    SslCert "sslcert" Some("PGSSLCERT");
    SslKey "sslkey" Some("PGSSLKEY");
    SslSni "sslsni" Some("PGSSLSNI");
    ChannelBinding "channel_binding" Some("PGCHANNELBINDING");
    GssEncMode "gssencmode" None;
    Keepalives "keepalives" None;
    KeepalivesIdle "keepalives_idle" None;
    KeepalivesInterval "keepalives_interval" None;
    KeepalivesCount "keepalives_count" None;
    TcpUserTimeout "tcp_user_timeout" None;
}

/// What the name of an option stands for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Option(Opt),
    /// A run-time parameter of PostgreSQL, by its name.
    Parameter(String),
    /// An option of Go's lib/pq that means nothing here.
    Ignored(&'static str),
}

impl Name {
    /// What this name stands for. `position` is for the error, which does not repeat the name.
    pub(crate) fn find(name: &str, position: usize) -> Result<Self, ConfigError> {
        let listed = |list: &[&'static str]| list.iter().copied().find(|one| *one == name);
        let mut options = Opt::ALL.iter().copied();
        if let Some(option) = options.find(|option| option.name() == name) {
            return Ok(Self::Option(option));
        }
        if let Some(option) = listed(OF_LIB_PQ) {
            return Ok(Self::Ignored(option));
        }
        if let Some(option) = listed(UNSUPPORTED) {
            return Err(ConfigError::UnsupportedOption { option });
        }
        let parameter = parameters::find(name).map(Self::Parameter);
        parameter.ok_or(ConfigError::UnknownOption { position })
    }
}

/// Options of Go's lib/pq that are about lib/pq itself, or about Kerberos.
const OF_LIB_PQ: &[&str] = &[
    "binary_parameters",
    "disable_prepared_binary_result",
    "krbspn",
    "krbsrvname",
];

/// Options that libpq (up to PostgreSQL 18) or lib/pq has and this crate has not.
const UNSUPPORTED: &[&str] = &[
    "authtype",
    "gssdelegation",
    "gsslib",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "replication",
    "require_auth",
    "requirepeer",
    "requiressl",
    "scram_client_key",
    "scram_server_key",
    "service",
    "servicefile",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkeylogfile",
    "sslinline",
    "sslpassword",
    "tty",
];

/// Variables that change where or how libpq connects, and that this crate ignores with a warning.
pub(crate) const IGNORED_VARIABLES: &[&str] = &[
    "PGSERVICE",
    "PGSSLCRL",
    "PGSSLCRLDIR",
    "PGREQUIREPEER",
    "PGREQUIREAUTH",
    "PGREQUIRESSL",
    "PGSSLMINPROTOCOLVERSION",
    "PGSSLMAXPROTOCOLVERSION",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_docs_is_the_code() {
        let page = include_str!("../docs/connecting.md");
        let rows = page.lines().filter(|line| line.starts_with("| `"));
        let documented: Vec<_> = rows
            .map(|row| {
                let mut cells = row
                    .split('|')
                    .skip(1)
                    .map(|cell| cell.trim().trim_matches('`'));
                let (name, variable) = (cells.next().unwrap(), cells.next().unwrap());
                (name, Some(variable).filter(|variable| !variable.is_empty()))
            })
            .collect();
        let coded: Vec<_> = Opt::ALL
            .iter()
            .map(|option| (option.name(), option.variable()))
            .collect();
        assert_eq!(documented, coded);
    }
}
