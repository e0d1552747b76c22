//! Whether what somebody gave proves that it is them.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::json;
use voicegate_core::PersonId;

use super::password::{Verdict, at_most};
use super::{Secret, recovery, totp};
use crate::ports::{Account, AuditKind, Change, Subject};
use crate::usecase::Caller;
use crate::usecase::limits::Charged;
use crate::{Service, ServiceError};

/// Something that a person knows or has.
#[derive(Clone)]
pub enum Factor {
    /// The password.
    Password(Secret),
    /// A one-time password.
    Totp(Secret),
    /// A recovery code.
    Recovery(Secret),
}

impl Factor {
    /// Its name in records.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Password(_) => "password",
            Self::Totp(_) => "totp",
            Self::Recovery(_) => "recovery_code",
        }
    }

    fn is_password(&self) -> bool {
        matches!(self, Self::Password(_))
    }
}

impl fmt::Debug for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Factor({})", self.as_str())
    }
}

/// Somebody proved to be the holder of an account. Nothing of it is stored yet: a one-time password or recovery code counts
/// once only because it is used up in the commit of what it was given for.
#[derive(Debug)]
pub(in crate::usecase) struct Proven {
    /// The account, with what was used up taken out.
    pub(in crate::usecase) account: Account,
    /// Whether it differs from what is stored.
    pub(in crate::usecase) changed: bool,
    /// Whether the password alone was given where there is more.
    half: bool,
}

impl Proven {
    /// What has to be stored of the account.
    pub(in crate::usecase) fn put(self) -> Option<Change> {
        let expected_version = self.account.version;
        self.changed.then_some(Change::PutAccount { account: self.account, expected_version })
    }

    /// The same, and what comes of the attempt that was `charged`.
    pub(in crate::usecase) fn changes(self, charged: Charged, at: Timestamp) -> Vec<Change> {
        // Whoever has the password alone must not buy new tries at the one-time password with it.
        let limits = if self.half { charged.undecided(at) } else { charged.accepted(at) };
        limits.into_iter().chain(self.put()).collect()
    }
}

/// Whether one-time passwords are asked of the holder of `account`.
pub(in crate::usecase) fn has_other(account: &Account) -> bool {
    account.secrets.totp.as_ref().is_some_and(|totp| totp.confirmed)
}

impl Service {
    /// Checks all of `factors` as one attempt at `person`, for which `own` is charged, and `address`: that of the person's own
    /// device, `None` with an API key. What is wrong is recorded and charged at once. What comes of the attempt otherwise has
    /// to be committed, or [`Service::settled`].
    ///
    /// # Errors
    /// [`ServiceError::WrongCredentials`], the same for a person without an account; [`ServiceError::TooManyAttempts`];
    /// [`ServiceError::Invalid`] if a password is longer than any; [`ServiceError::NotFound`] where there are no accounts;
    /// [`ServiceError::Store`].
    pub(in crate::usecase) async fn prove(
        &self,
        person: &PersonId,
        factors: &[Factor],
        (own, address): (Subject, Option<IpAddr>),
        caller: &Caller,
    ) -> Result<(Proven, Charged), ServiceError> {
        self.can_check(factors)?;
        let charged = self.charge((person, own), address, AuditKind::Account, caller).await?;
        let given: Vec<&str> = factors.iter().map(Factor::as_str).collect();
        let details = json!({"factors": given});
        let event = caller.event((self.clock.now(), AuditKind::Account), person, "refused", details);
        let checked = self.check(person, factors).await;
        Ok((self.settled(charged.clone(), event, checked).await?, charged))
    }

    /// Checks all of `factors` in the course of an attempt that is charged already.
    ///
    /// # Errors
    /// As [`Service::prove`].
    pub(in crate::usecase) async fn check(
        &self,
        person: &PersonId,
        factors: &[Factor],
    ) -> Result<Proven, ServiceError> {
        self.can_check(factors)?;
        let mut account = self.store.account(person).await?;
        let before = account.clone();
        let mut right = true;
        // To the end, so that the time does not tell which of them is wrong.
        for factor in factors {
            right &= self.is_right(account.as_mut(), factor).await?;
        }
        let account = account.filter(|_| right).ok_or(ServiceError::WrongCredentials)?;
        let half = has_other(&account) && factors.iter().all(Factor::is_password);
        Ok(Proven { changed: before.as_ref() != Some(&account), account, half })
    }

    /// Refuses what could be checked of nobody.
    fn can_check(&self, factors: &[Factor]) -> Result<(), ServiceError> {
        self.accounts_are_on()?;
        factors.iter().try_for_each(|factor| match factor {
            Factor::Password(password) => at_most(password),
            Factor::Totp(_) | Factor::Recovery(_) => Ok(()),
        })
    }

    /// Whether `factor` is that of `account`; what can be used once is taken out.
    async fn is_right(&self, account: Option<&mut Account>, factor: &Factor) -> Result<bool, ServiceError> {
        let mut secrets = account.map(|account| &mut account.secrets);
        let right = match factor {
            Factor::Password(password) => {
                let stored = secrets.as_ref().map(|secrets| secrets.password.clone());
                match (self.check_password(password, stored).await?, secrets) {
                    (Verdict::Outdated(hash), Some(secrets)) => {
                        secrets.password = hash;
                        true
                    }
                    (verdict, secrets) => matches!(verdict, Verdict::Right) && secrets.is_some(),
                }
            }
            Factor::Totp(code) => {
                let skew = self.config.current().accounts.totp.skew_steps;
                let totp = secrets.as_mut().and_then(|secrets| secrets.totp.as_mut());
                totp.filter(|totp| totp.confirmed).is_some_and(|totp| {
                    let step = totp::fits(&totp.secret, totp.last_step, code, self.clock.now(), skew);
                    totp.last_step = totp.last_step.max(step);
                    step.is_some()
                })
            }
            Factor::Recovery(code) => {
                secrets.is_some_and(|secrets| recovery::use_up(&mut secrets.recovery, code))
            }
        };
        Ok(right)
    }
}
