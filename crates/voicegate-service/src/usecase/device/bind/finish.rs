//! What an attempt to bind leaves behind: device, session, notice and record, all or nothing.

use serde_json::json;
use voicegate_core::decide::Outcome;
use voicegate_core::device::{DeviceBinding, Event, RebindRequire, TrustLevel};
use voicegate_core::limits::Cost;

use super::rules::Verdict;
use super::{BindAnswer, BindRequest};
use crate::ports::{AuditEvent, Change, Lane, NoticeKind};
use crate::usecase::device::DeviceView;
use crate::usecase::limits::Charged;
use crate::usecase::measure::Measurement;
use crate::{Service, ServiceError};

/// An attempt that was judged.
pub(super) struct Attempt<'a> {
    pub(super) request: &'a BindRequest,
    /// The device as it stood.
    pub(super) before: DeviceBinding,
    pub(super) measured: Measurement<'a>,
    pub(super) verdict: Verdict,
    /// What the password leaves to be stored.
    pub(super) changes: Vec<Change>,
    pub(super) charged: Charged,
    pub(super) cost: Cost,
    pub(super) rebind_require: RebindRequire,
}

impl Service {
    pub(super) async fn finish_bind(
        &self,
        attempt: Attempt<'_>,
        mut event: AuditEvent,
    ) -> Result<BindAnswer, ServiceError> {
        let Attempt { request, before, mut measured, verdict, mut changes, charged, cost, rebind_require } =
            attempt;
        let (person, at, id) = (&request.person, event.at, before.id);
        let outcome = verdict.decision.outcome;
        let (was, expected_version) = (before.trust_level, before.version);
        let is_stored = expected_version > 0;
        // A device that is new waits for its person to try again.
        let waits = matches!(outcome, Outcome::Inconclusive | Outcome::StepUp(_));
        let changed = verdict.event.is_some() || (!is_stored && waits);
        let is_proposed = matches!(verdict.event, Some(Event::ProposeRebind { .. }));
        let device = match verdict.event {
            Some(event) => {
                let after = before.apply(event, &rebind_require, at);
                after.map_err(|refused| {
                    ServiceError::Internal(format!("a binding that was proven: {refused}"))
                })?
            }
            None => before,
        };
        event.outcome = outcome.as_str().into();
        event.details = measured.details(&verdict.decision);
        event.details["device"] = json!({"id": id, "was": was, "trust_level": device.trust_level});
        let lane = if outcome == Outcome::Accept { Lane::Own } else { Lane::Others };
        changes.extend(measured.remember.take().map(|heard| heard.keep(lane)));
        if outcome == Outcome::Accept {
            let is_again = was == TrustLevel::Revoked;
            let kind = if is_again { NoticeKind::DeviceRebound } else { NoticeKind::DeviceBound };
            let details = json!({"device_id": id, "device_name": device.name});
            changes.push(self.notice(person, at, kind, details));
            changes.push(Change::MarkVerified { person: person.clone(), at });
        }
        if let Some((mut session, asked)) = request.session.clone().zip(outcome.step_up()) {
            session.content.step_up = Some(asked);
            if is_proposed {
                session.content.device = Some(id);
                session.content.rebinds = true;
            }
            changes.push(self.put_session(session));
        }
        changes.extend(match outcome {
            Outcome::Accept => charged.accepted(at),
            Outcome::Reject => charged.failed(self, cost, at),
            Outcome::StepUp(_) | Outcome::Inconclusive => charged.undecided(at),
        });
        let view = (is_stored || changed).then(|| DeviceView::from(&device));
        if changed {
            changes.push(Change::PutDevice { device, expected_version });
        }
        let receipt = self.store.commit(changes, event).await?;
        Ok(BindAnswer {
            user_id: person.clone(),
            outcome,
            step_up: outcome.step_up(),
            reasons: verdict.decision.reasons,
            device: view,
            warnings: measured.analysed.warnings,
            audit_record: receipt.audit_seq,
        })
    }
}
