//! The signature of a handshake, checked by the key of a certificate alone.
//!
//! rustls reads X.509 version 3 only, and refuses a handshake with a certificate of version 1 even if
//! nothing of the certificate is to be checked. OpenSSL, and so `psql`, takes it.

use tokio_rustls::rustls::DigitallySignedStruct;
use tokio_rustls::rustls::crypto::WebPkiSupportedAlgorithms;

use super::der::{BIT_STRING, INTEGER, SEQUENCE, VERSION, element};

/// Whether the certificate's key has made the signature.
pub(super) fn has_signed(
    certificate: &[u8],
    message: &[u8],
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> bool {
    let Some(key) = public_key(certificate) else {
        return false;
    };
    let mut schemes = algorithms.mapping.iter();
    let Some((_, of_scheme)) = schemes.find(|(scheme, _)| *scheme == signed.scheme) else {
        return false;
    };
    of_scheme.iter().any(|algorithm| {
        algorithm.public_key_alg_id().as_ref() == key.algorithm
            && algorithm
                .verify_signature(key.bits, message, signed.signature())
                .is_ok()
    })
}

#[derive(Debug, PartialEq, Eq)]
struct PublicKey<'a> {
    /// The contents of its `AlgorithmIdentifier`.
    algorithm: &'a [u8],
    bits: &'a [u8],
}

/// `TBSCertificate ::= SEQUENCE { [0] version, serialNumber INTEGER, signature, issuer, validity,
/// subject, subjectPublicKeyInfo SEQUENCE { algorithm, BIT STRING }, … }`
fn public_key(certificate: &[u8]) -> Option<PublicKey<'_>> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (certificate, _) = element(certificate, SEQUENCE)?;
    // Version 1 says nothing of its version.
    let rest = element(certificate, VERSION).map_or(certificate, |(_, rest)| rest);
    let (_, mut rest) = element(rest, INTEGER)?;
    for _before_the_key in ["signature", "issuer", "validity", "subject"] {
        (_, rest) = element(rest, SEQUENCE)?;
    }
    let (key, _) = element(rest, SEQUENCE)?;
    let (algorithm, rest) = element(key, SEQUENCE)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    // The first byte counts unused bits.
    let bits = bits.strip_prefix(&[0])?;
    Some(PublicKey { algorithm, bits })
}

#[cfg(test)]
mod tests {
    use rcgen::PublicKeyData;

    use super::*;

    #[test]
    fn the_key_is_found_and_no_bytes_panic() {
        let made = rcgen::generate_simple_self_signed(["db.test".to_owned()]).unwrap();
        let der = made.cert.der();
        assert_eq!(public_key(der).unwrap().bits, made.signing_key.der_bytes());
        for end in 0..der.len() {
            assert_eq!(public_key(&der[..end]), None);
        }
    }
}
