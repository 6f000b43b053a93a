//! The options there are: the table of `docs/connecting.md`, as code.

/// Declares the options in the table's order: variant, name, environment variable.
macro_rules! options {
    ($($variant:ident $name:literal $variable:expr;)*) => {
        /// An option of a connection string.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Opt { $($variant),* }

        impl Opt {
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name in a connection string.
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The environment variable that is its default.
            pub(super) fn variable(self) -> Option<&'static str> {
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

impl Opt {
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|option| option.name() == name)
    }
}

/// Variables of libpq that would change where or how it connects, and that are not followed here.
pub(super) const IGNORED_VARIABLES: &[&str] = &[
    "PGSERVICE",
    "PGSSLCRL",
    "PGSSLCRLDIR",
    "PGREQUIREPEER",
    "PGREQUIREAUTH",
    "PGREQUIRESSL",
    "PGSSLNEGOTIATION",
    "PGSSLMINPROTOCOLVERSION",
    "PGSSLMAXPROTOCOLVERSION",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_docs_is_the_code() {
        let page = include_str!("../../../../docs/connecting.md");
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
