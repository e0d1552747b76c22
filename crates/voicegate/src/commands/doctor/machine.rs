//! Port, disk, clock.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use jiff::Timestamp;
use voicegate_service::ports::Clock;

use super::Check;
use crate::system::SystemClock;

pub(super) fn port(address: SocketAddr) -> Check {
    match TcpListener::bind(address) {
        Ok(_) => Check::ok("port", format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Check::warn(
            "port",
            format!("{address} is in use"),
            "nothing, if voicegate is running there; otherwise change server.listen",
        ),
        Err(error) => Check::fail("port", format!("{address}: {error}"), "change server.listen"),
    }
}

const GIB: u64 = 1 << 30;

pub(super) fn space(folder: &Path) -> Check {
    let Some(existing) =
        folder.ancestors().map(|p| if p == Path::new("") { Path::new(".") } else { p }).find(|p| p.exists())
    else {
        return Check::warn("disk", "no folder to look at", "name the data folder with --data-dir");
    };
    match rustix::fs::statvfs(existing) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let found = format!("{:.1} GiB free at {}", free as f64 / GIB as f64, existing.display());
            match free {
                0..=104_857_600 => {
                    Check::fail("disk", found, "make room: a full disk stops enrolment and the audit log")
                }
                free if free < GIB => Check::warn("disk", found, "make room soon"),
                _ => Check::ok("disk", found),
            }
        }
        Err(error) => Check::warn("disk", format!("{}: {error}", existing.display()), "look at it by hand"),
    }
}

/// A clock that runs wrong lets keys expire too early or too late and spoils the order of the audit log.
pub(super) fn clock(folder: &Path) -> Check {
    let now = SystemClock.now();
    let released = Timestamp::constant(1_767_225_600, 0); // 2026-01-01T00:00:00Z
    let advice = "set the clock, best by NTP";
    if now < released {
        return Check::fail(
            "clock",
            format!("it is {now:.0}, which is before this program was made"),
            advice,
        );
    }
    let written = fs::metadata(folder.join("voicegate.db")).and_then(|metadata| metadata.modified());
    match written.ok().and_then(|time| Timestamp::try_from(time).ok()) {
        Some(written) if written > now + jiff::SignedDuration::from_mins(5) => Check::fail(
            "clock",
            format!("it is {now:.0}, and the database was written at {written:.0}"),
            advice,
        ),
        _ => Check::ok("clock", format!("{now:.0}")),
    }
}
