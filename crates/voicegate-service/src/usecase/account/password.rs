//! Passwords: Argon2id (RFC 9106), kept as PHC strings.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use super::Secret;
use crate::config::Argon2Config;
use crate::{Service, ServiceError};

/// Longest password in bytes.
const MAX_BYTES: usize = 1024;

/// What is stored for a password, and what is new about it.
pub(super) enum Verdict {
    /// It is another.
    Wrong,
    /// It is this one.
    Right,
    /// It is this one, and its hash cost other work than is asked for now: the same as it is to be stored.
    Outdated(String),
}

impl Service {
    /// The hash of a new password as a PHC string.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] if it is too short or too long; [`ServiceError::Internal`].
    pub(super) async fn hash_password(&self, password: &Secret) -> Result<String, ServiceError> {
        let accounts = &self.config.current().accounts;
        let least = accounts.password_min_chars;
        if password.reveal().chars().count() < least {
            return Err(ServiceError::Invalid(format!("a password has at least {least} characters")));
        }
        at_most(password)?;
        let salt = self.salt();
        let password = password.clone();
        let work = accounts.argon2.clone();
        self.argon2(move || hash(&password, &salt, &work)).await
    }

    /// Whether `password` is the one that `stored` was made of. Without a hash the same work ends in a no.
    ///
    /// # Errors
    /// [`ServiceError::Internal`].
    pub(super) async fn check_password(
        &self,
        password: &Secret,
        stored: Option<String>,
    ) -> Result<Verdict, ServiceError> {
        let work = self.config.current().accounts.argon2.clone();
        let salt = self.salt();
        let password = password.clone();
        self.argon2(move || {
            let stored = match stored {
                Some(stored) => PasswordHash::new(&stored).map_err(|error| error.to_string())?,
                None => decoy(&salt, &work)?,
            };
            if Argon2::default().verify_password(password.0.as_bytes(), &stored).is_err() {
                return Ok(Verdict::Wrong);
            }
            if stored.params == params(&work)? {
                return Ok(Verdict::Right);
            }
            Ok(Verdict::Outdated(hash(&password, &salt, &work)?))
        })
        .await
    }

    /// Runs `work` where it holds up nobody else.
    async fn argon2<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let permit = self.hashing.clone().acquire_owned().await.expect("the semaphore is never closed");
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work itself, which goes on when the request is given up.
            let _permit = permit;
            work()
        });
        done.await.map_err(|error| ServiceError::Internal(error.to_string()))?.map_err(ServiceError::Internal)
    }

    fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        salt
    }
}

/// Refuses what no password is.
pub(super) fn at_most(password: &Secret) -> Result<(), ServiceError> {
    if password.reveal().len() > MAX_BYTES {
        return Err(ServiceError::Invalid(format!("a password has at most {MAX_BYTES} bytes")));
    }
    Ok(())
}

fn argon2id(work: &Argon2Config) -> Result<Argon2<'static>, String> {
    let params = Params::new(work.memory_kib, work.iterations, work.lanes, None);
    let params = params.map_err(|error| error.to_string())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn params(work: &Argon2Config) -> Result<ParamsString, String> {
    ParamsString::try_from(argon2id(work)?.params()).map_err(|error| error.to_string())
}

fn hash(password: &Secret, salt: &[u8], work: &Argon2Config) -> Result<String, String> {
    let hash = argon2id(work)?.hash_password_with_salt(password.0.as_bytes(), salt);
    Ok(hash.map_err(|error| error.to_string())?.to_string())
}

/// A hash that no password has, and that takes as long to find out.
fn decoy(salt: &[u8], work: &Argon2Config) -> Result<PasswordHash, String> {
    let fault = |error: argon2::password_hash::phc::Error| error.to_string();
    Ok(PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: params(work)?,
        salt: Some(Salt::new(salt).map_err(fault)?),
        hash: Some(Output::new(&[0; Params::DEFAULT_OUTPUT_LEN]).map_err(fault)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: Argon2Config = Argon2Config { memory_kib: 64, iterations: 1, lanes: 1 };

    #[test]
    fn a_hash_says_how_it_was_made_and_fits_one_password() {
        let (right, wrong) = (Secret("correct horse".into()), Secret("correct horsf".into()));
        let text = hash(&right, &[7; 16], &WORK).unwrap();
        assert!(text.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{text}");
        let stored = PasswordHash::new(&text).unwrap();
        assert!(Argon2::default().verify_password(right.0.as_bytes(), &stored).is_ok());
        assert!(Argon2::default().verify_password(wrong.0.as_bytes(), &stored).is_err());
        assert_eq!(stored.params, params(&WORK).unwrap());
        assert_ne!(stored.params, params(&Argon2Config::default()).unwrap());
    }

    /// The work of the decoy is that of a real hash: the same parameters and lengths, and a comparison to the end.
    #[test]
    fn the_decoy_is_a_hash_like_any_other() {
        let real = hash(&Secret("correct horse".into()), &[7; 16], &WORK).unwrap();
        let (real, decoy) = (PasswordHash::new(&real).unwrap(), decoy(&[7; 16], &WORK).unwrap());
        let shape = |hash: &PasswordHash| {
            let length = hash.hash.as_ref().map(|output| output.as_ref().len());
            (hash.algorithm, hash.version, hash.params.clone(), hash.salt, length)
        };
        assert_eq!(shape(&real), shape(&decoy));
        let error = Argon2::default().verify_password(b"correct horse", &decoy).unwrap_err();
        assert_eq!(error, argon2::password_hash::Error::PasswordInvalid);
    }
}
