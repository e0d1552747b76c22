//! The configuration of the moment.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use super::{ConfigError, Layers, VoiceAuthConfig};

/// Holds the layers and the configuration they make, and swaps both at once or not at all.
#[derive(Debug)]
pub struct LiveConfig {
    /// What the program was started with: the sections that need a restart are compared with it.
    started: Arc<VoiceAuthConfig>,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    layers: Layers,
    effective: Arc<VoiceAuthConfig>,
}

impl LiveConfig {
    /// Starts with `layers`.
    ///
    /// # Errors
    /// [`ConfigError`] if they do not resolve.
    pub fn new(layers: Layers) -> Result<Self, ConfigError> {
        let effective = Arc::new(layers.resolve()?);
        Ok(Self { started: effective.clone(), state: RwLock::new(State { layers, effective }) })
    }

    /// The configuration of the moment. Take it once per request, so that a request sees one configuration.
    #[must_use]
    pub fn current(&self) -> Arc<VoiceAuthConfig> {
        self.read().effective.clone()
    }

    /// The runtime overrides of the moment.
    #[must_use]
    pub fn overrides(&self) -> Value {
        self.read().layers.overrides.clone()
    }

    /// Sections that were changed and wait for a restart.
    #[must_use]
    pub fn restart_sections(&self) -> Vec<&'static str> {
        self.read().effective.restart_sections(&self.started)
    }

    /// Takes over a changed file.
    ///
    /// # Errors
    /// [`ConfigError`] if the whole no longer resolves; what was active stays active.
    pub fn replace_file(&self, file: Value) -> Result<Arc<VoiceAuthConfig>, ConfigError> {
        self.replace(|layers| layers.file = file)
    }

    /// Takes over changed runtime overrides.
    ///
    /// # Errors
    /// [`ConfigError`] if the whole no longer resolves; what was active stays active.
    pub fn replace_overrides(&self, overrides: Value) -> Result<Arc<VoiceAuthConfig>, ConfigError> {
        self.replace(|layers| layers.overrides = overrides)
    }

    /// What the whole would be with other overrides; changes nothing.
    ///
    /// # Errors
    /// [`ConfigError`] if it does not resolve.
    pub fn preview_overrides(&self, overrides: &Value) -> Result<VoiceAuthConfig, ConfigError> {
        let mut layers = self.read().layers.clone();
        layers.overrides = overrides.clone();
        layers.resolve()
    }

    fn replace(&self, change: impl FnOnce(&mut Layers)) -> Result<Arc<VoiceAuthConfig>, ConfigError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut layers = state.layers.clone();
        change(&mut layers);
        let effective = Arc::new(layers.resolve()?);
        *state = State { layers, effective: effective.clone() };
        Ok(effective)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// P1.3
    #[test]
    fn a_bad_file_leaves_the_old_configuration_active() {
        let live = LiveConfig::new(Layers::default()).unwrap();
        live.replace_file(json!({"enrolment": {"min_samples": 5}})).unwrap();
        assert!(live.replace_file(json!({"enrolment": {"min_samples": 0}})).is_err());
        assert_eq!(live.current().enrolment.min_samples, 5);
    }

    #[test]
    fn a_change_that_needs_a_restart_is_named_until_it_is_undone() {
        let live = LiveConfig::new(Layers::default()).unwrap();
        live.replace_overrides(json!({"server": {"request_timeout_s": 5}})).unwrap();
        assert_eq!(live.restart_sections(), ["server"]);
        live.replace_overrides(json!({})).unwrap();
        assert!(live.restart_sections().is_empty());
    }
}
