//! The channel binding `tls-server-end-point` (RFC 5929, section 4.1): the hash of the server's
//! certificate, by the hash function of its signature.

use sha2::{Digest, Sha256, Sha384, Sha512};

use super::der::{OID, SEQUENCE, element};

/// The binding; `None` for a signature for which the RFC defines no hash function.
pub(super) fn tls_server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    match signature_algorithm(certificate)? {
        RSA_MD5 | RSA_SHA1 | RSA_SHA256 | ECDSA_SHA1 | ECDSA_SHA256 => {
            Some(Sha256::digest(certificate).to_vec())
        }
        RSA_SHA384 | ECDSA_SHA384 => Some(Sha384::digest(certificate).to_vec()),
        RSA_SHA512 | ECDSA_SHA512 => Some(Sha512::digest(certificate).to_vec()),
        _ => None,
    }
}

// Object identifiers in DER, from RFC 8017 (1.2.840.113549.1.1.x) and RFC 5758
// (1.2.840.10045.4.x).
const RSA_MD5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4];
const RSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const RSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12];
const RSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13];
const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];

/// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID, … }, … }`
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (_, rest) = element(certificate, SEQUENCE)?;
    let (algorithm, _) = element(rest, SEQUENCE)?;
    let (oid, _) = element(algorithm, OID)?;
    Some(oid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_signature_and_no_bytes_panic() {
        let made = rcgen::generate_simple_self_signed(["db.test".to_owned()]).unwrap();
        let der = made.cert.der();
        assert_eq!(signature_algorithm(der), Some(ECDSA_SHA256));
        let expected = Sha256::digest(der).to_vec();
        assert_eq!(tls_server_end_point(der), Some(expected));
        for end in 0..der.len() {
            assert_eq!(signature_algorithm(&der[..end]), None);
        }
        for long in [0x80, 0x85, 0xff] {
            assert_eq!(
                signature_algorithm(&[0x30, long, 0xff, 0xff, 0xff, 0xff]),
                None
            );
        }
    }
}
