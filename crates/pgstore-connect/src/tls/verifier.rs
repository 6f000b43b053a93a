//! How far a server's certificate is checked.

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::bare_key;

/// What is checked of a server's certificate. Every mode checks that the server has its key.
#[derive(Debug)]
pub(super) enum Check {
    /// `prefer`, and `require` without a root certificate: nothing.
    Nothing,
    /// `verify-ca`: one of these authorities must have signed it.
    Chain(Trusted),
    /// `verify-full`: the same, and it must be for this name.
    ChainAndName(Trusted),
}

/// The certificates of `sslrootcert`.
#[derive(Debug)]
pub(super) struct Trusted {
    pub(super) authorities: RootCertStore,
    /// The same certificates, as a server's own: `openssl req -x509` makes certificates that are an
    /// authority's and a server's at once, which rustls refuses.
    pub(super) servers: Vec<CertificateDer<'static>>,
}

impl Trusted {
    fn verify(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(own)?;
        let (roots, algorithms) = (&self.authorities, algorithms.all);
        match verify_server_cert_signed_by_trust_anchor(
            &parsed,
            roots,
            intermediates,
            now,
            algorithms,
        ) {
            // rustls has no variant for "an authority's certificate used as a server's". It checks
            // first whether the certificate has expired.
            Err(Error::InvalidCertificate(CertificateError::Other(_)))
                if self.servers.iter().any(|server| server == own) =>
            {
                Ok(())
            }
            outcome => outcome,
        }
    }
}

#[derive(Debug)]
pub(super) struct Verifier {
    check: Check,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(check: Check, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { check, algorithms }
    }

    /// Where nothing of the certificate is checked, it need not be one that rustls reads.
    fn or_by_the_key_alone(
        &self,
        verified: Result<HandshakeSignatureValid, Error>,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let may_be_unread = matches!(self.check, Check::Nothing);
        verified.or_else(|error| {
            let has_signed =
                || bare_key::has_signed(certificate, message, signature, &self.algorithms);
            match may_be_unread && has_signed() {
                true => Ok(HandshakeSignatureValid::assertion()),
                false => Err(error),
            }
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (trusted, checks_name) = match &self.check {
            Check::Nothing => return Ok(ServerCertVerified::assertion()),
            Check::Chain(trusted) => (trusted, false),
            Check::ChainAndName(trusted) => (trusted, true),
        };
        trusted.verify(own, intermediates, now, &self.algorithms)?;
        if checks_name {
            verify_server_name(&ParsedCertificate::try_from(own)?, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = verify_tls12_signature(message, certificate, signature, &self.algorithms);
        self.or_by_the_key_alone(verified, message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = verify_tls13_signature(message, certificate, signature, &self.algorithms);
        self.or_by_the_key_alone(verified, message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    use tokio_rustls::rustls::crypto::ring;

    use super::*;

    /// A certificate as `openssl req -x509` makes it, of the years 2020 to 2030.
    fn authority_and_server() -> CertificateDer<'static> {
        let mut params = CertificateParams::new(["db.test".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    #[test]
    fn a_server_whose_own_certificate_is_trusted_is_trusted_until_it_expires() {
        let (own, other) = (authority_and_server(), authority_and_server());
        let mut authorities = RootCertStore::empty();
        authorities.add(own.clone()).unwrap();
        let servers = vec![own.clone()];
        let verifier = Verifier::new(
            Check::ChainAndName(Trusted {
                authorities,
                servers,
            }),
            ring::default_provider().signature_verification_algorithms,
        );
        let verify = |certificate: &CertificateDer<'_>, name: &'static str, year: u64| {
            let now = Duration::from_secs((year - 1970) * 365 * 86_400);
            let now = UnixTime::since_unix_epoch(now);
            let name = ServerName::try_from(name).unwrap();
            verifier.verify_server_cert(certificate, &[], &name, &[], now)
        };
        assert!(verify(&own, "db.test", 2025).is_ok());
        assert!(verify(&own, "other.test", 2025).is_err());
        assert!(verify(&own, "db.test", 2035).is_err());
        assert!(verify(&own, "db.test", 2015).is_err());
        assert!(verify(&other, "db.test", 2025).is_err());
    }
}
