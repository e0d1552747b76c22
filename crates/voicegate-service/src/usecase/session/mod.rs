//! Sessions: people who are logged in.

mod authenticate;
mod begin;
mod end;
mod list;
mod renew;
mod rescore;
mod sign_in;
mod step_up;

pub use begin::{OpenedSession, SessionToken};
pub use list::SessionView;
pub use rescore::RescoreAnswer;
pub use sign_in::{SignIn, SignedIn};
